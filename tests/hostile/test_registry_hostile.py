"""Broken and hostile messages at the registry: each is refused by name, nothing of it is kept."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import sqlalchemy as sa
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.errors import Unavailable
from gateway.registry import schema
from gateway.registry.app import create_app
from gateway.registry.service import RegistryService
from gateway.store.engine import reading
from gateway.xds import ebrim, mtom, queries, updates
from tests.support import registry_wire as wire
from tests.support.registry import REPOSITORY, Bytes, entry, new_unique_id, running_service, submission

LIMITS = mtom.Limits(total_bytes=200_000, root_bytes=100_000, part_bytes=150_000, parts=20)
Running = tuple[str, RegistryService]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("registry")
    with running_service(folder) as service, wire.loopback(create_app(service, LIMITS)) as address:
        yield address, service


def sets(service: RegistryService) -> int:
    with reading(service.engine) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(schema.SUBMISSION_SETS)).scalar_one()


def right_message() -> tuple[dict[str, str], bytes]:
    body = wire.provide_and_register(wire.extrinsic_object(new_unique_id()), wire.by_part())
    return wire.multipart(wire.ITI_41, wire.envelope(wire.ITI_41, body), {"d1@hand": b"\r\ncontent\r\n"})


def send(address: str, headers: dict[str, str], content: bytes) -> requests.Response:
    return requests.post(f"{address}/repository", data=content, headers=headers, timeout=wire.TIMEOUT_S)


def fault_code(answer: requests.Response) -> str:
    root = wire.root_of(answer)
    values = [one.text or "" for one in root.iter("{http://www.w3.org/2003/05/soap-envelope}Value")]
    return values[0].rpartition(":")[2]


def test_a_message_cut_anywhere_is_a_fault_and_registers_nothing(running: Running) -> None:
    address, service = running
    headers, content = right_message()
    before = sets(service)
    closing = content.rindex(b"--")  # from here on the message is whole
    for end in [*range(0, closing, 97), closing - 1, closing]:
        answer = send(address, headers, content[:end])
        assert (answer.status_code, fault_code(answer)) == (400, "Sender"), end
    assert sets(service) == before
    assert wire.status_of(send(address, headers, content)) == "Success"


def test_a_connection_that_ends_within_the_body_registers_nothing(running: Running) -> None:
    address, service = running
    headers, content = right_message()
    before = sets(service)
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port), timeout=wire.TIMEOUT_S) as connection:
        head = f"POST /repository HTTP/1.1\r\nHost: x\r\nContent-Type: {headers['Content-Type']}\r\n"
        connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content[:-300])
        connection.shutdown(socket.SHUT_WR)
        assert b" 400 " in connection.recv(100)
    assert sets(service) == before


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE a [<!ENTITY b "c">]>',
        '<!DOCTYPE a SYSTEM "file:///etc/hostname">',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x">%x;]>',
    ],
)
def test_a_doctype_is_refused(running: Running, doctype: str) -> None:
    address, service = running
    body = wire.provide_and_register(wire.extrinsic_object(new_unique_id()), wire.by_part())
    root = wire.envelope(wire.ITI_41, body).replace(b"?>", f"?>{doctype}".encode(), 1)
    before = sets(service)
    answer = send(address, *wire.multipart(wire.ITI_41, root, {"d1@hand": b"x"}))
    assert (answer.status_code, fault_code(answer)) == (400, "Sender")
    assert "DOCTYPE" in answer.text
    assert sets(service) == before


def test_a_message_above_the_limit_is_413_before_it_is_read(running: Running) -> None:
    address, _ = running
    place = urlsplit(address)
    headers, _ = right_message()
    with socket.create_connection((place.hostname, place.port), timeout=wire.TIMEOUT_S) as connection:
        head = f"POST /repository HTTP/1.1\r\nHost: x\r\nContent-Type: {headers['Content-Type']}\r\n"
        connection.sendall(f"{head}Content-Length: 99999999999\r\n\r\n".encode())
        assert b" 413 " in connection.recv(100)


@pytest.mark.parametrize("part", [b"\0" * 190_000, b"\0" * 300_000])
def test_a_document_above_the_limit_is_413(running: Running, part: bytes) -> None:
    address, service = running
    before = sets(service)
    body = wire.provide_and_register(wire.extrinsic_object(new_unique_id()), wire.by_part())
    headers, content = wire.multipart(wire.ITI_41, wire.envelope(wire.ITI_41, body), {"d1@hand": part})
    pieces = (content[start : start + 10_000] for start in range(0, len(content), 10_000))
    try:
        answer = requests.post(f"{address}/repository", data=pieces, headers=headers, timeout=wire.TIMEOUT_S)
        assert answer.status_code == 413
    except requests.ConnectionError:
        pass  # the server closed while the rest was still coming: as good a refusal
    assert sets(service) == before


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("text/xml", 415), ("application/json", 415), ("multipart/related", 400), ("", 400), ("é", 400)],
)
def test_another_media_type_is_not_supported(running: Running, content_type: str, status: int) -> None:
    address, _ = running
    answer = send(address, {"Content-Type": content_type.encode("latin-1")}, b"<a/>")  # type: ignore[dict-item]
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("action", "path"),
    [
        (wire.ITI_18, "repository"),
        (wire.ITI_41, "registry"),
        ("urn:ihe:iti:2007:RegisterDocumentSet-b", "repository"),
        ("urn:ihe:iti:2017:RemoveDocuments", "registry"),
        (wire.ITI_51, "repository"),
    ],
)
def test_an_action_that_is_not_offered_is_a_fault_that_names_it(running: Running, action: str, path: str) -> None:
    address, _ = running
    answer = wire.post(f"{address}/{path}", action, "<a/>")
    assert answer.status_code == 400
    assert "ActionNotSupported" in answer.text
    assert action in answer.text


def test_a_body_that_is_not_the_actions_is_a_fault(running: Running) -> None:
    address, _ = running
    answer = wire.post(f"{address}/repository", wire.ITI_41, wire.retrieve((REPOSITORY, "1.2")), {})
    assert (answer.status_code, fault_code(answer)) == (400, "Sender")
    assert "ProvideAndRegisterDocumentSetRequest" in answer.text or "SOAP body" in answer.text


def test_a_header_that_must_be_understood_and_is_not_is_a_fault(running: Running) -> None:
    address, service = running
    before = sets(service)
    headers, content = right_message()
    block = b'<z:Pay xmlns:z="urn:z" soap:mustUnderstand="1"/></soap:Header>'
    answer = send(address, headers, content.replace(b"</soap:Header>", block))
    assert (answer.status_code, fault_code(answer)) == (500, "MustUnderstand")
    assert sets(service) == before


@pytest.mark.parametrize(
    "change",
    [
        (b"cid:d1@hand", b"cid:nothing"),
        (b"cid:d1@hand", b"http://127.0.0.1:9/secret"),
        (b"cid:d1@hand", b"file:///etc/hostname"),
        (b'<x:Document id="Document01">', b'<x:Document id="">'),
        (b'<xop:Include href="cid:d1@hand"/>', b"AAAA"),
    ],
)
def test_a_document_is_a_part_of_its_message_and_nothing_else(running: Running, change: tuple[bytes, bytes]) -> None:
    address, service = running
    before = sets(service)
    headers, content = right_message()
    answer = send(address, headers, content.replace(*change))
    assert (answer.status_code, fault_code(answer)) == (400, "Sender")
    assert sets(service) == before


def test_hundreds_of_document_requests_are_answered_in_bounds(running: Running) -> None:
    address, _ = running
    many = wire.retrieve(*((REPOSITORY, f"1.{n}") for n in range(500)))
    answer = wire.post(f"{address}/repository", wire.ITI_43, many)
    assert wire.status_of(answer) == "Failure"
    assert len(wire.errors_of(answer)) == 201


def test_a_submission_of_thousands_of_broken_objects_is_answered_in_bounds(tmp_path: Path) -> None:
    with running_service(tmp_path) as service, wire.loopback(create_app(service)) as address:
        objects = "".join(f'<rim:ExtrinsicObject id="D{n}"/>' for n in range(20_000))
        body = wire.provide_and_register(objects, "")
        answer = wire.post(f"{address}/repository", wire.ITI_41, body)
        assert wire.status_of(answer) == "Failure"
        assert len(wire.errors_of(answer)) == 201
        assert sets(service) == 0


@given(data=st.binary(max_size=400))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_a_named_refusal(running: Running, data: bytes) -> None:
    address, _ = running
    headers, _ = right_message()
    for content_type in (headers["Content-Type"], "application/soap+xml"):
        answer = send(address, {"Content-Type": content_type}, data)
        assert answer.status_code in (400, 413, 415, 500)
        assert "internal error" not in answer.text


class FailingFiles:
    """A disk that is full, or busy, or worse."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def receive(self, documents: object) -> object:
        raise self.error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unavailable("store_full"), "XDSRepositoryOutOfResources"),
        (Unavailable("store_busy"), "XDSRepositoryBusy"),
    ],
)
def test_a_registry_that_cannot_write_says_that_it_may_be_asked_again(
    tmp_path: Path, error: Exception, code: str
) -> None:
    with running_service(tmp_path) as service:
        service.files = FailingFiles(error)  # type: ignore[assignment]
        with wire.loopback(create_app(service)) as address:
            answer = send(address, *right_message())
            assert (answer.status_code, wire.status_of(answer), wire.errors_of(answer)) == (200, "Failure", [code])
            assert sets(service) == 0


class FailingService:
    """A registry whose database is full, or busy."""

    def __init__(self, error: Unavailable) -> None:
        self.error = error

    def __getattr__(self, name: str) -> object:
        def fails(*_: object, **__: object) -> object:
            raise self.error

        return fails


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unavailable("store_full"), "XDSRegistryOutOfResources"),
        (Unavailable("store_busy"), "XDSRegistryBusy"),
    ],
)
@pytest.mark.parametrize("action", [wire.ITI_42, wire.ITI_57, wire.ITI_62, wire.ITI_18])
def test_a_registry_whose_database_fails_says_so_in_the_form_of_each_transaction(
    error: Unavailable, code: str, action: str
) -> None:
    whole = submission(entry(hash="a" * 40, size=3, repository_unique_id="1.2.3"))
    bodies = {
        wire.ITI_62: updates.remove_objects(["urn:uuid:99999999-2222-4333-8444-555555555555"]),
        wire.ITI_18: queries.write(queries.get_documents(unique_ids=["1.2"])),
    }
    body = etree.tostring(bodies.get(action, ebrim.write(whole))).decode()
    with wire.loopback(create_app(FailingService(error))) as address:  # type: ignore[arg-type]
        answer = wire.post(f"{address}/registry", action, body, {})
    assert (answer.status_code, wire.status_of(answer), wire.errors_of(answer)) == (200, "Failure", [code])


def test_a_bug_is_a_receiver_fault_without_its_words(tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        service.files = FailingFiles(ZeroDivisionError("DÉSIRÉE^Noël"))  # type: ignore[assignment]
        with wire.loopback(create_app(service)) as address, structlog.testing.capture_logs() as lines:
            answer = send(address, *right_message())
        assert (answer.status_code, fault_code(answer)) == (500, "Receiver")
        assert "Noël" not in answer.text
        assert "Noël" not in str(lines)
        assert [line["kind"] for line in lines if line["event"] == "registry.bug"] == ["ZeroDivisionError"]


def test_no_line_of_the_log_holds_anything_of_a_patient(tmp_path: Path) -> None:
    with running_service(tmp_path) as service, structlog.testing.capture_logs() as lines:
        with wire.loopback(create_app(service, LIMITS)) as address:
            send(address, *right_message())
            headers, content = right_message()
            send(address, headers, content.replace(b"20261120101500", b"yesterday"))
            send(address, headers, content[:-60])
            wire.post(f"{address}/repository", wire.ITI_43, wire.retrieve((REPOSITORY, "1.2.DESIREE")), {})
            slots = wire.slot("$XDSDocumentEntryPatientId", "'279035121518989'")
            query = wire.stored_query("14d4debf-8f97-4251-9a74-a90016b0af0d", slots)
            wire.post(f"{address}/registry", wire.ITI_18, query)
        written = str(lines)
        assert len(lines) >= 5
        for secret in ("279035121518989", "DÉSIRÉE", "DESIREE", "Noël", "IPP1", "yesterday"):
            assert secret not in written


def test_a_value_of_any_characters_is_stored_and_found_or_refused(tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        for title in ("\u202e", "𝔘", "a\tb", "'; DROP TABLE registry_entries; --", "x" * 100_000):
            one = submission(entry(title=title))
            assert service.provide_and_register(one, {"Document01": Bytes(b"x")}) == ()
        assert sets(service) == 5
