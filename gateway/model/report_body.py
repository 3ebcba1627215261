"""The body of a report: its sections, in the order of the document, each with its narrative and entries.

A section is read as the class that its template names. The French template (1.2.250.1.213.1.1.2.n) decides before the
international one; ``STANDARD`` lists what a conforming writer declares, in the order of the official example, and
``CODE`` and ``TITLE`` are what IMG-CR-IMG 2024.01 fixes. The data of the functional specification (000 section 3.3.2)
are found by the properties; nothing is stored twice.

Sources: IMG-CR-IMG 2024.01 technical specification section 3.3; DICOM PS3.20 section 9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeVar

from gateway.model.codes import DCM, LOINC
from gateway.model.datatypes import Concept, Media, Wording
from gateway.model.identifiers import Identifier
from gateway.model.narrative import Narrative
from gateway.model.people import Professional
from gateway.model.report_entries import (
    CONTRAINDICATION,
    MEDICAL_HISTORY,
    PREGNANCY,
    SURGICAL_HISTORY,
    Administration,
    Attachment,
    CatalogStudy,
    Device,
    Entry,
    ExposureAuthorization,
    Measurement,
    Observation,
    Radiopharmaceutical,
    RequestedAct,
    Technique,
)

EntryType = TypeVar("EntryType", bound=Entry)
SectionType = TypeVar("SectionType", bound="Section")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What every section has; a section of an unknown template is of this very class."""

    STANDARD: ClassVar[tuple[str, ...]] = ()
    CODE: ClassVar[tuple[str, str]] = ("", "")
    TITLE: ClassVar[str] = ""

    xml_id: str = ""
    templates: tuple[Identifier, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    code: Concept | None = None
    title: str = ""
    text: Narrative | None = None
    """None when there is no ``text`` at all."""
    confidentiality: Concept | None = None
    language: str = ""
    authors: tuple[Professional, ...] = ()
    entries: tuple[Entry, ...] = ()
    sections: tuple[Section, ...] = ()

    def words(self, wording: Wording | None) -> str:
        """The words that an entry of this section means: its own, or those of the narrative that it refers to."""
        if wording is None:
            return ""
        part = self.text.find(wording.reference) if self.text and wording.reference else None
        return part.text if part else wording.text

    def of(self, kind: type[EntryType]) -> tuple[EntryType, ...]:
        """The entries that are *kind*."""
        return tuple(each for each in self.entries if isinstance(each, kind))

    def observations(self, code: tuple[str, str]) -> tuple[Observation, ...]:
        """The observations whose code is *code* (code, system)."""
        return tuple(each for each in self.of(Observation) if each.code and each.code.is_code(*code))

    def part(self, kind: type[SectionType]) -> SectionType | None:
        """The first subsection that is *kind*."""
        return next((each for each in self.sections if isinstance(each, kind)), None)


class Addendum(Section):
    """FR-DICOM-Addendum: corrections and complements, in a new version."""

    __slots__ = ()

    STANDARD = ("1.2.840.10008.9.6", "1.2.250.1.213.1.1.2.210")
    CODE = ("55107-7", LOINC)
    TITLE = "Addendum"


class RequestSection(Section):
    """FR-DICOM-Demande-examen: why the examination was asked for, and what for."""

    __slots__ = ()

    STANDARD = ("1.2.840.10008.9.7", "1.2.250.1.213.1.1.2.211")
    CODE = ("55115-0", LOINC)
    TITLE = "Justification de la demande d’examen / Finalité de l'examen"


class MedicalHistory(Section):
    """FR-DICOM-Historique-medical: medical and surgical history, contra-indications."""

    __slots__ = ()

    STANDARD = ("2.16.840.1.113883.10.20.22.2.39", "1.2.250.1.213.1.1.2.213")
    CODE = ("11329-0", LOINC)
    TITLE = "Antécédents médicaux / Antécédents chirurgicaux / Contre-indications"

    @property
    def medical(self) -> tuple[Observation, ...]:
        """Medical history; the words are in the narrative."""
        return self.observations(MEDICAL_HISTORY)

    @property
    def surgical(self) -> tuple[Observation, ...]:
        """Surgical history; the words are in the narrative."""
        return self.observations(SURGICAL_HISTORY)

    @property
    def contraindications(self) -> tuple[Observation, ...]:
        """Contra-indications, each a coded value; their ``text`` refers to a comment."""
        return self.observations(CONTRAINDICATION)


class ClinicalInformation(Section):
    """FR-DICOM-Informations-cliniques."""

    __slots__ = ()

    STANDARD = ("1.2.840.10008.9.2", "1.2.250.1.213.1.1.2.205")
    CODE = ("55752-0", LOINC)
    TITLE = "Informations cliniques"

    @property
    def request(self) -> RequestSection | None:
        """Justification and purpose."""
        return self.part(RequestSection)

    @property
    def history(self) -> MedicalHistory | None:
        """History and contra-indications."""
        return self.part(MedicalHistory)


class Complications(Section):
    """FR-DICOM-Complications."""

    __slots__ = ()

    STANDARD = ("2.16.840.1.113883.10.20.22.2.37", "1.2.250.1.213.1.1.2.214")
    CODE = ("55109-3", LOINC)
    TITLE = "Complications"


class RadiationExposure(Section):
    """FR-DICOM-Exposition-aux-radiations."""

    __slots__ = ()

    STANDARD = ("1.2.840.10008.9.8", "1.2.250.1.213.1.1.2.215")
    CODE = ("73569-6", LOINC)
    TITLE = "Exposition aux rayonnements et informations de radioprotection"

    @property
    def authorization(self) -> ExposureAuthorization | None:
        """Who authorised the exposure."""
        return next(iter(self.of(ExposureAuthorization)), None)

    @property
    def pregnancy(self) -> Observation | None:
        """The pregnancy status."""
        return next(iter(self.observations(PREGNANCY)), None)

    @property
    def quantities(self) -> tuple[Measurement, ...]:
        """The doses, each with its site and unit."""
        return self.of(Measurement)

    @property
    def radiopharmaceuticals(self) -> tuple[Radiopharmaceutical, ...]:
        """The radiopharmaceuticals given."""
        return self.of(Radiopharmaceutical)


class ObjectCatalog(Section):
    """FR-DICOM-Object-Catalog: the studies and the links to their images."""

    __slots__ = ()

    STANDARD = ("2.16.840.1.113883.10.20.6.1.1", "1.2.250.1.213.1.1.2.217")
    CODE = ("121181", DCM)
    TITLE = "Catalogue d’objets DICOM"

    @property
    def studies(self) -> tuple[CatalogStudy, ...]:
        """The studies named."""
        return self.of(CatalogStudy)


class ImagingAct(Section):
    """FR-DICOM-Acte-imagerie: one examination, one study."""

    __slots__ = ()

    STANDARD = ("1.2.840.10008.9.3", "1.2.250.1.213.1.1.2.206")
    CODE = ("55111-9", LOINC)
    TITLE = "Technique d’imagerie"

    @property
    def techniques(self) -> tuple[Technique, ...]:
        """How it was done; conforming reports have one."""
        return self.of(Technique)

    @property
    def products(self) -> tuple[Administration, ...]:
        """Products given, radiopharmaceuticals aside."""
        return self.of(Administration)

    @property
    def complications(self) -> Complications | None:
        """What went wrong."""
        return self.part(Complications)

    @property
    def exposure(self) -> RadiationExposure | None:
        """The radiation."""
        return self.part(RadiationExposure)

    @property
    def catalog(self) -> ObjectCatalog | None:
        """The study and its link."""
        return self.part(ObjectCatalog)


class Devices(Section):
    """FR-Dispositifs-medicaux."""

    __slots__ = ()

    STANDARD = ("1.3.6.1.4.1.19376.1.5.3.1.1.5.3.5", "1.2.250.1.213.1.1.2.1")
    CODE = ("46264-8", LOINC)
    TITLE = "Dispositifs médicaux"

    @property
    def devices(self) -> tuple[Device, ...]:
        """The devices used."""
        return self.of(Device)


class Results(Section):
    """FR-DICOM-Resultats."""

    __slots__ = ()

    STANDARD = ("2.16.840.1.113883.10.20.6.1.2", "1.2.250.1.213.1.1.2.208")
    CODE = ("59776-5", LOINC)
    TITLE = "Résultats de l’acte"


class EarlierResults(Section):
    """FR-Resultats-examens-non-code: results of earlier examinations."""

    __slots__ = ()

    STANDARD = ("1.3.6.1.4.1.19376.1.5.3.1.3.27", "1.2.250.1.213.1.1.2.150")
    CODE = ("30954-2", LOINC)
    TITLE = "Résultats d'examens antérieurs"


class Comparison(Section):
    """FR-DICOM-Examen-comparatif."""

    __slots__ = ()

    STANDARD = ("1.2.840.10008.9.4", "1.2.250.1.213.1.1.2.207")
    CODE = ("18834-2", LOINC)
    TITLE = "Examen de comparaison radiologique"


class Conclusion(Section):
    """FR-DICOM-Conclusion."""

    __slots__ = ()

    STANDARD = ("1.2.840.10008.9.5", "1.2.250.1.213.1.1.2.209")
    CODE = ("19005-8", LOINC)
    TITLE = "Conclusions"


class AttachedDocuments(Section):
    """FR-Documents-ajoutes: documents and images within the report."""

    __slots__ = ()

    STANDARD = ("1.2.250.1.213.1.1.2.37",)
    CODE = ("55107-7", LOINC)
    TITLE = "Documents liés"

    @property
    def documents(self) -> tuple[Attachment, ...]:
        """The documents."""
        return self.of(Attachment)


class PatientEducation(Section):
    """FR-Education-du-patient: what the patient was told."""

    __slots__ = ()

    STANDARD = ("1.3.6.1.4.1.19376.1.5.3.1.1.9.38", "1.3.6.1.4.1.19376.1.5.3.1.1.9.39", "1.2.250.1.213.1.1.2.107")
    CODE = ("34895-3", LOINC)
    TITLE = "Informations du patient"


class Remark(Section):
    """FR-Commentaire-non-code: not of the model, tolerated."""

    __slots__ = ()

    STANDARD = ("1.2.250.1.213.1.1.2.73",)


class CarePlan(Section):
    """FR-Plan-de-soins of a request: the acts asked for."""

    __slots__ = ()

    STANDARD = (
        "2.16.840.1.113883.10.20.1.10",
        "1.3.6.1.4.1.19376.1.5.3.1.3.36",
        "1.2.250.1.213.1.1.2.158",
        "1.2.250.1.213.1.1.2.158.3",
    )
    CODE = ("18776-5", LOINC)
    TITLE = "Acte(s) d'imagerie demandé(s)"

    @property
    def acts(self) -> tuple[RequestedAct, ...]:
        """The acts asked for."""
        return self.of(RequestedAct)


SECTIONS: tuple[type[Section], ...] = (
    Addendum, ClinicalInformation, RequestSection, MedicalHistory, ImagingAct, Complications, RadiationExposure,
    ObjectCatalog, Devices, Results, EarlierResults, Comparison, Conclusion, AttachedDocuments, PatientEducation,
    Remark, CarePlan,
)  # fmt: skip
"""The classes that a template names, in the order of the specification."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The body: sections (level 3) or one document (level 1)."""

    sections: tuple[Section, ...] = ()
    media: Media | None = None
    """Of a level-1 document."""
    confidentiality: Concept | None = None
    language: str = ""

    def of(self, kind: type[SectionType]) -> tuple[SectionType, ...]:
        """The top sections that are *kind*."""
        return tuple(each for each in self.sections if isinstance(each, kind))

    def part(self, kind: type[SectionType]) -> SectionType | None:
        """The first top section that is *kind*."""
        return next(iter(self.of(kind)), None)

    @property
    def addendum(self) -> Addendum | None:
        """Corrections and complements."""
        return self.part(Addendum)

    @property
    def clinical_information(self) -> ClinicalInformation | None:
        """Request, history, contra-indications."""
        return self.part(ClinicalInformation)

    @property
    def acts(self) -> tuple[ImagingAct, ...]:
        """One for each study."""
        return self.of(ImagingAct)

    @property
    def devices(self) -> Devices | None:
        """Devices used."""
        return self.part(Devices)

    @property
    def earlier_results(self) -> EarlierResults | None:
        """Results of earlier examinations."""
        return self.part(EarlierResults)

    @property
    def comparison(self) -> Comparison | None:
        """Comparison with earlier results."""
        return self.part(Comparison)

    @property
    def results(self) -> Results | None:
        """What was seen."""
        return self.part(Results)

    @property
    def conclusion(self) -> Conclusion | None:
        """The answer to the question."""
        return self.part(Conclusion)

    @property
    def documents(self) -> AttachedDocuments | None:
        """Attached documents and images."""
        return self.part(AttachedDocuments)

    @property
    def patient_education(self) -> tuple[PatientEducation, ...]:
        """What the patient was told."""
        return self.of(PatientEducation)

    @property
    def care_plan(self) -> CarePlan | None:
        """The acts asked for by a request."""
        return self.part(CarePlan)
