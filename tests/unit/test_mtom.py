"""MTOM written and read: every byte of a document, whichever way the message is cut."""

from __future__ import annotations

import email
import email.policy
import hashlib
import io
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.errors import GatewayError, InputRejected, Unavailable
from gateway.trust import safexml
from gateway.xds import mtom

ROOT = b"<envelope/>"
# Memory for three pieces: what a message holds moves to a file in its middle.
SMALL = mtom.Limits(
    parts=5, header_bytes=200, root_bytes=1000, part_bytes=1000, total_bytes=4000, memory_bytes=3 * 1024
)

# A boundary that begins the content, lines that almost are delimiters, CR LF at both ends, an empty header, an empty
# document, base64 with a broken line, a preamble and an epilogue that look like parts.
HOSTILE = (
    b"a preamble\r\n--xy is no delimiter\r\n--x\r\n\r\n"
    b"<envelope/>\r\n--x \t\r\n"
    b'Content-ID: <1>\r\nContent-Type: application/pdf;\r\n name="a;b"\r\nContent-Transfer-Encoding: binary\r\n\r\n'
    b"\r\n--x-\r\n--xx\r\n--x  y\r\n-- x\r\r\n\r\n--x\r\n"
    b"content-id:<2>\r\n\r\n\r\n--x\r\n"
    b"Content-ID: <3>\r\nContent-Transfer-Encoding: BASE64\r\n\r\nAA\r\nEC\r\nAw==\r\n\r\n--x\r\n"
    b"Content-ID: 4\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\nun=C3=A9 =\r\nligne\r\n--x--\r\n"
    b"--x\r\nContent-ID: <5>\r\n\r\nan epilogue\r\n--x--"
)
HOSTILE_PARTS = {
    "": b"<envelope/>",
    "1": b"\r\n--x-\r\n--xx\r\n--x  y\r\n-- x\r\r\n",
    "2": b"",
    "3": b"\x00\x01\x02\x03",
    "4": "uné ligne".encode(),
}


def read(content_type: str, *chunks: bytes, limits: mtom.Limits = mtom.DEFAULT) -> mtom.Incoming:
    reader = mtom.Reader(content_type, limits)
    for chunk in chunks:
        reader.feed(chunk)
    return reader.finish()


def outcome(message: bytes, cuts: list[int], limits: mtom.Limits = SMALL) -> object:
    """The parts of a message that is fed in pieces, or the code of the refusal."""
    edges = [0, *sorted(cut for cut in cuts if cut < len(message)), len(message)]
    chunks = [message[start:end] for start, end in itertools.pairwise(edges)]
    try:
        with read("multipart/related; boundary=x", *chunks, limits=limits) as incoming:
            return {part.content_id: part.read() for part in (incoming.root, *incoming.parts.values())}
    except GatewayError as error:
        return error.code


def body(outgoing: mtom.Outgoing) -> bytes:
    return outgoing.read()


def test_the_parts_of_a_hostile_message_are_read_exactly() -> None:
    assert outcome(HOSTILE, []) == HOSTILE_PARTS


def test_every_cut_in_two_gives_the_same_parts() -> None:
    assert all(outcome(HOSTILE, [cut]) == HOSTILE_PARTS for cut in range(len(HOSTILE)))


def test_byte_by_byte_gives_the_same_parts() -> None:
    assert outcome(HOSTILE, list(range(len(HOSTILE)))) == HOSTILE_PARTS


@given(st.lists(st.integers(0, len(HOSTILE)), max_size=12))
def test_every_way_of_cutting_gives_the_same_parts(cuts: list[int]) -> None:
    assert outcome(HOSTILE, cuts) == HOSTILE_PARTS


GRAINS = st.sampled_from(
    [
        b"Content-ID: <1>\r\n\r\n",
        b"Content-Transfer-Encoding: base64\r\n\r\n",
        b"\t" * 70,
        b"\r\n",
        b"\r",
        b"\n",
        b"--x",
        b"--",
        b"-",
        b"x",
        b" ",
        b"\r\n--x",
        b"\r\n--x--",
        b"\r\n--x\r\n",
        b"A",
        b"=",
        b":",
    ]
)


@given(st.lists(GRAINS, max_size=30).map(b"".join), st.lists(st.integers(0, 300), max_size=6))
def test_nonsense_is_judged_the_same_whichever_way_it_is_cut(message: bytes, cuts: list[int]) -> None:
    assert outcome(message, cuts) == outcome(message, [])


@given(st.lists(st.binary(max_size=300), max_size=4), st.lists(st.integers(0, 2000), max_size=6))
def test_what_is_written_is_read_back(contents: list[bytes], cuts: list[int]) -> None:
    attachments = [mtom.Attachment(f"{n}@x", "application/pdf", content) for n, content in enumerate(contents)]
    outgoing = mtom.write(ROOT, attachments, "urn:a")
    message = body(outgoing)
    assert len(message) == len(outgoing) == outgoing.size_bytes
    edges = [0, *sorted(cut for cut in cuts if cut < len(message)), len(message)]
    chunks = [message[start:end] for start, end in itertools.pairwise(edges)]
    with read(outgoing.content_type, *chunks) as incoming:
        assert incoming.root.read() == ROOT
        assert incoming.action == "urn:a"
        assert [part.read() for part in incoming.parts.values()] == contents
        assert [part.sha1() for part in incoming.parts.values()] == [hashlib.sha1(c).hexdigest() for c in contents]  # noqa: S324


def test_another_reader_finds_the_same_parts() -> None:
    """The standard library's e-mail package, which is no MTOM reader but knows MIME."""
    outgoing = mtom.write(ROOT, [mtom.Attachment("1@x", "application/dicom", b"\x00DICM\r\n")], "urn:a")
    head = f"Content-Type: {outgoing.content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode()
    message = email.message_from_bytes(head + body(outgoing), policy=email.policy.HTTP)
    root, document = message.iter_parts()  # type: ignore[attr-defined]
    assert root.get_content_type() == "application/xop+xml"
    assert root["Content-ID"] == f"<{mtom.ROOT_CONTENT_ID}>"
    assert root.get_param("type") == "application/soap+xml"
    assert document.get_content_type() == "application/dicom"
    assert document.get_payload(decode=True) == b"\x00DICM\r\n"
    assert [message.get_param(name) for name in ("type", "start", "start-info", "action")] == [
        "application/xop+xml",
        f"<{mtom.ROOT_CONTENT_ID}>",
        "application/soap+xml",
        "urn:a",
    ]


def test_the_boundary_is_quoted_and_in_no_document() -> None:
    with pytest.raises(ValueError, match="boundary"):
        mtom.write(ROOT, [mtom.Attachment("1", "a/b", b"..B..")], boundary="B")
    assert 'boundary="B"' in mtom.write(ROOT, [], boundary="B").content_type


@pytest.mark.parametrize(
    ("content_id", "mime_type"), [("1>\r\nX: y", "a/b"), ("1", "a/b\r\nX: y"), ("1", "pdf"), ("", "a/b")]
)
def test_nothing_can_be_smuggled_into_a_header(content_id: str, mime_type: str) -> None:
    with pytest.raises(ValueError, match="header"):
        mtom.write(ROOT, [mtom.Attachment(content_id, mime_type, b"")])
    with pytest.raises(ValueError, match="ASCII"):
        mtom.write(ROOT, [], "urn:a\r\nX: y")


def test_a_body_can_be_sent_twice(tmp_path: Path) -> None:
    file = tmp_path / "document"
    file.write_bytes(bytes(range(256)) * 1000)
    outgoing = mtom.write(
        ROOT, [mtom.Attachment("1", "a/b", file), mtom.Attachment("2", "a/b", io.BytesIO(b"stream"))], boundary="B"
    )
    first = b"".join(iter(lambda: outgoing.read(1000), b""))
    outgoing.rewind()
    part = outgoing.read(70_000)
    outgoing.rewind()
    assert outgoing.read() == first
    assert first.startswith(part)
    assert file.read_bytes() in first
    assert len(first) == len(outgoing)


def test_a_document_that_shrinks_is_never_sent_short(tmp_path: Path) -> None:
    file = tmp_path / "document"
    file.write_bytes(b"x" * 100)
    outgoing = mtom.write(ROOT, [mtom.Attachment("1", "a/b", file)])
    file.write_bytes(b"x" * 99)
    with pytest.raises(Unavailable, match="mtom_source"):
        outgoing.read()
    file.unlink()
    outgoing.rewind()
    with pytest.raises(Unavailable, match="mtom_source"):
        outgoing.read()
    with pytest.raises(Unavailable, match="mtom_source"):
        mtom.write(ROOT, [mtom.Attachment("1", "a/b", file)])


@pytest.mark.parametrize("memory_bytes", [1000, 60_000, 110_000, 1_000_000])
def test_documents_are_whole_in_memory_and_in_a_file(memory_bytes: int) -> None:
    contents = [bytes([n]) * 50_000 for n in range(3)]
    outgoing = mtom.write(ROOT, [mtom.Attachment(f"{n}", "a/b", content) for n, content in enumerate(contents)])
    with read(outgoing.content_type, *outgoing, limits=mtom.Limits(memory_bytes=memory_bytes)) as incoming:
        assert [b"".join(part.chunks(777)) for part in incoming.parts.values()] == contents
        assert [part.size_bytes for part in incoming.parts.values()] == [50_000] * 3


def test_who_stops_in_the_middle_of_a_message_reads_on() -> None:
    outgoing = mtom.write(ROOT, [mtom.Attachment("1", "a/b", b"a" * 600_000)], boundary="-x-")
    whole = outgoing.read()
    outgoing.rewind()
    begun = outgoing.read(10)
    begun += next(iter(outgoing))
    for chunk in outgoing:
        begun += chunk
        break
    assert begun + outgoing.read() == whole


def test_an_envelope_without_parts_is_read() -> None:
    outgoing = mtom.plain(ROOT, "urn:a")
    assert outgoing.content_type == 'application/soap+xml; charset=UTF-8; action="urn:a"'
    with read(outgoing.content_type, ROOT[:4], ROOT[4:]) as incoming:
        assert incoming.root.read() == ROOT
        assert incoming.action == "urn:a"
        assert not incoming.parts


def test_the_root_is_the_part_that_start_names() -> None:
    message = b"--x\r\nContent-ID: <d>\r\n\r\ndocument\r\n--x\r\nContent-ID: <r@y>\r\n\r\n<e/>\r\n--x--"
    with read('multipart/related; boundary=x; start="<r@y>"', message) as incoming:
        assert incoming.root.read() == b"<e/>"
        assert incoming.parts["d"].read() == b"document"
    with pytest.raises(InputRejected, match="mtom_root"):
        read('multipart/related; boundary=x; start="<z>"', message)


def envelope(*hrefs: str, extra: str = "") -> etree._Element:
    xop = f'xmlns:x="{mtom.XOP}"'
    inner = "".join(f'<d id="{n}"><x:Include {xop} href="{href}"/>{extra}</d>' for n, href in enumerate(hrefs))
    return safexml.parse(f"<e>{inner}</e>".encode())


def incoming_with(*content_ids: str) -> mtom.Incoming:
    outgoing = mtom.write(ROOT, [mtom.Attachment(name, "a/b", name.encode()) for name in content_ids])
    return read(outgoing.content_type, outgoing.read())


def test_each_include_gets_its_part() -> None:
    root = envelope("cid:a%40b", "CID:c")
    with incoming_with("a@b", "c") as incoming:
        resolved = mtom.resolve(root, incoming)
        assert [mtom.content(element, resolved).read() for element in root] == [b"a@b", b"c"]


@pytest.mark.parametrize(
    ("root", "words"),
    [
        (envelope("cid:a", "cid:a"), "cid"),
        (envelope("cid:b"), "cid"),
        (envelope(), "unused"),
        (envelope("http://127.0.0.1/x"), "href"),
        (envelope("file:///etc/passwd"), "href"),
        (envelope(""), "href"),
        (envelope("cid:a", extra="<y/>"), "xop:Include"),
    ],
    ids=["twice", "absent", "unused", "http", "file", "empty", "beside"],
)
def test_a_part_is_used_exactly_once_and_nothing_else_can_be_named(root: etree._Element, words: str) -> None:
    with incoming_with("a") as incoming, pytest.raises(InputRejected, match="mtom_part") as refusal:
        mtom.resolve(root, incoming)
    assert refusal.value.facts == {"words": words}


def test_a_document_in_the_text_is_decoded() -> None:
    element = safexml.parse(b"<d> AAEC\r\n Aw== </d>")
    assert mtom.content(element, {}).read() == b"\x00\x01\x02\x03"
    assert mtom.content(safexml.parse(b"<d/>"), {}).read() == b""
    for wrong in (b"<d>AAE</d>", b"<d>AA==AA==</d>", "<d>é</d>".encode(), b"<d>A!AA</d>"):
        with pytest.raises(InputRejected, match="mime_encoding"):
            mtom.content(safexml.parse(wrong), {})


def test_documents_are_found_by_their_ids() -> None:
    def request(*ids: str) -> etree._Element:
        inner = "".join(f'<Document id="{i}">QQ==</Document>' for i in ids)
        return safexml.parse(f'<r xmlns="urn:ihe:iti:xds-b:2007">{inner}</r>'.encode())

    assert {key: part.read() for key, part in mtom.documents_by_id(request("1", "2"), {}).items()} == {
        "1": b"A",
        "2": b"A",
    }
    for ids in (("1", "1"), ("",)):
        with pytest.raises(InputRejected, match="mtom_part"):
            mtom.documents_by_id(request(*ids), {})
