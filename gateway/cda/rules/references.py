"""References within the document: unique IDs, references with their targets, unique identifiers of entries.

The official example has three references without a target and three entry ids used three times: those only warn, and
the validator does not look at them. An ID given twice breaks the XML schema.
"""

from __future__ import annotations

from lxml import etree

from gateway.cda.elements import path
from gateway.cda.rules.engine import WARNING, Book, Context
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

_ID = path("id")
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
    known: set[str] = set()
    for one in context.collected["ID"]:
        name = one.get("ID", "").strip()
        if name in known:
            context.say(TWICE, one, at="@ID")
        known.add(name)
    for one in context.collected["reference"]:
        if one.get("value", "")[1:] not in known:
            context.say(DANGLING, one, at="@value")
    for one in context.collected["media"]:
        attribute = "IDREF" if one.get("IDREF") is not None else "referencedObject"
        for name in one.get(attribute, "").split() or [""]:
            if name not in known:
                context.say(MEDIA, one, at=f"@{attribute}", value=name)
    identifiers: set[tuple[str, str]] = set()
    for one in context.collected["identifier"]:
        key = (one.get("root", "").upper(), one.get("extension", ""))
        if key in identifiers and key[0]:
            context.say(ENTRY_TWICE, one, value=" ".join(filter(None, key)))
        identifiers.add(key)
