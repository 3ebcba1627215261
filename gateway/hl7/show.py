"""A message for a person: its segments and fields with their names, the document inside as a summary.

Base64 is never shown: its size and what it holds are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.errors import GatewayError
from gateway.hl7 import embedded, er7
from gateway.hl7.er7 import Message, Segment
from gateway.hl7.profiles import routing
from gateway.hl7.profiles.dictionary import field_name, segment_name
from gateway.hl7.profiles.document import is_document
from gateway.model.report import Report
from gateway.texts.plain import shown

_LONG_BYTES = 2_000
_MOST_FIELDS = 100


def as_json(raw: bytes, language: str) -> dict[str, Any]:
    """The whole message as JSON values; raises as :func:`gateway.hl7.er7.parse` does."""
    message = er7.parse(raw)
    profile = routing.route(message)
    return {
        "profile": profile.name if profile else "",
        "charset": message.charset.name,
        "delimiters": (message.delimiters.field + message.delimiters.encoding_characters).decode(),
        "size_bytes": len(raw),
        "segments": [_segment(message, segment, language) for segment in message.segments],
        "documents": [_document(message, row) for row in message.all("OBX") if is_document(row)],
    }


def lines(raw: bytes, language: str) -> Iterator[str]:
    """The message as lines of text; raises as :func:`as_json`."""
    told = as_json(raw, language)
    yield f"{told['profile'] or '?'}  ({told['charset']}, {told['size_bytes']} bytes)"
    for segment in told["segments"]:
        yield ""
        yield f"{segment['segment']} {segment['sequence']}  {segment['name']}"
        for field in segment["fields"]:
            yield f"  {field['field']:<8} {field['name']}: {field['value']}"
    for document in told["documents"]:
        yield ""
        yield f"CDA  {document['place']}  {document['size_bytes']} bytes"
        yield from (f"  {name}: {value}" for name, value in document.items() if name not in ("place", "size_bytes"))


def _segment(message: Message, segment: Segment, language: str) -> dict[str, Any]:
    return {
        "segment": segment.name,
        "sequence": segment.sequence,
        "name": segment_name(segment.name, language),
        "fields": list(_fields(message, segment, language)),
    }


def _fields(message: Message, segment: Segment, language: str) -> Iterator[dict[str, str]]:
    for number in range(1, _MOST_FIELDS):
        start, end = segment.span(number)
        if start >= segment.end and start == end:
            return
        if start == end:
            continue
        written = _written(message, segment, number, start, end)
        name = field_name(segment.name, number, language)
        yield {"field": f"{segment.name}-{number}", "name": name or "-", "value": written}


def _written(message: Message, segment: Segment, number: int, start: int, end: int) -> str:
    """A field as it is written; of encapsulated data everything but the data."""
    if segment.name == "OBX" and number == 5 and segment.text(2) == "ED":
        data_start, data_end = embedded.span(segment)
        return f"{_text(message, start, data_start)}<{data_end - data_start} bytes>{_text(message, data_end, end)}"
    return _text(message, start, end) if end - start <= _LONG_BYTES else f"<{end - start} bytes>"


def _text(message: Message, start: int, end: int) -> str:
    return shown(message.raw[start:end].decode(message.charset.codec, "replace"))


def _document(message: Message, row: Segment) -> dict[str, Any]:
    """What the document says of itself; why it cannot be read when it cannot."""
    from gateway.cda.read import read_document
    from gateway.texts import sentence
    from gateway.trust import safexml

    start, end = embedded.span(row)
    told: dict[str, Any] = {"place": row.place(5), "size_bytes": end - start}
    try:
        content = embedded.content(message, row)
        told["size_bytes"] = len(content)
        return told | _summary(read_document(safexml.parse(content)))
    except GatewayError as error:
        return told | {"unreadable": sentence(error.code, error.facts, "en")}


def _summary(report: Report) -> dict[str, Any]:
    patient = report.patient
    summary = {
        "id": report.identifier.unique_id,
        "set": report.set_id.unique_id if report.set_id else "",
        "version": report.version or "",
        "level": report.level,
        "type": " ".join(filter(None, (report.code.code, report.code.display))),
        "title": report.title,
        "patient": f"{patient.family} {patient.given} {patient.birth_date} {patient.sex}".strip(),
        "identifiers": ", ".join(each.unique_id for each in patient.identifiers),
        "authors": ", ".join(author.label for author in report.authors),
        "replaces": ", ".join(each.identifier.unique_id for each in report.related if each.type_code == "RPLC"),
    }
    return {name: value for name, value in summary.items() if value != ""}
