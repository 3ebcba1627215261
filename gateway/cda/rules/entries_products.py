"""What was given: products and radiopharmaceuticals (001 3.3.4.2 and 3.3.4.4.4; N-7, N-8)."""

from __future__ import annotations

import re
from itertools import islice

from lxml import etree

from gateway import valuesets
from gateway.cda.elements import attribute, name_of, text_of
from gateway.cda.rules.engine import WARNING, Context
from gateway.cda.rules.entries_common import (
    BOOK,
    SNOMED_CT,
    XSI_TYPE,
    Coding,
    Entry,
    frame,
    framed,
    in_set,
    names_no_product,
    shown,
)
from gateway.cda.rules.looking import declares, find, kids
from gateway.cda.rules.sections_content import PRODUCT, RADIOPHARMACEUTICAL
from gateway.cda.rules.sections_table import ACT

ATC = "2.16.840.1.113883.6.73"
CIP = "1.2.250.1.213.2.3.2"
MEDICINES = "1.2.250.1.213.2.3.1"
"""The code system that the official validator wants of a product whose code is not in a translation."""
_ADMINISTERED = Coding(code="440252007", system=SNOMED_CT, display="administration de produits radiopharmaceutiques")
PRODUCT_ENTRY = Entry(
    key="N-7",
    name="FR-DICOM-Administration-produit-de-sante",
    element="substanceAdministration",
    class_code="SBADM",
    templates=PRODUCT,
    ids=(1, 1),
    source="001 3.3.4.2 ; CI-SIS Modèles de contenus CDA, entrée FR-DICOM-Administration-produit-de-sante",
)
TRACER_ENTRY = Entry(
    key="N-8",
    name="FR-DICOM-Administration-radiopharmaceutique",
    element="substanceAdministration",
    class_code="SBADM",
    templates=RADIOPHARMACEUTICAL,
    code=_ADMINISTERED,
    source="001 3.3.4.4.4 ; CI-SIS Modèles de contenus CDA, entrée FR-DICOM-Administration-radiopharmaceutique",
)
PRODUCT_FRAME, TRACER_FRAME = frame(PRODUCT_ENTRY), frame(TRACER_ENTRY)
_SOURCE = "001 3.3.4.2"
STATUS = BOOK.rule(
    "N-7e",
    "L'état de l'administration (statusCode) est fixé à « completed » ; trouvé : « {value} ».",
    "The status of the administration (statusCode) is fixed to “completed”; found: “{value}”.",
    source="CI-SIS Modèles de contenus CDA, entrée FR-DICOM-Administration-produit-de-sante (statusCode)",
)
ONCE = BOOK.rule(
    "N-7f",
    "L'administration a au plus un élément {expected} ; trouvé : {value}.",
    "The administration has at most one element {expected}; found: {value}.",
    source=f"{_SOURCE} : « routeCode [0..1] », « doseQuantity [0..1] »",
)
ROUTE = BOOK.rule(
    "N-7g",
    "La voie d'administration {value} n'est pas dans le jeu de valeurs {expected}.",
    "The route {value} is not in the value set {expected}.",
    source=f"{_SOURCE} : « routeCode issu du JDV_RouteOfAdministration_CISIS (1.2.250.1.213.1.1.5.677) »",
    official=None,
)
MATERIAL = BOOK.rule(
    "N-7h",
    "L'administration doit dire un produit et son code (consumable/manufacturedProduct/manufacturedMaterial/code).",
    "The administration must tell one product and its code (consumable/manufacturedProduct/manufacturedMaterial/code).",
    source=f"{_SOURCE} : « consumable/manufacturedProduct/manufacturedMaterial/code [1..1] Produit administré »",
)
UNCODED = BOOK.rule(
    "N-7i",
    "Le produit n'a pas de code (CIP ou UCD, et ATC), ni en propre ni en traduction.",
    "The product has no code (CIP or UCD, and ATC), neither its own nor a translation.",
    source=f"{_SOURCE} : « code CIP ou UCD + code ATC »",
    official=None,
)
WITHOUT_ATC = BOOK.rule(
    "N-7j",
    "Le produit n'a pas de code ATC.",
    "The product has no ATC code.",
    source=f"{_SOURCE} : « code CIP ou UCD + code ATC » ; 000 3.3.2 : terminologie ATC",
    spec=WARNING,
    official=None,
)
CODE_FORM = BOOK.rule(
    "N-7k",
    "Le code du produit n'a pas la forme de son système : {value}.",
    "The code of the product does not have the form of its system: {value}.",
    source=f"{_SOURCE} ; formes ATC (lettre, chiffres, lettres) et CIP (7 ou 13 chiffres)",
    official=None,
)
OTHER_SYSTEM = BOOK.rule(
    "N-7s",
    "Le code du produit est d'une terminologie qui ne nomme aucun produit : {value}.",
    "The code of the product is of a terminology that names no product: {value}.",
    source=f"{_SOURCE} : « code CIP ou UCD + code ATC »",
    official=None,
)
LOT = BOOK.rule(
    "N-7l",
    "Le numéro de lot du produit manque (manufacturedMaterial/lotNumberText).",
    "The lot number of the product is missing (manufacturedMaterial/lotNumberText).",
    source="001 3.3.1 : Numéro de lot [1..1] ; 000 3.3.2 : « Chaque produit administré doit être associé à son numéro "
    "de lot pour assurer sa traçabilité »",
    official=None,
)
DOSE = BOOK.rule(
    "N-7m",
    "La dose n'est pas une quantité avec une valeur positive : {value}.",
    "The dose is not a quantity with a positive value: {value}.",
    source=f"{_SOURCE} : « doseQuantity Dose administrée » ; HL7 v3, type PQ",
    official=None,
)
UNIT = BOOK.rule(
    "N-7n",
    "La dose n'a pas d'unité.",
    "The dose has no unit.",
    source=f"{_SOURCE} : « doseQuantity Dose administrée » ; HL7 v3, type PQ",
    spec=WARNING,
    official=None,
)
NAME = BOOK.rule(
    "N-7o",
    "Le validateur officiel exige un nom du produit (manufacturedMaterial/name, ou nullFlavor NA).",
    "The official validator demands a name of the product (manufacturedMaterial/name, or nullFlavor NA).",
    source="Validateur ANS, produits de santé (toute substanceAdministration)",
    spec=None,
)
OWN_SYSTEM = BOOK.rule(
    "N-7p",
    "Pour le validateur officiel, le code propre du produit ne peut être que du système {expected} ; trouvé : {value}.",
    "To the official validator the product's own code can only be of the system {expected}; found: {value}.",
    source="Validateur ANS, produits de santé (toute substanceAdministration)",
    spec=None,
)
CONSUMABLE = BOOK.rule(
    "N-8e",
    'Pour le validateur officiel, un seul consumable, avec typeCode="CSM" écrit, doit contenir le produit et son code.',
    'To the official validator one consumable, with typeCode="CSM" written out, must hold the product and its code.',
    source="Validateur ANS, entrée FR-DICOM-Administration-radiopharmaceutique",
    spec=None,
)
TRACER_ATC = BOOK.rule(
    "N-8f",
    "Le code ATC {value} n'est pas celui d'un produit radiopharmaceutique (V09 ou V10).",
    "The ATC code {value} is not that of a radiopharmaceutical (V09 or V10).",
    source='000 3.3.2 : produit radiopharmaceutique, « ATC niveau 2 "V09" ou "V10" »',
    official=None,
)
TRACER_UNIT = BOOK.rule(
    "N-8h",
    "L'activité administrée n'est pas dans une unité de radioactivité (MBq) : « {value} ».",
    "The activity given is not in a unit of radioactivity (MBq): “{value}”.",
    source="000 3.3.2 : « Activité administrée » ; UCUM (Bq, Ci)",
    official=None,
)
TRACER_SET = BOOK.rule(
    "N-8g",
    "Le radiopharmaceutique {value} n'est pas dans le dernier état publié du jeu de valeurs {expected}.",
    "The radiopharmaceutical {value} is not in the last published state of the value set {expected}.",
    source="Exemple officiel : JDV_Radiopharmaceutique_CISIS (1.2.250.1.213.1.1.5.690), retiré depuis le 23/05/2024",
    spec=WARNING,
    official=None,
)
TRACER_ELSEWHERE = BOOK.rule(
    "N-7q",
    "Le code ATC {value} est celui d'un radiopharmaceutique : son administration se dit avec l'exposition.",
    "The ATC code {value} is that of a radiopharmaceutical: its administration is told with the exposure.",
    source=f"{_SOURCE} : « administration de produits (hors radiopharmaceutiques) » ; 001 3.3.4.4.4",
    official=None,
)
APPROACH = BOOK.rule(
    "N-7r",
    "Pour le validateur officiel, le lieu d'une administration (approachSiteCode) est de ceux des vaccinations ;"
    " trouvé : {value}.",
    "To the official validator the site of an administration (approachSiteCode) is one of those of immunisations;"
    " found: {value}.",
    source="Validateur ANS, Modèles de contenus CDA : JDV_ImmunizationApproachSiteCode_CISIS (1.2.250.1.213.1.1.5.621)",
    spec=None,
)
_IMMUNISATION_SITES = frozenset(
    [
        "64262003",
        "66480008",
        "16217661000119109",
        "16217701000119102",
        "91774008",
        "91775009",
        "11207009",
        "61396006",
        "723979003",
        "723980000",
    ]
)
_TRACERS = ("V09", "V10")
_ATC_FORM = re.compile(r"[A-Z](\d{2}([A-Z]([A-Z](\d{2})?)?)?)?", re.ASCII)
_ACTIVITY = re.compile(r"[kMG]?Bq|[munµμ]?Ci")
_CIP_FORM = re.compile(r"\d{7}|\d{13}", re.ASCII)
_SUBSTANCE = re.compile(r"[A-Z]\d{2}[A-Z]{2}\d{2}", re.ASCII)
"""An ATC code of a substance (fifth level): no other terminology has codes like it."""
_FRENCH_MEDICINE = re.compile(r"3400\d{9}", re.ASCII)
"""A CIP or UCD code of thirteen digits."""
_FRENCH_TERMINOLOGIES = ("1.2.250.1.213.", "1.2.250.1.215.")
_POSITIVE = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


@BOOK.template(*PRODUCT)
def product(element: etree._Element, context: Context) -> None:
    """A product that was given."""
    if context.official and declares(element, PRODUCT[1]):
        _official_counts(element, context)
    if not framed(element, context, PRODUCT_ENTRY, PRODUCT_FRAME):
        return
    status = attribute(find(element, "statusCode"), "code")
    if status != "completed":
        context.say(STATUS, element, at="statusCode/@code", value=status)
    _once(element, context, ("routeCode", "doseQuantity", "rateQuantity"))
    if context.official:
        products = kids(element, "consumable/manufacturedProduct/manufacturedMaterial")
        if len(kids(element, "consumable")) != 1 or not products:
            context.say(MATERIAL, element, at="consumable")
        return
    tracer = declares(element, *RADIOPHARMACEUTICAL)
    _given(element, context, tracer=tracer)
    entry = element.getparent()
    section = None if entry is None else entry.getparent()
    if not tracer and section is not None and declares(section, ACT):
        for code in kids(element, "consumable/manufacturedProduct/manufacturedMaterial/code"):
            for one in (code, *kids(code, "translation")):
                if attribute(one, "codeSystem") == ATC and attribute(one, "code").startswith(_TRACERS):
                    context.say(TRACER_ELSEWHERE, one, at="@code")


@BOOK.template(*RADIOPHARMACEUTICAL)
def radiopharmaceutical(element: etree._Element, context: Context) -> None:
    """A radiopharmaceutical that was given."""
    framed(element, context, TRACER_ENTRY, TRACER_FRAME)
    _once(element, context, ("routeCode", "doseQuantity", "rateQuantity"))
    if not context.official:
        _given(element, context, tracer=True)
        return
    consumables = [one for one in kids(element, "consumable") if attribute(one, "typeCode") == "CSM"]
    codes = [code for one in consumables for code in kids(one, "manufacturedProduct/manufacturedMaterial/code")]
    if len(consumables) != 1 or not codes:
        context.say(CONSUMABLE, element, at="consumable")


@BOOK.element("manufacturedMaterial")
def material(element: etree._Element, context: Context) -> None:
    """What the official validator asks of the product of any administration."""
    above = list(islice(element.iterancestors(), 3))
    names = [name_of(one) for one in above]
    if not context.official or names != ["manufacturedProduct", "consumable", "substanceAdministration"]:
        return
    systems = [one.get("codeSystem") for one in kids(element, "code") if one.get("codeSystem") is not None]
    if systems and MEDICINES not in systems:
        context.say(OWN_SYSTEM, element, at="code/@codeSystem", value=systems[0], expected=MEDICINES)
    named = kids(element, "name")
    if len(named) != 1 and not any(attribute(one, "nullFlavor") == "NA" for one in named):
        context.say(NAME, element, at="name")


@BOOK.element("approachSiteCode")
def approach(element: etree._Element, context: Context) -> None:
    """Where the official validator takes any administration for an immunisation."""
    parent = element.getparent()
    if not context.official or parent is None or name_of(parent) != "substanceAdministration":
        return
    kind = element.get(XSI_TYPE)
    if element.get("nullFlavor") is not None or kind not in (None, "CD", "CE"):
        return
    if attribute(element, "code") not in _IMMUNISATION_SITES or attribute(element, "codeSystem") != SNOMED_CT:
        context.say(APPROACH, element, value=shown(element))


def _once(element: etree._Element, context: Context, names: tuple[str, ...]) -> None:
    for name in names:
        count = len(kids(element, name))
        if count > 1:
            context.say(ONCE, element, at=name, value=str(count), expected=name)


def _official_counts(element: etree._Element, context: Context) -> None:
    _once(element, context, ("routeCode", "doseQuantity"))
    if len(kids(element, "consumable/manufacturedProduct/manufacturedMaterial/code")) != 1:
        context.say(MATERIAL, element, at="consumable")


def _given(element: etree._Element, context: Context, *, tracer: bool) -> None:
    """Route, dose, product and lot, as the specification has them."""
    for route in kids(element, "routeCode"):
        if not in_set(route, valuesets.ROUTE):
            context.say(ROUTE, route, value=shown(route), expected=valuesets.ROUTE)
    for dose in kids(element, "doseQuantity"):
        _dose(dose, context, tracer=tracer)
    materials = kids(element, "consumable/manufacturedProduct/manufacturedMaterial")
    if len(materials) != 1 or len(kids(materials[0], "code")) != 1:
        context.say(MATERIAL, element, at="consumable")
    for one in materials:
        if not text_of(find(one, "lotNumberText")):
            context.say(LOT, one, at="lotNumberText")
        for code in kids(one, "code"):
            _codes(code, context, tracer=tracer)


def _dose(dose: etree._Element, context: Context, *, tracer: bool) -> None:
    """A quantity: itself, or one of its ends, says a value."""
    if dose.get("nullFlavor") is not None:
        return
    context.collected["dose"].append(dose)
    said = [one for one in (dose, *kids(dose, "low"), *kids(dose, "high"), *kids(dose, "center")) if one.get("value")]
    if not said:
        context.say(DOSE, dose, at="@value", value="—")
    for one in said:
        value = attribute(one, "value")
        if not _POSITIVE.fullmatch(value) or (one is dose and float(value) == 0):
            context.say(DOSE, one, at="@value")
        unit = attribute(one, "unit")
        if not unit:
            context.say(UNIT, one, at="@unit")
        elif tracer and not _ACTIVITY.fullmatch(unit):
            context.say(TRACER_UNIT, one, at="@unit")


def _codes(code: etree._Element, context: Context, *, tracer: bool) -> None:
    codes = [one for one in (code, *kids(code, "translation")) if attribute(one, "code")]
    if not codes:
        context.say(UNCODED, code)
        return
    classes = [one for one in codes if attribute(one, "codeSystem") == ATC]
    if not classes:
        context.say(WITHOUT_ATC, code)
    for one in codes:
        if names_no_product(attribute(one, "codeSystem")):
            context.say(OTHER_SYSTEM, one, value=shown(one))
        elif not _of_its_system(attribute(one, "code"), attribute(one, "codeSystem")):
            context.say(CODE_FORM, one, value=shown(one))
        elif tracer and one in classes:
            _tracer(one, context)


def _of_its_system(code: str, system: str) -> bool:
    """Whether *code* can be one of *system*: an ATC or a CIP code is of its own system, and only there."""
    form = {ATC: _ATC_FORM, CIP: _CIP_FORM}.get(system)
    if form is not None:
        return form.fullmatch(code) is not None
    is_medicine = _FRENCH_MEDICINE.fullmatch(code) is not None and not system.startswith(_FRENCH_TERMINOLOGIES)
    return not is_medicine and _SUBSTANCE.fullmatch(code) is None


def _tracer(code: etree._Element, context: Context) -> None:
    if not attribute(code, "code").startswith(_TRACERS):
        context.say(TRACER_ATC, code, at="@code")
    elif not in_set(code, valuesets.RADIOPHARMACEUTICAL):
        context.say(TRACER_SET, code, value=shown(code), expected=valuesets.RADIOPHARMACEUTICAL)
