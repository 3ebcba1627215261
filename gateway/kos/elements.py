"""Data elements as a PACS or a report words them, made fit for a DICOM file of our own.

pydicom judges values when an element is made, by a setting of the whole process, and only warns. Here each element is
made with that judgement off and the few rules that keep the file readable are kept instead (DICOM PS3.5 sections 6.1
and 6.2): no backslash and no control character in a text of one value, free text cut at the length of its VR,
dates and times that are some, UIDs made of digits and dots.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydicom.config import IGNORE
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag
from pydicom.valuerep import PersonName

from gateway.errors import Mismatch
from gateway.model.codes import Code

_CONTROL = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
_UID = re.compile(r"[0-9.]{1,64}", re.ASCII)
_DATE = re.compile(r"[0-9]{8}", re.ASCII)
_TIME = re.compile(r"[0-9]{2}([0-9]{2}([0-9]{2}(\.[0-9]{1,6})?)?)?", re.ASCII)
_LENGTHS = {"LO": 64, "LT": 10240, "PN": 64, "SH": 16}
_TAGS: dict[str, BaseTag] = {}


def put(dataset: Dataset, keyword: str, vr: str, value: object) -> None:
    """Add the element *keyword*, whose value is right already, without any check."""
    tag = _TAGS.get(keyword)
    if tag is None:
        found = tag_for_keyword(keyword)
        if found is None:
            raise KeyError(keyword)
        tag = _TAGS[keyword] = Tag(found)
    dataset[tag] = DataElement(tag, vr, value, already_converted=True, validation_mode=IGNORE)


def put_words(dataset: Dataset, keyword: str, vr: str, text: str) -> None:
    """Free text of one value: unfit characters become blanks, and it is cut at the length of *vr*."""
    value = _CONTROL.sub(" ", text).strip()[: _LENGTHS[vr]]
    put(dataset, keyword, vr, PersonName(value) if vr == "PN" else value)


def paragraphs(text: str) -> str:
    """Unlimited text (UT), whose lines are kept; trailing blanks are padding and mean nothing."""
    return _CONTROL_BUT_LINES.sub(" ", text)


def key(place: str, value: str) -> str:
    """An identifier, which is never altered; raises Mismatch when DICOM cannot hold it as one value."""
    if _CONTROL.search(value) or value != value.strip():
        raise Mismatch("manifest_value_unfit", place=place, value=value)
    return value


def uid(place: str, value: str) -> str:
    """A UID as its source wrote it, leading zeros included; raises Mismatch when it is none."""
    if _UID.fullmatch(value) is None:
        raise Mismatch("manifest_value_unfit", place=place, value=value[:64])
    return value


def put_key(dataset: Dataset, keyword: str, vr: str, value: str) -> None:
    """An identifier; raises as :func:`key`."""
    put(dataset, keyword, vr, key(keyword, value))


def put_uid(dataset: Dataset, keyword: str, value: str) -> None:
    """A UID; raises as :func:`uid`."""
    put(dataset, keyword, "UI", uid(keyword, value))


def put_date(dataset: Dataset, keyword: str, value: str) -> None:
    """A date, empty when *value* is none: dates of studies and patients are type 2."""
    put(dataset, keyword, "DA", value if _DATE.fullmatch(value) else "")


def put_time(dataset: Dataset, keyword: str, value: str) -> None:
    """A time, empty when *value* is none."""
    put(dataset, keyword, "TM", value if _TIME.fullmatch(value) else "")


def put_items(dataset: Dataset, keyword: str, items: Iterable[Dataset]) -> None:
    """A sequence."""
    put(dataset, keyword, "SQ", Sequence(items))


def coded(code: Code) -> Dataset:
    """An item of a code sequence; the system of *code* is a DICOM designator here (PS3.16 section 8)."""
    item = Dataset()
    put(item, "CodeValue", "SH", code.code)
    put(item, "CodingSchemeDesignator", "SH", code.system)
    put(item, "CodeMeaning", "LO", code.display)
    return item


def entity(oid: str) -> Dataset:
    """An item that names an issuer by its OID (HL7v2 Hierarchic Designator macro, PS3.3 table 10-17)."""
    item = Dataset()
    put_key(item, "UniversalEntityID", "UT", oid)
    put(item, "UniversalEntityIDType", "CS", "ISO")
    return item
