"""Identifiers: HL7 instance identifiers, DICOM UIDs, the national patient identity (INS).

Sources: HL7 v3 data type II; DICOM PS3.5 section 9.1 and annex B.2; ANS "Référentiel INS" (OIDs and key of the
matricule).
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

INS_NIR = "1.2.250.1.213.1.4.8"
INS_NIA = "1.2.250.1.213.1.4.9"
INS_TEST = "1.2.250.1.213.1.4.10"
INS_DEMO = "1.2.250.1.213.1.4.11"
INS_PRODUCTION_OIDS = frozenset({INS_NIR, INS_NIA})
INS_TEST_OIDS = frozenset({INS_TEST, INS_DEMO})
INS_OIDS = INS_PRODUCTION_OIDS | INS_TEST_OIDS

PROFESSIONAL_OID = "1.2.250.1.71.4.2.1"
"""Issuer of national identifiers of professionals (RPPS with prefix 8)."""
ORGANIZATION_OID = "1.2.250.1.71.4.2.2"
"""Issuer of national identifiers of structures (FINESS with prefix 1, SIRET with prefix 3)."""

_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+", re.ASCII)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_OF_UUIDS = "2.25."
_DICOM_UNSAFE = re.compile(r"[*?\\\x00-\x1f\x7f]")


def is_uid(value: str) -> bool:
    """Whether *value* is an OID of at most 64 characters (DICOM PS3.5 section 9.1)."""
    return len(value) <= 64 and _UID.fullmatch(value) is not None


def exceeds_uuid(uid: str) -> bool:
    """Whether *uid* stands under 2.25 without being a UUID as a number: it has more than 128 bits (ITU-T X.667, 7)."""
    return uid.startswith(_OF_UUIDS) and int(uid.split(".")[2]) >= 1 << 128


def is_root(value: str) -> bool:
    """Whether *value* may be the root of an II: an OID, or a UUID (HL7 v3 data type UID)."""
    return _UUID.fullmatch(value) is not None or (len(value) <= 128 and _UID.fullmatch(value) is not None)


def new_uid() -> str:
    """A new UID under 2.25 (DICOM PS3.5 annex B.2, from a random UUID)."""
    return f"{_OF_UUIDS}{uuid.uuid4().int}"


def is_safe_key(value: str) -> bool:
    """Whether *value* may be a C-FIND key: no wildcard, no value separator, no control character, 1 to 64 long.

    ``*`` and ``?`` widen a match and ``\\`` makes a list of values (DICOM PS3.4 section C.2.2.2), so an identifier
    that holds one of them is refused rather than escaped: DICOM has no escape.
    """
    return 0 < len(value) <= 64 and _DICOM_UNSAFE.search(value) is None


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier with its issuer (HL7 v3 II): ``root`` is an OID or UUID, ``extension`` the value under it."""

    root: str
    extension: str | None = None

    @property
    def unique_id(self) -> str:
        """The XDS form, ``root`` or ``root^extension`` (ITI TF-3 section 4.2.3.2.26)."""
        return self.root if self.extension is None else f"{self.root}^{self.extension}"

    @property
    def dotted(self) -> str:
        """The form of the national link, ``root.extension`` (IMG-CR-IMG 2024.01, SOP-instance-observation)."""
        return self.root if self.extension is None else f"{self.root}.{self.extension}"

    def cx(self, type_code: str = "") -> str:
        """The HL7 v2 CX form ``id^^^&root&ISO[^type]`` (ITI TF-3 table 4.2.3.1.7-2)."""
        value = f"{self.extension or ''}^^^&{self.root}&ISO"
        return f"{value}^{type_code}" if type_code else value

    def __str__(self) -> str:
        return self.unique_id


def ins_key_is_right(matricule: str) -> bool:
    """Whether the 15 characters of a matricule INS end in the right key: 97 minus the first 13 modulo 97.

    A Corsican department counts as 19 (``2A``) or 18 (``2B``), as INSEE defines it for the NIR.
    """
    if not re.fullmatch(r"[0-9]{6}[0-9AB][0-9]{8}", matricule):
        return False
    body = matricule[:13]
    number = int(body[:5] + {"2A": "19", "2B": "18"}.get(body[5:7], body[5:7]) + body[7:])
    return 97 - number % 97 == int(matricule[13:])
