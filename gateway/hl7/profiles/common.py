"""What every profiled message has: MSH, PID, PV1.

Sources: CI-SIS "Transmission de document(s) CDA en HL7v2" 2.1, "Contraintes appliquées aux messages MDM et ORU"; CI-SIS
"Téléradiologie" (HL7 v2.5.1), "Contraintes communes"; CI-SIS "Prise en charge de l'INS dans les standards
d'interopérabilité"; IHE PAM national extension France 2.11.
"""

from __future__ import annotations

import re
from typing import Any

from gateway.hl7.profiles.grammar import Field, Section, asked
from gateway.model.finding import Severity

CDA = "CI-SIS Transmission de documents CDA en HL7v2 2.1"
TLR = "CI-SIS Téléradiologie HL7v2 (0.1.0)"
PAM = "IHE PAM, extension nationale France 2.11"
WHITE_PAPER = "ANS, livre blanc Téléradiologie, version finale 2024-10-03"
DRIM = "DRIM-M, OMI^O23 Modification Examen Imagerie"
HL7 = "HL7 v2.5.1"

OID = r"[0-2](\.(0|[1-9][0-9]*))+"
COUNTRY, CHARSETS = "FRA", ("UNICODE UTF-8", "8859/15")
ANSWERED_CHARSETS = ("8859/1", "UNICODE", "UTF-8", "ASCII")
"""An acknowledgement is in the character set of what it answers, which may be another one."""
PATIENT_CLASSES = ("E", "I", "N", "O", "R")
OTHER_PATIENT_CLASSES = ("B", "C", "P", "U")
RELIABILITIES = ("VALI", "PROV", "DOUTE", "FICTI", "VIDE")


def header(
    source: str,
    message: str,
    events: tuple[str, ...],
    structure: str,
    version: tuple[str, ...],
    profile: tuple[str, str] | None,
    tolerated_versions: tuple[str, ...] = (),
) -> Section:
    """MSH of a profiled message; *profile* is MSH-21, None where it is absent on purpose."""
    rows: list[Field] = [
        asked("1", "R", "|", severity=Severity.WARNING),
        asked("2", "R", "^~\\&", severity=Severity.WARNING),
        *(asked(str(number)) for number in (3, 4, 5, 6, 7)),
        asked("9"),
        asked("9.1", "R", message, err3="200"),
        asked("9.2", "R", *events, err3="201"),
        asked("9.3", "R", structure, err3="200"),
        asked("10", like=r".{1,199}"),
        asked("11"),
        asked("11.1", "R", "P", "T", "D", err3="202"),
        asked("12"),
        asked("12.1", "R", *version, tolerated=tolerated_versions, err3="203"),
        asked("12.2", "O", COUNTRY),
        asked("17", "R", COUNTRY),
        asked("18", "R", *CHARSETS, tolerated=() if profile else ANSWERED_CHARSETS, single=True),
    ]
    if profile is None:
        rows.append(asked("21", "X", severity=Severity.WARNING))
    else:
        rows += [asked("21"), asked("21.1"), asked("21.2")]
    return Section(segment="MSH", fields=tuple(rows), source=source)


def patient(source: str, *, names: tuple[str, ...] = ("5.1", "5.2", "5.7")) -> Section:
    """PID; what the national identity adds is a rule of its own."""
    return Section(
        segment="PID",
        source=source,
        fields=(
            asked("3"),
            asked("3.1"),
            asked("3.4"),
            asked("5"),
            *(asked(path, first_only=True) for path in names),
            asked("7"),
            asked("8", "R", "F", "M", "U", tolerated=("A", "N", "O")),
            asked("11", "RE"),
            asked("18", "RE"),
            asked("31", "RE", "Y", "N"),
            asked("32", "RE", *RELIABILITIES, tolerated=("US", "UD", "UA", "AL"), severity=Severity.ERROR),
        ),
    )


def visit(source: str) -> Section:
    """PV1; PV1-19 is required by PV1-2, which is a rule."""
    return Section(
        segment="PV1",
        source=source,
        fields=(
            asked("2", "R", *PATIENT_CLASSES, tolerated=OTHER_PATIENT_CLASSES),
            asked("19", "C"),
            asked("44", "RE"),
            asked("45", "RE"),
        ),
    )


def entity(path: str, usage: str = "R", **more: Any) -> tuple[Field, ...]:
    """An EI ``id^^OID^ISO`` (CI-SIS Téléradiologie, ORC-2)."""
    return (
        asked(path, usage, **more),
        asked(f"{path}.1", **more),
        asked(f"{path}.3", like=OID, **more),
        asked(f"{path}.4", "R", "ISO", **more),
    )


FINESS = re.compile(r"1?[0-9][0-9AB][0-9]{7}", re.ASCII)
"""Nine characters, alone or behind the 1 of Struct_IdNat."""
_STRUCTURE = re.compile(r"(1?[0-9][0-9AB][0-9]{7}|2[0-9]{9}|3[0-9]{14}|[04-9][0-9A-Z/.-]{8,40})", re.ASCII)
"""Struct_IdNat (ANS): a digit for the register (1 FINESS, 2 SIREN, 3 SIRET, others), then the number in it."""
PROFESSIONAL_ID = r"[89][0-9]{8}|8[0-9]{11}|[0-7][0-9A-Z/.-]{7,24}"
"""PS_IdNat (ANS): a digit for the register (8 RPPS, of 11 digits; 0 ADELI), then the number in it; or a number of a
register alone (RPPS, of which none begins with 8 or 9; ADELI, of nine characters)."""


def structure_number(kind: str) -> re.Pattern[str] | None:
    """The form of a structure's number of that kind (XON-7); None where each structure makes its own."""
    return FINESS if kind in ("FINEJ", "FINEG") else _STRUCTURE if kind == "IDNST" else None


PROFESSIONAL_TYPES = ("IDNPS", "RPPS", "ADELI", "EI")
"""Of XCN-13 (table 0203, Interop'Santé)."""
ORGANIZATION_TYPES = ("FINEJ", "FINEG", "IDNST", "UF", "SVR")
"""Of XON-7."""


def professional(path: str, usage: str = "R", **more: Any) -> tuple[Field, ...]:
    """An XCN of a professional with the national identifier."""
    return (
        asked(path, usage, single=True),
        asked(f"{path}.1", like=PROFESSIONAL_ID, **more),
        asked(f"{path}.2", **more),
        asked(f"{path}.3", **more),
        asked(f"{path}.9.2", "R", "1.2.250.1.71.4.2.1", **more),
        asked(f"{path}.9.3", "R", "ISO", **more),
        asked(f"{path}.13", "R", *PROFESSIONAL_TYPES, **more),
    )


def organization(path: str, usage: str = "R", types: tuple[str, ...] = ORGANIZATION_TYPES) -> tuple[Field, ...]:
    """An XON of a structure; the authority of a unit or service is its hospital, a rule of its own."""
    return (
        asked(path, usage, single=True),
        asked(f"{path}.1"),
        asked(f"{path}.6"),
        asked(f"{path}.7", "R", *types),
        asked(f"{path}.10"),
    )
