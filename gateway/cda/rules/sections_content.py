"""Which entries stand in which section, and how many of each (001 section 3.3.1)."""

from __future__ import annotations

from lxml import etree

from gateway import valuesets
from gateway.cda.elements import CDA, attribute, name_of
from gateway.cda.rules.engine import WARNING, Context, Rule
from gateway.cda.rules.entries_common import LOINC, SNOMED_CT, Coding, is_coded
from gateway.cda.rules.looking import declarations, declares, find, inside, kids
from gateway.cda.rules.sections_book import BOOK
from gateway.cda.rules.sections_table import ACT, BY_TEMPLATE, DEVICES, DOCUMENTS, EDUCATION, EXPOSURE, HISTORY

MEDICAL_HISTORY = Coding(code="11348-0", system=LOINC, display="Antécédents médicaux")
SURGICAL_HISTORY = Coding(code="47519-4", system=LOINC, display="Antécédents chirurgicaux")
CONTRAINDICATION = Coding(code="64100-1", system=LOINC, display="Contre-indication")
PREGNANCY = Coding(code="364320009", system=SNOMED_CT, display="statut de grossesse")

_ENTRY = "1.2.250.1.213.1.1.3."
TECHNIQUE = ("1.2.840.10008.9.14", f"{_ENTRY}153")
PRODUCT = ("1.2.840.10008.9.13", f"{_ENTRY}151")
RADIOPHARMACEUTICAL = (f"{_ENTRY}173",)
OBSERVATION = ("2.16.840.1.113883.10.20.6.2.13", f"{_ENTRY}150")
AUTHORISATION = (f"{_ENTRY}165",)
QUANTITY = ("2.16.840.1.113883.10.20.6.2.14", f"{_ENTRY}154")
STUDY = ("1.2.840.10008.9.16", f"{_ENTRY}155")
DEVICE = ("2.16.840.1.113883.10.20.1.34", f"{_ENTRY}20")
OLD_DEVICE = (f"{_ENTRY}2",)
ATTACHMENT = (f"{_ENTRY}18",)
SIMPLE = ("1.3.6.1.4.1.19376.1.5.3.1.4.13", f"{_ENTRY}48")

MEDICAL = BOOK.rule(
    "S-2bk",
    "Les antécédents médicaux manquent (observation 11348-0) ; s'il n'y en a pas, l'indiquer.",
    "The medical history is missing (observation 11348-0); say so when there is none.",
    source="001 3.3.1 : Antécédents médicaux [1..*] ; 000 3.3.2",
)
SURGICAL = BOOK.rule(
    "S-2bl",
    "Les antécédents chirurgicaux manquent (observation 47519-4) ; s'il n'y en a pas, l'indiquer.",
    "The surgical history is missing (observation 47519-4); say so when there is none.",
    source="001 3.3.1 : Antécédents chirurgicaux [1..*] ; 000 3.3.2",
)
RISK = BOOK.rule(
    "S-2bm",
    "Le validateur officiel exige au moins une contre-indication (observation 64100-1), que 001 dit facultative.",
    "The official validator demands a contra-indication (observation 64100-1), which 001 has as optional.",
    source="Validateur ANS, volet IMG-CR-IMG, section Historique médical (001 : [0..*])",
    spec=None,
)
ONE_TECHNIQUE = BOOK.rule(
    "S-3k",
    "Chaque acte a exactement une entrée FR-DICOM-Technique-imagerie ; trouvé : {value}.",
    "Each act has exactly one entry FR-DICOM-Technique-imagerie; found: {value}.",
    source="001 3.3.1 : Technique [1..1], Acte d'imagerie [1..1]",
)
ONE_AUTHORISATION = BOOK.rule(
    "S-3bk",
    "L'exposition dit une fois qui l'a autorisée (FR-DICOM-Exposition-patient) ; trouvé : {value}.",
    "The exposure says once who authorised it (FR-DICOM-Exposition-patient); found: {value}.",
    source="001 3.3.4.4 : « [1..1] Identité du PS ayant autorisé l'exposition »",
)
ONE_PREGNANCY = BOOK.rule(
    "S-3bl",
    "Le statut de grossesse est donné {expected} fois dans l'exposition ; trouvé : {value}.",
    "The pregnancy status stands {expected} times in the exposure; found: {value}.",
    source="001 3.3.4.4 : « [0..1] Statut de grossesse » ; le validateur ANS l'exige toujours, pour un homme aussi",
)
ONE_RADIOPHARMACEUTICAL = BOOK.rule(
    "S-3bm",
    "L'administration d'un radiopharmaceutique est donnée au plus une fois dans l'exposition ; trouvé : {value}.",
    "The administration of a radiopharmaceutical stands at most once in the exposure; found: {value}.",
    source="001 3.3.4.4 : « [0..1] Administration de produit radiopharmaceutique »",
    official=None,
)
SOME_DEVICE = BOOK.rule(
    "S-4k",
    "La section des dispositifs médicaux contient au moins une entrée FR-Dispositif-medical.",
    "The section of devices has at least one entry FR-Dispositif-medical.",
    source="001 3.3.1 : Dispositif médical [1..*]",
)
SOME_DOCUMENT = BOOK.rule(
    "S-9k",
    "La section des documents ajoutés contient au moins une entrée FR-Document-attache.",
    "The section of added documents has at least one entry FR-Document-attache.",
    source="001 3.3.1 : Document [1..*]",
)
ONE_INFORMATION = BOOK.rule(
    "S-10k",
    "Les informations transmises au patient sont données au plus une fois (FR-Simple-observation) ; trouvé : {value}.",
    "What the patient was told stands at most once (FR-Simple-observation); found: {value}.",
    source="001 3.3.1 : Informations transmises au patient [0..1]",
    official=None,
)
OUT_OF_PLACE = BOOK.rule(
    "N-21",
    "Cette entrée ({value}) n'a pas sa place dans cette section, mais dans : {expected}.",
    "This entry ({value}) does not belong to this section, but to: {expected}.",
    source="001 3.3.1 (tableau des sections et de leurs entrées)",
    official=None,
)
UNKNOWN_ENTRY = BOOK.rule(
    "N-22",
    "Cette entrée ne déclare aucun modèle prévu par IMG-CR-IMG : elle n'est pas jugée.",
    "This entry declares no template foreseen by IMG-CR-IMG: it is not judged.",
    source="001 3.3.1 (tableau des sections et de leurs entrées)",
    spec=WARNING,
    official=None,
)
WITHOUT_TEMPLATE = BOOK.rule(
    "N-22b",
    "Cette entrée dit un produit administré ou une dose sans déclarer le modèle {expected}.",
    "This entry tells a product administered or a dose without declaring the template {expected}.",
    source="001 3.3.1, 3.3.4.2, 3.3.4.4.3, 3.3.4.4.4 (modèles des entrées)",
    official=None,
)

_PLACES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (TECHNIQUE, (ACT,)),
    (PRODUCT, (ACT, EXPOSURE)),
    (RADIOPHARMACEUTICAL, (EXPOSURE,)),
    (OBSERVATION, (HISTORY, EXPOSURE)),
    (AUTHORISATION, (EXPOSURE,)),
    (QUANTITY, (EXPOSURE,)),
    (STUDY, ("1.2.250.1.213.1.1.2.217",)),
    (DEVICE, (DEVICES,)),
    (ATTACHMENT, (DOCUMENTS,)),
    (SIMPLE, (EDUCATION,)),
)
_SECTION_OF = {template: places for templates, places in _PLACES for template in templates}


def _entries(section: etree._Element) -> list[etree._Element]:
    """What stands directly in its ``entry`` elements."""
    return [one for entry in kids(section, "entry") for one in inside(entry) if str(one.tag).startswith(_CDA)]


_CDA = f"{{{CDA}}}"


def _count(entries: list[etree._Element], templates: tuple[str, ...], code: Coding | None = None) -> int:
    found = [one for one in entries if declares(one, *templates)]
    return len(found) if code is None else sum(is_coded(find(one, "code"), code) for one in found)


def _exactly(section: etree._Element, context: Context, rule: Rule, count: int, least: int, most: int | None) -> None:
    if count < least or (most is not None and count > most):
        context.say(rule, section, at="entry", value=str(count), expected=f"[{least}..{'*' if most is None else most}]")


@BOOK.template(HISTORY, "2.16.840.1.113883.10.20.22.2.39")
def history(section: etree._Element, context: Context) -> None:
    """Both histories are there."""
    if not context.official:
        entries = _entries(section)
        _exactly(section, context, MEDICAL, _count(entries, OBSERVATION, MEDICAL_HISTORY), 1, None)
        _exactly(section, context, SURGICAL, _count(entries, OBSERVATION, SURGICAL_HISTORY), 1, None)


@BOOK.template(ACT, "1.2.840.10008.9.3")
def act(section: etree._Element, context: Context) -> None:
    """One technique an act."""
    if not context.official:
        entries = _entries(section)
        _exactly(section, context, ONE_TECHNIQUE, _count(entries, TECHNIQUE), 1, 1)


@BOOK.template(EXPOSURE, "1.2.840.10008.9.8")
def exposure(section: etree._Element, context: Context) -> None:
    """One authorisation; a pregnancy status and a radiopharmaceutical at most once."""
    if not context.official:
        entries = _entries(section)
        _exactly(section, context, ONE_AUTHORISATION, _count(entries, AUTHORISATION), 1, 1)
        _exactly(section, context, ONE_PREGNANCY, _count(entries, OBSERVATION), 0, 1)
        count = _count(entries, RADIOPHARMACEUTICAL) + _count(entries, PRODUCT)
        _exactly(section, context, ONE_RADIOPHARMACEUTICAL, count, 0, 1)


@BOOK.template(DEVICES, "1.3.6.1.4.1.19376.1.5.3.1.1.5.3.5")
def devices(section: etree._Element, context: Context) -> None:
    """At least one device."""
    if not context.official:
        entries = _entries(section)
        _exactly(section, context, SOME_DEVICE, _count(entries, (*DEVICE, *OLD_DEVICE)), 1, None)


@BOOK.template(DOCUMENTS)
def documents(section: etree._Element, context: Context) -> None:
    """At least one document."""
    if not context.official:
        entries = _entries(section)
        _exactly(section, context, SOME_DOCUMENT, _count(entries, ATTACHMENT), 1, None)


@BOOK.template(EDUCATION, "1.3.6.1.4.1.19376.1.5.3.1.1.9.39")
def education(section: etree._Element, context: Context) -> None:
    """What was told stands at most once."""
    if not context.official:
        entries = _entries(section)
        _exactly(section, context, ONE_INFORMATION, _count(entries, SIMPLE), 0, 1)


@BOOK.element("section")
def placed(section: etree._Element, context: Context) -> None:
    """Every entry stands in a section that may hold it, and is of a kind that is known."""
    known = [root for root in declarations(section) if root in BY_TEMPLATE]
    if context.official or not known:
        return
    french = {BY_TEMPLATE[template].french for template in known}
    for one in _entries(section):
        foreseen = [_SECTION_OF[root] for root in declarations(one) if root in _SECTION_OF]
        if not foreseen:
            lost = _lost(one, french)
            if lost:
                context.say(WITHOUT_TEMPLATE, one, at="templateId", expected=lost)
            elif not declares(one, *OLD_DEVICE):
                context.say(UNKNOWN_ENTRY, one)
        elif not any(french.intersection(places) for places in foreseen):
            expected = ", ".join(BY_TEMPLATE[place].name for place in foreseen[0])
            context.say(OUT_OF_PLACE, one, value=" + ".join(declarations(one)), expected=expected)


def _lost(entry: etree._Element, french: set[str]) -> str:
    """The template that an entry without any of ours should declare, by what it says; empty when nobody can tell."""
    name = name_of(entry)
    if name == "substanceAdministration" and EXPOSURE in french:
        return RADIOPHARMACEUTICAL[-1]
    if name == "substanceAdministration" and ACT in french:
        return " + ".join(PRODUCT)
    code = find(entry, "code")
    measured = valuesets.load(valuesets.EXPOSURE_QUANTITY).has(attribute(code, "code"), attribute(code, "codeSystem"))
    return " + ".join(QUANTITY) if name == "observation" and EXPOSURE in french and measured else ""
