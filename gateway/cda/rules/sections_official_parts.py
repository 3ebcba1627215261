"""What the ANS validator asks of one section alone: counts and presences, mostly anywhere below it."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from gateway.cda.elements import CDA, attribute
from gateway.cda.rules.engine import WARNING, Context
from gateway.cda.rules.looking import declares, find, kids
from gateway.cda.rules.sections_book import BOOK, RULES
from gateway.cda.rules.sections_content import (
    CONTRAINDICATION,
    MEDICAL,
    MEDICAL_HISTORY,
    ONE_AUTHORISATION,
    ONE_PREGNANCY,
    ONE_TECHNIQUE,
    RISK,
    SOME_DEVICE,
    SOME_DOCUMENT,
    SURGICAL,
    SURGICAL_HISTORY,
)
from gateway.cda.rules.sections_table import CATALOGUE, COMPLICATIONS, EXPOSURE

_ENTRY = "1.2.250.1.213.1.1.3."
Extra = Callable[[etree._Element, Context], None]

ADDENDUM_AUTHOR = BOOK.rule(
    "S-1k",
    "Le nom de l'auteur de l'addendum manque (author/assignedAuthor/assignedPerson/name).",
    "The name of the addendum's author is missing (author/assignedAuthor/assignedPerson/name).",
    source="Validateur ANS, section Addendum ; DICOM PS3.20 section 9.6 ; absent de 001",
    spec=WARNING,
)
CODED_RESULTS = BOOK.rule(
    "S-6k",
    "Une section de résultats codés (modèle IHE …3.28) n'est pas prévue par IMG-CR-IMG.",
    "A section of coded results (IHE template …3.28) is not foreseen by IMG-CR-IMG.",
    source="Validateur ANS, section Coded Results",
    spec=None,
)
COMMENT_COUNT = BOOK.rule(
    "S-11g",
    "La section FR-Commentaire-non-code est présente au plus une fois ; trouvée {value} fois.",
    "The section FR-Commentaire-non-code stands at most once; found {value} times.",
    source="Validateur ANS, volet IMG-CR-IMG (corps)",
    spec=None,
)
DEVICE_KINDS = BOOK.rule(
    "S-4l",
    "Les entrées des dispositifs médicaux sont toutes de l'un des deux genres admis, sans mélange ; trouvé : {value}.",
    "The entries of devices are all of one of the two kinds accepted, not mixed; found: {value}.",
    source="Validateur ANS, section FR-Dispositifs-medicaux",
    spec=None,
)
TOLD = BOOK.rule(
    "S-10l",
    "Le validateur officiel exige l'entrée des informations au patient, avec le code 99622-3 et un texte.",
    "The official validator demands the entry of what the patient was told, with the code 99622-3 and a text.",
    source="Validateur ANS, volet IMG-CR-IMG, section Education du patient (001 : [0..1])",
    spec=None,
)
EXPOSURE_ENTRIES = BOOK.rule(
    "S-3bn",
    "Les entrées de l'exposition sont incomplètes pour le validateur officiel : {value}.",
    "The entries of the exposure are incomplete to the official validator: {value}.",
    source="Validateur ANS, volet IMG-CR-IMG, section Exposition aux radiations",
    spec=None,
)
CATALOGUE_ENTRIES = BOOK.rule(
    "S-3ck",
    "Les examens du catalogue sont incomplets pour le validateur officiel (code, id, effectiveTime).",
    "The studies of the catalogue are incomplete to the official validator (code, id, effectiveTime).",
    source="Validateur ANS, volet IMG-CR-IMG, section Catalogue d'objets",
    spec=None,
)


def _below(element: etree._Element, name: str, template: str) -> list[etree._Element]:
    """The elements of *name* at any depth below that declare *template*."""
    return [one for one in element.iter(f"{{{CDA}}}{name}") if one is not element and declares(one, template)]


def author(element: etree._Element, context: Context) -> None:
    if find(element, "author/assignedAuthor/assignedPerson/name") is None:
        context.say(ADDENDUM_AUTHOR, element, at="author")


def _sub_sections(element: etree._Element, context: Context) -> None:
    for key, template in (("S-2a", "1.2.840.10008.9.7"), ("S-2b", "2.16.840.1.113883.10.20.22.2.39")):
        count = sum(declares(one, template) for one in kids(element, "component/section"))
        if count != 1:
            context.say(RULES[key].count, element, at="component", value=str(count))


def _histories(element: etree._Element, context: Context) -> None:
    codes = {attribute(find(one, "code"), "code") for one in _below(element, "observation", f"{_ENTRY}150")}
    for fixed, rule in ((MEDICAL_HISTORY, MEDICAL), (SURGICAL_HISTORY, SURGICAL), (CONTRAINDICATION, RISK)):
        if fixed.code not in codes:
            context.say(rule, element, at="entry", value="0")


def _technique(element: etree._Element, context: Context) -> None:
    if not _below(element, "procedure", "1.2.840.10008.9.14"):
        context.say(ONE_TECHNIQUE, element, at="entry", value="0")


def _catalogue(element: etree._Element, context: Context) -> None:
    if not _below(element, "section", "2.16.840.1.113883.10.20.6.1.1"):
        context.say(RULES["S-3c"].count, element, at="component", value="0")


def _act(element: etree._Element, context: Context) -> None:
    if not _below(element, "procedure", f"{_ENTRY}153"):
        context.say(ONE_TECHNIQUE, element, at="entry", value="0")
    for key, template, least in (("S-3a", COMPLICATIONS, 0), ("S-3b", EXPOSURE, 0), ("S-3c", CATALOGUE, 1)):
        count = len(_below(element, "section", template))
        if not least <= count <= 1:
            context.say(RULES[key].count, element, at="component", value=str(count))


def _exposure_counts(element: etree._Element, context: Context) -> None:
    for rule, name, template in (
        (ONE_AUTHORISATION, "procedure", f"{_ENTRY}165"),
        (ONE_PREGNANCY, "observation", f"{_ENTRY}150"),
    ):
        count = len(_below(element, name, template))
        if count != 1:
            context.say(rule, element, at="entry", value=str(count), expected="[1..1]")


def _exposure(element: etree._Element, context: Context) -> None:
    """One authorisation, whose parts are there somewhere; the code and a value of the others, somewhere."""
    authorisations = _below(element, "procedure", f"{_ENTRY}165")
    if len(authorisations) != 1:
        context.say(ONE_AUTHORISATION, element, at="entry", value=str(len(authorisations)), expected="[1..1]")
    for steps, code in (("code", "121290"), ("participant/participantRole/code", "113850")):
        if authorisations and not any(
            attribute(one, "code") == code and attribute(one, "codeSystem") == "1.2.840.10008.2.16.4"
            for authorisation in authorisations
            for one in kids(authorisation, steps)
        ):
            context.say(EXPOSURE_ENTRIES, element, at=steps, value=f"{steps} ≠ {code}")
    name = "participant/participantRole/playingEntity/name"
    if authorisations and all(find(one, name) is None for one in authorisations):
        context.say(EXPOSURE_ENTRIES, element, at=name, value=name)
    statuses = _below(element, "observation", f"{_ENTRY}150")
    if statuses and not (
        any(attribute(find(one, "code"), "code") == "364320009" for one in statuses)
        and any(find(one, "value") is not None for one in statuses)
    ):
        context.say(EXPOSURE_ENTRIES, element, at="entry/observation", value="observation/code ≠ 364320009")
    quantities = _below(element, "observation", f"{_ENTRY}154")
    lacking = [n for n in ("code", "value", "targetSiteCode") if all(find(q, n) is None for q in quantities)]
    if quantities and lacking:
        context.say(EXPOSURE_ENTRIES, element, at="entry", value=", ".join(lacking))


def _studies(element: etree._Element, context: Context) -> None:
    studies = _below(element, "act", f"{_ENTRY}155")
    codes = [find(one, "code") for one in studies]
    right = (
        any(attribute(one, "code") == "113014" for one in codes)
        and any(attribute(one, "codeSystem") == "1.2.840.10008.2.16.4" for one in codes)
        and any(find(one, "id") is not None for one in studies)
        and any(find(one, "effectiveTime") is not None for one in studies)
    )
    if studies and not right:
        context.say(CATALOGUE_ENTRIES, element, at="entry")


def _devices(element: etree._Element, context: Context) -> None:
    organizers = kids(element, "entry/organizer")
    supplies = kids(element, "entry/supply")
    if kids(element, "entry") and not (
        any(declares(one, f"{_ENTRY}2") for one in organizers) or any(declares(one, f"{_ENTRY}20") for one in supplies)
    ):
        context.say(SOME_DEVICE, element, at="entry")
    known = {f"{_ENTRY}20", "2.16.840.1.113883.10.20.1.34", "2.16.840.1.113883.10.22.4.26"}
    for one in organizers:
        roots = {attribute(template, "root") for template in kids(one, "templateId")}
        if roots and (supplies or roots != {f"{_ENTRY}2"}):
            context.say(DEVICE_KINDS, one, value=" + ".join(sorted(roots)))
    for one in supplies:
        roots = {attribute(template, "root") for template in kids(one, "templateId")}
        if roots and (not roots <= known or f"{_ENTRY}20" not in roots):
            context.say(DEVICE_KINDS, one, value=" + ".join(sorted(roots)))


def _attachment(element: etree._Element, context: Context) -> None:
    context.collected["documents"].append(element)


@BOOK.template(f"{_ENTRY}18")
def attachment(element: etree._Element, context: Context) -> None:
    """Lay the first attached document aside."""
    if not context.collected["attachment"]:
        context.collected["attachment"].append(element)


@BOOK.end
def attachments(root: etree._Element, context: Context) -> None:
    """A section of documents wants an attached document anywhere in the report: so the official rule has it."""
    if not context.collected["attachment"]:
        for section in context.collected["documents"]:
            context.say(SOME_DOCUMENT, section, at="entry")


def _told(element: etree._Element, context: Context) -> None:
    simple = [one for one in kids(element, "entry/observation") if declares(one, "1.3.6.1.4.1.19376.1.5.3.1.4.13")]
    codes = [find(one, "code") for one in simple]
    if not (
        any(attribute(one, "code") == "99622-3" for one in codes)
        and any(attribute(one, "codeSystem") == "2.16.840.1.113883.6.1" for one in codes)
        and any(find(one, "text") is not None for one in simple)
    ):
        context.say(TOLD, element, at="entry")


EXTRA: dict[str, Extra] = {
    "author": author,
    "sub-sections": _sub_sections,
    "histories": _histories,
    "technique": _technique,
    "catalogue": _catalogue,
    "act": _act,
    "exposure-counts": _exposure_counts,
    "exposure": _exposure,
    "studies": _studies,
    "devices": _devices,
    "attachment": _attachment,
    "told": _told,
}
