"""The acknowledgement of a message, in original mode.

Sources: HL7 v2.5 sections 2.9.2 (original mode), 2.15.8 (MSA), 2.15.5 (ERR); CI-SIS "Transmission d'un document CDA R2
en HL7 v2" 2.1, acknowledgement: ``ACK^<event>^ACK``, MSH-3 to MSH-6 swapped, MSH-11 and MSH-12 of the request, MSH-17
``FRA``, no MSH-21; ERR for AE and AR alone.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from gateway.errors import GatewayError, InputRejected
from gateway.hl7 import charset as charsets
from gateway.hl7 import er7
from gateway.hl7.charset import Charset
from gateway.hl7.er7 import Segment
from gateway.hl7.writer import Writer
from gateway.texts import sentence

CONDITIONS = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "198": "Cardinality error",
    "199": "Other syntax error",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "207": "Application internal error",
}
"""Table 0357 as the profile lists it."""

_APPLICATION_ERROR = "207"
_LOCATION = re.compile(r"[A-Z][A-Z0-9]{2}(\^[0-9]{1,6}){1,5}", re.ASCII)
_EVENT = re.compile(r"[A-Z][A-Z0-9]{2}", re.ASCII)
_VERSION = re.compile(r"[0-9]\.[0-9](\.[0-9])?", re.ASCII)
_PLAIN_FACT = re.compile(r"[A-Za-z0-9 .,:/_+()-]{1,60}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ECHO_CHARACTERS = 250
_SENTENCE_CHARACTERS = 250
_LONGEST_BEGINNING = 512
"""Of headers whose addresses are remembered; those of every official message have a tenth of it."""

Addresses = tuple[tuple[str, str, str], ...]

SAFE_FACTS = frozenset({"charset", "expected", "field", "limit", "line", "segment", "size"})
"""Facts that never name a patient. For the others an ellipsis stands: an acknowledgement ends in the sender's logs."""

# What a sentence may hold and ISO 8859-15 may not.
_PLAINER = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "…": "...", "–": "-", "—": "-", "\u202f": "\u00a0"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an answer takes from the message it answers; every value may be empty."""

    addresses: Addresses = (("", "", ""),) * 4
    """MSH-3 to MSH-6, three components each."""
    message_code: str = ""
    event: str = ""
    control_id: str = ""
    profile: str = ""
    """MSH-21, its first two components."""
    processing_id: str = ""
    version: str = ""
    charset: Charset = charsets.UTF_8
    is_answer: bool = False
    """Whether it is an acknowledgement or another answer itself: those are never answered."""

    @property
    def sender(self) -> str:
        """MSH-3 and MSH-4, as ``application|facility``."""
        return "|".join(address[0] for address in self.addresses[:2])

    @property
    def receiver(self) -> str:
        """MSH-5 and MSH-6, as :attr:`sender`."""
        return "|".join(address[0] for address in self.addresses[2:])


def read_request(raw: bytes) -> Request:
    """Whatever can be read of the MSH of *raw*, which may be anything; never raises."""
    try:
        message = er7.parse_header(raw)
    except InputRejected:
        return Request()
    header, separator, head = message.header, message.delimiters.field, raw[: er7.HEADER_BYTES]

    code, event, version = _echo(header, 9), _echo(header, 9, 2), _echo(header, 12)
    return Request(
        addresses=_addresses(header, separator),
        message_code=code,
        event=event if _EVENT.fullmatch(event) else "",
        control_id=_echo(header, 10),
        profile="^".join(filter(None, (_echo(header, 21), _echo(header, 21, 2)))),
        processing_id=_echo(header, 11)[:1],
        version=version if _VERSION.fullmatch(version) else "",
        charset=_charset(_echo(header, 18)),
        is_answer=code == "ACK" or _has_segment(head, b"MSA" + separator),
    )


def _echo(header: Segment, field: int, component: int = 1) -> str:
    text = header.text(field, component)
    return (text if text.isprintable() else _CONTROL.sub("", text))[:_ECHO_CHARACTERS]


def _addresses(header: Segment, separator: bytes) -> Addresses:
    """MSH-3 to MSH-6. All messages of a sender begin alike up to there, and these are half of what is read."""
    beginning = header.upto(6)
    if len(beginning) > _LONGEST_BEGINNING:
        return _addresses_of(header)
    # With the character set, by which values are read.
    return _addresses_at(beginning + separator * (18 - 6) + header.raw(18))


@lru_cache(maxsize=256)
def _addresses_at(beginning: bytes) -> Addresses:
    return _addresses_of(er7.parse_header(beginning).header)


def _addresses_of(header: Segment) -> Addresses:
    return tuple((_echo(header, field), _echo(header, field, 2), _echo(header, field, 3)) for field in range(3, 7))


def _has_segment(head: bytes, beginning: bytes) -> bool:
    """Whether a line of *head* begins so. Looked for without the end of line before it: that stands in every head,
    the rest in hardly any, and a head is 64 KiB of a document."""
    at = head.find(beginning)
    while at > 0 and head[at - 1] not in b"\r\n":
        at = head.find(beginning, at + 1)
    return at > 0


def _charset(name: str) -> Charset:
    """That of the request; UTF-8 where it cannot hold a French sentence or is not one we know."""
    charset = charsets.named(name)
    return charsets.UTF_8 if charset is None or charset is charsets.ASCII else charset


def accepted(request: Request) -> bytes:
    """``AA``: understood, kept, need not be sent again."""
    return _message(request, "AA")


def refused(request: Request, error: GatewayError) -> bytes:
    """``AE`` or ``AR`` as *error* says, with where (ERR-2), what (ERR-3) and a sentence for a person (ERR-8)."""
    return _message(request, error.acknowledgement, error)


def _message(request: Request, code: str, error: GatewayError | None = None) -> bytes:
    writer = Writer(request.charset)
    segments = [
        _header(request),
        writer.segment("MSA", {1: code, 2: _written(writer, request.control_id)}),
    ]
    if error is not None:
        segments.append(_error(writer, error))
    return writer.message(*segments)


def _header(request: Request) -> bytes:
    before, between, after = _around(
        request.addresses, request.charset, request.event, request.processing_id, request.version
    )
    moment = datetime.now(UTC).strftime("%Y%m%d%H%M%S+0000").encode("ascii")
    return b"".join((before, moment, between, secrets.token_hex(10).encode("ascii"), after))


@lru_cache(maxsize=256)
def _around(
    addresses: Addresses, charset: Charset, event: str, processing_id: str, version: str
) -> tuple[bytes, bytes, bytes]:
    """The header of an answer before, between and after what no two have in common: its moment (MSH-7) and its id
    (MSH-10). All answers to one sender for one event share the rest, MSH-3 to MSH-6 turned round."""
    writer = Writer(charset)
    header = writer.segment(
        "MSH",
        {
            **{
                field: writer.field(*(_written(writer, part) for part in address))
                for field, address in enumerate((*addresses[2:], *addresses[:2]), 3)
            },
            9: writer.field("ACK", event, "ACK"),
            11: processing_id or "P",
            12: version or "2.5",
            17: "FRA",
            18: writer.charset.name,
        },
    )
    separator = writer.delimiters.field
    # MSH-1 is the separator itself, so MSH-7 is the part with the number 6.
    fields = header.split(separator)
    return (
        separator.join([*fields[:6], b""]),
        separator.join([b"", *fields[7:9], b""]),
        separator.join([b"", *fields[10:]]),
    )


_DOCUMENT = "OBX^1^5"
"""Where the document stands, for an error inside it; ERR-7 then says where in it."""


def _error(writer: Writer, error: GatewayError) -> bytes:
    hl7_code = error.hl7_code if error.hl7_code in CONDITIONS else _APPLICATION_ERROR
    located = _LOCATION.fullmatch(error.place) is not None
    inside = error.place.startswith("/") or error.code.startswith("xml_")
    location = error.place if located else _DOCUMENT if inside else ""
    fields: dict[int, bytes | str] = {
        2: writer.field(*location.split("^")) if location else "",
        3: writer.field(hl7_code, CONDITIONS[hl7_code], "messageErrorCondition"),
        4: "E",
        # A place that is none of HL7 (an XPath or a line of the document) is for the people who diagnose.
        7: _written(writer, (error.code if located else _diagnosis(error))[:_SENTENCE_CHARACTERS]),
        8: _written(writer, sentence(error.code, _safe(error.facts))[:_SENTENCE_CHARACTERS]),
    }
    if hl7_code == _APPLICATION_ERROR:
        fields[5] = writer.field("906", "Autre", "applicationErrorCondition")
    return writer.segment("ERR", fields)


def _diagnosis(error: GatewayError) -> str:
    line = error.facts.get("line", "")
    return f"{error} at line {line}" if line.isdecimal() else str(error)


def _safe(facts: Mapping[str, str]) -> dict[str, str]:
    return {name: fact if name in SAFE_FACTS and _PLAIN_FACT.fullmatch(fact) else "…" for name, fact in facts.items()}


def _written(writer: Writer, text: str) -> bytes:
    """*text* in the character set of the answer; what that set does not have becomes a question mark."""
    if text.isascii():
        return writer.text(text)
    codec = writer.charset.codec
    return writer.text(text.translate(_PLAINER).encode(codec, "replace").decode(codec))
