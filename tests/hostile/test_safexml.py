"""XML from strangers."""

from __future__ import annotations

import pytest

from gateway.errors import InputRejected, InputTooLarge
from gateway.trust import safexml

BILLION = b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>'

REFUSED = {
    "a DOCTYPE": (b"<!DOCTYPE a><a/>", "xml_doctype"),
    "a DOCTYPE after a comment": (b"<!-- x --><!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "xml_doctype"),
    "a DOCTYPE in UTF-16": ('<?xml version="1.0"?><!DOCTYPE a []><a/>'.encode("utf-16"), "xml_doctype"),
    "entities that multiply": (BILLION, "xml_doctype"),
    "an external entity": (b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1/x">]><a>&x;</a>', "xml_doctype"),
    "an unknown entity": (b"<a>&x;</a>", "xml_malformed"),
    "UTF-7": (b'<?xml version="1.0" encoding="UTF-7"?><a/>', "xml_encoding"),
    "an encoding nobody knows": (b'<?xml version="1.0" encoding="x-none"?><a/>', "xml_encoding"),
    "bytes that are not its encoding": (b'<?xml version="1.0" encoding="UTF-8"?><a>\xe9</a>', "xml_malformed"),
    "nothing": (b"", "xml_malformed"),
    "text": (b"MSH|^~\\&|", "xml_malformed"),
    "two roots": (b"<a/><b/>", "xml_malformed"),
    "a cut document": (b"<a><b>", "xml_malformed"),
    "a NUL": (b"<a>\x00</a>", "xml_malformed"),
    "an attribute twice": (b"<a b='1' b='2'/>", "xml_malformed"),
    "an unbound prefix": (b"<x:a/>", "xml_malformed"),
    "301 levels": (b"<a>" * 301 + b"</a>" * 301, "xml_too_deep"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_document_of_ours_needs_is_refused_by_name(name: str) -> None:
    content, code = REFUSED[name]
    with pytest.raises(InputRejected) as refusal:
        safexml.parse(content)
    assert refusal.value.code == code


def test_a_document_above_its_limits_is_refused() -> None:
    with pytest.raises(InputTooLarge):
        safexml.parse(b"<a>" + b" " * 100 + b"</a>", safexml.Limits(size_bytes=50))
    with pytest.raises(InputTooLarge):
        safexml.parse(b"<a>" + b"<b/>" * 100 + b"</a>", safexml.Limits(elements=50))


def test_a_thirty_megabyte_text_passes() -> None:
    root = safexml.parse(b"<a>" + b"A" * 30_000_000 + b"</a>")
    assert len(root.text or "") == 30_000_000


def test_accents_comments_and_instructions_survive_a_round_trip() -> None:
    content = '<?xml version="1.0" encoding="UTF-8"?>\n<?style x?><!-- é --><a>ŒuvréÉ</a>'.encode()
    again = safexml.serialise(safexml.parse(content))
    for piece in ("<?style x?>", "<!-- é -->", "ŒuvréÉ"):
        assert piece.encode() in again


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "ISO-8859-15", "windows-1252", "UTF-16"])
def test_the_usual_encodings_are_read(encoding: str) -> None:
    content = f'<?xml version="1.0" encoding="{encoding}"?><a>é</a>'.encode(encoding)
    assert safexml.parse(content).text == "é"
