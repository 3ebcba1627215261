"""What stands before the body of an HTTP answer, as :class:`gateway.trust.answers.Answer` reads it."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.trust.answers import Answer

OK = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def read(sent: bytes) -> Iterator[Answer]:
    near, far = socket.socketpair()
    with near, far:
        far.sendall(sent)
        far.shutdown(socket.SHUT_WR)
        near.settimeout(10)
        answer = Answer(near, method="POST", deadline=time.monotonic() + 10)
        try:
            answer.begin()
            yield answer
        finally:
            answer.close()


def test_a_multipart_answer_is_read_as_it_came() -> None:
    kind = b'Content-Type: multipart/related; boundary="a";\r\n type="text/xml"\r\n'
    fields = kind + b"Content-Length: 3\r\nSet-X: 1\r\nSet-X: 2"
    with read(OK + fields + b"\r\n\r\n--aNEXT") as answer:
        assert (answer.status, answer.reason, answer.version) == (200, "OK", 11)
        assert answer.headers["content-type"] == 'multipart/related; boundary="a"; type="text/xml"'
        assert answer.headers.get_all("Set-X") == ["1", "2"]
        assert answer.read() == b"--a"
        assert not answer.will_close


def test_an_informational_answer_is_not_the_answer() -> None:
    with read(
        b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" + OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
    ) as answer:
        assert (answer.status, answer.read()) == (200, b"ab")
    with pytest.raises(http.client.HTTPException, match="no final answer"), read(10 * b"HTTP/1.1 100 Continue\r\n\r\n"):
        pass


@pytest.mark.parametrize(
    ("head", "closes", "body"),
    [
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", True, b"x"),
        (OK + b"Connection: Close\r\nContent-Length: 1\r\n\r\n", True, b"x"),
        (OK + b"\r\n", True, b"xyz"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n", False, b""),
        (OK + b"Content-Length: -1\r\n\r\n", True, b"xyz"),
    ],
    ids=["HTTP/1.0", "close", "no length", "no content", "a length that is none"],
)
def test_how_long_a_body_is_and_whether_the_connection_stays(head: bytes, closes: bool, body: bytes) -> None:
    with read(head + b"xyz") as answer:
        assert (answer.will_close, answer.read()) == (closes, body)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"FTP 200\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        OK + b"X: y",
        OK + 201 * b"X: y\r\n",
        OK + b"X: " + b"y" * 70_000,
    ],
    ids=["nothing", "another protocol", "no status", "cut", "too many fields", "too long a field"],
)
def test_what_is_no_answer_is_named(sent: bytes) -> None:
    with pytest.raises(http.client.HTTPException), read(sent):
        pass
