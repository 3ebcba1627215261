"""Messages made to exhaust, to confuse or to end early."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InputRejected, InputTooLarge, Unavailable
from gateway.texts import TEXTS
from gateway.xds import _spool, mtom

TYPE = "multipart/related; boundary=x"
LIMITS = mtom.Limits(parts=3, header_bytes=200, root_bytes=100, part_bytes=1000, total_bytes=5000, memory_bytes=64)
PART = b"--x\r\nContent-ID: <%d>\r\n\r\n%b\r\n"


def read(message: bytes, content_type: str = TYPE, limits: mtom.Limits = LIMITS) -> mtom.Incoming:
    reader = mtom.Reader(content_type, limits)
    reader.feed(message)
    return reader.finish()


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (b"".join(PART % (n, b"") for n in range(4)) + b"--x--", "number of parts"),
        (b"--x\r\nX-A: " + b"a" * 300, "part header"),
        (b"--x\r\nX-A: " + b"a" * 300 + b"\r\n\r\n", "part header"),
        (b"--x\r\n" + b"X-A: a\r\n" * 300, "part header"),
        (PART % (1, b"a" * 1001) + b"--x--", "document"),
        (b"--x\r\n\r\n" + b"a" * 5000, "message"),
        (b"a" * 5001, "message"),
        (PART % (1, b"a" * 101) + b"--x--", "envelope"),
    ],
    ids=["parts", "header", "ended header", "fields", "document", "message", "preamble", "envelope"],
)
def test_what_is_above_a_limit_is_refused_with_its_name(message: bytes, what: str) -> None:
    with pytest.raises(InputTooLarge, match="mtom_too_large") as refusal:
        read(message)
    assert refusal.value.facts["what"] == what


def test_an_envelope_without_end_is_refused() -> None:
    reader = mtom.Reader("application/soap+xml", LIMITS)
    for _ in range(LIMITS.part_bytes // 100):
        reader.feed(b"a" * 100)
    with pytest.raises(InputTooLarge, match="mtom_too_large"):
        reader.feed(b"a")


@pytest.mark.parametrize("length", range(len(PART % (1, b"ab") + b"--x--")))
def test_a_message_cut_anywhere_is_truncated_and_never_shorter(length: int) -> None:
    with pytest.raises(InputRejected, match="mtom_truncated"):
        read((PART % (1, b"ab") + b"--x--")[:length])


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"--x\r\nno field\r\n\r\n\r\n--x--", "mime_header"),
        (b"--x\r\nContent-ID: <1>\r\nContent-ID: <2>\r\n\r\n\r\n--x--", "mime_header"),
        (b"--x\r\nContent-Type: pdf\r\n\r\n\r\n--x--", "mime_header"),
        (b"--x\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n\r\n--x--", "mime_encoding"),
        (b"--x\r\nContent-Transfer-Encoding: base64\r\n\r\nAA=A\r\n--x--", "mime_encoding"),
        (b"--x\r\nContent-Transfer-Encoding: base64\r\n\r\nAAA\r\n--x--", "mime_encoding"),
        (b"--x\r\nContent-Transfer-Encoding: base64\r\n\r\nAA==AAAA\r\n--x--", "mime_encoding"),
        (PART % (1, b"") + PART % (1, b"") + b"--x--", "mtom_part"),
        (PART % (1, b"") + PART % (2, b"") + PART % (2, b"") + b"--x--", "mtom_part"),
        (PART % (1, b"") + b"--x\r\n\r\n\r\n--x--", "mtom_part"),
        (b"--x--", "mtom_root"),
    ],
)
def test_a_malformed_part_is_refused_with_its_reason(message: bytes, code: str) -> None:
    with pytest.raises(InputRejected, match=code):
        read(message)
    assert code in TEXTS


def test_a_line_without_end_is_not_decoded() -> None:
    limits = mtom.Limits()
    message = b"--x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + b"a" * 100_000 + b"\r\n--x--"
    with pytest.raises(InputTooLarge, match="mime_encoding"):
        read(message, limits=limits)


@pytest.mark.parametrize(
    ("content_type", "code"),
    [
        ("", "mime_header"),
        ("multipart", "mime_header"),
        ("multipart/related; boundary=a; boundary=b", "mime_header"),
        ('multipart/related; boundary="a', "mime_header"),
        ("multipart/related; boundary", "mime_header"),
        ("multipart/related; " + "a" * 5000, "mime_header"),
        ("multipart/related", "mtom_boundary"),
        ("multipart/related; boundary=" + "a" * 71, "mtom_boundary"),
        ('multipart/related; boundary="a\r\n"', "mtom_boundary"),
        ('multipart/related; boundary="a "', "mtom_boundary"),
        ("text/html", "mtom_media_type"),
        ("text/xml; charset=utf-8", "mtom_media_type"),
        ("multipart/form-data; boundary=a", "mtom_media_type"),
    ],
)
def test_a_content_type_that_cannot_be_read_is_refused(content_type: str, code: str) -> None:
    with pytest.raises(InputRejected, match=code):
        mtom.Reader(content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/related;boundary=----=_Part_1_2.3;type=application/xop+xml",
        'Multipart/Related; type="application/xop+xml"; BOUNDARY="----=_Part_1_2.3" ; start-info="text/xml" ;',
        'multipart/related; type="a; action=\\"b\\""; boundary = "----=_Part_1_2.3"',
    ],
)
def test_a_content_type_as_peers_write_it_is_read(content_type: str) -> None:
    message = b"------=_Part_1_2.3\r\n\r\n<e/>\r\n------=_Part_1_2.3--\r\n"
    with read(message, content_type) as incoming:
        assert incoming.root.read() == b"<e/>"


def test_a_flood_of_false_delimiters_is_content() -> None:
    """A reader that begins again at each of them would not end within the suite's time."""
    flood = b"\r\n--xx" * 300_000
    reader = mtom.Reader(TYPE)
    message = b"--x\r\n\r\n" + flood + b"\r\n--x--"
    for start in range(0, len(message), 1000):
        reader.feed(message[start : start + 1000])
    with reader.finish() as incoming:
        assert incoming.root.read() == flood


def test_no_room_for_the_parts_is_said_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    reader = mtom.Reader(TYPE, LIMITS)
    reader.feed(PART % (1, b"a" * 100))
    assert reader._spool._file is not None
    monkeypatch.setattr(reader._spool._file, "write", full)
    with pytest.raises(Unavailable, match="mtom_spool"):
        reader.feed(PART % (2, b"a" * 100) + b"--x--")
    assert reader._spool._file.closed


def test_no_room_for_the_file_itself_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_spool.tempfile, "TemporaryFile", full)
    with pytest.raises(Unavailable, match="mtom_spool"):
        mtom.Reader(TYPE, LIMITS).feed(PART % (1, b"a" * 100) + b"--x--")


def test_a_message_that_drips_in_does_not_fill_memory_with_its_pieces() -> None:
    """A byte alone takes an object of forty in memory: pieces are counted, and not their bytes alone."""
    reader = mtom.Reader(TYPE, mtom.Limits(memory_bytes=64 * 1024))
    message = PART % (1, b"a" * 5000) + b"--x--"
    for byte in message:
        reader.feed(bytes([byte]))
    assert reader._spool._file is not None
    assert reader._spool._pieces == []
    with reader.finish() as incoming:
        assert incoming.root.read() == b"a" * 5000


def test_a_refused_message_leaves_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_spool.tempfile, "tempdir", str(tmp_path))
    reader = mtom.Reader(TYPE, mtom.Limits(memory_bytes=10, part_bytes=5000))
    reader.feed(PART % (1, b"a" * 4000))
    assert reader._spool._file is not None
    with pytest.raises(InputRejected, match="mtom_truncated"):
        reader.finish()
    assert reader._spool._file.closed
    assert list(tmp_path.iterdir()) == []


@given(st.binary(max_size=400), st.lists(st.tuples(st.integers(0, 450), st.integers(0, 450)), max_size=8))
def test_a_part_is_a_file_that_reads_as_its_bytes_do(content: bytes, reads: list[tuple[int, int]]) -> None:
    framed = b"--x\r\nContent-ID: <1>\r\n\r\n<a/>\r\n" + PART % (2, content.replace(b"--x", b"")) + b"--x--"
    with read(framed) as message:
        (part,) = message.parts.values()
        stream, like = part.open(), io.BytesIO(part.read())
        assert stream.seek(0, io.SEEK_END) == like.seek(0, io.SEEK_END)
        for offset, size in reads:
            assert stream.seek(offset) == like.seek(offset)
            assert stream.read(size) == like.read(size)
        assert stream.seek(0) == 0
        assert stream.read() == part.read()
