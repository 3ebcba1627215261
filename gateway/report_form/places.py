"""What acts, products and doses share: the context of an act, and places of the body with their modifiers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.model.codes import SNOMED_CT
from gateway.model.datatypes import Concept, Qualifier
from gateway.report_form import schema
from gateway.report_form.fields import Coded
from gateway.report_form.narrative import Inline, marked, refer
from gateway.report_form.parts import Names, coded

XML = "text/xml"


@dataclass(frozen=True, kw_only=True)
class ActContext:
    """What an act takes from the rest of the report."""

    names: Names
    number: int
    """From 1."""
    sex: str
    performer: schema.Professional
    link: str
    """URL of its images, or empty."""

    @property
    def key(self) -> str:
        """What the ids of its words begin with."""
        return f"acte-{self.number:02}"


def modifier_words(identifier: str, place: schema.Place) -> Inline:
    """The modifiers of a place, for a person."""
    words = ", ".join(modifier.display or modifier.code for modifier in place.modifiers)
    return marked(identifier, words) if words else ""


def worded(value: Coded, identifier: str) -> Concept:
    """A code with the words of the narrative that say it."""
    return replace(value.concept, original_text=refer(identifier, XML))


def site(place: schema.Place, identifier: str, qualifiers: tuple[Qualifier, ...]) -> Concept:
    """A place of the body with its modifiers."""
    return replace(worded(place.location, identifier), qualifiers=qualifiers)


def modified(modifier: Coded, identifier: str) -> Qualifier:
    """A topographic modifier."""
    name = coded("106233006", SNOMED_CT, "modificateur topographique")
    return Qualifier(name=name, value=worded(modifier, identifier))
