"""The link to the images: Invoke Image Display, and what it says against the rest of the document (001 4.2.4.5.1.1.1).

Another link than Invoke Image Display is a warning (the official example has a WADO link); a link that names another
study, another order or another document contradicts the report and is an error.
"""

from __future__ import annotations

import re
from itertools import islice
from urllib.parse import SplitResult, parse_qsl, urlsplit

from lxml import etree

from gateway.cda.elements import PS3_20, attribute, path
from gateway.cda.rules.agreement_book import BOOK, BodyAct, few
from gateway.cda.rules.engine import WARNING, Context
from gateway.cda.rules.entries_catalogue import instances, url_of
from gateway.cda.rules.looking import find, kids, tagged
from gateway.model.link import PATH

_SOURCE = "001 4.2.4.5.1.1.1"
_FORM = "https://<location>/IHEInvokeImageDisplay?requestType=STUDY&studyUID=…&Accessionnumber=…&idCDA=…"
NOT_A_URL = BOOK.rule(
    "AG-11a",
    "Le lien vers les images n'est pas une adresse http ou https.",
    "The link to the images is no http or https address.",
    source=f"{_SOURCE} : « {_FORM} »",
    official=None,
)
OTHER_FORM = BOOK.rule(
    "AG-11b",
    "Le lien vers les images n'est pas celui d'Invoke Image Display : {expected}.",
    "The link to the images is not that of Invoke Image Display: {expected}.",
    source=f"{_SOURCE} : « Cette url, basée sur le profil IHE Invoke Image Display, est construite … » "
    "(l'exemple officiel a un lien WADO)",
    spec=WARNING,
    official=None,
)
PARAMETER = BOOK.rule(
    "AG-11c",
    "Le paramètre {expected} manque dans le lien vers les images, ou y est deux fois.",
    "The parameter {expected} is missing from the link to the images, or stands there twice.",
    source=f"{_SOURCE} : « {_FORM} »",
    official=None,
)
SPELLING = BOOK.rule(
    "AG-11d",
    "Le paramètre « {value} » du lien s'écrit « {expected} ».",
    "The parameter “{value}” of the link is spelt “{expected}”.",
    source=f"{_SOURCE} : « {_FORM} »",
    spec=WARNING,
    official=None,
)
REQUEST_TYPE = BOOK.rule(
    "AG-11e",
    "Le paramètre requestType du lien est fixé à {expected} ; trouvé : « {value} ».",
    "The parameter requestType of the link is fixed to {expected}; found: “{value}”.",
    source=f"{_SOURCE} : « requestType=STUDY »",
    official=None,
)
OTHER_STUDY = BOOK.rule(
    "AG-12a",
    "Le lien mène à l'examen « {value} », alors que c'est celui de l'examen {expected}.",
    "The link leads to the study “{value}” though it is that of the study {expected}.",
    source=f"{_SOURCE} : « <StudyInstanceUID> : Identifiant de l'examen »",
    official=None,
)
OTHER_ORDER = BOOK.rule(
    "AG-12b",
    "Le lien nomme la demande « {value} », qui n'est pas une de celles du document ({expected}).",
    "The link names the order “{value}”, which is none of the document's ({expected}).",
    source=f"{_SOURCE} : « <Accessionnumber> : Identifiant de la demande attribué par le RIS (root.extension) »",
    official=None,
)
OTHER_DOCUMENT = BOOK.rule(
    "AG-12c",
    "Le lien nomme le document « {value} », alors que celui-ci est {expected}.",
    "The link names the document “{value}” though this one is {expected}.",
    source=f"{_SOURCE} : « <idCDA> : Identifiant du document CDA IMG-CR-IMG (élément <id root>) »",
    official=None,
)
INSECURE = BOOK.rule(
    "AG-11f",
    "Le lien vers les images n'est pas en https.",
    "The link to the images is not https.",
    source=f"{_SOURCE} : « https://<location>/IHEInvokeImageDisplay »",
    spec=WARNING,
    official=None,
)
NARRATIVE = BOOK.rule(
    "AG-13",
    "Le lien du texte nomme « {value} », qui n'est ni de ce catalogue ni de ce document ({expected}).",
    "The link of the text names “{value}”, which is neither of this catalogue nor of this document ({expected}).",
    source="001 3.3.4.5 : « text [1..1] Examens référencés sous forme textuelle »",
    official=None,
)
_HOST = re.compile(r"[\w.-]+|[0-9a-fA-F:.]+")
"""A name, an address of either kind; never the ``<location>`` of the specification."""
_NAMES = ("requestType", "studyUID", "Accessionnumber", "idCDA")


def links(root: etree._Element, context: Context, body: list[BodyAct]) -> None:
    """Every link of every catalogue."""
    orders = dict.fromkeys(_orders(root))
    document = attribute(find(root, "id"), "root")
    for act in body:
        for study in act.studies:
            uids = [attribute(one, "root") for one in kids(study, "id")]
            for instance in instances(study):
                if url_of(instance):
                    _link(instance, context, uids, orders, document)
        _narrative(act, context, orders, document)


def _orders(root: etree._Element) -> list[str]:
    """The accession numbers of the document, as the link writes them: ``root.extension``."""
    found = []
    for order in kids(root, "inFulfillmentOf/order"):
        for one in tagged(order, f"{{{PS3_20}}}accessionNumber"):
            if attribute(one, "root"):
                found.append(".".join(filter(None, (attribute(one, "root"), attribute(one, "extension")))))
    return found


def _link(instance: etree._Element, context: Context, uids: list[str], orders: dict[str, None], document: str) -> None:
    at = "text/reference/@value" if find(instance, "text/reference") is not None else "text"
    address = _address(url_of(instance))
    if address is None:
        context.say(NOT_A_URL, instance, at=at, value=url_of(instance))
        return
    told = _query(address)
    displayed = address.path.endswith(PATH)
    if not displayed:
        context.say(OTHER_FORM, instance, at=at, value=address.path, expected=_FORM)
    else:
        _form(instance, context, at, address, told)
    for name, known, rule in (
        ("studyuid", dict.fromkeys(uids), OTHER_STUDY),
        ("accessionnumber", orders, OTHER_ORDER),
        ("idcda", {document: None}, OTHER_DOCUMENT),
    ):
        values = [value for key, value in told if key.casefold() == name]
        wrong = [value for value in values if value not in known]
        if wrong and (known or displayed):
            context.say(rule, instance, at=at, value=wrong[0], expected=few([*islice(known, 20)]))


def _form(
    instance: etree._Element, context: Context, at: str, address: SplitResult, told: list[tuple[str, str]]
) -> None:
    found = {name: [key for key, value in told if key.casefold() == name.casefold() and value] for name in _NAMES}
    lacking = [name for name, keys in found.items() if len(keys) != 1]
    if lacking:
        context.say(PARAMETER, instance, at=at, expected=", ".join(lacking))
    odd = {keys[0]: name for name, keys in found.items() if len(keys) == 1 and keys != [name]}
    if odd:
        context.say(SPELLING, instance, at=at, value=", ".join(odd), expected=", ".join(odd.values()))
    kinds = [value for key, value in told if key == "requestType"]
    if kinds and kinds != ["STUDY"]:
        context.say(REQUEST_TYPE, instance, at=at, value=kinds[0], expected="STUDY")
    if address.scheme != "https":
        context.say(INSECURE, instance, at=at)


def _address(url: str) -> SplitResult | None:
    """*url* in parts, or None when it is no address of the web."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    is_web = parts.scheme in ("http", "https") and parts.hostname is not None and _HOST.fullmatch(parts.hostname)
    return parts if is_web else None


def _query(address: SplitResult) -> list[tuple[str, str]]:
    return [(key.strip(), value.strip()) for key, value in parse_qsl(address.query, keep_blank_values=True)]


def _narrative(act: BodyAct, context: Context, orders: dict[str, None], document: str) -> None:
    """The links that a person clicks lead to studies of their own catalogue, for an order of this document."""
    catalogues = {section for study in act.studies for section in [_section_of(study)] if section is not None}
    for catalogue in catalogues:
        uids = dict.fromkeys(attribute(one, "root") for one in kids(catalogue, "entry/act/id"))
        known = {"studyuid": uids, "accessionnumber": orders, "idcda": {document: None}}
        text = find(catalogue, "text")
        for anchor in () if text is None else text.iter(path("linkHtml")):
            address = _address(attribute(anchor, "href"))
            for key, value in _query(address) if address is not None else ():
                right = known.get(key.casefold())
                if right and value not in right:
                    context.say(NARRATIVE, anchor, at="@href", value=value, expected=few([*islice(right, 20)]))


def _section_of(study: etree._Element) -> etree._Element | None:
    entry = study.getparent()
    return None if entry is None else entry.getparent()
