"""Data elements as a PACS or a report words them, made fit for a DICOM file of our own.

The few rules that keep the file readable are kept here (DICOM PS3.5 sections 6.1 and 6.2): no backslash and no control
character in a text of one value, free text cut at the length of its VR, dates and times that are some, UIDs made of
digits and dots, identifiers never altered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from gateway.errors import Mismatch
from gateway.kos import tags
from gateway.kos.encode import element, sequence
from gateway.model.codes import DCM, LOINC, SNOMED_CT, Code

_CONTROL = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
UID = re.compile(r"[0-9.]{1,64}", re.ASCII)
_DATE = re.compile(r"[0-9]{8}", re.ASCII)
_TIME = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9]([0-5][0-9](\.[0-9]{1,6})?)?)?", re.ASCII)
_LENGTHS = {"LO": 64, "LT": 10240, "PN": 64, "SH": 16}
_DESIGNATORS = {DCM: "DCM", SNOMED_CT: "SCT", LOINC: "LN"}
"""Coding Scheme Designators of the code systems that the gateway knows by their OIDs (PS3.16 table 8-1)."""


class Attributes:
    """The elements of one data set or item, put in any order."""

    __slots__ = ("_elements",)

    def __init__(self) -> None:
        self._elements: dict[int, bytes] = {}

    def put(self, tag: int, vr: str, value: str) -> None:
        """A value that is right already."""
        self._elements[tag] = element(tag, vr, value)

    def words(self, tag: int, vr: str, text: str) -> None:
        """Free text of one value: unfit characters become blanks, and it is cut at the length of *vr*."""
        self.put(tag, vr, _CONTROL.sub(" ", text).strip()[: _LENGTHS[vr]].rstrip())

    def key(self, tag: int, vr: str, value: str) -> None:
        """An identifier; raises as :func:`key`."""
        self.put(tag, vr, key(tag, value, _LENGTHS[vr]))

    def uid(self, tag: int, value: str) -> None:
        """A UID; raises as :func:`uid`."""
        self.put(tag, "UI", uid(tag, value))

    def date(self, tag: int, value: str) -> None:
        """A date, empty when *value* is none: dates of studies and patients are type 2."""
        self.put(tag, "DA", value if is_date(value) else "")

    def time(self, tag: int, value: str) -> None:
        """A time, empty when *value* is none."""
        self.put(tag, "TM", value if is_time(value) else "")

    def items(self, tag: int, items: Iterable[Attributes | bytes]) -> None:
        """A sequence."""
        self._elements[tag] = sequence(tag, (i if isinstance(i, bytes) else i.encoded() for i in items))

    def encoded(self) -> bytes:
        """The elements in the order of their tags."""
        return b"".join(self._elements[tag] for tag in sorted(self._elements))


def is_date(value: str) -> bool:
    """Whether *value* is a DA of one real day."""
    if not _DATE.fullmatch(value):
        return False
    try:
        date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        return False
    return True


def is_time(value: str) -> bool:
    """Whether *value* is a TM."""
    return _TIME.fullmatch(value) is not None


def paragraphs(text: str) -> str:
    """Unlimited text (UT), whose lines are kept; trailing blanks are padding and mean nothing."""
    return _CONTROL_BUT_LINES.sub(" ", text)


def key(tag: int, value: str, limit: int = 64) -> str:
    """An identifier, which is never altered; raises Mismatch when DICOM cannot hold it as one value."""
    if _CONTROL.search(value) or value != value.strip() or len(value) > limit:
        raise Mismatch("manifest_value_unfit", place=tags.name(tag), value=value[:64])
    return value


def uid(tag: int, value: str) -> str:
    """A UID as its source wrote it, leading zeros included; raises Mismatch when it is none."""
    if UID.fullmatch(value) is None:
        raise Mismatch("manifest_value_unfit", place=tags.name(tag), value=value[:64])
    return value


def coded(code: Code) -> bytes:
    """An item of a code sequence; a system without a known OID is a DICOM designator (PS3.16 section 8)."""
    item = Attributes()
    item.words(tags.CODE_VALUE, "SH", code.code)
    item.words(tags.CODING_SCHEME_DESIGNATOR, "SH", _DESIGNATORS.get(code.system, code.system))
    item.words(tags.CODE_MEANING, "LO", code.display or code.code)
    return item.encoded()


def entity(oid: str) -> bytes:
    """An item that names an issuer by its OID (HL7v2 Hierarchic Designator macro, PS3.3 table 10-17)."""
    return element(tags.UNIVERSAL_ENTITY_ID, "UT", key(tags.UNIVERSAL_ENTITY_ID, oid, 128)) + element(
        tags.UNIVERSAL_ENTITY_ID_TYPE, "CS", "ISO"
    )
