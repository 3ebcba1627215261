"""What a DICOMweb request accepts: media types, transfer syntaxes, preferences (DICOM PS3.18 sections 8.3.3 and 8.7.4).

The header may be a comma list with parameters in any case, quoted or not, with a dangling comma and with parameters
that say nothing (``boundary=**``), as the official requests of DRIM-M have them. The query parameter ``accept`` counts
before the header (section 8.3.3.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.model.identifiers import is_uid

ANY = "*"
DICOM = "application/dicom"
OCTETS = "application/octet-stream"
JSON = "application/dicom+json"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_MULTIPART = "multipart/related"
_FIELDS = 64
_SPLIT = re.compile(r'((?:[^,"]|"(?:[^"\\]|\\.)*")+)')
_PARAMETER = re.compile(r';\s*([A-Za-z0-9*!#$%&\'+.^_`|~-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;"]*)')


@dataclass(frozen=True, slots=True)
class Range:
    """One media range: what is wanted, in one piece or in parts, in which transfer syntax, how much."""

    media_type: str
    """Of a part where ``multipart``."""
    multipart: bool
    syntax: str
    """A UID, ``*``, or empty where none is named."""
    quality: float


class Syntaxes:
    """The transfer syntaxes that are taken."""

    def __init__(self, ranges: Iterable[Range]) -> None:
        found = tuple(ranges)
        refused = {one.syntax for one in found if not one.quality}
        wanted = [one for one in found if one.quality]
        self._any = any(one.syntax == ANY for one in wanted)
        self._named = {one.syntax or EXPLICIT_LITTLE for one in wanted} - {ANY}
        self._refused = refused

    def __contains__(self, syntax: object) -> bool:
        return syntax not in self._refused and (self._any or syntax in self._named)

    def __bool__(self) -> bool:
        return self._any or bool(self._named - self._refused)


def ranges(header: str, parameter: str = "") -> tuple[Range, ...]:
    """The media ranges, those that are wanted most first; everything where nothing is stated.

    What cannot be read is passed over.
    """
    found = [one for text in (parameter, header) if text.strip() for one in _each(text)]
    if not found and not (header.strip(" ,") or parameter.strip(" ,")):
        found = [Range("*/*", False, "", 1.0)]
    return tuple(sorted(found, key=lambda one: -one.quality))


def _each(text: str) -> Iterable[Range]:
    for field in _SPLIT.findall(text)[:_FIELDS]:
        media_type, _, _ = field.partition(";")
        named = media_type.strip().lower()
        if "/" not in named:
            continue
        parameters = {name.lower(): value.strip().strip('"').strip() for name, value in _PARAMETER.findall(field)}
        syntax = parameters.get("transfer-syntax", "")
        if syntax and syntax != ANY and not is_uid(syntax):
            continue
        multipart = named == _MULTIPART
        inner = parameters.get("type", "*/*").lower() if multipart else named
        yield Range(inner, multipart, syntax, _quality(parameters.get("q", "")))


def _quality(value: str) -> float:
    try:
        return min(1.0, max(0.0, float(value))) if value else 1.0
    except ValueError:
        return 1.0


def chosen(found: Iterable[Range], offered: str, *, single: bool = False) -> tuple[Range, ...]:
    """Those of *found* that take the media type *offered*, in parts or, where *single*, in one piece too.

    ``*/*`` and ``multipart/related`` without a type take everything.
    """
    kind = offered.partition("/")[0]
    return tuple(
        one
        for one in found
        if one.media_type in (offered, f"{kind}/*", "*/*") and (one.multipart or single or one.media_type != offered)
    )


def takes(found: Iterable[Range], offered: str) -> bool:
    """Whether *offered* is taken, in parts or in one piece: a type that is named with q=0 is not."""
    fitting = chosen(found, offered, single=True)
    exact = [one.quality for one in fitting if one.media_type == offered]
    return max(exact) > 0 if exact else any(one.quality for one in fitting)
