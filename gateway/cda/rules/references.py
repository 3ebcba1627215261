"""References within the document: unique IDs, references with their targets, unique identifiers of entries.

The official example has three references without a target and three entry ids used three times: those only warn, and
the validator does not look at them. An ID given twice breaks the XML schema.
"""

from __future__ import annotations

from bisect import bisect_right

from lxml import etree

from gateway.cda.elements import path
from gateway.cda.rules.engine import WARNING, Book, Context, Model
from gateway.cda.rules.looking import tagged

BOOK = Book("references")

_SOURCE = "CI-SIS Modèles de contenus CDA, « Éléments narratifs référencés dans les entrées »; 001 3.1.6"

TWICE = BOOK.rule(
    "X-3",
    "L'ID « {value} » est donné deux fois dans le document.",
    "The ID “{value}” is given twice in the document.",
    source="HL7 CDA R2 4.3.5: ID is an xs:ID; XML Schema part 2, ID",
)
DANGLING = BOOK.rule(
    "X-3b",
    "La référence « {value} » ne mène à aucun ID du document.",
    "The reference “{value}” leads to no ID of the document.",
    source=_SOURCE,
    spec=WARNING,
    official=None,
)
ELSEWHERE = BOOK.rule(
    "X-3d",
    "La référence « {value} » mène au texte d'une autre section que celle de son entrée.",
    "The reference “{value}” leads to the text of another section than that of its entry.",
    source=_SOURCE + "; HL7 CDA R2 4.3.5.2: the narrative of its section",
    official=None,
)
MEDIA = BOOK.rule(
    "X-3c",
    "L'objet « {value} » que le texte montre n'existe pas dans le document.",
    "The object “{value}” that the text shows does not exist in the document.",
    source="HL7 CDA R2 4.3.5: renderMultiMedia/@referencedObject, footnoteRef/@IDREF; XML Schema part 2, IDREF",
    official=None,
)
ENTRY_TWICE = BOOK.rule(
    "X-4",
    "L'identifiant « {value} » est celui de plusieurs sections ou entrées.",
    "The identifier “{value}” is that of several sections or entries.",
    source="HL7 v3 II: an identifier identifies one instance; CI-SIS Modèles de contenus CDA, id of an entry",
    spec=WARNING,
    official=None,
)

ENTRY_REPEATED = BOOK.rule(
    "X-4b",
    "L'identifiant « {value} » est celui de deux entrées de la même section : l'une répète l'autre.",
    "The identifier “{value}” is that of two entries of one section: one repeats the other.",
    source="HL7 v3 II: an identifier identifies one instance; CI-SIS Modèles de contenus CDA, id of an entry",
    official=None,
)
_ID, _SECTION = path("id"), path("section")
_WITH_IDENTIFIER = (
    "Section",
    "Act",
    "Encounter",
    "Observation",
    "ObservationMedia",
    "Organizer",
    "Procedure",
    "RegionOfInterest",
    "SubstanceAdministration",
    "Supply",
)


@BOOK.at("ClinicalDocument/component/structuredBody/component/section")
def section(element: etree._Element, context: Context) -> None:
    """A section of the body begins: what is met from here on is of it. Its own ID has been met already."""
    own = "ID" in context.stated
    context.begun.append((len(context.collected["ID"]) - own, len(context.collected["reference"])))


@BOOK.kind("TEL")
def reference(element: etree._Element, context: Context) -> None:
    if context.stated.get("value", "").startswith("#"):
        context.collected["reference"].append(element)


@BOOK.kind("RenderMultiMedia", "FootnoteRef")
def shown(element: etree._Element, context: Context) -> None:
    context.collected["media"].append(element)


@BOOK.kind(*_WITH_IDENTIFIER)
def entry(element: etree._Element, context: Context) -> None:
    for one in tagged(element, _ID):
        if one.get("root") is not None:
            context.collected["identifier"].append(one)


@BOOK.end
def compare(root: etree._Element, context: Context) -> None:
    known: dict[str, int] = {}
    for met, one in enumerate(context.collected["ID"]):
        name = one.get("ID", "").strip()
        if name in known:
            context.say(TWICE, one, at="@ID")
        known[name] = met
    tied = context.model is Model.CR_IMG and not context.official
    of_ids, of_references = ([begun[side] for begun in context.begun] for side in (0, 1))
    for met, one in enumerate(context.collected["reference"]):
        target = known.get(one.get("value", "")[1:])
        if target is None:
            context.say(DANGLING, one, at="@value")
        elif tied and bisect_right(of_ids, target) != bisect_right(of_references, met):
            context.say(ELSEWHERE, one, at="@value")
    for one in context.collected["media"]:
        attribute = "IDREF" if one.get("IDREF") is not None else "referencedObject"
        for name in one.get(attribute, "").split() or [""]:
            if name not in known:
                context.say(MEDIA, one, at=f"@{attribute}", value=name)
    identifiers: dict[tuple[str, str], etree._Element] = {}
    for one in context.collected["identifier"]:
        key = (one.get("root", "").upper(), one.get("extension", ""))
        first = identifiers.setdefault(key, one)
        if first is not one and key[0]:
            repeated = context.model is Model.CR_IMG and _section_of(first) is _section_of(one)
            context.say(ENTRY_REPEATED if repeated else ENTRY_TWICE, one, value=" ".join(filter(None, key)))


def _section_of(identifier: etree._Element) -> etree._Element | None:
    """The section in which the owner of *identifier* stands; a section stands in the one around it."""
    owner = identifier.getparent()
    return None if owner is None else next(owner.iterancestors(_SECTION), None)
