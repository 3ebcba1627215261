"""Patients, professionals and structures, as reports name them.

What a share needs is read of every report (a professional's telecoms too); addresses, other telecoms, guardians and
the like only where a report is read whole (``gateway.cda.read.read_whole``), and are empty otherwise. Sources: CI-SIS
"Structuration minimale des documents de santé" (recordTarget, author, legalAuthenticator); ANS "Référentiel INS" for
the identity traits.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.codes import Code
from gateway.model.datatypes import Address, PersonName, Telecom
from gateway.model.identifiers import INS_OIDS, Identifier
from gateway.model.times import Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """A structure: an imaging practice, a hospital."""

    identifiers: tuple[Identifier, ...] = ()
    name: str = ""
    sector: Code | None = None
    """standardIndustryClassCode, the XDS practice setting."""
    identifier_null: str = ""
    """nullFlavor of an id that is withheld."""
    addresses: tuple[Address, ...] = ()
    telecoms: tuple[Telecom, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardian:
    """patient/guardian: the legal representative, a person or a structure."""

    identifiers: tuple[Identifier, ...] = ()
    code: Code | None = None
    addresses: tuple[Address, ...] = ()
    telecoms: tuple[Telecom, ...] = ()
    name: PersonName | None = None
    organization: Organization | None = None


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
    identifier_null: str = ""
    """nullFlavor of an id that is withheld."""
    spouse_family: str = ""
    """family with qualifier SP, which older documents have."""
    prefix: str = ""
    suffix: str = ""
    birth_time: Timestamp | None = None
    """Only when the report says more than the day of birth."""
    sex_display: str = ""
    """displayName of administrativeGenderCode."""
    birth_address: Address | None = None
    """What the report says of the place of birth beside its INSEE code (``county``): city, country."""
    birth_place_name: str = ""
    addresses: tuple[Address, ...] = ()
    telecoms: tuple[Telecom, ...] = ()
    guardians: tuple[Guardian, ...] = ()
    provider: Organization | None = None
    """patientRole/providerOrganization."""

    @property
    def ins(self) -> Identifier | None:
        """The national identity, if the report states one."""
        return next((i for i in self.identifiers if i.root in INS_OIDS), None)

    @property
    def cx(self) -> str:
        """The CX of the national identity, else of the first identifier, else nothing."""
        known = self.ins or next(iter(self.identifiers), None)
        return known.cx() if known else ""

    @property
    def local_identifiers(self) -> tuple[Identifier, ...]:
        """Every identifier that is not a national one."""
        return tuple(i for i in self.identifiers if i.root not in INS_OIDS)

    @property
    def family(self) -> str:
        """The name to publish: the birth name, else the used one, else the spouse's."""
        return self.birth_family or self.used_family or self.spouse_family

    @property
    def given(self) -> str:
        """The first name to publish: of birth, else the first of the list, else the used one."""
        return self.birth_given or self.given_names.partition(" ")[0] or self.used_given


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
    """Manufacturer and model, then software, when the author is a device and not a person."""
    device_model: str = ""
    """manufacturerModelName alone, and ``device_software`` softwareName alone; ``device`` is both joined."""
    device_software: str = ""
    device_code: Code | None = None
    name_text: str = ""
    """What stands in the name outside of its parts."""
    time_null: str = ""
    """nullFlavor of the time, of the id, of the name."""
    identifier_null: str = ""
    name_null: str = ""
    signature: str = ""
    """signatureCode of a signatory: ``S``."""
    addresses: tuple[Address, ...] = ()
    telecoms: tuple[Telecom, ...] = ()

    @property
    def label(self) -> str:
        """The name as one string, or the device."""
        words = (self.prefix, self.given, self.family, self.suffix, self.name_text)
        return " ".join(filter(None, words)) or self.device


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedPerson:
    """relatedEntity: a person to warn (``ECON``), a trusted person (``NOK``), the patient (``PAT``)..."""

    class_code: str = ""
    code: Code | None = None
    """What the person is to the patient (value set J11)."""
    addresses: tuple[Address, ...] = ()
    telecoms: tuple[Telecom, ...] = ()
    name: PersonName | None = None
    start: Timestamp | None = None
    stop: Timestamp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Informant:
    """informant: a professional (assignedEntity), or someone near the patient (relatedEntity)."""

    professional: Professional | None = None
    related: RelatedPerson | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """A participant of the document or of the encounter, an information recipient: the person and in what part."""

    type_code: str = ""
    """``REF`` the requester, ``INF``, ``CON`` and others (value sets J144, J140); ``PRCP`` or ``TRC`` a recipient."""
    class_code: str = ""
    """Of the associatedEntity: ``PROV``, ``AGNT``."""
    professional: Professional
    stop: Timestamp | None = None
    """End of the participation, whose start is ``professional.time``."""
