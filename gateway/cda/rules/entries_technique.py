"""The technique of an act: what was done, with which modality, where (001 3.3.4.1; N-5, N-6)."""

from __future__ import annotations

import re

from lxml import etree

from gateway import valuesets
from gateway.cda.elements import CDA, attribute
from gateway.cda.rules.engine import Context, Rule
from gateway.cda.rules.entries_common import (
    BOOK,
    CCAM,
    SNOMED_CT,
    Coding,
    Entry,
    check_code,
    frame,
    framed,
    in_set,
    nested,
    outside_set,
    shown,
)
from gateway.cda.rules.looking import declares, find, kids
from gateway.cda.rules.sections_content import TECHNIQUE

MODIFIER = Coding(code="106233006", system=SNOMED_CT, display="modificateur topographique")
ENTRY = Entry(
    key="N-5",
    name="FR-DICOM-Technique-imagerie",
    element="procedure",
    class_code="PROC",
    templates=TECHNIQUE,
    exact=True,
    lenient="mood",
    ids=(1, None),
    source="001 3.3.4.1 ; CI-SIS Modèles de contenus CDA, entrée FR-DICOM-Technique-imagerie",
)
FRAME = frame(ENTRY)
CODE = BOOK.rule(
    "N-5e",
    "Le code de l'acte {value} n'est pas dans le jeu de valeurs {expected}.",
    "The code of the act {value} is not in the value set {expected}.",
    source="001 3.3.4.1 : « procedure/code issu du JDV_CodesDocumentImagerie_CISIS (1.2.250.1.213.1.1.5.687) »",
    official=None,
)
TRANSLATIONS = BOOK.rule(
    "N-5f",
    "Le code de l'acte a au plus une traduction (code CCAM) ; trouvé : {value}.",
    "The code of the act has at most one translation (the CCAM code); found: {value}.",
    source="001 3.3.4.1 : « procedure/code/translation [0..1] Code CCAM de l'acte d'imagerie »",
)
CCAM_CODE = BOOK.rule(
    "N-5g",
    "La traduction du code de l'acte n'est pas un code CCAM : {value}.",
    "The translation of the act's code is no CCAM code: {value}.",
    source="001 3.3.4.1 : « procedure/code/translation Code CCAM » ; forme : quatre lettres, trois chiffres",
    official=None,
)
METHOD = BOOK.rule(
    "N-5h",
    "L'acte doit dire au moins une modalité (methodCode).",
    "The act must tell at least one modality (methodCode).",
    source="001 3.3.4.1 : « procedure/methodCode [1..*] Modalité d'acquisition »",
)
METHOD_VALUE = BOOK.rule(
    "N-5i",
    "La modalité {value} n'est pas dans le jeu de valeurs {expected}.",
    "The modality {value} is not in the value set {expected}.",
    source="001 3.3.4.1 : « procedure/methodCode issu du JDV_ModaliteAcquisition_CISIS (1.2.250.1.213.1.1.5.618) »",
    official=None,
)
SITE = BOOK.rule(
    "N-5j",
    "L'acte doit dire {expected} localisation anatomique (targetSiteCode) ; trouvé : {value}.",
    "The act must tell {expected} anatomical location (targetSiteCode); found: {value}.",
    source="001 3.3.4.1 : « procedure/targetSiteCode [1..*] » ; le validateur ANS en exige exactement une",
)
SITE_VALUE = BOOK.rule(
    "N-5k",
    "La localisation {value} n'est pas dans le jeu de valeurs {expected}.",
    "The location {value} is not in the value set {expected}.",
    source="001 3.3.4.1 : « targetSiteCode issu du JDV_LocalisationAnatomique_CISIS (1.2.250.1.213.1.1.5.694) »",
)
PARTICIPANTS = BOOK.rule(
    "N-5l",
    "La technique a au plus un participant ; trouvé : {value}.",
    "The technique has at most one participant; found: {value}.",
    source="Validateur ANS, entrée FR-DICOM-Technique-imagerie",
)
SITE_WORDS = BOOK.rule(
    "N-6a",
    "Les mots de la localisation (originalText) doivent renvoyer au texte (reference).",
    "The words of the location (originalText) must refer to the text (reference).",
    source="Validateur ANS, entrées FR-DICOM-Technique-imagerie et FR-DICOM-Quantite",
    spec=None,
)
QUALIFIER = BOOK.rule(
    "N-6b",
    "La précision topographique porte le nom {expected} et une valeur ; trouvé : {value}.",
    "The topographic modifier has the name {expected} and a value; found: {value}.",
    source="001 3.3.4.1, 3.3.4.4.3 : « qualifier/name [1..1] Fixé à la valeur 106233006 »",
)
QUALIFIER_VALUE = BOOK.rule(
    "N-6c",
    "La précision topographique {value} n'est pas dans le jeu de valeurs {expected}.",
    "The topographic modifier {value} is not in the value set {expected}.",
    source="001 3.3.4.1 : « qualifier/value issue du JDV_ModificateurTopographique_CISIS (1.2.250.1.213.1.1.5.688) » ; "
    "le validateur ANS lit JDV_LateraliteTechniqueImagerie_CISIS (deux codes) et n'en lit aucun pour une quantité",
)
_CCAM_FORM = re.compile(r"[A-Z]{4}[0-9]{3}([ -][0-9]{1,2}){0,3}")


@BOOK.template(*TECHNIQUE)
def technique(element: etree._Element, context: Context) -> None:
    """The technique of an act."""
    if context.official:
        _official_french(element, context)
    if not framed(element, context, ENTRY, FRAME):
        return
    methods, sites = kids(element, "methodCode"), kids(element, "targetSiteCode")
    if not methods:
        context.say(METHOD, element, at="methodCode")
    most = 1 if context.official else len(sites)
    if not 1 <= len(sites) <= most:
        expected = "exactement une / exactly one" if context.official else "au moins une / at least one"
        context.say(SITE, element, at="targetSiteCode", value=str(len(sites)), expected=expected)
    participants = len(kids(element, "participant"))
    if participants > 1:
        context.say(PARTICIPANTS, element, at="participant", value=str(participants))
    if context.official:
        for site in sites:
            _official_words(site, context)
            if kids(site, "qualifier") and not (kids(site, "qualifier/name") and kids(site, "qualifier/value")):
                context.say(QUALIFIER, site, at="qualifier", value="—", expected=str(MODIFIER))
        return
    _codes(element, context)
    for method in methods:
        if not in_set(method, valuesets.MODALITY):
            context.say(METHOD_VALUE, method, value=shown(method), expected=valuesets.MODALITY)
    for site in sites:
        check_site(site, context, SITE_VALUE)


def _codes(element: etree._Element, context: Context) -> None:
    code = find(element, "code")
    if code is None or not in_set(code, valuesets.IMAGING_CODES):
        context.say(CODE, element, at="code", value=shown(code), expected=valuesets.IMAGING_CODES)
    translations = kids(element, "code/translation")
    if len(translations) > 1:
        context.say(TRANSLATIONS, element, at="code/translation", value=str(len(translations)))
    for translation in translations:
        if attribute(translation, "codeSystem") not in CCAM or not _CCAM_FORM.fullmatch(attribute(translation, "code")):
            context.say(CCAM_CODE, translation, value=shown(translation))


def check_site(site: etree._Element, context: Context, rule: Rule) -> None:
    """A location with its modifiers, as the specification has them."""
    if not in_set(site, valuesets.LOCATION):
        context.say(rule, site, value=shown(site), expected=valuesets.LOCATION)
    for qualifier in kids(site, "qualifier"):
        check_code(qualifier, context, QUALIFIER, MODIFIER, at="name")
        value = find(qualifier, "value")
        if value is None or not in_set(value, valuesets.TOPOGRAPHIC_MODIFIER):
            context.say(
                QUALIFIER_VALUE, qualifier, at="value", value=shown(value), expected=valuesets.TOPOGRAPHIC_MODIFIER
            )


def _official_words(site: etree._Element, context: Context) -> None:
    if kids(site, "originalText") and not kids(site, "originalText/reference"):
        context.say(SITE_WORDS, site, at="originalText")


def official_site(site: etree._Element, context: Context, rule: Rule) -> None:
    """The location as the official look-up has it."""
    if outside_set(site, valuesets.LOCATION):
        context.say(rule, site, value=shown(site), expected=valuesets.LOCATION)


def _official_french(element: etree._Element, context: Context) -> None:
    """What starts at the French templateId: look-ups, and counts that take in everything below."""
    if not declares(element, TECHNIQUE[1]) or nested(element) or element.tag != f"{{{CDA}}}procedure":
        return
    codes = list(element.iter(f"{{{CDA}}}code"))
    translations = sum(len(kids(code, "translation")) for code in codes)
    if translations > 1:
        context.say(TRANSLATIONS, element, at="code/translation", value=str(translations))
    if next(element.iter(f"{{{CDA}}}methodCode"), None) is None:
        context.say(METHOD, element, at="methodCode")
    sites = list(element.iter(f"{{{CDA}}}targetSiteCode"))
    if not sites:
        context.say(SITE, element, at="targetSiteCode", value="0", expected="exactement une / exactly one")
    names = [attribute(name, "code") for site in sites for name in kids(site, "qualifier/name")]
    if any(kids(site, "qualifier") for site in sites) and MODIFIER.code not in names:
        context.say(QUALIFIER, element, at="targetSiteCode/qualifier", value=", ".join(names), expected=str(MODIFIER))
    for site in kids(element, "targetSiteCode"):
        official_site(site, context, SITE_VALUE)
        for value in kids(site, "qualifier/value"):
            if outside_set(value, valuesets.LATERALITY):
                context.say(QUALIFIER_VALUE, value, value=shown(value), expected=valuesets.LATERALITY)
