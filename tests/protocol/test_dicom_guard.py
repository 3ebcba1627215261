"""The walk over DICOM bytes: every element, no recursion, and a named error for every lie."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from gateway.dicom.guard import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    Limits,
    examine,
    read_file,
)
from gateway.dicom.values import Values, text
from gateway.errors import GatewayError, InputRejected, InputTooLarge, NotSupportedYet
from gateway.texts import TEXTS
from tests.support.dicom_objects import body, encoded, image, request

ITEM = b"\xfe\xff\x00\xe0"


def nested(depth: int, *, defined: bool) -> bytes:
    """Explicit VR sequences, one inside the other."""
    content = b""
    for _ in range(depth):
        if defined:
            item = ITEM + struct.pack("<I", len(content)) + content
            content = b"\x08\x00\x40\x11SQ\0\0" + struct.pack("<I", len(item)) + item
        else:
            item = ITEM + b"\xff\xff\xff\xff" + content + b"\xfe\xff\x0d\xe0\0\0\0\0"
            content = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + item + b"\xfe\xff\xdd\xe0\0\0\0\0"
    return content


def refusal(action: Callable[[], object]) -> str:
    """The code of the error that *action* raises, or nothing."""
    try:
        action()
    except GatewayError as error:
        return error.code
    return ""


@pytest.mark.parametrize("defined", [True, False])
def test_nesting_is_bounded_without_recursion(defined: bool) -> None:
    examine(nested(32, defined=defined), EXPLICIT_LITTLE)
    for depth in (33, 240, 10_000):
        with pytest.raises(InputTooLarge, match="dicom_too_deep"):
            examine(nested(depth, defined=defined), EXPLICIT_LITTLE)


def test_known_sequences_sent_as_un_count_as_nesting() -> None:
    content = nested(40, defined=True).replace(b"SQ", b"UN", 1)
    with pytest.raises(InputRejected):
        examine(content, EXPLICIT_LITTLE)


def test_a_data_set_cut_at_any_byte_is_truncated_unless_the_cut_is_between_elements() -> None:
    whole = body(image(requests=[request("A1")], side=2))
    elements = sorted(pydicom.filereader.read_dataset(io.BytesIO(whole), False, True).keys())
    whole_prefixes = 0
    for length in range(len(whole)):
        code = refusal(lambda cut=length: examine(whole[:cut], EXPLICIT_LITTLE))
        assert code in ("", "dicom_truncated")
        whole_prefixes += code == ""
    assert whole_prefixes == len(elements)


def test_lengths_that_lie_are_refused() -> None:
    for content in (
        b"\x10\x00\x10\x00PN\xff\x00X",
        b"\x08\x00\x40\x11SQ\0\0\x08\0\0\0" + ITEM + b"\x08\0\0\0" + b"\0" * 8,
        b"\x10\x00\x10\x00PN\x00",
        b"\xe0\x7f\x10\x00OW\0\0\x10\0\0\0ab",
    ):
        with pytest.raises(InputRejected, match="dicom_truncated"):
            examine(content, EXPLICIT_LITTLE)


@pytest.mark.parametrize(
    "content",
    [
        b"\x10\x00\x10\x00\x01\x02\x00\x00",
        ITEM + b"\0\0\0\0",
        b"\xfe\xff\x0d\xe0\0\0\0\0",
        b"\x10\x00\x20\x00UT\0\0\xff\xff\xff\xff",
        b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\x10\x00\x10\x00PN\0\0",
        b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff" + ITEM + b"\xff\xff\xff\xff",
    ],
)
def test_what_is_no_data_set_is_malformed(content: bytes) -> None:
    with pytest.raises(InputRejected, match="dicom_malformed"):
        examine(content, EXPLICIT_LITTLE)


def test_size_and_number_of_elements_are_bounded() -> None:
    content = b"\x10\x00\x10\x00PN\x00\x00" * 50
    with pytest.raises(InputTooLarge, match="dicom_too_large"):
        examine(content, EXPLICIT_LITTLE, Limits(size_bytes=100))
    with pytest.raises(InputTooLarge, match="dicom_too_many_elements"):
        examine(content, EXPLICIT_LITTLE, Limits(elements=10))


def test_a_file_is_read_after_it_was_seen() -> None:
    dataset = read_file(encoded(image()))
    assert str(dataset.PatientName) == "KERMARREC-LEFÈVRE^ZOÉ"


def test_deflated_and_big_endian_files_are_refused_before_pydicom() -> None:
    plain = encoded(image())
    start = plain.index(b"\x08\x00\x05\x00CS")
    deflater = zlib.compressobj(9, wbits=-15)
    deflated = deflater.compress(b"\0" * 10_000_000) + deflater.flush()
    for syntax, raised in (("1.2.840.10008.1.2.1.99", InputRejected), (EXPLICIT_BIG, NotSupportedYet)):
        head = plain[:start].replace(
            b"\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\0",
            b"\x02\x00\x10\x00UI"
            + struct.pack("<H", len(syntax) + len(syntax) % 2)
            + syntax.encode()
            + b"\0" * (len(syntax) % 2),
        )
        head = head[:140] + struct.pack("<I", len(head) - 144) + head[144:]
        with pytest.raises(raised):
            read_file(head + deflated)


@pytest.mark.parametrize("content", [b"", b"DICM", b"\0" * 128 + b"DICM", b"MZ" + b"\0" * 500, b"<xml/>" * 50])
def test_what_is_no_file_is_said_so(content: bytes) -> None:
    with pytest.raises(InputRejected, match="dicom_not_a_file"):
        read_file(content)


def test_a_file_cut_anywhere_is_a_named_error_or_a_shorter_file() -> None:
    whole = encoded(image(requests=[request("A1")], side=2))
    for length in range(0, len(whole), 7):
        assert refusal(lambda cut=length: read_file(whole[:cut])) in {"", *TEXTS}


@given(st.binary(max_size=300), st.sampled_from([EXPLICIT_LITTLE, IMPLICIT_LITTLE]))
def test_no_bytes_raise_anything_but_named_errors(content: bytes, syntax: str) -> None:
    assert refusal(lambda: Values.read(content, implicit=syntax == IMPLICIT_LITTLE)) in {"", *TEXTS}


@given(
    st.lists(
        st.text(
            st.characters(codec="utf-8", exclude_characters="\\=^\0\x1b", exclude_categories=("C", "Z")), max_size=20
        )
    ),
    st.booleans(),
    st.booleans(),
)
def test_values_are_those_that_pydicom_wrote(names: list[str], implicit: bool, undefined: bool) -> None:
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.StudyDescription = "".join(names)[:64]
    dataset.Rows = len(names)
    items = []
    for name in names:
        item = Dataset()
        item.AccessionNumber = name[:16]
        item.is_undefined_length_sequence_item = undefined
        items.append(item)
    dataset.RequestAttributesSequence = items
    dataset["RequestAttributesSequence"].is_undefined_length = undefined
    buffer = io.BytesIO()
    pydicom.filewriter.write_dataset(_writer(buffer, implicit), dataset)
    values = Values.read(buffer.getvalue(), implicit=implicit)
    assert text(values, 0x00081030) == dataset.StudyDescription
    assert text(values, 0x00280010) == str(len(names))
    assert [text(item, 0x00080050) for item in values.items(0x00400275)] == [name[:16] for name in names]


def _writer(buffer: io.BytesIO, implicit: bool) -> pydicom.filebase.DicomIO:
    writer = pydicom.filebase.DicomIO(buffer)
    writer.is_implicit_VR, writer.is_little_endian = implicit, True
    return writer
