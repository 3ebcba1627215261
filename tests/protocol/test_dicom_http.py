"""What DICOMweb is asked over: kept connections, answers of any framing, silence and dribble that end."""

from __future__ import annotations

import gzip
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dicom import httpstream
from gateway.dicom.dicomweb import DicomWeb
from gateway.dicom.fetch import FrameSource
from gateway.dicom.httpstream import Connections
from gateway.dicom.multipart import boundary
from gateway.dicom.settings import PacsSettings
from gateway.errors import PeerMisbehaved, PeerUnreachable
from tests.support.dicom_objects import STUDY, encoded, image
from tests.support.dicom_scp import settings

Serve = Callable[[socket.socket, int], None]
"""What is done with the question that has come on a connection; the number of connections so far."""


class Wire:
    """A server that reads questions and answers bytes."""

    def __init__(self, listener: socket.socket, serve: Serve) -> None:
        self.listener, self.serve = listener, serve
        self.connections = 0
        self.questions: list[bytes] = []
        self.threads: list[threading.Thread] = []

    def run(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._each, args=(sock, self.connections))
            self.threads.append(thread)
            thread.start()

    def _each(self, sock: socket.socket, number: int) -> None:
        with sock, sock.makefile("rb") as stream:
            sock.settimeout(10)
            try:
                question = b""
                while line := stream.readline():
                    if line != b"\r\n":
                        question += line
                        continue
                    self.questions.append(question)
                    question = b""
                    self.serve(sock, number)
            except OSError:
                return


@contextmanager
def wire(serve: Serve) -> Iterator[tuple[Wire, PacsSettings]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = Wire(listener, serve)
        thread = threading.Thread(target=one.run)
        thread.start()
        try:
            url = f"http://user:s%40cret@127.0.0.1:{listener.getsockname()[1]}/dicom-web"
            yield one, replace(settings(1), dicomweb_url=url, response_timeout_s=5.0)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for each in one.threads:
                each.join()


def always(answer: bytes) -> Serve:
    return lambda sock, number: sock.sendall(answer)


def read(connections: Connections, path: str = "studies") -> tuple[int, bytes]:
    with connections.get(path, "application/dicom+json") as answer:
        content, body = b"", httpstream.body(answer)
        while piece := body.read(7):
            content += piece
        answer.check_whole()
        return answer.status, content


LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
COMPRESSED = gzip.compress(b"[" + b" " * 50_000 + b"]", mtime=0)


@pytest.mark.parametrize(
    ("answer", "content"),
    [
        (LENGTH, b"[]"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + LENGTH, b"[]"),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n[]", b"[]"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n1;x=y\r\n]\r\n0\r\nTrailer: t\r\n\r\n",
            b"[]",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(COMPRESSED) + COMPRESSED,
            b"[" + b" " * 50_000 + b"]",
        ),
    ],
)
def test_an_answer_of_any_framing_is_read_and_its_connection_kept(answer: bytes, content: bytes) -> None:
    with wire(always(answer)) as (server, pacs), closing(Connections(pacs)) as connections:
        for _ in range(3):
            assert read(connections)[1] == content
        assert server.connections == 1
        assert b"Authorization: Basic dXNlcjpzQGNyZXQ=\r\n" in server.questions[0]
        assert server.questions[0].startswith(b"GET /dicom-web/studies HTTP/1.1\r\nHost: 127.0.0.1:")


@pytest.mark.parametrize("head", [b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\n"])
def test_an_answer_that_ends_with_its_connection_is_read_to_its_end(head: bytes) -> None:
    def serve(sock: socket.socket, number: int) -> None:
        sock.sendall(head + b"\r\n[1]")
        sock.shutdown(socket.SHUT_RDWR)

    with wire(serve) as (server, pacs), closing(Connections(pacs)) as connections:
        assert [read(connections), read(connections)] == [(200, b"[1]")] * 2
        assert server.connections == 2


def test_a_kept_connection_that_the_server_ends_is_replaced_without_a_word() -> None:
    def serve(sock: socket.socket, number: int) -> None:
        if number == 1 and len(server.questions) == 2:
            sock.shutdown(socket.SHUT_RDWR)  # it went away while the question was on its way
        else:
            sock.sendall(LENGTH)

    with wire(serve) as (server, pacs), closing(Connections(pacs)) as connections:
        assert [read(connections)[1] for _ in range(3)] == [b"[]"] * 3
        assert server.connections == 2


def test_an_answer_that_nobody_asked_for_is_never_taken_for_the_next() -> None:
    other = LENGTH.replace(b"[]", b"no")
    later = threading.Event()

    def serve(sock: socket.socket, number: int) -> None:
        sock.sendall(LENGTH + (other if number == 1 and len(server.questions) == 1 else b""))
        if len(server.questions) == 2:
            later.wait(5)
            sock.sendall(other)

    with wire(serve) as (server, pacs), closing(Connections(pacs)) as connections:
        assert [read(connections)[1] for _ in range(2)] == [b"[]"] * 2
        later.set()
        ends = time.monotonic() + 5
        while not httpstream._has_something(connections._kept[0]):
            assert time.monotonic() < ends
        assert read(connections)[1] == b"[]"
        assert server.connections == 2


def test_leaving_an_answer_ends_its_connection() -> None:
    with wire(always(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + bytes(100_000))) as (server, pacs):
        with closing(Connections(pacs)) as connections:
            for _ in range(2):
                with connections.get("studies", "x") as answer:
                    assert answer.read(10) == bytes(10)
        assert server.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000,
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n[]",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"5\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + COMPRESSED[:20],
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
    ],
)
def test_what_is_no_whole_answer_is_a_named_error(answer: bytes) -> None:
    def serve(sock: socket.socket, number: int) -> None:
        sock.sendall(answer)
        sock.shutdown(socket.SHUT_WR)

    with wire(serve) as (_, pacs), closing(DicomWeb(pacs)) as web, pytest.raises(PeerUnreachable, match="pacs_web"):
        web.headers(STUDY, f"{STUDY}.1")


def test_a_pacs_that_sends_a_byte_now_and_then_is_ended_by_the_whole_time() -> None:
    def serve(sock: socket.socket, number: int) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while True:
            sock.sendall(b" ")
            time.sleep(0.02)

    with wire(serve) as (_, pacs), closing(DicomWeb(replace(pacs, operation_timeout_s=0.3))) as web:
        _is_told_of_a_time_out(web)


def test_a_silent_pacs_is_ended_by_the_silence() -> None:
    with wire(lambda sock, number: None) as (_, pacs), closing(DicomWeb(replace(pacs, response_timeout_s=0.2))) as web:
        _is_told_of_a_time_out(web)


def _is_told_of_a_time_out(web: DicomWeb) -> None:
    with pytest.raises(PeerUnreachable) as told:
        web.headers(STUDY, f"{STUDY}.1")
    assert told.value.facts["words"] == "time-out"


def test_a_pacs_that_is_silent_for_a_frame_is_waited_for_once() -> None:
    with wire(lambda sock, number: None) as (server, pacs):
        with closing(FrameSource(replace(pacs, response_timeout_s=0.2))) as source, pytest.raises(PeerUnreachable):
            source.frame(STUDY, f"{STUDY}.1", "1.2.840.10008.5.1.4.1.1.2", f"{STUDY}.1.1", 1)
        assert len(server.questions) == 1


def part(content: bytes) -> bytes:
    return b"\r\n--b\r\nContent-Type: application/dicom\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content)


def answered(body: bytes, content_type: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: " + content_type
    return head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


MULTIPART = b'multipart/related; type="application/dicom";\r\n boundary="b"'


@pytest.mark.parametrize("single", [False, True])
def test_an_instance_comes_in_a_part_or_by_itself(single: bool) -> None:
    content = encoded(image(1, 1))
    answer = answered(content, b"application/dicom") if single else answered(part(content) + b"\r\n--b--", MULTIPART)
    with wire(always(answer)) as (server, pacs), closing(DicomWeb(pacs)) as web:
        for _ in range(2):
            syntax, data = web.instance(STUDY, f"{STUDY}.1", f"{STUDY}.1.1")
            assert content.endswith(data)
            assert syntax == "1.2.840.10008.1.2.1"
        assert server.connections == 1


@pytest.mark.parametrize("count", [0, 2])
def test_another_number_of_instances_than_the_one_asked_for_is_refused(count: int) -> None:
    body = part(encoded(image(1, 1))) * count + b"\r\n--b--"
    of_one = (STUDY, f"{STUDY}.1", f"{STUDY}.1.1")
    answer = always(answered(body, MULTIPART))
    refused = pytest.raises(PeerMisbehaved, match="pacs_answer_malformed")
    with wire(answer) as (_, pacs), closing(DicomWeb(pacs)) as web, refused:
        web.instance(*of_one)


def test_a_path_that_would_be_two_lines_never_leaves() -> None:
    with wire(always(LENGTH)) as (server, pacs), closing(Connections(pacs)) as connections:
        for path in ("a b", "a\r\nX: y", "é"):
            with pytest.raises(http.client.InvalidURL):
                read(connections, path)
        assert not server.questions


@pytest.mark.parametrize(
    ("content_type", "mark"),
    [
        ('multipart/related; type="application/dicom"; boundary=abc', b"abc"),
        ('Multipart/Related;BOUNDARY="a b;c";type=x', b"a b;c"),
        (r'multipart/related; boundary="a\"b"', b'a"b'),
        ('multipart/related; type="x; boundary=no"; boundary=yes', b"yes"),
        ("multipart/related", b""),
        ("application/dicom; boundary=abc", b""),
        ("", b""),
    ],
)
def test_the_boundary_is_the_parameter_of_that_name(content_type: str, mark: bytes) -> None:
    assert boundary(content_type) == mark


@given(st.text(max_size=80))
def test_any_content_type_has_a_boundary_or_none(content_type: str) -> None:
    assert isinstance(boundary(f"multipart/{content_type}"), bytes)
