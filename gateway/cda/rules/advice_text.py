"""Advice on the words: chapters, banned sentence, conclusion, abbreviations, language (000 3.1.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.cda.elements import attribute
from gateway.cda.rules.advice_book import Facts, Place, advise
from gateway.cda.rules.looking import find
from gateway.cda.rules.narrative import says_something

_CHAPTERS = (
    ("Indications", "S-2a"),
    ("Technique", "S-3"),
    ("Résultats", "S-5"),
    ("Synthèse et conclusion", "S-8"),
)


@advise(
    "AD-1",
    "Le chapitre « {value} » manque ou est vide.",
    "The chapter “{value}” is missing or empty.",
    "000 3.1.2 : « Le compte rendu doit comporter 4 chapitres : Indications, Technique, Résultats, Synthèse et "
    "conclusion »",
)
def chapters(facts: Facts) -> Iterator[Place]:
    lacking = []
    for name, key in _CHAPTERS:
        texts = [find(one, "text") for one in facts.sections.get(key, ())]
        if not any(text is not None and says_something(text) for text in texts):
            lacking.append(name)
    if lacking:
        yield facts.root, "component", ", ".join(lacking)


_BANNED = re.compile(
    r" (pas de|sans|aucuns?|absence de|manque de|ni|0) (autres? )?renseignements? (clinique|medica)(ux|l|s)? "
)


@advise(
    "AD-2",
    "La phrase « pas de renseignements cliniques » est à proscrire.",
    "The sentence “pas de renseignements cliniques” (no clinical information) is banned.",
    "000 3.1.2.1 : « La phrase “pas de renseignements cliniques” doit être proscrite »",
)
def banned_sentence(facts: Facts) -> Iterator[Place]:
    for key in ("S-2", "S-2a", "S-2b", "S-3", "S-5", "S-8"):
        if _BANNED.search(facts.text(key)):
            yield facts.sections[key][0], "text", "pas de renseignements cliniques"


_UNARGUED = re.compile(r" a completer (par|avec) ")
_ARGUED = re.compile(
    r" (afin|pour|car|parce|puisque|en raison|devant|compte tenu|eu egard|a la recherche|au vu|en vue|si) "
)


@advise(
    "AD-3",
    "La conclusion demande un complément d'examen sans dire pourquoi.",
    "The conclusion asks for another examination without saying why.",
    "000 3.1.2.4 : « il faut l'argumenter et ne pas se contenter de dire “à compléter par…” »",
)
def unargued_complement(facts: Facts) -> Iterator[Place]:
    conclusion = facts.text("S-8")
    if _UNARGUED.search(conclusion) and not _ARGUED.search(conclusion):
        yield facts.sections["S-8"][0], "text", "à compléter par"


@advise(
    "AD-4",
    "La conclusion répète le chapitre des résultats.",
    "The conclusion repeats the chapter of results.",
    "000 3.1.2.4 : « Il doit éviter la redondance par rapport au chapitre précédent »",
)
def repeated_results(facts: Facts) -> Iterator[Place]:
    results, conclusion = facts.text("S-5"), facts.text("S-8")
    if len(conclusion.split()) > _FEW and conclusion in results:
        yield facts.sections["S-8"][0], "text", ""


_FEW = 12
"""Words up to which two texts may be the same without repeating each other."""
_CAPITALS = re.compile(r"(?<![\w/.-])[A-ZÉÈ]{2,5}(?![\w/-])")
_USUAL = frozenset(
    {"IRM", "TEP", "CT", "RM", "RX", "US", "PET", "IV", "ID", "OK", "DR", "PR", "MME", "MLLE", "CCAM", "CIP", "ATC"}
    | {"UCD", "EMDN", "PDL", "IDSV", "PDS", "DGM", "DICOM", "PACS", "RPPS", "DMP", "UH", "HU", "SUV", "ADN", "ARN"}
    | {"II", "III", "VI", "VII", "VIII", "IX", "XI", "XII", "LES", "DES", "UNE", "NON", "OUI", "PAS", "ET", "OU"}
    | {"LOINC", "COVID"}
)
"""Capitals that everybody reads, and words that people write in capitals."""
_SHORT_FORMS = re.compile(r" (atcd|ras|tttt?|dg|pec|rx|cad|nb|cf|ddn|bilat|sup|inf|ant|post) ")


@advise(
    "AD-5",
    "Abréviations à écrire en toutes lettres : {value}.",
    "Abbreviations to be written in full: {value}.",
    "000 3.1.2 : « Les abréviations doivent être évitées » ; 000 3.1.2.3",
)
def abbreviations(facts: Facts) -> Iterator[Place]:
    for key in ("S-2a", "S-5", "S-7", "S-8"):
        for section in facts.sections.get(key, ()):
            text = facts.written[section]
            found = [] if text.isupper() else [one for one in _CAPITALS.findall(text) if one not in _USUAL]
            found += _SHORT_FORMS.findall(facts.plain[section])
            if found:
                yield section, "text", ", ".join(sorted(set(found))[:10])


_FRENCH = re.compile(r" (le|la|les|de|des|du|une?|et|pas|sans|avec|dans|au|aux|est|par|pour) ")
_ENGLISH = re.compile(r" (the|of|is|are|no|with|and|in|there|without|was|were|for|to|on) ")


@advise(
    "AD-6",
    "Le compte rendu doit être en langue française ; trouvé : {value}.",
    "The report must be in French; found: {value}.",
    "000 3.2.2.1 : « Réalisation par l'imageur du compte-rendu écrit et en langue française »",
)
def french(facts: Facts) -> Iterator[Place]:
    language = find(facts.root, "languageCode")
    code = attribute(language, "code")
    if language is not None and code and not code.casefold().startswith("fr"):
        yield language, "@code", code
    said = facts.text("S-5") + facts.text("S-8")
    if len(_ENGLISH.findall(said)) > len(_FRENCH.findall(said)) + 2:
        yield facts.sections["S-8" if "S-8" in facts.sections else "S-5"][0], "text", "en"
