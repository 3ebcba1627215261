"""Attributes that a report, its examinations and its site say together: codes, times, reference ids.

Each function tells what is taken from where; "the guide" is the CI-SIS "Transmission
d'un document CDA-R2 en HL7v2", page "Mapping VIHF et XDS".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import structlog

from gateway import valuesets
from gateway.errors import Mismatch
from gateway.model.codes import CCAM_SYSTEMS, DCM, SNOMED_CT, Code, dicom_modality
from gateway.model.document import REFERENCE_ACCESSION, REFERENCE_ORDER, REFERENCE_STUDY, ReferenceId
from gateway.model.exam import Exam
from gateway.model.identifiers import Identifier
from gateway.model.people import Professional
from gateway.model.report import Act, Order, Report, Statements
from gateway.model.site import Site
from gateway.model.times import Timestamp
from gateway.xds import forms
from gateway.xds._body_parts import REGIONS_BY_BODY_PART
from gateway.xds.flavours import Flavour

log = structlog.get_logger(__name__)

IMAGING_CLASS = "31"
NORMAL = "N"
DEGREES = ("V", "R", NORMAL)
"""HL7 Confidentiality, the strictest first; the other codes of value set J08 are masks."""
CCAM = "1.2.250.1.213.2.5"
"""The OID of CCAM that specification 003 names."""
_CONTENT_TYPE_BY_CLASS = {"I": "03", "O": "07", "R": "19", "N": "97", "E": "07"}
"""PV1-2 to contentTypeCode (guide, "Lot de soumission")."""
_CLASS_BY_ENCOUNTER = {"IMP": "I", "AMB": "O", "EXTERNE": "O", "SEANCE": "R", "EMER": "E"}
"""JDV_J142 of the report's encounter to PV1-2, for a report that came without PV1."""
_CONTENT_TYPE_UNSTATED = "97"


@dataclass(frozen=True, slots=True)
class Target:
    """What the metadata are made for: a flavour, and the destination's name for the sentences."""

    flavour: Flavour
    destination: str

    def code(self, stated: Code | None, value_set: str, attribute: str) -> Code:
        """*stated* with its system and display, from the value set where it lacks them.

        Raises Mismatch ``metadata_missing`` when there is none, ``metadata_not_in_value_set`` where sets bind.
        """
        if stated is None or not stated.code:
            raise self.missing(attribute)
        codes = valuesets.load(value_set)
        completed = codes.complete(stated)
        if self.flavour.value_sets_bind and completed not in codes:
            facts = {"value": stated.code, "attribute": attribute, "value_set": codes.oid}
            raise Mismatch("metadata_not_in_value_set", destination=self.destination, **facts)
        if not completed.system:
            raise self.missing(f"{attribute}/codingScheme")
        return replace(completed, display=completed.display or completed.code)

    def missing(self, attribute: str) -> Mismatch:
        return Mismatch("metadata_missing", attribute=attribute, destination=self.destination)


def constant(value_set: str, code: str) -> Code:
    """The entry of a fixed code."""
    return valuesets.load(value_set).code(code)


def class_of(type_code: Code) -> Code:
    """classCode that goes with a typeCode (ASS_X04), imaging for what the association does not name: manifests."""
    found = valuesets.associate(valuesets.CLASS_BY_TYPE, type_code.code)
    return found[0] if found and found[0].system else constant(valuesets.CLASS, IMAGING_CLASS)


def facility_type(report: Report, site: Site) -> Code | None:
    """healthcareFacilityTypeCode: of the encounter's place, else the site's."""
    return (report.encounter.facility_type if report.encounter else None) or site.facility_type


def practice_setting(report: Report, acts: Iterable[Act], site: Site) -> Code | None:
    """practiceSettingCode: the sector of who performed, else of the authors, of the signatory, of the site."""
    people: list[Professional | None] = [act.performer for act in acts]
    people += [*report.authors, report.legal_authenticator]
    sectors = (person.organization.sector for person in people if person and person.organization)
    return next((sector for sector in sectors if sector), site.organization.sector)


def confidentiality(report: Report, statements: Statements, target: Target) -> tuple[Code, ...]:
    """confidentialityCode: the report's first, then the masks the sender asked for, in the order of value set J08.

    Where *statements* name a stricter degree (of another report over the same images), that comes first instead.
    """
    codes = valuesets.load(valuesets.CONFIDENTIALITY)
    own = target.code(report.confidentiality or codes.code(NORMAL), valuesets.CONFIDENTIALITY, "confidentialityCode")
    stated = {own.code, *statements.masked}
    strictest = next((degree for degree in DEGREES if degree in stated), own.code)
    first = own if strictest == own.code else codes.code(strictest)
    masks = (code for code in codes.codes if code.code in statements.masked and code.code not in {first.code, *DEGREES})
    return (first, *masks)


def content_type(report: Report, statements: Statements) -> Code:
    """contentTypeCode of the submission set from PV1-2, else from the report's encounter.

    Where neither says, 97 (undifferentiated activity): 04 of the official samples would claim a day in hospital.
    """
    encounter = report.encounter.code if report.encounter else None
    by_encounter = _CLASS_BY_ENCOUNTER.get(encounter.code, "") if encounter else ""
    for visit_class in (statements.visit_class.strip().upper(), by_encounter):
        if visit_class in _CONTENT_TYPE_BY_CLASS:
            return constant(valuesets.CONTENT_TYPE, _CONTENT_TYPE_BY_CLASS[visit_class])
    return constant(valuesets.CONTENT_TYPE, _CONTENT_TYPE_UNSTATED)


def modalities(acts: Iterable[Act], exam: Exam | None) -> tuple[Code, ...]:
    """The acquisition modalities (RAD TF-2 section 4.68: CID 29): the acts', else those of the PACS's series.

    KO, SR and PR are no acquisition and are not in the value set.
    """
    stated = [dicom_modality(code.code) for act in acts for code in act.modalities]
    found = _modalities(stated)
    return found or _modalities(dicom_modality(series.modality) for series in (exam.series if exam else ()))


def _modalities(names: Iterable[str]) -> tuple[Code, ...]:
    known = valuesets.load(valuesets.MODALITY)
    codes = (Code(name.strip().upper(), DCM) for name in names)
    return tuple(dict.fromkeys(known.complete(code) for code in codes if code in known))


def acts_codes(acts: Iterable[Act], target: Target, *, own: bool = False) -> tuple[Code, ...]:
    """The acts themselves (``actePathologie`` of 003, table 12): their CCAM procedures, under the OID that 003 names
    where value sets bind; with *own* the acts' own codes (LOINC) too, where the flavour wants them.
    """
    found: list[Code] = []
    for act in acts:
        if own and target.flavour.own_acts_are_events and act.code:
            found.append(act.code)
        found += [
            replace(code, system=CCAM) if target.flavour.value_sets_bind and code.system in CCAM_SYSTEMS else code
            for code in act.procedures
        ]
    named = (replace(code, display=code.display or code.code) for code in found if code.code and code.system)
    return tuple({(code.code, code.system): code for code in named}.values())


def regions(acts: Iterable[Act], exam: Exam | None, site: Site, target: Target) -> tuple[Code, ...]:
    """The anatomical regions: the acts', else the site's own mapping (of an act's code, or of Body Part Examined), else
    what ``_body_parts`` knows of the series' Body Part Examined.

    Where value sets bind, only their regions count (three were withdrawn and still occur: head, neck, mouth), under
    their own code system: official samples name three others.
    """
    known = valuesets.load(valuesets.REGION)

    binding = target.flavour.value_sets_bind

    def counted(codes: Iterable[Code]) -> tuple[Code, ...]:
        stated = (Code(code.code, "" if binding else code.system, code.display) for code in codes if code.code)
        completed = [known.complete(code) for code in stated]
        allowed = [code for code in completed if code in known or (code.system and not binding)]
        distinct: dict[tuple[str, str], Code] = {}
        for code in allowed:
            distinct.setdefault((code.code, code.system), replace(code, display=code.display or code.code))
        return tuple(distinct.values())

    timed = list(acts)
    mapping = {part.strip().upper(): code for part, code in site.region_by_body_part.items()}
    parts = [series.body_part.strip().upper() for series in (exam.series if exam else ())]
    own_keys = [code.code.upper() for act in timed for code in (act.code, *act.procedures) if code] + parts
    stated = counted(code for act in timed for code in act.regions)
    return (
        stated
        or counted(mapping[key] for key in own_keys if key in mapping)
        or counted(Code(code, SNOMED_CT) for part in parts for code in REGIONS_BY_BODY_PART.get(part, ()))
    )


def events(acts: Sequence[Act], exam: Exam, site: Site, target: Target) -> tuple[Code, ...]:
    """eventCodeList of a manifest: modalities, then regions, then acts.

    Raises Mismatch ``modality_unknown`` or ``region_unknown`` where the flavour requires them.
    """
    found = modalities(acts, exam)
    if not found and "modality" in target.flavour.required:
        raise Mismatch("modality_unknown", study=exam.study_uid)
    places = regions(acts, exam, site, target)
    if not places and "region" in target.flavour.required:
        parts = sorted({series.body_part for series in exam.series if series.body_part})
        raise Mismatch("region_unknown", study=exam.study_uid, body_parts=", ".join(parts) or "-")
    return (*found, *places, *acts_codes(acts, target))


def service_times(acts: Iterable[Act], exams: Iterable[Exam], site: Site) -> tuple[str, str]:
    """serviceStartTime and serviceStopTime in UTC: of the acts, else the studies' date and time in the site's zone.

    A stop before its start is left out: registries refuse the pair.
    """
    zone = site.time_zone
    timed = list(acts)
    starts = [act.start for act in timed if act.start] or list(_study_times(exams))
    stops = [act.stop for act in timed if act.stop]
    start = forms.dtm(min(starts, key=lambda time: time.aware(zone), default=None), zone)
    stop = forms.dtm(max(stops, key=lambda time: time.aware(zone), default=None), zone)
    precision = min(len(start), len(stop))
    if stop[:precision] < start[:precision]:
        log.warning("metadata.service_stop_before_start")
        return start, ""
    return start, stop


def _study_times(exams: Iterable[Exam]) -> Iterator[Timestamp]:
    for exam in exams:
        date, time = exam.study_date.replace(".", "").strip(), exam.study_time.replace(":", "").strip()
        for text in (date + time, date) if len(date) == 8 else ():
            try:
                yield Timestamp.parse(text)
            except ValueError:
                continue
            break


def accession_numbers(report: Report) -> tuple[Identifier, ...]:
    """The accession numbers of a report; raises Mismatch ``accession_null`` for an order whose number is null.

    Its images could be found by nobody (003, table 12: numeroDeDemandeSIR [1..*]).
    """
    for order in report.orders:
        if order.accession is None and order.accession_null:
            raise Mismatch("accession_null", null=order.accession_null)
    return report.accessions


def references(
    accessions: Iterable[Identifier], study_uids: Iterable[str], orders: Iterable[Order], site: Site
) -> tuple[ReferenceId, ...]:
    """referenceIdList: accession numbers, studies (no authority: a UID has none), placer order numbers, each once.

    A null order number is left out; official samples carry all three, so the absence is logged.
    """
    found = [forms.reference(i, REFERENCE_ACCESSION, site.accession_issuer) for i in accessions]
    found += [ReferenceId(uid, "", REFERENCE_STUDY) for uid in study_uids]
    for order in orders:
        if order.placer is None:
            log.warning("metadata.order_number_absent", null=order.placer_null)
        else:
            found.append(forms.reference(order.placer, REFERENCE_ORDER, site.order_issuer))
    return tuple(dict.fromkeys(reference for reference in found if reference.value))
