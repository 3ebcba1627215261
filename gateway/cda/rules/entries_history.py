"""Coded observations: histories, contra-indications, pregnancy status (001 3.3.3.2.1 and 3.3.4.4.2; N-1 to N-4)."""

from __future__ import annotations

from lxml import etree

from gateway import valuesets
from gateway.cda.elements import attribute, text_of
from gateway.cda.rules.engine import WARNING, Context
from gateway.cda.rules.entries_common import (
    BOOK,
    XSI_TYPE,
    Coding,
    Entry,
    check_display,
    frame,
    framed,
    in_set,
    outside_set,
    shown,
)
from gateway.cda.rules.looking import declares, find, kids, roots_of
from gateway.cda.rules.narrative import lead_to_words
from gateway.cda.rules.sections_content import (
    CONTRAINDICATION,
    MEDICAL_HISTORY,
    OBSERVATION,
    PREGNANCY,
    QUANTITY,
    SURGICAL_HISTORY,
)
from gateway.cda.rules.sections_table import BY_TEMPLATE, EXPOSURE, HISTORY

ENTRY = Entry(
    key="N-1",
    name="FR-DICOM-Observation",
    element="observation",
    class_code="OBS",
    templates=OBSERVATION,
    exact=True,
    lenient="mood",
    ids=(1, 1),
    negatable=True,
    source="001 3.3.3.2.1 ; CI-SIS Modèles de contenus CDA, entrée FR-DICOM-Observation",
)
FRAME = frame(ENTRY)
MEANING = BOOK.rule(
    "N-1d",
    "Cette observation n'a aucun des codes prévus ici ({expected}) ; trouvé : {value}.",
    "This observation has none of the codes foreseen here ({expected}); found: {value}.",
    source="001 3.3.3.2.1, 3.3.4.4.2 : « observation/code [1..1] Fixé à la valeur »",
    official=None,
)
VALUE = BOOK.rule(
    "N-1e",
    "L'observation doit avoir exactement une valeur (value) ; trouvé : {value}.",
    "The observation must have exactly one value; found: {value}.",
    source="001 3.3.3.2.1 : « observation/value [1..1] »",
)
STATUS = BOOK.rule(
    "N-1f",
    "L'observation doit avoir un état (statusCode).",
    "The observation must have a statusCode.",
    source="CI-SIS Modèles de contenus CDA, entrée FR-DICOM-Observation (statusCode) ; absent de 001",
    spec=WARNING,
)
SITE = BOOK.rule(
    "N-1g",
    "Le validateur officiel exige exactement un targetSiteCode (nullFlavor admis) ; trouvé : {value}.",
    "The official validator demands exactly one targetSiteCode (nullFlavor allowed); found: {value}.",
    source="Validateur ANS, entrée FR-DICOM-Observation ; absent de 001",
    spec=None,
)
SUPPORT = BOOK.rule(
    "N-1h",
    "Pour le validateur officiel, une relation SPRT doit porter à la fois un objet (…3.157) et une quantité (…3.154).",
    "To the official validator a relation SPRT must hold both an object (…3.157) and a quantity (…3.154).",
    source="Validateur ANS, entrée FR-DICOM-Observation",
    spec=None,
)
RISK_VALUE = BOOK.rule(
    "N-2",
    "La contre-indication {value} n'est pas dans le jeu de valeurs {expected}.",
    "The contra-indication {value} is not in the value set {expected}.",
    source="001 3.3.3.2.1 : « observation/value issue du JDV_contre_indications_CISIS (1.2.250.1.213.1.1.5.659) »",
)
RISK_WORDS = BOOK.rule(
    "N-2b",
    "La contre-indication est dite en toutes lettres, sans code : « {value} ».",
    "The contra-indication is told in words, without a code: “{value}”.",
    source="001 3.3.3.2.1 : « Contre-indications (codées) » ; le validateur ANS laisse passer un texte (ST)",
    spec=WARNING,
    official=None,
)
PREGNANCY_VALUE = BOOK.rule(
    "N-3",
    "Le statut de grossesse {value} n'est pas dans le jeu de valeurs {expected}.",
    "The pregnancy status {value} is not in the value set {expected}.",
    source="001 3.3.4.4.2 : « observation/value issue du JDV_StatutGrossesse_CISIS (1.2.250.1.213.1.1.5.671) »",
)
PREGNANT_MAN = BOOK.rule(
    "N-3b",
    "Le patient est un homme, et son statut de grossesse est {value}.",
    "The patient is a man, and his pregnancy status is {value}.",
    source="001 3.3.4.4.2 : « Elle ne doit être présente que si la patiente est une femme et en âge de procréer » (le "
    "validateur ANS veut toujours un statut : pour un homme, qu'il n'y a pas de grossesse)",
    official=None,
)
HISTORY_WORDS = BOOK.rule(
    "N-4",
    "L'antécédent doit renvoyer à son texte, dans sa section, qui dit quelque chose"
    " (value/originalText/reference/@value).",
    "The history must refer to its words, in its section, which say something (value/originalText/reference/@value).",
    source="001 3.3.3.2.1 : « observation/value/originalText/reference [1..1] Référence vers le texte libre enregistré "
    "dans la partie narrative de la section »",
    official=None,
)
_PREGNANT = "77386006"
_FORESEEN = {
    HISTORY: (MEDICAL_HISTORY, SURGICAL_HISTORY, CONTRAINDICATION),
    EXPOSURE: (PREGNANCY,),
}


@BOOK.template(*OBSERVATION)
def observation(element: etree._Element, context: Context) -> None:
    """A coded observation."""
    if context.official:
        _official_value(element, context)
    if not framed(element, context, ENTRY, FRAME):
        return
    values = kids(element, "value")
    if len(values) != 1:
        context.say(VALUE, element, at="value", value=str(len(values)))
    if len(kids(element, "statusCode")) != 1:
        context.say(STATUS, element, at="statusCode")
    sites = len(kids(element, "targetSiteCode"))
    if sites != 1:
        context.say(SITE, element, at="targetSiteCode", value=str(sites))
    if context.official:
        _support(element, context)
    else:
        _meaning(element, context)


def _official_value(element: etree._Element, context: Context) -> None:
    """The look-ups start at the French templateId and look at the code alone."""
    if not declares(element, OBSERVATION[1]):
        return
    code = attribute(find(element, "code"), "code")
    for fixed, rule, name in (
        (CONTRAINDICATION, RISK_VALUE, valuesets.CONTRAINDICATION),
        (PREGNANCY, PREGNANCY_VALUE, valuesets.PREGNANCY),
    ):
        for value in kids(element, "value") if code == fixed.code else ():
            if outside_set(value, name):
                context.say(rule, value, value=shown(value), expected=name)


def _support(element: etree._Element, context: Context) -> None:
    relations = [one for one in kids(element, "entryRelationship") if attribute(one, "typeCode") == "SPRT"]
    inner = [one for relation in relations for one in kids(relation, "observation")]
    for template in ("1.2.250.1.213.1.1.3.157", QUANTITY[1]):
        if relations and not any(declares(one, template) and find(one, "code") is not None for one in inner):
            context.say(SUPPORT, element, at="entryRelationship")


def _meaning(element: etree._Element, context: Context) -> None:
    code = find(element, "code")
    found = (attribute(code, "code"), attribute(code, "codeSystem"))
    foreseen = _foreseen(element, context)
    fixed = next((one for one in foreseen if found == (one.code, one.system)), None)
    if fixed is None:
        if foreseen:
            expected = " | ".join(str(one) for one in foreseen)
            context.say(MEANING, element, at="code", value=shown(code), expected=expected)
        return
    if code is not None:
        check_display(code, context, fixed)
    for value in kids(element, "value"):
        if fixed in (MEDICAL_HISTORY, SURGICAL_HISTORY):
            context.collected["history"].append(value)
            continue
        kind = value.get(XSI_TYPE, "").strip().rpartition(":")[2]
        if fixed is CONTRAINDICATION and kind == "ST" and text_of(value):
            context.say(RISK_WORDS, value, value=text_of(value))
            continue
        rule, name = (
            (RISK_VALUE, valuesets.CONTRAINDICATION)
            if fixed is CONTRAINDICATION
            else (PREGNANCY_VALUE, valuesets.PREGNANCY)
        )
        if kind not in ("CD", "CE", "CV") or not in_set(value, name):
            context.say(rule, value, value=shown(value), expected=name)
        elif fixed is PREGNANCY and attribute(value, "code") == _PREGNANT and _is_man(context.root):
            context.say(PREGNANT_MAN, value, value=shown(value))


def _is_man(root: etree._Element) -> bool:
    return attribute(find(root, "recordTarget/patientRole/patient/administrativeGenderCode"), "code") == "M"


@BOOK.end
def words(root: etree._Element, context: Context) -> None:
    """Every history leads to words of the narrative."""
    values = context.collected["history"]
    references = [find(value, "originalText/reference") for value in values]
    for value, is_told in zip(values, lead_to_words(references, context), strict=True):
        if not is_told:
            context.say(HISTORY_WORDS, value, at="originalText/reference")


def _foreseen(element: etree._Element, context: Context) -> tuple[Coding, ...]:
    entry = element.getparent()
    section = None if entry is None else entry.getparent()
    if section is None:
        return ()
    for root in roots_of(section):
        row = BY_TEMPLATE.get(root or "")
        if row is not None and row.french in _FORESEEN:
            return _FORESEEN[row.french]
    return ()
