"""Teleradiology: flows 1 to 4 of the guide.

Source: CI-SIS "Téléradiologie" (HL7 v2.5.1, first edition, 0.1.0): "Profils de message", "Contraintes spécifiques",
tables OBR, OBSERVATION and ORGANISATION, "Utilisation du champ OBX-4".
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.hl7.profiles.common import (
    TLR,
    entity,
    header,
    organization,
    patient,
    professional,
    visit,
)
from gateway.hl7.profiles.grammar import Field, Profile, Section, asked, said
from gateway.model.codes import DCM, LOINC, SNOMED_CT

PROFILE_NAME, PROFILE_VERSION = "CISIS_TLR_HL7_V2", "1.0"
OBSERVATIONS, PROCEDURES, ORGANIZATIONS = "TLR_OBSERVATION", "TLR_OBR_PROCEDURE", "TLR_TYPE_ORGANISATION"
COMMENTS = "HL70364"
CODE_SYSTEMS = {"DCM": DCM, "LN": LOINC, "SCT": SNOMED_CT, "terminologie-cisis-fr": "1.2.250.1.213.1.1.4.322"}
"""Code systems as the guide names them (CE.3), with their OID."""
SYSTEM_NAMES = {oid: name for name, oid in CODE_SYSTEMS.items()}
REQUEST, CANCEL, ANSWER, COMPLEMENT = (
    "TRANSMISSION_DEMANDE",
    "ANNULATION_DEMANDE",
    "REPONSE_DEMANDE",
    "COMPLEMENT_POST_ACTE",
)
LABELS = {
    REQUEST: "Transmission d'une demande d'examen d'imagerie",
    CANCEL: "Annulation d'une demande d'examen",
    ANSWER: "Réponse à une demande d'examen d'imagerie",
    COMPLEMENT: "Transmission d'un complément d'information post-examen",
}
IMAGING_SITE, PLATFORM = "STRUCTURE_IMAGERIE", "PLATEFORME_TLR"
RELEVANCES = ("SANS_IMPACT", "PERTINENT", "MAJEUR")
PRODUCT_CLASSES = r"V(09|10)([A-Z]([A-Z]([0-9]{2})?)?)?"
"""ATC V09 and V10, and what stands below them (WHO: letter, letter, two digits)."""
HISTORY, HEIGHT, WEIGHT, PREGNANCY = "11322-5", "8302-2", "29463-7", "82810-3"

PATIENT = "PID [PD1] [{NTE}]"
COVERAGE = "[{IN1 [IN2] [IN3]}] [GT1] [{AL1}]"
DETAIL = "OBR [RQD] [RQ1] [RXO] [ODS] [ODT] [{NTE}] [CTD] [{DG1}]"
AFTER = "[{FT1}] [{CTI}] [BLG]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One kind of OBX of a flow."""

    code: str
    system: str
    label: str
    types: tuple[str, ...]
    """OBX-2; the first is the one of the guide, any other is read with a warning when it is in ``tolerated``."""
    facet: int = 0
    """The m of OBX-4 ``n.m``; 0 where no OBX-4 is asked for."""
    least: int = 0
    most: int = 1
    """In one order, or in one occurrence (n) when there is a facet; 0: any number."""
    value_set: str = ""
    """Name of the table (``gateway.valuesets``) of OBX-5.1."""
    values: tuple[str, ...] = ()
    like: str = ""
    """A pattern of OBX-5.1."""
    systems: tuple[str, ...] = ()
    """OBX-5.3."""
    unit: bool = False
    units: tuple[str, ...] = ()
    """OBX-6 (UCUM); any when there are none."""
    tolerated: tuple[str, ...] = ()


MODALITY = Observation(
    code="MODALITE_IMAGERIE",
    system=OBSERVATIONS,
    label="Modalité d'imagerie utilisée ou prévue pour réaliser l'examen",
    types=("CE",),
    # The guide names two systems; SNOMED CT came with a revision of the value set.
    systems=("DCM", "terminologie-cisis-fr", "SCT"),
    value_set="REQUESTED_MODALITY",
)
_REGION_LABEL = "Localisation anatomique examinée dans le cadre de l'examen d'imagerie"
REGION = Observation(
    code="REGION_ANATOMIQUE",
    system=OBSERVATIONS,
    label=_REGION_LABEL,
    types=("CE",),
    facet=1,
    systems=("SCT",),
    value_set="REGION",
)
TOPOGRAPHY = Observation(
    code="REGION_ANATOMIQUE",
    system=OBSERVATIONS,
    label=_REGION_LABEL,
    types=("CE",),
    facet=2,
    systems=("SCT",),
    value_set="TOPOGRAPHIC_MODIFIER",
)
MEDICAL = (
    Observation(
        code=HISTORY, system="LN", label="History of General health Narrative", types=("FT",), most=0, tolerated=("TX",)
    ),
    Observation(
        code=HEIGHT,
        system="LN",
        label="Body height",
        types=("NM",),
        unit=True,
        units=("cm", "m", "mm", "[in_i]", "[ft_i]"),
    ),
    Observation(code=WEIGHT, system="LN", label="Body weight", types=("NM",), unit=True, units=("kg", "g", "[lb_av]")),
    Observation(
        code=PREGNANCY,
        system="LN",
        label="Pregnancy status",
        types=("CE",),
        values=("Y", "N"),
        systems=("expandedYes-NoIndicator",),
    ),
)
PROTOCOL = Observation(
    code="PROTOCOLE_IMAGERIE",
    system=OBSERVATIONS,
    label="Protocole d'imagerie médicale",
    types=("FT", "ED"),
    most=0,
)
VIEWER = Observation(
    code="URL_PARTIELLE_VIEWER",
    system=OBSERVATIONS,
    label="URL partielle d'accès à la visionneuse d'imagerie DRIMbox",
    types=("ED",),
    least=1,
)
ACT = Observation(
    code="CODE_ACTE_IMAGERIE",
    system=OBSERVATIONS,
    label="Code de l'acte d'imagerie réalisée",
    types=("CE",),
    least=1,
    systems=("LN",),
    value_set="IMAGING_CODES",
)
_PRODUCT_LABEL = "Produit administré lors de l'examen d'imagerie"
PRODUCT = Observation(
    code="PRODUIT_ADMINISTRE",
    system=OBSERVATIONS,
    label=_PRODUCT_LABEL,
    types=("CE",),
    facet=1,
    like=PRODUCT_CLASSES,
    systems=("ATC",),
)
LOT = Observation(
    code="PRODUIT_ADMINISTRE",
    system=OBSERVATIONS,
    label=_PRODUCT_LABEL,
    types=("NM", "TX"),
    facet=2,
    tolerated=("ST",),
)
"""The table says NM, the page on OBX-4 TX with letters in the lot: both are right, and the text is kept."""
QUANTITY = Observation(
    code="PRODUIT_ADMINISTRE", system=OBSERVATIONS, label=_PRODUCT_LABEL, types=("NM",), facet=3, unit=True
)
_DEVICE_LABEL = "Appareil d'imagerie utilisé lors de l'examen"
DEVICE = Observation(code="APPAREIL_IMAGERIE", system=OBSERVATIONS, label=_DEVICE_LABEL, types=("TX",), facet=1)
DEVICE_MODEL = Observation(code="APPAREIL_IMAGERIE", system=OBSERVATIONS, label=_DEVICE_LABEL, types=("TX",), facet=2)


def _once(observation: Observation) -> Observation:
    """The same, required."""
    from dataclasses import replace

    return replace(observation, least=1)


OF_FLOW: dict[str, tuple[Observation, ...]] = {
    "tlr-1-request": (_once(MODALITY), _once(REGION), TOPOGRAPHY, *MEDICAL),
    "tlr-2-cancel": (),
    "tlr-3-answer": (PROTOCOL,),
    "tlr-4-complement": (VIEWER, ACT, REGION, TOPOGRAPHY, MODALITY, PRODUCT, LOT, QUANTITY, DEVICE, DEVICE_MODEL),
}
STATUS = {"tlr-1-request": "O", "tlr-2-cancel": "O", "tlr-3-answer": "F", "tlr-4-complement": "F"}
"""OBX-11."""


def _msh(message: str, event: str) -> Section:
    return header(
        f"{TLR}, éléments de l'entête",
        message,
        (event,),
        f"{message}_{event}",
        ("2.5.1",),
        (PROFILE_VERSION, PROFILE_NAME),
    )


def _order(
    controls: tuple[str, ...], kind: str, source: str, *, dated: bool = False, verifier: bool = False
) -> Section:
    rows: list[Field] = [asked("1", "R", *controls), *entity("2")]
    if dated:
        rows.append(asked("9"))
    if kind:
        if verifier:
            rows += professional("11", "RE")
        rows += [
            *professional("12"),
            asked("14", "RE"),
            asked("16", "O"),
            asked("17"),
            asked("17.1", "R", kind),
            asked("17.3", "R", ORGANIZATIONS),
            *organization("21"),
        ]
    return Section(segment="ORC", source=f"{source}, segment ORC", fields=tuple(rows))


def _procedure(code: str, source: str, *, responsible: bool, justified: bool = False) -> Section:
    rows: list[Field] = [
        *entity("2"),
        asked("4"),
        asked("4.1", "R", code),
        asked("4.3", "R", PROCEDURES),
    ]
    if justified:
        rows.append(asked("13"))
    if responsible:
        rows.append(asked("16", single=True))
    return Section(segment="OBR", source=f"{source}, segment OBR", fields=tuple(rows))


def _observation(observation: Observation, status: str, source: str) -> Section:
    """The rows of one kind of OBX that stand for themselves; value sets and facets are rules."""
    rows: list[Field] = [
        asked("1"),
        asked("2", "R", *observation.types, tolerated=observation.tolerated),
        asked("3.3", "R", observation.system),
        asked("5", single=True),
        asked("11", "R", status),
    ]
    if observation.systems:
        rows += [asked("5.1"), asked("5.3", "R", *observation.systems)]
    if observation.values:
        rows.append(asked("5.1", "R", *observation.values))
    if observation.like:
        rows.append(asked("5.1", like=observation.like))
    if observation.unit:
        rows.append(asked("6"))
    if observation.facet:
        rows.append(asked("4", like=rf"[1-9][0-9]*\.{observation.facet}"))
    if observation.code == HISTORY:
        rows.append(asked("8", "O", *RELEVANCES))
    title = f"{observation.code} n.{observation.facet}" if observation.facet else observation.code
    return Section(segment="OBX", title=title, when=Kind(observation), source=source, fields=tuple(rows))


@dataclass(frozen=True, slots=True)
class Kind:
    """Chooses the OBX of one kind."""

    observation: Observation

    def __call__(self, row: object) -> bool:
        text = row.text  # type: ignore[attr-defined]
        facet = self.observation.facet
        return text(3) == self.observation.code and (not facet or (text(4).rpartition(".")[2] or "1") == str(facet))

    def __str__(self) -> str:
        facet = f", 4 = n.{self.observation.facet}" if self.observation.facet else ""
        return f"3.1 = {self.observation.code}{facet}"


def _sections(flow: str, source: str) -> tuple[Section, ...]:
    return tuple(_observation(observation, STATUS[flow], source) for observation in OF_FLOW[flow])


_COMMENT = Section(
    segment="NTE",
    title="FINALITE_EXAMEN, MODALITE_IMAGERIE",
    when=said(4, 1, "FINALITE_EXAMEN", "MODALITE_IMAGERIE"),
    source=f"{TLR}, flux 1, segment NTE",
    fields=(asked("3"), asked("4.3", "R", COMMENTS)),
)
_RULES = (
    "identity",
    "number_kinds",
    "visit_number",
    "dates",
    "sequence",
    "order_numbers",
    "order_pairs",
    "responsible",
    "labels",
    "observations",
)
_PID = patient(f"{TLR}, données concernant le patient")
_PV1 = visit(f"{TLR}, venue du patient")
F1, F2, F3, F4 = (f"{TLR}, flux {number}" for number in range(1, 5))
FLOW_1 = Profile(
    name="tlr-1-request",
    title_fr="Téléradiologie, flux 1 : demande d'examen (ORM^O01)",
    title_en="Teleradiology, flow 1: request (ORM^O01)",
    structure=f"MSH [{{NTE}}] {PATIENT} PV1 [PV2] {COVERAGE} {{ORC {DETAIL} {{OBX [{{NTE}}]}} {AFTER}}}",
    structure_source=f"{F1}, profil de message",
    source=TLR,
    rules=(*_RULES, "relevant_comments"),
    sections=(
        _msh("ORM", "O01"),
        _PID,
        _PV1,
        _order(("NW",), IMAGING_SITE, F1, dated=True, verifier=True),
        _procedure(REQUEST, F1, responsible=True, justified=True),
        _COMMENT,
        *_sections("tlr-1-request", F1),
    ),
)
FLOW_2 = Profile(
    name="tlr-2-cancel",
    title_fr="Téléradiologie, flux 2 : annulation (ORM^O01)",
    title_en="Teleradiology, flow 2: cancellation (ORM^O01)",
    structure=f"MSH [{{NTE}}] {PATIENT} PV1 [PV2] {COVERAGE} {{ORC {DETAIL} [{{OBX [{{NTE}}]}}] {AFTER}}}",
    structure_source=f"{F2}, profil de message",
    source=TLR,
    rules=(*_RULES, "reason"),
    sections=(
        _msh("ORM", "O01"),
        _PID,
        _PV1,
        _order(("CA",), IMAGING_SITE, F2, dated=True, verifier=True),
        _procedure(CANCEL, F2, responsible=True),
    ),
)
FLOW_3 = Profile(
    name="tlr-3-answer",
    title_fr="Téléradiologie, flux 3 : réponse (ORU^R01)",
    title_en="Teleradiology, flow 3: answer (ORU^R01)",
    structure=(
        f"MSH [{{SFT}}] {PATIENT} [{{NK1}}] [PV1 [PV2]]"
        " {ORC OBR [{NTE}] [{TQ1 [{TQ2}]}] [CTD] [{OBX [{NTE}]}] [{FT1}] [{CTI}] [{SPM}]} [DSC]"
    ),
    structure_source=f"{F3}, profil de message",
    source=TLR,
    rules=(*_RULES, "reason", "answer"),
    sections=(
        _msh("ORU", "R01"),
        _PID,
        _PV1,
        _order(("OK", "OC"), PLATFORM, F3),
        _procedure(ANSWER, F3, responsible=True),
        *_sections("tlr-3-answer", F3),
    ),
)
FLOW_4 = Profile(
    name="tlr-4-complement",
    title_fr="Téléradiologie, flux 4 : complément après l'examen (OMI^O23)",
    title_en="Teleradiology, flow 4: complement after the examination (OMI^O23)",
    structure=(
        f"MSH [{{SFT}}] [{{NTE}}] {PATIENT} PV1 [PV2] {COVERAGE}"
        " {ORC {TQ1 [{TQ2}]} OBR [{NTE}] [CTD] [{DG1}] {OBX [{NTE}]} IPC}"
    ),
    structure_source=f"{F4}, profil de message",
    source=TLR,
    rules=(*_RULES, "examinations"),
    sections=(
        _msh("OMI", "O23"),
        _PID,
        _PV1,
        _order(("SR",), "", F4),
        Section(
            segment="TQ1",
            source=f"{F4}, segment TQ1",
            fields=(asked("6"), asked("6.1", like=r"0*[1-9][0-9]*"), asked("6.2"), asked("7")),
        ),
        _procedure(COMPLEMENT, F4, responsible=False),
        Section(
            segment="IPC",
            source=f"{F4}, segment IPC",
            fields=(
                *entity("1"),
                asked("2"),
                asked("2.1"),
                asked("2.3", "R", "2.16.840.1.113883.6.1"),
                asked("2.4", "R", "ISO"),
                asked("3"),
                asked("3.1", like=r"[0-2](\.(0|[1-9][0-9]*))+"),
                asked("4"),
                asked("4.1"),
                asked("4.3", "R", "2.16.840.1.113883.6.1"),
                asked("4.4", "R", "ISO"),
            ),
        ),
        *_sections("tlr-4-complement", F4),
    ),
)

PROFILES = (FLOW_1, FLOW_2, FLOW_3, FLOW_4)
