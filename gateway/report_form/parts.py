"""What every composed section and entry is made with: ids of the document, templates, codes, the usual attributes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, TypeVar

from gateway.cda.build.datatypes import SYSTEM_NAMES
from gateway.model.codes import LOINC
from gateway.model.datatypes import Concept, Period, Wording
from gateway.model.identifiers import Identifier
from gateway.model.narrative import Narrative
from gateway.model.report_body import Section
from gateway.model.report_entries import Comment, Entry
from gateway.model.times import Timestamp
from gateway.report_form.fields import Moment

SectionType = TypeVar("SectionType", bound=Section)
EntryType = TypeVar("EntryType", bound=Entry)

_SECTION_LABELS = {
    "55107-7": "Addendum",
    "55752-0": "Informations cliniques",
    "55115-0": "Demande",
    "11329-0": "Historique médical",
    "55111-9": "Description de l'acte d’imagerie",
    "55109-3": "Complications",
    "73569-6": "Exposition aux rayonnements et informations de radioprotection",
    "121181": "Catalogue d’objets DICOM",
    "46264-8": "Dispositifs médicaux",
    "59776-5": "Résultats de l'acte",
    "30954-2": "Résultats d'examens",
    "18834-2": "Examen de comparaison radiologique",
    "19005-8": "Conclusions",
    "34895-3": "Education du patient",
}
"""displayName of the section codes, as the official example writes them."""


@dataclass(frozen=True, slots=True)
class Names:
    """Ids made of the document's own and a name: the same facts give the same bytes."""

    document: Identifier

    def id(self, name: str) -> tuple[Identifier, ...]:
        """The id of the section or entry *name*."""
        made = uuid.uuid5(uuid.NAMESPACE_OID, f"{self.document.unique_id}/{name}")
        return (Identifier(str(made).upper()),)


def coded(code: str, system: str, display: str = "", **more: Any) -> Concept:
    """A code with the name of its system."""
    return Concept(code, system, display, system_name=SYSTEM_NAMES.get(system, ""), **more)


def section(kind: type[SectionType], names: Names, name: str, text: Narrative, **more: Any) -> SectionType:
    """A section with its templates, code and title."""
    code, system = kind.CODE
    label = more.pop("label", "") or _SECTION_LABELS[code]
    return kind(
        templates=tuple(Identifier(root) for root in kind.STANDARD),
        identifiers=names.id(name),
        code=coded(code, system, label),
        title=kind.TITLE,
        text=text,
        **more,
    )


def entry(kind: type[EntryType], class_code: str, **more: Any) -> EntryType:
    """An entry that happened (``EVN``) with its templates, the international ones first."""
    roots = (*kind.INTERNATIONAL, kind.FRENCH)
    return kind(class_code=class_code, mood_code="EVN", templates=tuple(map(Identifier, roots)), **more)


def comment(reference: Wording) -> Comment:
    """FR-Commentaire-ER: words of the narrative on the entry that holds it."""
    return entry(
        Comment,
        "ACT",
        link="SUBJ",
        inverted="true",
        code=coded("48767-8", LOINC, "Commentaire"),
        text=reference,
        status="completed",
    )


def at(moment: Moment | None) -> Period | None:
    """A time of an entry."""
    return None if moment is None else Period(value=Timestamp(moment, 14).hl7)


def stamp(moment: Moment) -> Timestamp:
    """A time of the header."""
    return Timestamp(moment.replace(microsecond=0), 14)
