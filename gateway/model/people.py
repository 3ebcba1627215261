"""Patients, professionals and structures, as reports name them.

Sources: CI-SIS "Structuration minimale des documents de santé" (recordTarget, author, legalAuthenticator);
ANS "Référentiel INS" for the identity traits.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.codes import Code
from gateway.model.identifiers import INS_OIDS, Identifier
from gateway.model.times import Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A patient with every identifier and every INS trait the report states; an empty trait was not stated."""

    identifiers: tuple[Identifier, ...]
    birth_family: str = ""
    birth_given: str = ""
    """First given name of the birth certificate."""
    given_names: str = ""
    """All given names of the birth certificate, in order, separated by spaces."""
    used_family: str = ""
    used_given: str = ""
    birth_date: str = ""
    """``YYYYMMDD``, or shorter when the report has less."""
    sex: str = ""
    """``M``, ``F`` or ``U`` (HL7 v2 table 0001; ``UN`` of HL7 v3 is read as ``U``)."""
    birth_place: str = ""
    """INSEE code of the place of birth."""

    @property
    def ins(self) -> Identifier | None:
        """The national identity, if the report states one."""
        return next((i for i in self.identifiers if i.root in INS_OIDS), None)

    @property
    def local_identifiers(self) -> tuple[Identifier, ...]:
        """Every identifier that is not a national one."""
        return tuple(i for i in self.identifiers if i.root not in INS_OIDS)

    @property
    def family(self) -> str:
        """The name to publish: the birth name, else the used one."""
        return self.birth_family or self.used_family

    @property
    def given(self) -> str:
        """The first name to publish: of birth, else the first of the list, else the used one."""
        return self.birth_given or self.given_names.partition(" ")[0] or self.used_given


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """A structure: an imaging practice, a hospital."""

    identifiers: tuple[Identifier, ...] = ()
    name: str = ""
    sector: Code | None = None
    """standardIndustryClassCode, the XDS practice setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Professional:
    """A person, or a device, who wrote, signed or performed."""

    identifiers: tuple[Identifier, ...] = ()
    family: str = ""
    given: str = ""
    prefix: str = ""
    suffix: str = ""
    specialty: Code | None = None
    role: Code | None = None
    """functionCode of an author."""
    organization: Organization | None = None
    time: Timestamp | None = None
    device: str = ""
    """Manufacturer and model when the author is a device and not a person."""
