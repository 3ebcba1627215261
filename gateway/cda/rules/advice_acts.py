"""Advice on acts: incidents, dose, equipment, contrast, contra-indications, pregnancy (000 3.1.2.2, 001 3.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from gateway.cda.elements import attribute, text_of
from gateway.cda.rules.advice_book import Act, Facts, Place, advise, narrative, words
from gateway.cda.rules.looking import declares, find, kids
from gateway.cda.rules.sections_content import OBSERVATION, PRODUCT, QUANTITY, RADIOPHARMACEUTICAL

RADIOGRAPHY = frozenset({"CR", "DX", "RG", "RF", "XA", "PX", "IO"})
SCANNER = frozenset({"CT"})
NUCLEAR = frozenset({"NM", "PT"})
IRRADIATING = RADIOGRAPHY | SCANNER | NUCLEAR | {"MG", "BMD", "RTIMAGE"}
MOST_IRRADIATING = frozenset({"CT", "XA", "RF", "RTIMAGE"})
_INCIDENT = re.compile(
    r" (incidents?|accidents?|complications?|extravasations?|allerg\w+|urticaires?|malaises?|reactions?|choc"
    r"|bronchospasmes?|oedeme de quincke|vomissements?|hematomes?|pneumothorax|vagale?s?|hypotension) "
)
_NOTHING = re.compile(
    r" (aucune?s?|pas d|pas de|sans|absence d|absence de|ni|neant|nulle?s?|ras) "
    r"((autre|particuliere?|notable|immediate?)s? )?"
    r"(incidents?|accidents?|complications?|extravasations?|allerg\w+|urticaires?|malaises?|reactions?|choc)? ?"
)


def _happened(text: str) -> bool:
    """Whether plain words tell an incident, once those that deny one are taken out."""
    return _INCIDENT.search(_NOTHING.sub("  ", text)) is not None


@advise(
    "AD-14",
    "Un incident est décrit avec la technique : la conclusion doit le répéter.",
    "An incident is described with the technique: the conclusion must repeat it.",
    "000 3.1.2.2 : « Tout incident imputable à l'utilisation d'un produit de contraste doit être mentionné dans ce "
    "chapitre et répété dans la conclusion » ; 000 3.1.2.4",
)
def incident_repeated(facts: Facts) -> Iterator[Place]:
    if _happened(facts.text("S-8")):
        return
    for act in facts.acts:
        told = words(narrative(find(act.complications, "text")))
        nothing = not _NOTHING.sub("", told).strip()
        if _happened(act.text) or (_happened(told) and not nothing):
            yield act.section, "text", ""


def _doses(act: Act) -> list[etree._Element]:
    """The quantities of exposure and the activity that was given."""
    entries = kids(act.exposure, "entry/observation") + kids(act.exposure, "entry/substanceAdministration")
    found = []
    for one in entries:
        if declares(one, *QUANTITY):
            found.extend(kids(one, "value"))
        elif declares(one, *RADIOPHARMACEUTICAL, *PRODUCT):
            found.extend([*kids(one, "doseQuantity"), *kids(one, "doseQuantity/low")])
    return found


@advise(
    "AD-15",
    "L'acte irradie ({value}) : la dose doit être donnée, avec son unité.",
    "The act irradiates ({value}): the dose must be told, with its unit.",
    "000 3.1.2 : « Les informations utiles à l'estimation de la dose reçue … en précisant pour chacun des paramètres "
    "l'unité utilisée »",
)
def dose(facts: Facts) -> Iterator[Place]:
    for act in facts.acts:
        shown = act.modalities & IRRADIATING
        if shown and not any(attribute(one, "value") and attribute(one, "unit") for one in _doses(act)):
            yield act.section, "component", ", ".join(sorted(shown))


@advise(
    "AD-16",
    "L'acte ({value}) n'irradie pas : une exposition aux rayonnements n'est pas attendue.",
    "The act ({value}) does not irradiate: no exposure to radiation is expected.",
    "001 3.3.4.4 : « Cette sous-section est créée si la modalité de l'acte implique une exposition du patient aux "
    "rayonnements »",
)
def needless_exposure(facts: Facts) -> Iterator[Place]:
    for act in facts.acts:
        if act.exposure is not None and act.modalities and not act.modalities & IRRADIATING:
            yield act.exposure, "", ", ".join(sorted(act.modalities))


_KIND = (
    r"scanner|scanographe?|tomodensitometre|tdm|irm|remnographe|echographe|mammographe|camera|tep|statif|arceau|"
    r"amplificateur|angiographe|tomographe|orthopantomographe|osteodensitometre"
)
_EQUIPMENT: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("type et marque / type and make", re.compile(rf" ({_KIND}) [a-z0-9]+")),
    ("date de mise en service / commissioning date", re.compile(r" mis(es?)? en (service|route|circulation|fonction)")),
    (
        "numéro d'agrément / approval number",
        re.compile(r" (agrement|agree|numero|no|n) (d )?(agrement )?[a-z0-9]*[0-9]"),
    ),
)


def _equipment_text(facts: Facts, act: Act) -> str:
    return act.text + facts.text("S-4")


@advise(
    "AD-17",
    "Le matériel d'un acte parmi les plus irradiants ({value}) doit être identifié.",
    "The equipment of one of the most irradiating acts ({value}) must be identified.",
    "000 3.1.2 : « L'identification du matériel utilisé pour les techniques les plus irradiantes : radiologie "
    "interventionnelle, scanographie et radiothérapie »",
)
def equipment_identified(facts: Facts) -> Iterator[Place]:
    for act in facts.acts:
        shown = act.modalities & MOST_IRRADIATING
        if shown and not _EQUIPMENT[0][1].search(_equipment_text(facts, act)):
            yield act.section, "text", ", ".join(sorted(shown))


@advise(
    "AD-18",
    "L'appareil n'est pas entièrement décrit ; il manque : {value}.",
    "The equipment is not described in full; missing: {value}.",
    "000 3.1.2.2 : « le type, la marque, la date de mise en route, le numéro d'agrément doivent être mentionnés »",
)
def equipment(facts: Facts) -> Iterator[Place]:
    for act in facts.acts:
        told = _equipment_text(facts, act)
        lacking = [name for name, pattern in _EQUIPMENT if not pattern.search(told)]
        if lacking:
            yield act.section, "text", ", ".join(lacking)


_CONTRAST = re.compile(r" avec ((un )?produit de )?contraste | (avec|apres) injection | produit de contraste ")
_NO_CONTRAST = re.compile(
    r" (sans|pas d|pas de|absence d|absence de) (injection|produit de contraste|contraste)[a-z ]*"
)


@advise(
    "AD-19",
    "Un produit de contraste a été utilisé : le produit et sa quantité doivent être dits.",
    "A contrast medium was used: the product and its quantity must be told.",
    "000 3.1.2.2 : « Le type de produit de contraste et la quantité utilisée doivent être mentionnés »",
)
def contrast(facts: Facts) -> Iterator[Place]:
    for act in facts.acts:
        used = _CONTRAST.search(_NO_CONTRAST.sub(" ", act.label)) or _CONTRAST.search(_NO_CONTRAST.sub(" ", act.text))
        given = [one for one in kids(act.section, "entry/substanceAdministration") if declares(one, *PRODUCT)]
        amounts = [
            one for product in given for one in (*kids(product, "doseQuantity"), *kids(product, "doseQuantity/low"))
        ]
        if (used and not given) or (given and not any(attribute(one, "value") for one in amounts)):
            yield act.section, "entry", ""


# .. contra-indications (001 3.3.3.2.1, table of examples)

_WOMAN = frozenset({"77386006", "1260078007"})
"""Pregnant, breast-feeding."""
_IODINE = frozenset({"MED-1105", "N18.9", "MED-1106"})
_ULTRASOUND = frozenset({"MED-1108", "I50.9"})
_MAGNET = frozenset({f"MED-{number}" for number in range(1109, 1121)}) | {"MED-1122", "N18.9"}
_ANY = frozenset({"GEN-092.01.20"})
_FITTING: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    (RADIOGRAPHY | {"MG"}, _WOMAN | _IODINE | {"MED-1107"}),
    (SCANNER, _WOMAN | _IODINE),
    (NUCLEAR, _WOMAN),
    (frozenset({"US", "IVUS", "BDUS"}), _ULTRASOUND),
    (frozenset({"MR"}), _WOMAN | _MAGNET),
)


def _risks(facts: Facts) -> Iterator[tuple[etree._Element, str]]:
    for section in facts.sections.get("S-2b", ()):
        for one in kids(section, "entry/observation"):
            if declares(one, *OBSERVATION) and attribute(find(one, "code"), "code") == "64100-1":
                for value in kids(one, "value"):
                    yield value, attribute(value, "code")


@advise(
    "AD-20",
    "La contre-indication {value} ne va pas avec les modalités des actes.",
    "The contra-indication {value} does not go with the modalities of the acts.",
    "001 3.3.3.2.1 : tableau Modalité, Sexe, Contre-indication possible",
)
def contraindication_modality(facts: Facts) -> Iterator[Place]:
    shown = frozenset().union(*(act.modalities for act in facts.acts))
    known = [codes for modalities, codes in _FITTING if modalities & shown]
    fitting = _ANY.union(*known)
    for value, code in _risks(facts):
        if known and code and code not in fitting:
            yield value, "@code", attribute(value, "displayName") or code


@advise(
    "AD-21",
    "La contre-indication {value} ne va pas avec le sexe du patient.",
    "The contra-indication {value} does not go with the sex of the patient.",
    "001 3.3.3.2.1 : tableau Modalité, Sexe, Contre-indication possible (Femme)",
)
def contraindication_sex(facts: Facts) -> Iterator[Place]:
    for value, code in _risks(facts):
        if facts.sex == "M" and code in _WOMAN:
            yield value, "@displayName", attribute(value, "displayName") or code


_FERTILE = range(10, 61)
"""Ages in years at which a pregnancy status makes sense."""


@advise(
    "AD-22",
    "Un statut de grossesse n'a de sens que pour une femme en âge de procréer (le validateur ANS l'exige toujours).",
    "A pregnancy status makes sense only for a woman of childbearing age (the official validator always demands it).",
    "001 3.3.4.4.2 : « Elle ne doit être présente que si la patiente est une femme et en âge de procréer »",
)
def pregnancy(facts: Facts) -> Iterator[Place]:
    possible = facts.sex != "M" and (facts.age_years is None or facts.age_years in _FERTILE)
    for act in facts.acts if not possible else ():
        for one in kids(act.exposure, "entry/observation"):
            if attribute(find(one, "code"), "code") == "364320009":
                yield one, "", text_of(find(one, "value"))
