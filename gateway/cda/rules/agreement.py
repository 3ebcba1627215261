"""Header and body that agree: acts, studies, codes, modalities, places (001 3.2 and 3.3.4); ``spec`` alone.

Of an imaging report of level 1 the times alone are compared: it has no body to read. The links are compared in
``agreement_links``, the times in ``agreement_times``, labels in ``agreement_labels``,
the narrative in ``agreement_words``.
"""

from __future__ import annotations

from lxml import etree

from gateway.cda.elements import attribute
from gateway.cda.rules.agreement_book import BOOK as BOOK
from gateway.cda.rules.agreement_book import BodyAct, HeaderAct, body_acts, few, header_acts, pairs
from gateway.cda.rules.agreement_labels import COMPARED, differ, labels
from gateway.cda.rules.agreement_links import links
from gateway.cda.rules.agreement_times import times
from gateway.cda.rules.agreement_words import words
from gateway.cda.rules.engine import WARNING, Context, Model
from gateway.cda.rules.entries_catalogue import instances
from gateway.cda.rules.entries_common import CCAM, in_order
from gateway.cda.rules.looking import find, kids
from gateway.cda.rules.order_acts import applies

_ONE_EACH = "« Créer 1 occurrence pour chaque acte »"
ACTS = BOOK.rule(
    "AG-1",
    "L'en-tête documente {expected} acte(s), le corps en décrit {value}.",
    "The header documents {expected} act(s), the body describes {value}.",
    source=f"001 3.2 : documentationOf, {_ONE_EACH} ; 001 3.3.1 : FR-DICOM-Acte-imagerie",
    official=None,
)
TRANSLATIONS = BOOK.rule(
    "AG-2",
    "Le code du document a {value} traduction(s) pour {expected} acte(s).",
    "The code of the document has {value} translation(s) for {expected} act(s).",
    source=f"001 3.2 : code/translation, {_ONE_EACH}",
    official=None,
)
TRANSLATION_CODES = BOOK.rule(
    "AG-3",
    "Le code d'acte {value} n'est pas parmi les traductions du code du document ({expected}).",
    "The code of the act {value} is not among the translations of the document's code ({expected}).",
    source=f"001 3.2 : code/translation, {_ONE_EACH} (l'exemple officiel s'en écarte)",
    spec=WARNING,
    official=None,
)
OTHER_TRANSLATION = BOOK.rule(
    "AG-3b",
    "La traduction {value} du code du document n'est le code d'aucun de ses actes ({expected}).",
    "The translation {value} of the document's code is the code of none of its acts ({expected}).",
    source=f"001 3.2 : code/translation, {_ONE_EACH} (libellés de JDV_CodesDocumentImagerie_CISIS)",
    official=None,
)
SAME_STUDY = BOOK.rule(
    "AG-4",
    "L'examen {value} est documenté par deux actes.",
    "The study {value} is documented by two acts.",
    source="001 3.2 : « Chaque examen possède un identifiant unique »",
    official=None,
)
UNKNOWN_STUDY = BOOK.rule(
    "AG-5",
    "L'examen {value} du catalogue n'est pas documenté dans l'en-tête ({expected}).",
    "The study {value} of the catalogue is not documented in the header ({expected}).",
    source="001 3.2 : serviceEvent/id, « Identifiant de l'examen (DICOM Study instance UID) » ; 001 4.2.4.5.1",
    official=None,
)
LISTED_TWICE = BOOK.rule(
    "AG-6",
    "L'examen {value} est dans deux catalogues.",
    "The study {value} is in two catalogues.",
    source="000 3.3.2 : Technique d'imagerie, « Correspond à un examen »",
    official=None,
)
ACT_CODE = BOOK.rule(
    "AG-7",
    "L'acte est codé {value} dans le corps et {expected} dans l'en-tête.",
    "The act is coded {value} in the body and {expected} in the header.",
    source="001 3.2 : serviceEvent/code ; 001 3.3.4.1 : procedure/code (l'exemple officiel s'en écarte)",
    spec=WARNING,
    official=None,
)
ACT_CCAM = BOOK.rule(
    "AG-19",
    "L'acte a le code CCAM {value} dans le corps et {expected} dans l'en-tête.",
    "The act has the CCAM code {value} in the body and {expected} in the header.",
    source="001 3.2 : serviceEvent/code/translation (CCAM) ; 001 3.3.4.1 : procedure/code/translation (CCAM)",
    official=None,
)
MODALITY = BOOK.rule(
    "AG-8",
    "La modalité de l'acte est {value} dans le corps et {expected} dans l'en-tête.",
    "The modality of the act is {value} in the body and {expected} in the header.",
    source="001 3.2 : serviceEvent/code/translation (modalité) ; 001 3.3.4.1 : procedure/methodCode",
    official=None,
)
SERIES_MODALITY = BOOK.rule(
    "AG-9",
    "La modalité {value} de la série n'est pas de celles de l'acte ({expected}).",
    "The modality {value} of the series is none of those of the act ({expected}).",
    source="001 3.3.4.1 : procedure/methodCode ; 001 4.2.4.5.1.1 : act/code/qualifier/value",
    official=None,
)
REGION = BOOK.rule(
    "AG-10",
    "La région {value} de l'en-tête ne s'accorde pas avec la localisation {expected} du corps.",
    "The region {value} of the header does not fit the location {expected} of the body.",
    source="001 3.2 : région « calculée à partir de la table de correspondance » (table non publiée : cas sûrs seuls)",
    spec=WARNING,
    official=None,
)
SOP_CLASS = BOOK.rule(
    "AG-16",
    "La classe SOP {value} n'est pas celle d'images de la modalité {expected}.",
    "The SOP class {value} is not that of images of the modality {expected}.",
    source="001 4.2.4.5.1.1.1 : observation/code ; DICOM PS3.3 section A (modalité de chaque classe)",
    spec=WARNING,
    official=None,
)
_STORAGE = "1.2.840.10008.5.1.4.1.1."
_CLASSES: dict[str, frozenset[str]] = {
    f"{_STORAGE}1": frozenset({"CR"}),
    f"{_STORAGE}1.2": frozenset({"MG"}),
    f"{_STORAGE}1.2.1": frozenset({"MG"}),
    f"{_STORAGE}2": frozenset({"CT", "PT"}),
    f"{_STORAGE}2.1": frozenset({"CT", "PT"}),
    f"{_STORAGE}3.1": frozenset({"US", "IVUS"}),
    f"{_STORAGE}4": frozenset({"MR"}),
    f"{_STORAGE}4.1": frozenset({"MR"}),
    f"{_STORAGE}6.1": frozenset({"US", "IVUS"}),
    f"{_STORAGE}12.1": frozenset({"XA"}),
    f"{_STORAGE}12.2": frozenset({"RF"}),
    f"{_STORAGE}20": frozenset({"NM"}),
}
"""SOP classes that hold images of one modality alone (a CT class beside a PET series is common)."""
_HEAD, _CHEST, _BELLY = "774007", "67734004", "63337009"
_ARM, _LEG, _BREAST, _SPINE = "53120007", "61685007", "76752008", "737561001"
_ANY = frozenset({"38266002", "113257007", _SPINE})
"""The whole body, the vessels, the spine: regions that go with any location."""
_REGIONS: dict[str, frozenset[str]] = {
    "302548004": frozenset({_HEAD}),
    "302550007": frozenset({_HEAD}),
    "258335003": frozenset({_HEAD}),
    "302551006": frozenset({_CHEST, "80891009", _BREAST}),
    "181216001": frozenset({_CHEST}),
    "302509004": frozenset({_CHEST, "80891009"}),
    "302553009": frozenset({_BELLY}),
    "181268008": frozenset({_BELLY}),
    "229765004": frozenset({_BELLY, _LEG}),
    "181131000": frozenset({_BREAST, _CHEST}),
    "302539009": frozenset({_ARM}),
    "361289009": frozenset({_ARM}),
    "76248009": frozenset({_ARM}),
    "361291001": frozenset({_LEG}),
    "361292008": frozenset({_LEG}),
    "302545001": frozenset({_LEG}),
}
"""Regions that go with a location, for the locations where nobody can doubt it; the others are not compared."""


@BOOK.end
def compare(root: etree._Element, context: Context) -> None:
    """Everything that is said twice."""
    if context.official:
        return  # the official validator compares nothing
    if context.model is Model.LEVEL_1:
        if applies(context):
            times(root, context, header_acts(root), [])
        return
    header, body = header_acts(root), context.once(body_acts)
    if header and body and len(header) != len(body):
        context.say(ACTS, body[-1].section, value=str(len(body)), expected=str(len(header)))
    _document_code(root, context, header, body)
    _studies(context, header, body)
    tied = pairs(header, body)
    for documented, described in tied:
        _codes(context, documented, described)
        _regions(context, documented, described)
    for described in body:
        _series(context, described)
    targets = {one.get("ID", "").strip(): one for one in context.collected["ID"]}
    labels(context, tied, targets)
    words(context, body, targets)
    links(root, context, body)
    times(root, context, header, tied)


def _document_code(root: etree._Element, context: Context, header: list[HeaderAct], body: list[BodyAct]) -> None:
    code = find(root, "code")
    told = [attribute(one, "code") for one in kids(root, "code/translation")]
    known, listed = set(told), few(told)
    codes = {act.code for act in header if act.code}
    if code is None or not told or not codes:
        return
    if len(told) not in (len(header), len(codes)):
        context.say(TRANSLATIONS, code, at="translation", value=str(len(told)), expected=str(len(header)))
    for act in header:
        if act.code and act.code not in known:
            context.say(TRANSLATION_CODES, act.event, at="code/@code", value=act.code, expected=listed)
    if not known <= codes:
        _translations(context, code, codes.union(_own_code(act) for act in body))


def _translations(context: Context, code: etree._Element, acts: set[str]) -> None:
    """No translation of the document's code is of another examination than those of *acts*, by their labels."""
    compared = sorted(acts - {""})[:COMPARED]
    for one in kids(code, "translation")[:COMPARED]:
        told = attribute(one, "code")
        if told not in acts and all(differ(told, other) for other in compared):
            context.say(OTHER_TRANSLATION, one, at="@code", expected=few(compared))


def _own_code(act: BodyAct) -> str:
    """The code that an act of the body has, or nothing."""
    return attribute(find(act.technique, "code"), "code")


def _studies(context: Context, header: list[HeaderAct], body: list[BodyAct]) -> None:
    documented: set[str] = set()
    for act in header:
        for uid in act.study_uids:
            if uid in documented:
                context.say(SAME_STUDY, act.event, at="id/@root", value=uid)
        documented.update(act.study_uids)
    listed: set[str] = set()
    expected = few(sorted(documented))
    for described in body:
        for study in described.studies:
            for one in kids(study, "id"):
                uid = attribute(one, "root")
                if documented and uid not in documented:
                    context.say(UNKNOWN_STUDY, one, at="@root", expected=expected)
                if uid in listed:
                    context.say(LISTED_TWICE, one, at="@root")
                listed.add(uid)


def _codes(context: Context, documented: HeaderAct, described: BodyAct) -> None:
    technique = described.technique
    if technique is None:
        return
    code = _own_code(described)
    if code and documented.code and code != documented.code:
        context.say(ACT_CODE, technique, at="code/@code", value=code, expected=documented.code)
    said, told = (_ccam(one) for one in (documented.event, technique))
    if said and told and said.isdisjoint(told):
        value, expected = (", ".join(sorted(codes)) for codes in (told, said))
        context.say(ACT_CCAM, technique, at="code/translation", value=value, expected=expected)
    methods = {attribute(one, "code") for one in kids(technique, "methodCode")}
    if methods and documented.modalities and methods.isdisjoint(documented.modalities):
        expected = ", ".join(sorted(documented.modalities))
        context.say(MODALITY, technique, at="methodCode/@code", value=", ".join(sorted(methods)), expected=expected)


def _ccam(act: etree._Element) -> set[str]:
    """The CCAM codes of an act, without what may follow their seven characters (activity, phase)."""
    found = [one for one in kids(act, "code/translation") if attribute(one, "codeSystem") in CCAM]
    return {attribute(one, "code")[:7] for one in found}


def _series(context: Context, described: BodyAct) -> None:
    methods = {attribute(one, "code") for one in kids(described.technique, "methodCode")}
    for study in described.studies:
        for value in kids(study, "entryRelationship/act/code/qualifier/value"):
            if methods and attribute(value, "code") not in methods:
                context.say(SERIES_MODALITY, value, at="@code", expected=", ".join(sorted(methods)))
        for instance in instances(study):
            code = attribute(find(instance, "code"), "code")
            if methods and code in _CLASSES and methods.isdisjoint(_CLASSES[code]):
                context.say(SOP_CLASS, instance, at="code/@code", value=code, expected=", ".join(sorted(methods)))


def _regions(context: Context, documented: HeaderAct, described: BodyAct) -> None:
    sites = [attribute(one, "code") for one in kids(described.technique, "targetSiteCode")]
    regions = [
        one
        for one in kids(documented.event, "code/translation")
        if any(attribute(name, "code") == "39111-0" for name in kids(one, "qualifier/name"))
    ]
    if not sites or any(site not in _REGIONS for site in sites):
        return
    fitting = _ANY.union(*(_REGIONS[site] for site in sites))
    for region in regions:
        if attribute(region, "code") not in fitting:
            context.say(REGION, region, at="@code", expected=", ".join(sites))


in_order(BOOK)
