"""The white paper on teleradiology: flows A, C and D (B and E are document transmissions).

Source: ANS white paper "Téléradiologie", final version 2024-10-03, sections 3.2.2 and 3.3.1. It gives contents and no
fields; where they are, we take from IHE RAD Scheduled Workflow (OBR-18 accession number, OBR-24 modality, ZDS-1 study)
and from the guide that followed it (OBX, IPC).
"""

from __future__ import annotations

from gateway.hl7.profiles.common import HL7, OID, WHITE_PAPER
from gateway.hl7.profiles.grammar import Profile, Section, asked
from gateway.hl7.profiles.teleradiology import AFTER, COVERAGE, DETAIL, PATIENT
from gateway.model.finding import Severity

_ORM = f"MSH [{{NTE}}] {PATIENT} PV1 [PV2] {COVERAGE}"
_WARN = Severity.WARNING
CANCELLATIONS = ("CA", "DC", "OC", "OD")
"""ORC-1 of a request that is taken back (table 0119)."""
REFUSALS = ("OC", "CA", "UA")
"""ORC-1 of an answer that declines."""
REQUESTS = ("NW", "XO", "RO", "RP", "SN")
"""ORC-1 of a request: new, changed, replaced."""
_ASKS = (*REQUESTS, "SC", *CANCELLATIONS)
"""The same, its state, or taken back."""


def _white_paper(name: str, fr: str, en: str, structure: str, rules: tuple[str, ...], *more: Section) -> Profile:
    source = f"{WHITE_PAPER}, flux {name[-1].upper()}"
    return Profile(
        name=name,
        title_fr=fr,
        title_en=en,
        structure=structure,
        structure_source=source,
        source=WHITE_PAPER,
        rules=("identity", "number_kinds", "dates", "sequence", "order_pairs", *rules),
        sections=(
            Section(
                segment="MSH",
                source=source,
                fields=(
                    *(asked(path) for path in ("3", "4", "5", "6", "7", "9")),
                    asked("9.1", "R", "ORM", err3="200"),
                    asked("9.2", "R", "O01", err3="201"),
                    asked("9.3", "O", "ORM_O01"),
                    asked("10", like=r".{1,199}"),
                    *(asked(path) for path in ("11", "12")),
                    asked("11.1", "R", "P", "T", "D", err3="202"),
                    asked("12.1", "R", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", err3="203"),
                ),
            ),
            Section(
                segment="PID",
                source=source,
                fields=(
                    *(asked(path) for path in ("3", "3.1", "3.4", "5")),
                    *(asked(path, first_only=True) for path in ("5.1", "5.2")),
                    asked("7"),
                    asked("8", "R", "F", "M", "U", tolerated=("A", "N", "O")),
                ),
            ),
            Section(segment="PV1", source=source, fields=(asked("2"),)),
            Section(segment="ORC", source=f"{source}; {HL7} 4.5.1", fields=(asked("1"), asked("2"), asked("2.1"))),
            Section(segment="OBR", source=source, fields=(asked("4"), asked("4.1"))),
            Section(
                segment="ZDS",
                source="IHE RAD TF-2 4.4, ZDS-1",
                fields=(
                    asked("1"),
                    asked("1.1", like=OID),
                    asked("1.3", "R", "Application", severity=_WARN),
                    asked("1.4", "R", "DICOM", severity=_WARN),
                ),
            ),
            *more,
        ),
    )


FLOW_A = _white_paper(
    "lb-a",
    "Livre blanc téléradiologie, flux A : éléments de la demande (ORM^O01)",
    "Teleradiology white paper, flow A: elements of the request (ORM^O01)",
    f"{_ORM} {{ORC [{DETAIL} [{{OBX [{{NTE}}]}}]] {AFTER}}}",
    ("white_paper_identity", "clinical_information"),
    Section(
        segment="ORC",
        source=f"{WHITE_PAPER}, flux A ; {HL7} table 0119",
        # A decision of the other end (OK, UA) is no request.
        fields=(asked("1", "R", *_ASKS),),
    ),
)
FLOW_C = _white_paper(
    "lb-c",
    "Livre blanc téléradiologie, flux C : protocole d'imagerie (ORM^O01)",
    "Teleradiology white paper, flow C: imaging protocol (ORM^O01)",
    f"{_ORM} {{ORC {DETAIL} [{{OBX [{{NTE}}]}}] {AFTER}}}",
    ("protocol",),
)
FLOW_D = _white_paper(
    "lb-d",
    "Livre blanc téléradiologie, flux D : éléments de l'examen (ORM^O01)",
    "Teleradiology white paper, flow D: elements of the examination (ORM^O01)",
    f"{_ORM} {{ORC {DETAIL} [{{OBX [{{NTE}}]}}] [{{IPC}}] {AFTER} [ZDS]}}",
    ("white_paper_identity", "visit_number", "examination_elements", "dose"),
    Section(
        segment="ORC",
        source=f"{WHITE_PAPER}, flux D, structure et médecin responsable",
        fields=(
            asked("12"),
            asked("12.1"),
            asked("12.2"),
            asked("21"),
            asked("21.1"),
            asked("21.10", severity=_WARN),
            asked("22", severity=_WARN),
            asked("23", severity=_WARN),
        ),
    ),
)

PROFILES = (FLOW_A, FLOW_C, FLOW_D)
