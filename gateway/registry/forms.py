"""The forms of values: what a DTM, an OID, a CX, an XCN, an XON, a CXi must look like (ITI TF-3 table 4.2.3.1.7-2).

Each check takes the value and gives what is wrong with it in words that name the component, or an empty string. The
words go to the system that sent the value, which is why they may quote a part of it.
"""

from __future__ import annotations

import re
from datetime import datetime

from gateway.model.document import ReferenceId
from gateway.model.identifiers import exceeds_uuid, is_uid

LONGEST_VALUE = 256
"""Characters of a slot value (ebRIM 3.0 ShortName)."""
LONGEST_UNIQUE_ID = 128
"""Characters of DocumentEntry.uniqueId (ITI TF-3 section 4.2.3.2.26)."""

_DTM = re.compile(r"[0-9]{4}(?:[0-9]{2}){0,5}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_MIME_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?:\s*;.*)?")
_HASH = re.compile(r"[0-9A-Fa-f]{40}")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]+")
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SOURCE_PATIENT_FIELD = re.compile(r"PID-[0-9]+(?:\.[0-9]+)?\|.*", re.DOTALL)
_EARLIEST = "00000101000000"
_NOT_UUID = "is not urn:uuid: followed by a UUID in lower case"
_NOT_OID = (
    "is not an OID (digits separated by dots, no leading zero, 64 characters at most, 2.25 no more than 128 bits)"
)


def full_time(dtm: str) -> str:
    """*dtm* with the precision of a second; what is not stated counts as the earliest moment it may mean.

    ``2024`` is compared as ``20240101000000`` (ITI TF-3 table 4.2.3.1.7-2, DTM).
    """
    return (dtm + _EARLIEST[len(dtm) :])[:14]


def dtm(value: str) -> str:
    """``YYYY[MM[DD[hh[mm[ss]]]]]`` in UTC, without a zone or fraction, and a time that exists."""
    if _DTM.fullmatch(value) is None:
        return "is not YYYY[MM[DD[hh[mm[ss]]]]] in UTC, without a zone or fraction"
    whole = full_time(value)
    try:
        # strptime would do, at ten times the cost
        datetime(*_numbers(whole))  # noqa: DTZ001 - only whether it exists
    except ValueError:
        return "is a date or time that does not exist"
    return ""


def _numbers(whole: str) -> tuple[int, int, int, int, int, int]:
    date = int(whole[:4]), int(whole[4:6]), int(whole[6:8])
    return (*date, int(whole[8:10]), int(whole[10:12]), int(whole[12:14]))


def is_oid(value: str) -> bool:
    """Whether *value* is an OID of at most 64 characters; below 2.25 a UUID as a number (ITU-T X.667 section 7).

    The form alone counts above that: samples of public conformance tests and real products have roots that nobody could
    register (3.4.5, 129.6, and 1.42, above the forty arcs that ITU-T X.660 gives to 1).
    """
    return is_uid(value) and not exceeds_uuid(value)


def oid(value: str) -> str:
    """An OID of at most 64 characters."""
    return "" if is_oid(value) else _NOT_OID


def unique_id(value: str) -> str:
    """``OID``, ``OID^extension``, a URI, or a UUID, with ``urn:uuid:`` or bare (ITI TF-3 section 4.2.3.2.26).

    An OID is written without ``urn:oid:``: with it, the same document would have two ids.
    """
    root, caret, extension = value.partition("^")
    if len(value) > LONGEST_UNIQUE_ID:
        return f"is longer than {LONGEST_UNIQUE_ID} characters"
    if not caret and _URI.fullmatch(value) and not value.lower().startswith("urn:oid:"):
        return _NOT_UUID if value.lower().startswith("urn:uuid:") and not is_uuid(value) else ""
    if not caret and is_uuid(f"urn:uuid:{value.lower()}"):
        return ""
    if not is_oid(root):
        return f"has a root that {_NOT_OID}"
    if caret and (not extension or "^" in extension):
        return "has an empty extension, or more than one ^"
    return ""


def entry_uuid(value: str) -> str:
    """A UUID in lower case behind ``urn:uuid:``, or a symbolic name that does not look like one."""
    if not value or len(value) > LONGEST_VALUE:
        return f"is empty or longer than {LONGEST_VALUE} characters"
    if value.startswith("urn:") and _UUID.fullmatch(value) is None:
        return _NOT_UUID
    return ""


def is_uuid(value: str) -> bool:
    """Whether *value* is a real entryUUID and not a symbolic one."""
    return _UUID.fullmatch(value) is not None


def sha1(value: str) -> str:
    """40 hexadecimal digits, upper case accepted."""
    return "" if _HASH.fullmatch(value) else "is not 40 hexadecimal digits (SHA-1)"


def language(value: str) -> str:
    """A language tag (RFC 5646), by its grammar."""
    return "" if len(value) <= 64 and _LANGUAGE.fullmatch(value) else "is not a language tag such as fr-FR"


def mime_type(value: str) -> str:
    """``type/subtype``, parameters allowed."""
    return short(value) if _MIME_TYPE.fullmatch(value) else "is not of the form type/subtype"


def short(value: str) -> str:
    """A value that fits in a slot."""
    return f"is longer than {LONGEST_VALUE} characters" if len(value) > LONGEST_VALUE else ""


def home_community(value: str) -> str:
    """``urn:oid:`` and an OID."""
    return "" if value.startswith("urn:oid:") and is_oid(value[8:]) else "is not urn:oid: followed by an OID"


def source_patient_field(value: str) -> str:
    """``PID-n|value`` (ITI TF-3 section 4.2.3.2.23)."""
    return "" if _SOURCE_PATIENT_FIELD.fullmatch(value) else "is not of the form PID-n|value"


def patient_key(value: str) -> str:
    """What makes two patient identifiers one: id and authority of the CX, without its type code.

    The French DMP writes ``…&ISO^NH`` where others write ``…&ISO``: both name one patient.
    """
    parts = value.split("^")
    authority = parts[3].split("&") if len(parts) > 3 else []
    return f"{parts[0]}^{authority[1] if len(authority) > 1 else ''}"


def cx(value: str) -> str:
    """``id^^^&OID&ISO[^type]``: a patient identifier with its authority."""
    parts = value.split("^")
    if not parts[0]:
        return "has an empty CX.1 (the id)"
    if len(parts) < 4 or not parts[3]:
        return "lacks CX.4 (the assigning authority, &OID&ISO)"
    wrong = authority(parts[3], "CX.4")
    if wrong:
        return wrong
    if parts[1] or parts[2]:
        return "fills CX.2 or CX.3, which must be empty"
    if len(parts) > 5 and any(parts[5:]):
        return "fills a component behind CX.5"
    return short(value)


def source_patient(value: str) -> str:
    """A CX whose authority may be a word instead of an OID, or not stated at all.

    It is the number of the sender's own files (ITI TF-3 section 4.2.3.2.22), which nothing here compares, and IHE's
    sample messages have it so: ``IPP101^^^domain``. ``gateway xds check`` warns of it.
    """
    parts = value.split("^")
    word = len(parts) > 3 and bool(parts[3]) and "&" not in parts[3] and not is_oid(parts[3])
    alone = not any(parts[1:]) and "&" not in value
    return short(value) if parts[0] and (word or alone) else cx(value)


def authority(value: str, component: str) -> str:
    """``&OID&ISO`` (HL7 v2.5 HD without a namespace); *component* is its name in the words."""
    parts = value.split("&")
    if len(parts) != 3:
        return f"has {component} {value!r}, which is not &OID&ISO"
    if not is_oid(parts[1]):
        return f"has in {component} {parts[1]!r}, which {_NOT_OID}"
    if parts[2] != "ISO":
        return f"has in {component} the type {parts[2]!r}, which must be ISO"
    return f"has in {component} a namespace, which must be empty" if parts[0] else ""


def xcn(value: str) -> str:
    """A person: an id (XCN.1) or a family name (XCN.2), and ``&OID&ISO`` in XCN.9 when it is filled."""
    parts = value.split("^")
    if not parts[0] and (len(parts) < 2 or not parts[1]):
        return "has neither XCN.1 (the id) nor XCN.2 (the family name)"
    if len(parts) > 8 and parts[8]:
        return authority(parts[8], "XCN.9") or short(value)
    return short(value)


def xon(value: str) -> str:
    """An organisation: a name (XON.1); an id (XON.10) that is not an OID needs its authority in XON.6."""
    parts = value.split("^")
    if not parts[0]:
        return "has an empty XON.1 (the name)"
    named = parts[5] if len(parts) > 5 else ""
    if named:
        return authority(named, "XON.6") or short(value)
    if len(parts) > 9 and parts[9] and not is_oid(parts[9]):
        return "has in XON.10 an id that is not an OID, and no authority in XON.6"
    return short(value)


def reference_id(value: ReferenceId) -> str:
    """A CXi (ITI TF-3 table 4.2.3.1.7-2): id and type, the authority whole or absent."""
    if not value.value:
        return "has an empty CXi.1 (the id)"
    if not value.type_code:
        return "has an empty CXi.5 (the type of the id)"
    if value.authority and not is_oid(value.authority):
        return f"has in CXi.4 {value.authority!r}, which {_NOT_OID}"
    return short(value.cxi())
