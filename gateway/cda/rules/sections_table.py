"""The sections of a report, as 001 section 3.3 has them: one row a section."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.cda.rules.engine import ERROR, WARNING
from gateway.model.finding import Severity

LOINC = "2.16.840.1.113883.6.1"
DCM = "1.2.840.10008.2.16.4"
_FRENCH = "1.2.250.1.213.1.1.2."

BODY = "structuredBody"
"""The parent of a section that stands directly in the body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section; the counts are those of 001 within its parent."""

    key: str
    name: str
    international: tuple[str, ...]
    """The templateIds of DICOM or IHE, the main one first; none for a section of the ANS alone."""
    french: str
    code: str
    system: str = LOINC
    title: str
    titled: bool
    """Whether a title is required."""
    empty: Severity | None
    """What an empty text is: 000 asks for words in it (error), or codes alone may tell it (warning)."""
    parent: str = BODY
    """French templateId of the section it stands in, or :data:`BODY`."""
    least: int = 0
    most: int | None = 1
    entries: bool = True
    """Whether 001 has entries in it."""
    needs_id: Severity | None = ERROR
    """What a missing id is to ``spec``; the official rules ask for it where the table of triggers says."""
    source: str

    @property
    def templates(self) -> tuple[str, ...]:
        """All the templateIds it declares."""
        return (*self.international, self.french)


INFORMATION = f"{_FRENCH}205"
REQUEST = f"{_FRENCH}211"
HISTORY = f"{_FRENCH}213"
ACT = f"{_FRENCH}206"
COMPLICATIONS = f"{_FRENCH}214"
EXPOSURE = f"{_FRENCH}215"
CATALOGUE = f"{_FRENCH}217"
DEVICES = f"{_FRENCH}1"
RESULTS = f"{_FRENCH}208"
PRIOR_RESULTS = f"{_FRENCH}150"
COMPARISON = f"{_FRENCH}207"
CONCLUSION = f"{_FRENCH}209"
DOCUMENTS = f"{_FRENCH}37"
EDUCATION = f"{_FRENCH}107"
ADDENDUM = f"{_FRENCH}210"
COMMENT = f"{_FRENCH}73"

SECTIONS: tuple[Section, ...] = (
    Section(
        key="S-1",
        name="FR-DICOM-Addendum",
        international=("1.2.840.10008.9.6",),
        french=ADDENDUM,
        code="55107-7",
        title="Addendum",
        titled=True,
        empty=ERROR,
        entries=False,
        source="001 3.3.2",
    ),
    Section(
        key="S-2",
        name="FR-DICOM-Informations-cliniques",
        international=("1.2.840.10008.9.2",),
        french=INFORMATION,
        code="55752-0",
        title="Informations cliniques",
        titled=False,
        empty=None,
        least=1,
        needs_id=WARNING,
        source="001 3.3.1, 3.3.3",
    ),
    Section(
        key="S-2a",
        name="FR-DICOM-Demande-examen",
        international=("1.2.840.10008.9.7",),
        french=REQUEST,
        code="55115-0",
        title="Justification de la demande d’examen / Finalité de l'examen",
        titled=False,
        empty=ERROR,
        parent=INFORMATION,
        least=1,
        entries=False,
        source="001 3.3.3.1",
    ),
    Section(
        key="S-2b",
        name="FR-DICOM-Historique-medical",
        international=("2.16.840.1.113883.10.20.22.2.39",),
        french=HISTORY,
        code="11329-0",
        title="Antécédents médicaux / Antécédents chirurgicaux / Contre-indications",
        titled=True,
        empty=ERROR,
        parent=INFORMATION,
        least=1,
        source="001 3.3.3.2",
    ),
    Section(
        key="S-3",
        name="FR-DICOM-Acte-imagerie",
        international=("1.2.840.10008.9.3",),
        french=ACT,
        code="55111-9",
        title="Technique d’imagerie",
        titled=True,
        empty=ERROR,
        least=1,
        most=None,
        source="001 3.3.4",
    ),
    Section(
        key="S-3a",
        name="FR-DICOM-Complications",
        international=("2.16.840.1.113883.10.20.22.2.37",),
        french=COMPLICATIONS,
        code="55109-3",
        title="Complications",
        titled=True,
        empty=ERROR,
        parent=ACT,
        entries=False,
        source="001 3.3.4.3",
    ),
    Section(
        key="S-3b",
        name="FR-DICOM-Exposition-aux-radiations",
        international=("1.2.840.10008.9.8",),
        french=EXPOSURE,
        code="73569-6",
        title="Exposition aux rayonnements et informations de radioprotection",
        titled=True,
        empty=ERROR,
        parent=ACT,
        source="001 3.3.4.4",
    ),
    Section(
        key="S-3c",
        name="FR-DICOM-Object-Catalog",
        international=("2.16.840.1.113883.10.20.6.1.1",),
        french=CATALOGUE,
        code="121181",
        system=DCM,
        title="Catalogue d’objets DICOM",
        titled=True,
        empty=WARNING,
        parent=ACT,
        least=1,
        source="001 3.3.4.5",
    ),
    Section(
        key="S-4",
        name="FR-Dispositifs-medicaux",
        international=("1.3.6.1.4.1.19376.1.5.3.1.1.5.3.5",),
        french=DEVICES,
        code="46264-8",
        title="Dispositifs médicaux",
        titled=False,
        empty=WARNING,
        source="001 3.3.5",
    ),
    Section(
        key="S-5",
        name="FR-DICOM-Resultats",
        international=("2.16.840.1.113883.10.20.6.1.2",),
        french=RESULTS,
        code="59776-5",
        title="Résultats de l’acte",
        titled=True,
        empty=ERROR,
        entries=False,
        source="001 3.3.6",
    ),
    Section(
        key="S-6",
        name="FR-Resultats-examens-non-code",
        international=("1.3.6.1.4.1.19376.1.5.3.1.3.27",),
        french=PRIOR_RESULTS,
        code="30954-2",
        title="Résultats d'examens antérieurs",
        titled=False,
        empty=ERROR,
        entries=False,
        needs_id=WARNING,
        source="001 3.3.7",
    ),
    Section(
        key="S-7",
        name="FR-DICOM-Examen-comparatif",
        international=("1.2.840.10008.9.4",),
        french=COMPARISON,
        code="18834-2",
        title="Examen de comparaison radiologique",
        titled=True,
        empty=ERROR,
        entries=False,
        source="001 3.3.8",
    ),
    Section(
        key="S-8",
        name="FR-DICOM-Conclusion",
        international=("1.2.840.10008.9.5",),
        french=CONCLUSION,
        code="19005-8",
        title="Conclusions",
        titled=True,
        empty=ERROR,
        least=1,
        entries=False,
        source="001 3.3.9",
    ),
    Section(
        key="S-9",
        name="FR-Documents-ajoutes",
        international=(),
        french=DOCUMENTS,
        code="55107-7",
        title="Documents liés",
        titled=False,
        empty=WARNING,
        needs_id=None,
        source="001 3.3.10",
    ),
    Section(
        key="S-10",
        name="FR-Education-du-patient",
        international=("1.3.6.1.4.1.19376.1.5.3.1.1.9.39", "1.3.6.1.4.1.19376.1.5.3.1.1.9.38"),
        french=EDUCATION,
        code="34895-3",
        title="Informations du patient",
        titled=False,
        empty=ERROR,
        needs_id=WARNING,
        source="001 3.3.11",
    ),
)
BY_TEMPLATE = {template: section for section in SECTIONS for template in section.templates}


ASKED: tuple[tuple[str, str, str], ...] = (
    # trigger, the section's key, what is asked
    ("1.2.840.10008.9.6", "S-1", "id code text title author"),
    (ADDENDUM, "S-1", "code text author"),
    ("1.2.840.10008.9.2", "S-2", "pair code text sub-sections"),
    (INFORMATION, "S-2", "code text sub-sections"),
    ("1.2.840.10008.9.7", "S-2a", "pair id code text"),
    ("2.16.840.1.113883.10.20.22.2.39", "S-2b", "pair id code text histories"),
    ("1.2.840.10008.9.3", "S-3", "id code title text technique catalogue"),
    (ACT, "S-3", "code text act"),
    ("2.16.840.1.113883.10.20.22.2.37", "S-3a", "id code title text"),
    (COMPLICATIONS, "S-3a", "code text"),
    ("1.2.840.10008.9.8", "S-3b", "pair id code title text exposure-counts"),
    (EXPOSURE, "S-3b", "code text exposure"),
    ("2.16.840.1.113883.10.20.6.1.1", "S-3c", "pair id code title text"),
    (CATALOGUE, "S-3c", "code text studies"),
    ("1.3.6.1.4.1.19376.1.5.3.1.1.5.3.5", "S-4", "id code text"),
    (DEVICES, "S-4", "id code text devices"),
    ("2.16.840.1.113883.10.20.6.1.2", "S-5", "pair id code title text"),
    (RESULTS, "S-5", "code text"),
    ("1.3.6.1.4.1.19376.1.5.3.1.3.27", "S-6", "code no-entry"),
    ("1.2.840.10008.9.4", "S-7", "pair id code title text"),
    (COMPARISON, "S-7", "code text"),
    ("1.2.840.10008.9.5", "S-8", "pair id code title text"),
    (CONCLUSION, "S-8", "code text"),
    (DOCUMENTS, "S-9", "code text attachment"),
    ("1.3.6.1.4.1.19376.1.5.3.1.1.9.39", "S-10", "parent code"),
    (EDUCATION, "S-10", "told"),
)
"""What the ANS validator asks of sections: the templateId where a rule of it starts, the section, what it asks."""


def asks(key: str, *names: str) -> bool:
    """Whether the ANS validator asks one of *names* of the section *key*."""
    return any(not set(names).isdisjoint(asked.split()) for _, section, asked in ASKED if section == key)
