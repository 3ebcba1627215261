"""The entries of a report: one module a part of 001 section 3.3; the frame they share is in ``entries_common``."""

from __future__ import annotations

from lxml import etree

from gateway.cda.elements import attribute, name_of
from gateway.cda.rules import entries_exposure as entries_exposure
from gateway.cda.rules import entries_frames as entries_frames
from gateway.cda.rules import entries_history as entries_history
from gateway.cda.rules import entries_products as entries_products
from gateway.cda.rules import entries_technique as entries_technique
from gateway.cda.rules.engine import WARNING, Context
from gateway.cda.rules.entries_annexes import COMMENT_TEMPLATES
from gateway.cda.rules.entries_catalogue import INSTANCE, SERIES
from gateway.cda.rules.entries_common import BOOK as BOOK
from gateway.cda.rules.entries_common import in_order
from gateway.cda.rules.looking import declarations, kids
from gateway.cda.rules.sections_content import (
    ATTACHMENT,
    AUTHORISATION,
    DEVICE,
    OBSERVATION,
    OLD_DEVICE,
    PRODUCT,
    QUANTITY,
    RADIOPHARMACEUTICAL,
    SIMPLE,
    STUDY,
    TECHNIQUE,
)
from gateway.cda.rules.sections_table import BY_TEMPLATE, COMMENT

UNKNOWN_TEMPLATE = BOOK.rule(
    "N-19",
    "Le modèle {value} n'est pas de ceux d'IMG-CR-IMG : il n'est pas jugé.",
    "The template {value} is none of those of IMG-CR-IMG: it is not judged.",
    source="001 3.3.1 (modèles des sections et des entrées)",
    spec=WARNING,
    official=None,
)
REPEATED_TEMPLATE = BOOK.rule(
    "N-19b",
    "Le modèle {value} est déclaré deux fois au même endroit.",
    "The template {value} is declared twice at one place.",
    source="001 3.3.1 (un modèle DICOM et un modèle français par section ou entrée)",
    spec=WARNING,
    official=None,
)
_FRENCH = "1.2.250.1.213.1.1.3."
KNOWN = frozenset(
    {
        *BY_TEMPLATE,
        COMMENT,
        *COMMENT_TEMPLATES,
        *TECHNIQUE,
        *PRODUCT,
        *RADIOPHARMACEUTICAL,
        *OBSERVATION,
        *AUTHORISATION,
        *QUANTITY,
        *STUDY,
        *SERIES,
        *INSTANCE,
        *DEVICE,
        *OLD_DEVICE,
        *ATTACHMENT,
        *SIMPLE,
        *(f"{_FRENCH}{number}" for number in ("48.18", "163", "164", "166")),
    }
)
"""Every template that a rule here knows."""
_HOLDERS = frozenset({"section", "observation", "act", "procedure", "substanceAdministration", "supply", "organizer"})


STATUS = BOOK.rule(
    "N-25",
    "« {value} » n'est pas un état (statusCode) : {expected}.",
    "“{value}” is no state (statusCode): {expected}.",
    source="HL7 CDA R2, statusCode: vocabulary ActStatus (2.16.840.1.113883.5.14)",
    official=None,
)
_STATES = ["new", "active", "held", "suspended", "completed", "aborted", "cancelled", "normal", "nullified", "obsolete"]
NO_VALUE = BOOK.rule(
    "N-23",
    "Cette référence ne renvoie à rien (reference/@value vide ou absent).",
    "This reference refers to nothing (reference/@value empty or absent).",
    source="001 3.1.6 : éléments narratifs référencés dans les entrées",
    spec=WARNING,
    official=None,
)


@BOOK.element("originalText", "text")
def reference(element: etree._Element, context: Context) -> None:
    """A reference to the narrative says where."""
    if context.official:
        return
    for one in kids(element, "reference"):
        if not attribute(one, "value") and one.get("nullFlavor") is None:
            context.say(NO_VALUE, one, at="@value")


@BOOK.element("statusCode")
def state(element: etree._Element, context: Context) -> None:
    """The state of an entry is one that HL7 knows; those of roles and consents are others."""
    if context.official or context.stated.get("code", "completed") in _STATES:
        return
    holder = element.getparent()
    if holder is not None and name_of(holder) in _HOLDERS:
        context.say(STATUS, element, at="@code", expected=", ".join(_STATES))


@BOOK.element(*sorted(_HOLDERS))
def templates(element: etree._Element, context: Context) -> None:
    """Templates that nobody here knows, and those declared twice."""
    if context.official:
        return
    declared = declarations(element)
    if KNOWN.issuperset(declared) and len(set(declared)) == len(declared):
        return
    seen: set[str] = set()
    for one in kids(element, "templateId"):
        root = attribute(one, "root")
        if root in seen:
            context.say(REPEATED_TEMPLATE, one, at="@root")
        elif root not in KNOWN:
            context.say(UNKNOWN_TEMPLATE, one, at="@root")
        seen.add(root)


in_order(BOOK)
