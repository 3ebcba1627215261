"""Exposure to radiation: who authorised it, and the measured quantities (001 3.3.4.4; N-9, N-10)."""

from __future__ import annotations

import re

from lxml import etree

from gateway import valuesets
from gateway.cda.elements import CDA, attribute, text_of
from gateway.cda.rules.engine import Context
from gateway.cda.rules.entries_common import (
    BOOK,
    DCM,
    XSI_TYPE,
    Coding,
    Entry,
    check_code,
    frame,
    framed,
    in_set,
    outside_set,
    shown,
)
from gateway.cda.rules.entries_technique import MODIFIER, QUALIFIER, SITE_WORDS, check_site, official_site
from gateway.cda.rules.looking import declares, find, kids
from gateway.cda.rules.sections_content import AUTHORISATION, QUANTITY

EXPOSED = Coding(code="121290", system=DCM, display="Exposition du patient aux rayonnements ionisants")
AUTHORISED = Coding(code="113850", system=DCM, display="Autorisation d’irradiation")
AUTHORISATION_ENTRY = Entry(
    key="N-9",
    name="FR-DICOM-Exposition-patient",
    element="procedure",
    class_code="PROC",
    templates=AUTHORISATION,
    code=EXPOSED,
    source="001 3.3.4.4.1",
)
QUANTITY_ENTRY = Entry(
    key="N-10",
    name="FR-DICOM-Quantite",
    element="observation",
    class_code="OBS",
    templates=QUANTITY,
    exact=True,
    ids=(1, 1),
    source="001 3.3.4.4.3 ; CI-SIS Modèles de contenus CDA, entrée FR-DICOM-Quantite",
)
AUTHORISATION_FRAME, QUANTITY_FRAME = frame(AUTHORISATION_ENTRY), frame(QUANTITY_ENTRY)
PERSON = BOOK.rule(
    "N-9e",
    "L'autorisation a exactement un participant ; trouvé : {value}.",
    "The authorisation has exactly one participant; found: {value}.",
    source="001 3.3.4.4.1 : « procedure/participant/participantRole »",
)
ROLE = BOOK.rule(
    "N-9f",
    "Le rôle de qui a autorisé l'exposition est fixé à {expected} ; trouvé : {value}.",
    "The role of who authorised the exposure is fixed to {expected}; found: {value}.",
    source="001 3.3.4.4.1 : « procedure/participant/participantRole/code [1..1] Fixé à la valeur 113850 »",
    official=None,
)
PERSON_NAME = BOOK.rule(
    "N-9g",
    "Le nom de qui a autorisé l'exposition manque (participantRole/playingEntity/name).",
    "The name of who authorised the exposure is missing (participantRole/playingEntity/name).",
    source="001 3.3.4.4.1 : « playingEntity/name [1..1] Identité du professionnel de santé »",
    official=None,
)
QUANTITY_CODE = BOOK.rule(
    "N-10e",
    "La mesure {value} n'est pas dans le jeu de valeurs {expected}.",
    "The measurement {value} is not in the value set {expected}.",
    source="001 3.3.4.4.3 : « observation/code issu du JDV_QuantiteExpositionRayonnements_CISIS »",
)
STATUS = BOOK.rule(
    "N-10f",
    "La mesure doit avoir un état (statusCode).",
    "The measurement must have a statusCode.",
    source="CI-SIS Modèles de contenus CDA, entrée FR-DICOM-Quantite (statusCode)",
)
VALUE = BOOK.rule(
    "N-10g",
    "La mesure doit avoir exactement une valeur de type PQ, qui soit un nombre positif ; trouvé : {value}.",
    "The measurement must have exactly one value of type PQ that is a positive number; found: {value}.",
    source="001 3.3.4.4.3 : « observation/value [1..1] Valeur mesurée et unité de mesure, de type PQ »",
)
UNIT = BOOK.rule(
    "N-10h",
    "L'unité « {value} » n'est pas celle de cette mesure (attendu par exemple : {expected}).",
    "The unit “{value}” is not one of this measurement (expected for example: {expected}).",
    source="001 3.3.4.4.3 : « Valeur mesurée et unité de mesure [1..1] » ; DICOM PS3.16 (unités des mesures de dose)",
    official=None,
)
SITE = BOOK.rule(
    "N-10i",
    "La mesure doit dire exactement une localisation (targetSiteCode) ; trouvé : {value}.",
    "The measurement must tell exactly one location (targetSiteCode); found: {value}.",
    source="001 3.3.4.4.3 : « observation/targetSiteCode [1..1] Localisation anatomique »",
)
SITE_VALUE = BOOK.rule(
    "N-10j",
    "La localisation {value} n'est pas dans le jeu de valeurs {expected}.",
    "The location {value} is not in the value set {expected}.",
    source="001 3.3.4.4.3 : « targetSiteCode issu du JDV_LocalisationAnatomique_CISIS (1.2.250.1.213.1.1.5.694) »",
)
_POSITIVE = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_GRAY = "[nuµμmcdk]?gy"
_UNITS: dict[str, tuple[str, str]] = {
    "111636": (_GRAY, "mGy"),
    "111637": (_GRAY, "mGy"),
    "113722": (f"{_GRAY}(cm|m)2", "mGy.cm2"),
    "113726": (f"{_GRAY}(cm|m)2", "mGy.cm2"),
    "113727": (f"{_GRAY}(cm|m)2", "mGy.cm2"),
    "113730": ("s|sec|min|h|ms", "s"),
    "113731": (r"|1|\{.*\}|images?", "{images}"),
    "113507": ("[kmg]?bq|[uµμmn]?ci", "MBq"),
    "113813": (f"{_GRAY}(cm|m|mm)", "mGy.cm"),
    "113830": (_GRAY, "mGy"),
    "113839": ("[nuµμmc]?sv", "mSv"),
}
"""By the code of the quantity: the units of its dimension, as one writes them in UCUM or by hand, and the usual one."""
_JOINTS = re.compile(r"[.·*×⋅^\s]")


@BOOK.template(*AUTHORISATION)
def authorisation(element: etree._Element, context: Context) -> None:
    """Who authorised the exposure."""
    framed(element, context, AUTHORISATION_ENTRY, AUTHORISATION_FRAME)
    participants = kids(element, "participant")
    if len(participants) != 1:
        context.say(PERSON, element, at="participant", value=str(len(participants)))
    if context.official:
        return
    for participant in participants:
        role = find(participant, "participantRole")
        if role is None:
            context.say(ROLE, participant, at="participantRole", value="—", expected=str(AUTHORISED))
            continue
        check_code(role, context, ROLE, AUTHORISED)
        if not text_of(find(role, "playingEntity/name")):
            context.say(PERSON_NAME, role, at="playingEntity/name")


@BOOK.template(*QUANTITY)
def quantity(element: etree._Element, context: Context) -> None:
    """A measured quantity."""
    if context.official:
        _official_sets(element, context)
    if not framed(element, context, QUANTITY_ENTRY, QUANTITY_FRAME):
        return
    if find(element, "statusCode") is None:
        context.say(STATUS, element, at="statusCode")
    sites = kids(element, "targetSiteCode")
    if len(sites) != 1:
        context.say(SITE, element, at="targetSiteCode", value=str(len(sites)))
    values = [one for one in kids(element, "value") if one.get(XSI_TYPE) == "PQ"]
    if context.official:
        if len(values) != 1:
            context.say(VALUE, element, at="value", value=str(len(values)))
        for site in sites:
            _official_site_parts(site, context)
        return
    code = find(element, "code")
    if code is None or not in_set(code, valuesets.EXPOSURE_QUANTITY):
        context.say(QUANTITY_CODE, element, at="code", value=shown(code), expected=valuesets.EXPOSURE_QUANTITY)
    _measured(element, context, attribute(code, "code"))
    for site in sites:
        check_site(site, context, SITE_VALUE)


def _measured(element: etree._Element, context: Context, code: str) -> None:
    values = kids(element, "value")
    if len(values) != 1 or not values[0].get(XSI_TYPE, "").endswith("PQ"):
        context.say(VALUE, element, at="value", value=str([one.get(XSI_TYPE) for one in values]))
        return
    value = values[0]
    context.collected["dose"].append(value)
    if not _POSITIVE.fullmatch(attribute(value, "value")):
        context.say(VALUE, value, at="@value")
    form, usual = _UNITS.get(code, (".+", "1"))
    unit = attribute(value, "unit")
    if not re.fullmatch(form, _JOINTS.sub("", unit).casefold()):
        context.say(UNIT, value, at="@unit", value=unit or "—", expected=usual)


def _official_sets(element: etree._Element, context: Context) -> None:
    """The look-ups start at the French templateId of an observation."""
    if not declares(element, QUANTITY[1]) or element.tag != f"{{{CDA}}}observation":
        return
    for code in kids(element, "code"):
        if outside_set(code, valuesets.EXPOSURE_QUANTITY):
            context.say(QUANTITY_CODE, element, at="code", value=shown(code), expected=valuesets.EXPOSURE_QUANTITY)
    for site in kids(element, "targetSiteCode"):
        official_site(site, context, SITE_VALUE)


def _official_site_parts(site: etree._Element, context: Context) -> None:
    if kids(site, "originalText") and not kids(site, "originalText/reference"):
        context.say(SITE_WORDS, site, at="originalText")
    names = [attribute(one, "code") for one in kids(site, "qualifier/name")]
    if kids(site, "qualifier") and not (MODIFIER.code in names and kids(site, "qualifier/value")):
        context.say(QUALIFIER, site, at="qualifier", value=", ".join(names), expected=str(MODIFIER))
