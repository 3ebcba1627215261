"""Messages that attack by their XML, their MIME or their values: each a named refusal, quickly, and nothing stored."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator

import pytest
import requests

from gateway.registry.app import create_app
from gateway.registry.service import RegistryService
from gateway.registry.verify import Looked, verify
from gateway.xds import mtom
from tests.support import registry_wire as wire
from tests.support.registry import REPOSITORY, new_unique_id, running_service

LIMITS = mtom.Limits(parts=50, root_bytes=2_000_000, part_bytes=3_000_000, total_bytes=4_000_000)
SQL = "'); DROP TABLE registry_entries; --"
QUICK_S = 10.0
GROWTH_BYTES = 200 * 1024 * 1024

Running = tuple[str, RegistryService]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with (
        running_service(tmp_path_factory.mktemp("registry")) as service,
        wire.loopback(create_app(service, LIMITS)) as url,
    ):
        yield url, service


@pytest.fixture(autouse=True)
def nothing_stored(running: Running) -> Iterator[None]:
    """Each message is answered in bounded time and memory, and leaves nothing behind."""
    began, held = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert time.monotonic() - began < QUICK_S
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held) * 1024 < GROWTH_BYTES
    _, service = running
    looked = Looked()
    assert list(verify(service.engine, service.files, REPOSITORY, looked)) == []
    assert looked == Looked()


def send(
    running: Running, body: bytes, content_type: str = "application/soap+xml", path: str = "registry"
) -> requests.Response:
    return requests.post(
        f"{running[0]}/{path}", data=body, headers={"Content-Type": content_type}, timeout=wire.TIMEOUT_S
    )


def code_of(answer: requests.Response) -> str:
    """The fault's code, without its prefix."""
    found = wire.root_of(answer).findtext("{*}Body/{*}Fault/{*}Code/{*}Value")
    return str(found).rpartition(":")[2]


def query(value: str = "1.2") -> bytes:
    slots = wire.slot("$XDSDocumentEntryUniqueId", f"('{value}')")
    return wire.envelope(wire.ITI_18, wire.stored_query("5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4", slots))


def inside(content: bytes) -> bytes:
    return query().replace(b"</rim:AdhocQuery>", content + b"</rim:AdhocQuery>")


LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("entities", query().replace(b"?>", b"?>" + LAUGHS, 1).replace(b"1.2", b"&c;"), 400),
        ("external entity", query().replace(b"?>", b'?><!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">', 1), 400),
        ("depth", inside(b"<a>" * 5_000 + b"</a>" * 5_000), 413),
        ("elements", inside(b"<a/>" * 400_000), 200),
        ("attributes", inside(b"<a " + b" ".join(b'a%d="1"' % n for n in range(50_000)) + b"/>"), 200),
        ("one attribute twice", inside(b'<a b="1" b="2"/>'), 400),
        ("a long name", inside(b"<" + b"a" * 1_000_000 + b"/>"), 400),
        ("invalid UTF-8", query().replace(b"1.2", b"\xff\xfe\xc3\x28"), 400),
        ("an overlong sequence", query().replace(b"1.2", b"\xc0\xaf"), 400),
        ("another encoding", query().replace(b'"UTF-8"', b'"UTF-7"'), 400),
        ("a NUL", query().replace(b"1.2", b"1\x002"), 400),
        ("cut off", query()[:-20], 400),
        ("two roots", query() + b"<a/>", 400),
        ("nothing", b"", 400),
        ("too large", b" " * 2_500_000 + query(), 413),
    ],
)  # fmt: skip
def test_an_attack_by_xml_is_a_fault_or_no_matter(running: Running, name: str, body: bytes, status: int) -> None:
    answer = send(running, body)
    assert answer.status_code == status, (name, answer.text[:500])
    if status != 200:
        assert code_of(answer) == "Sender"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((b"http://www.w3.org/2003/05/soap-envelope", b"http://schemas.xmlsoap.org/soap/envelope/"), "VersionMismatch"),
        ((b"<a:MessageID>", b'<x:Y xmlns:x="urn:x" soap:mustUnderstand="true"/><a:MessageID>'), "MustUnderstand"),
        ((b"soap:Body>", b"soap:Bodies>"), "Sender"),
        ((b"RegistryStoredQuery</a:Action>", b"Unheard</a:Action>"), "Sender"),
        ((b"<a:Action soap:mustUnderstand=\"1\">", b"<a:Action>urn:x</a:Action><a:Action>"), "Sender"),
        ((b"addressing/anonymous", b"addressing/none"), "Sender"),
    ],
)  # fmt: skip
def test_an_envelope_that_is_not_for_us_is_a_fault_of_its_own(
    running: Running, change: tuple[bytes, bytes], code: str
) -> None:
    body = query()
    assert change[0] in body
    answer = send(running, body.replace(*change))
    assert (answer.status_code >= 400, code_of(answer)) == (True, code)


def submission() -> tuple[dict[str, str], bytes]:
    body = wire.provide_and_register(wire.extrinsic_object(new_unique_id()), wire.by_part())
    return wire.multipart(wire.ITI_41, wire.envelope(wire.ITI_41, body), {"d1@hand": b"<a/>"})


def part(content_id: bytes, content: bytes = b"x") -> bytes:
    head = b"Content-Type: text/plain\r\nContent-ID: <" + content_id + b">\r\n\r\n"
    return b"\r\n--" + wire.BOUNDARY.encode() + b"\r\n" + head + content


END = f"\r\n--{wire.BOUNDARY}--\r\n".encode()
LONG_HEADER = b"X: " + b"y" * 100_000 + b"\r\n"
ONE_ID = wire.slot("$XDSDocumentEntryUniqueId", "('a')")


@pytest.mark.parametrize(
    ("name", "change", "status"),
    [
        ("a flood of parts", lambda m: m.replace(END, b"".join(part(b"p%d" % n) for n in range(5_000)) + END), 413),
        ("a part nobody names", lambda m: m.replace(END, part(b"extra") + END), 400),
        ("a part twice", lambda m: m.replace(END, part(b"d1@hand") + END), 400),
        ("no part", lambda m: m.replace(b"<d1@hand>", b"<other@hand>"), 400),
        ("a part too large", lambda m: m.replace(b"<a/>", b"x" * 3_500_000), 413),
        ("a long header", lambda m: m.replace(b"Content-ID: <d1", LONG_HEADER + b"Content-ID: <d1"), 413),
        ("another boundary", lambda m: m.replace(wire.BOUNDARY.encode(), b"elsewhere"), 400),
        ("no end", lambda m: m.replace(END, b""), 400),
        ("an include of a file", lambda m: m.replace(b"cid:d1@hand", b"file:///etc/hostname"), 400),
        ("an include of http", lambda m: m.replace(b"cid:d1@hand", b"http://127.0.0.1:9/"), 400),
        ("an include of itself", lambda m: m.replace(b"cid:d1@hand", b"cid:root@hand"), 400),
    ],
)  # fmt: skip
def test_an_attack_by_mime_is_a_fault(running: Running, name: str, change, status: int) -> None:  # type: ignore[no-untyped-def]
    headers, body = submission()
    altered = change(body)
    assert altered != body
    answer = send(running, altered, headers["Content-Type"], "repository")
    assert (answer.status_code, code_of(answer)) == (status, "Sender"), name


@pytest.mark.parametrize(
    ("path", "action", "body", "codes"),
    [
        ("registry", wire.ITI_62, wire.remove_objects(SQL), ["UnresolvedReferenceException"]),
        ("repository", wire.ITI_86, wire.remove_documents((REPOSITORY, SQL)), ["XDSDocumentUniqueIdError"]),
        ("repository", wire.ITI_86, wire.remove_documents((SQL, "1.2")), ["XDSUnknownRepositoryId"]),
        ("repository", wire.ITI_43, wire.retrieve((REPOSITORY, SQL)), ["XDSDocumentUniqueIdError"]),
        ("registry", wire.ITI_42, wire.submit_objects(wire.extrinsic_object(SQL)), ["XDSRegistryMetadataError"] * 4),
    ],
)
def test_sql_in_an_id_is_only_an_id_that_is_unknown(
    running: Running, path: str, action: str, body: str, codes: list[str]
) -> None:
    answer = wire.post(f"{running[0]}/{path}", action, body)
    assert (answer.status_code, wire.status_of(answer), wire.errors_of(answer)) == (200, "Failure", codes)


@pytest.mark.parametrize("value", ["it''s", "%'' OR ''1''=''1", "a\\b", "_%_", "\u202e", "x" * 1000])
def test_quotes_and_wildcards_in_a_query_find_nothing(running: Running, value: str) -> None:
    answer = send(running, query(value))
    assert (answer.status_code, wire.status_of(answer), wire.errors_of(answer)) == (200, "Success", [])


@pytest.mark.parametrize(
    ("slots", "code"),
    [
        (wire.slot("$XDSDocumentEntryUniqueId", "('a'"), "XDSStoredQueryParamNumber"),
        (wire.slot("$XDSDocumentEntryUniqueId", "'a' 'b'"), "XDSStoredQueryParamNumber"),
        (wire.slot("$XDSDocumentEntryUniqueId", f"('{'x' * 2000}')"), "XDSStoredQueryParamNumber"),
        (wire.slot("$XDSDocumentEntryUniqueId", *["('a')"] * 600), "XDSStoredQueryParamNumber"),
        (ONE_ID + wire.slot("$MetadataLevel", "9"), "XDSStoredQueryParamNumber"),
    ],
)  # fmt: skip
def test_a_parameter_that_is_malformed_or_too_much_has_its_code(running: Running, slots: str, code: str) -> None:
    body = wire.stored_query("5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4", slots)
    answer = wire.post(f"{running[0]}/registry", wire.ITI_18, body)
    assert (answer.status_code, wire.status_of(answer), wire.errors_of(answer)) == (200, "Failure", [code])


def test_an_attribute_of_one_value_that_has_two_is_refused_and_named(running: Running) -> None:
    unique_id = new_unique_id()
    objects = wire.extrinsic_object(unique_id, slots=wire.slot("serviceStartTime", "2026", "2027"))
    scheme = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
    another = f'<rim:ExternalIdentifier id="e9" value="1.2.3" identificationScheme="{scheme}"/></rim:ExtrinsicObject>'
    objects = objects.replace("</rim:ExtrinsicObject>", another)
    body = wire.provide_and_register(objects, wire.by_part())
    answer = wire.post(f"{running[0]}/repository", wire.ITI_41, body, {"d1@hand": b"1"})
    said = {str(one.get("codeContext")) for one in wire.root_of(answer).iter("{*}RegistryError")}
    assert {"serviceStartTime stands 2 times, it has one value", "uniqueId stands 2 times, it has one value"} <= said
    assert set(wire.errors_of(answer)) == {"XDSRegistryMetadataError"}
