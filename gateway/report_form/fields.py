"""The kinds of value of a report form: identifiers, codes of a value set, times, quantities, words.

A code is written as the code alone, or as an object with what the writer knows of it; the value set completes it and
refuses what it does not have.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from gateway import valuesets
from gateway.cda.build.datatypes import SYSTEM_NAMES
from gateway.model.datatypes import Concept
from gateway.model.identifiers import Identifier, is_root, is_uid
from gateway.valuesets import names

_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BIRTH_DATE = re.compile(r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")
_LETTER = re.compile(r"[^\W_]")
_BREAKS_IDENTIFIERS = re.compile(r"[\^&~|\x00-\x1f\x7f]")


class Form(BaseModel):
    """A part of the form: no unknown key."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def _writable(value: str) -> str:
    if _UNWRITABLE.search(value):
        raise PydanticCustomError("form_character", "a character that XML cannot hold")
    return value


def _says_something(value: str) -> str:
    if not _LETTER.search(value):
        raise PydanticCustomError("form_empty", "no letter and no digit")
    return value


def _date_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _birth_date(value: str) -> str:
    try:
        known = _BIRTH_DATE.match(value) is not None and date.fromisoformat(f"{value}-01-01"[:10])
    except ValueError:
        known = False
    if not known:
        raise PydanticCustomError("form_time", "no date")
    return value


def _root(value: str) -> str:
    if not is_root(value):
        raise PydanticCustomError("form_root", "must be an OID or a UUID")
    return value


def _uid(value: str) -> str:
    if not is_uid(value):
        raise PydanticCustomError("form_uid", "must be a DICOM UID")
    return value


def _extension(value: str) -> str:
    if _BREAKS_IDENTIFIERS.search(value):
        raise PydanticCustomError("form_extension", "must not hold ^ & ~ | or control characters")
    return value


Line = Annotated[str, StringConstraints(min_length=1, max_length=1024), AfterValidator(_writable)]
"""A name, a title, a label."""
Words = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500_000),
    AfterValidator(_writable),
    AfterValidator(_says_something),
]
"""Free text. Each line is a paragraph; lines that begin with "- " make a list."""
Root = Annotated[str, AfterValidator(_root)]
Extension = Annotated[
    str, StringConstraints(min_length=1, max_length=255), AfterValidator(_writable), AfterValidator(_extension)
]
Uid = Annotated[str, AfterValidator(_uid)]
BirthDate = Annotated[
    str,
    BeforeValidator(_date_text),
    AfterValidator(_birth_date),
    Field(json_schema_extra={"pattern": _BIRTH_DATE.pattern}),
]
"""A day, or as much of it as is known: ``1981-11-09``, ``1981-11``, ``1981``."""
Once = AfterValidator(lambda values: tuple(dict.fromkeys(values)))
"""A list of which each thing is kept once: CDA has a set there."""
Moment = AwareDatetime
"""ISO 8601 with its zone, such as ``2026-03-12T10:25:00+01:00``."""
Unit = Annotated[str, StringConstraints(pattern=r"^[!-~]+$", max_length=40)]
"""UCUM, such as ``mL``, ``MBq``, ``mGy.cm``."""
Link = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"]+$", max_length=2048)]
TelecomUri = Annotated[str, StringConstraints(pattern=r"^(tel|fax|mailto|http|ftp|mllp):[!-~]+$", max_length=255)]
"""``tel:+33261910042``, ``mailto:a@b.example``; the official rules refuse https."""


class Id(Form):
    """An identifier and its issuer (HL7 II)."""

    root: Root = Field(description="OID or UUID of the issuer, or of the thing itself.")
    extension: Extension | None = None

    @property
    def identifier(self) -> Identifier:
        """The same as a value of the model."""
        return Identifier(self.root, self.extension)


class FullId(Id):
    """An identifier that has an extension, such as an accession number under the OID of its issuer."""

    extension: Extension


class Coded(Form):
    """A code; system and display are taken from the value set where they are left out."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^\S+$"), AfterValidator(_writable)]
    system: Root | None = None
    display: Line | None = None

    @property
    def concept(self) -> Concept:
        """The same as a value of the model."""
        system = self.system or ""
        return Concept(self.code, system, self.display or "", system_name=SYSTEM_NAMES.get(system, ""))


def _code_alone(value: Any) -> Any:
    return {"code": value} if isinstance(value, str) else value


_FromText = BeforeValidator(_code_alone, json_schema_input_type=str | Coded)


def _member(set_name: str) -> AfterValidator:
    """That a code is in a value set, and what the set says of it."""

    def check(value: Coded) -> Coded:
        table = valuesets.load(set_name)
        if table.has(value.code, value.system or ""):
            known = table.code(value.code)
            return Coded(code=known.code, system=known.system, display=value.display or known.display)
        facts = {"value": value.code, "set": set_name, "oid": table.oid}
        day = table.retired(value.code)
        if day is not None:
            raise PydanticCustomError("form_code_retired", "retired", {**facts, "day": day.isoformat()})
        raise PydanticCustomError("form_code_unknown", "not in the value set", facts)

    return AfterValidator(check)


def _of_system(system: str, pattern: str) -> AfterValidator:
    """A code of a terminology that has no value set here: its form is checked, and it must say what it means."""
    form = re.compile(pattern)

    def check(value: Coded) -> Coded:
        if not form.fullmatch(value.code):
            raise PydanticCustomError("form_code_form", "wrong form", {"value": value.code, "pattern": pattern})
        if value.system not in (None, system):
            raise PydanticCustomError("form_code_system", "another code system", {"system": system})
        if value.display is None:
            raise PydanticCustomError("form_code_display", "a display is needed", {"value": value.code})
        return value.model_copy(update={"system": system})

    return AfterValidator(check)


ImagingCode = Annotated[Coded, _FromText, _member(names.IMAGING_CODES)]
Modality = Annotated[Coded, _FromText, _member(names.MODALITY)]
Region = Annotated[Coded, _FromText, _member(names.REGION)]
Location = Annotated[Coded, _FromText, _member(names.LOCATION)]
TopographicModifier = Annotated[Coded, _FromText, _member(names.TOPOGRAPHIC_MODIFIER)]
ContraindicationCode = Annotated[Coded, _FromText, _member(names.CONTRAINDICATION)]
Route = Annotated[Coded, _FromText, _member(names.ROUTE)]
Pregnancy = Annotated[Coded, _FromText, _member(names.PREGNANCY)]
ExposureQuantity = Annotated[Coded, _FromText, _member(names.EXPOSURE_QUANTITY)]
SopClass = Annotated[Coded, _FromText, _member(names.SOP_CLASS)]
Specialty = Annotated[Coded, _FromText, _member(names.AUTHOR_SPECIALTY)]
FunctionCode = Annotated[Coded, _FromText, _member(names.FUNCTION_CODE)]
Sector = Annotated[Coded, _FromText, _member(names.PRACTICE_SETTING)]
FacilityType = Annotated[Coded, _FromText, _member(names.FACILITY_TYPE)]
EncounterType = Annotated[Coded, _FromText, _member(names.ENCOUNTER_TYPE)]
Relation = Annotated[Coded, _FromText, _member(names.RELATION)]
Confidentiality = Annotated[Coded, _FromText, _member(names.HL7_CONFIDENTIALITY)]
Ccam = Annotated[Coded, _FromText, _of_system("1.2.250.1.213.2.5", r"[A-Z]{4}[0-9]{3}")]
Cip = Annotated[Coded, _FromText, _of_system("1.2.250.1.213.2.3.2", r"[0-9]{7}|[0-9]{13}")]
Ucd = Annotated[Coded, _FromText, _of_system("1.2.250.1.213.2.3.1", r"[0-9]{7}|[0-9]{13}")]
Atc = Annotated[Coded, _FromText, _of_system("2.16.840.1.113883.6.73", r"[A-Z][0-9]{2}[A-Z]{2}[0-9]{2}")]
Emdn = Annotated[Coded, _FromText, _of_system("1.2.250.1.213.2.68", r"[A-Z][0-9A-Z]{0,20}")]


class Measured(Form):
    """A quantity and its unit."""

    value: Annotated[Decimal, Field(ge=0)]
    unit: Unit = Field(description="UCUM, such as mL, MBq, mGy.cm.")

    @property
    def digits(self) -> str:
        """The value as it is written: a decimal point, no exponent."""
        return f"{self.value:f}"


class Given(Measured):
    """A quantity that was given: more than nothing."""

    value: Annotated[Decimal, Field(gt=0)]
