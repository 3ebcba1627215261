"""Data types wherever they stand: identifiers, codes, times, quantities, intervals, texts, names.

The walk knows the type of every element from the grammar (and ``xsi:type``). Source: HL7 v3 Data Types Release 1,
which 001 section 3.1.3 and the "Volet Modèles de contenus CDA" refer to. In ``official`` these rules hold in the header
alone: the validator binds its data type rules to the header's elements and looks at the body's by the XML schema only.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from lxml import etree

from gateway.cda.elements import CDA, attribute, path
from gateway.cda.rules.engine import WARNING, Book, Context, Model, Rule, step_name
from gateway.cda.rules.vocabulary import is_null
from gateway.model.identifiers import ORGANIZATION_OID
from gateway.model.times import Timestamp

BOOK = Book("datatypes")
_R1 = "HL7 v3 Data Types R1, {}; 001 3.1.3"
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+", re.ASCII)
_OFFICIAL_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))*", re.ASCII)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_RUID = re.compile(r"[A-Za-z][A-Za-z0-9\-]*", re.ASCII)
_SCHEMES = ("tel", "fax", "mailto", "http", "ftp", "mllp")
_USES = frozenset({"H", "HP", "HV", "WP", "DIR", "PUB", "EC", "MC", "PG"})
_ADDRESS_USES = frozenset({"H", "HP", "HV", "WP", "TMP"})
_NO_TELECOM = frozenset({"UNK", "NASK", "ASKU", "NAV", "MSK"})
_ONCE_IN_ADDRESS = frozenset(
    [
        "country",
        "state",
        "city",
        "postalCode",
        "county",
        "houseNumber",
        "houseNumberNumeric",
        "streetName",
        "streetNameType",
        "additionalLocator",
        "unitID",
        "postBox",
        "precinct",
    ]
)
_STREET_LINES = 7


def _rule(rule_id: str, fr: str, en: str, clause: str, **weights: object) -> Rule:
    return BOOK.rule(rule_id, fr, en, source=_R1.format(clause), **weights)  # type: ignore[arg-type]


II_ROOT = _rule(
    "T-II-1", "L'identifiant n'a pas d'attribut root.", "The identifier has no attribute root.", "II: root is required"
)  # fmt: skip
II_NULL = _rule(
    "T-II-2",
    "L'identifiant a à la fois une valeur et un nullFlavor.",
    "The identifier has both a value and a nullFlavor.",
    "II: nullFlavor excludes root and extension",
)
II_FORM = _rule(
    "T-II-3",
    "La racine « {value} » n'est ni un OID ni un UUID.",
    "The root “{value}” is neither an OID nor a UUID.",
    "II.root: OID or UUID (RUID are reserved to HL7)",
)
II_RUID = _rule(
    "T-II-6",
    "La racine « {value} » n'est ni un OID ni un UUID : c'est un nom, réservé à HL7.",
    "The root “{value}” is neither an OID nor a UUID: it is a name, reserved to HL7.",
    "II.root: RUID; the official example has one in an entry",
    spec=WARNING,
    official=None,
)
II_EXTENSION = _rule(
    "T-II-4",
    "L'extension de l'identifiant est vide ou bordée d'espaces.",
    "The extension of the identifier is empty or has blanks around it.",
    "II.extension: ST of at least one character",
    official=None,
)
II_TWICE = _rule(
    "T-II-5",
    "L'identifiant « {value} » est donné deux fois.",
    "The identifier “{value}” is given twice.",
    "SET: its items are distinct",
)
CD_EMPTY = _rule(
    "T-CD-1",
    "L'élément {name} n'a ni code, ni texte d'origine, ni nullFlavor.",
    "The element {name} has no code, no original text and no nullFlavor.",
    "CD: code, originalText or nullFlavor",
)
CD_SYSTEM = _rule(
    "T-CD-2",
    "Le code « {value} » n'a pas de codeSystem.",
    "The code “{value}” has no codeSystem.",
    "CD: code requires codeSystem",
)
CD_LABEL = _rule(
    "T-CD-3",
    "L'attribut {name} est donné sans le code ou le codeSystem qu'il décrit.",
    "The attribute {name} is given without the code or codeSystem that it describes.",
    "CD: codeSystemName and codeSystemVersion only with codeSystem, displayName only with code",
)
CD_NULL = _rule(
    "T-CD-4",
    "L'élément {name} a à la fois un code et un nullFlavor.",
    "The element {name} has both a code and a nullFlavor.",
    "CD: nullFlavor excludes code and displayName",
)
CD_TWICE = _rule(
    "T-CD-5",
    "La traduction « {value} » est donnée deux fois.",
    "The translation “{value}” is given twice.",
    "CD.translation: a SET, its items are distinct",
)
CD_TRANSLATION_NULL = _rule(
    "T-CD-6",
    "Une traduction ne peut pas être un nullFlavor.",
    "A translation cannot be a nullFlavor.",
    "CD.translation: no exceptional value in a SET",
)
CD_SYSTEM_FORM = _rule(
    "T-CD-7",
    "Le codeSystem « {value} » n'est pas un OID.",
    "The codeSystem “{value}” is not an OID.",
    "CD.codeSystem: OID",
    official=None,
)
CS_CODE = _rule(
    "T-CS-1",
    "L'élément {name} doit avoir un code, ou un nullFlavor, et pas les deux.",
    "The element {name} must have a code, or a nullFlavor, and not both.",
    "CS: code or nullFlavor",
)
TS_FORM = _rule(
    "T-TS-1",
    "« {value} » n'est pas une date et heure réelle (AAAAMMJJ[hhmm[ss]][+zzzz]).",
    "“{value}” is not a real date and time (YYYYMMDD[hhmm[ss]][+zzzz]).",
    "TS: a point in time of the calendar",
)
TS_EMPTY = _rule(
    "T-TS-2",
    "L'élément {name} n'a ni valeur ni nullFlavor.",
    "The element {name} has neither a value nor a nullFlavor.",
    "QTY: value or nullFlavor",
)
TS_NULL = _rule(
    "T-TS-3",
    "L'élément {name} a à la fois une valeur et un nullFlavor.",
    "The element {name} has both a value and a nullFlavor.",
    "QTY: nullFlavor excludes value",
)
IVL_ORDER = _rule(
    "T-IVL-1",
    "L'intervalle finit ({value}) avant d'avoir commencé ({expected}).",
    "The interval ends ({value}) before it has begun ({expected}).",
    "IVL: low is not after high",
)
IVL_FORM = _rule(
    "T-IVL-2",
    "L'intervalle mélange value, low, high, center et width d'une façon qui n'est pas permise.",
    "The interval mixes value, low, high, center and width in a way that is not allowed.",
    "IVL: value alone; center with width at most; low and high without width",
)
PQ_UNIT = _rule(
    "T-PQ-1",
    "L'unité est donnée sans valeur.",
    "The unit is given without a value.",
    "PQ: unit only with value",
    official=None,
)
ST_EMPTY = _rule(
    "T-ST-1",
    "L'élément {name} est vide.",
    "The element {name} is empty.",
    "ST, ED, ADXP, ENXP: content or nullFlavor",
)
ED_BASE64 = _rule(
    "T-ED-1",
    "Le contenu annoncé en base64 n'est pas du base64.",
    "The content declared as base64 is not base64.",
    "ED.representation B64",
    official=None,
)
NULL_CONTENT = _rule(
    "T-ANY-1",
    "L'élément {name} dit n'avoir rien (nullFlavor) et contient pourtant quelque chose.",
    "The element {name} says that it has nothing (nullFlavor) and still holds something.",
    "ANY.nullFlavor excludes everything else",
)
TEL_FORM = _rule(
    "T-TEL-1",
    "« {value} » n'est pas une adresse de télécommunication (tel:, fax:, mailto:, http:, ftp: ou mllp:, puis la"
    " valeur).",
    "“{value}” is not a telecommunication address (tel:, fax:, mailto:, http:, ftp: or mllp:, then its value).",
    "TEL; CI-SIS Structuration minimale, telecom",
)
TEL_HTTPS = _rule(
    "T-TEL-2",
    "Le schéma https: n'est pas dans la liste du CI-SIS ; le validateur officiel le refuse.",
    "The scheme https: is not in the list of the CI-SIS; the official validator refuses it.",
    "TEL; CI-SIS Structuration minimale, telecom",
    spec=WARNING,
)
TEL_USE = _rule(
    "T-TEL-3",
    "L'usage « {value} » n'est pas permis pour un telecom (attendu : {expected}).",
    "The use “{value}” is not allowed for a telecom (expected: {expected}).",
    "TEL.use; CI-SIS Structuration minimale, telecom",
)
TEL_NULL = _rule(
    "T-TEL-4",
    "Un telecom sans valeur doit avoir pour seul attribut un nullFlavor parmi {expected}.",
    "A telecom without a value must have a nullFlavor of {expected} as its only attribute.",
    "TEL; CI-SIS Structuration minimale, telecom",
)
AD_MIXED = _rule(
    "T-AD-1",
    "L'adresse ou le nom mélange du texte et des éléments.",
    "The address or name mixes text and elements.",
    "AD, EN: text or parts",
)
AD_USE = _rule(
    "T-AD-2",
    "L'usage « {value} » n'est pas permis pour une adresse (attendu : {expected}).",
    "The use “{value}” is not allowed for an address (expected: {expected}).",
    "AD.use; CI-SIS Structuration minimale, addr",
)
AD_ONCE = _rule(
    "T-AD-3",
    "L'adresse donne {name} plusieurs fois.",
    "The address gives {name} several times.",
    "AD; CI-SIS Structuration minimale, addr: each part at most once, streetAddressLine at most 7",
)
TWICE = _rule(
    "T-SET-1",
    "L'élément {name} est donné deux fois à l'identique.",
    "The element {name} is given twice with the same content.",
    "SET: its items are distinct",
)
AD_EMPTY = _rule(
    "T-AD-4",
    "L'élément {name} est vide.",
    "The element {name} is empty.",
    "AD, EN: parts, text or nullFlavor",
)


def _in_body(element: etree._Element) -> bool:
    return any(above.tag == _BODY for above in element.iterancestors())


_BODY = f"{{{CDA}}}component"


def _say(context: Context, rule: Rule, element: etree._Element, **facts: object) -> None:
    """Say *rule*; in ``official``, and of a model that is not ours, about the header alone."""
    if not ((context.official or context.model is Model.OTHER) and _in_body(element)):
        context.say(rule, element, **facts)  # type: ignore[arg-type]


@BOOK.kind("II")
def identifier(element: etree._Element, context: Context) -> None:
    root, extension, null = element.get("root"), element.get("extension"), element.get("nullFlavor")
    if context.official and root != ORGANIZATION_OID and _is_unbound_organization(element.getparent()):
        return
    if null is not None and (root is not None or extension is not None):
        _say(context, II_NULL, element)
    if null is None and root is None:
        _say(context, II_ROOT, element)
    oid = _OFFICIAL_OID if context.official else _OID
    if root is not None and not (oid.fullmatch(root) or _UUID.fullmatch(root)):
        name = _RUID.fullmatch(root) is not None and _in_body(element)
        _say(context, II_RUID if name else II_FORM, element, at="@root")
    if extension is not None and extension != extension.strip():
        _say(context, II_EXTENSION, element, at="@extension")
    if root is not None and context.repeats(element, (root, extension)):
        _say(context, II_TWICE, element, value=" ".join(filter(None, (root, extension))))


@BOOK.kind("CD", "CE", "CV", "CO", "PQR")
def coded(element: etree._Element, context: Context) -> None:
    if context.official and element.tag == _SECTOR and _escapes(element):
        return
    if not element.attrib and not len(element):
        _say(context, CD_EMPTY, element, name=step_name(element))
        return
    code, null, system = element.get("code"), element.get("nullFlavor"), element.get("codeSystem")
    if code is None:
        _codeless(element, null, context)
    else:
        if null is not None:
            _say(context, CD_NULL, element, name=step_name(element))
        if system is None:
            _say(context, CD_SYSTEM, element, at="@codeSystem", value=code)
    if system is None:
        for name in ("codeSystemName", "codeSystemVersion"):
            if element.get(name) is not None:
                _say(context, CD_LABEL, element, at=f"@{name}", name=name)
    elif not context.official and not _OID.fullmatch(system):
        _say(context, CD_SYSTEM_FORM, element, at="@codeSystem")
    if len(element) and element.find(_TRANSLATION) is not None:
        _translations(element, context)


_TRANSLATION = path("translation")
_SECTOR = path("standardIndustryClassCode")
_UNBOUND = frozenset(path(one) for one in ("author", "authenticator", "componentOf", "informationRecipient"))


def _escapes(element: etree._Element) -> bool:
    """Whether the validator does not look at this sector code, unless it is one of the value set."""
    return any(above.tag in _UNBOUND for above in element.iterancestors())


_ORIGINAL = path("originalText")


def _codeless(element: etree._Element, null: str | None, context: Context) -> None:
    if null is None and not _has_original_text(element, context):
        _say(context, CD_EMPTY, element, name=step_name(element))
    if element.get("displayName") is not None:
        _say(context, CD_NULL if null is not None else CD_LABEL, element, at="@displayName", name="displayName")


def _has_original_text(element: etree._Element, context: Context) -> bool:
    if context.official:
        original = element.find(_ORIGINAL)
        return original is not None and not is_null(original)
    return any(child.tag in (_ORIGINAL, _TRANSLATION) for child in element)


def _translations(element: etree._Element, context: Context) -> None:
    seen: set[tuple[str, str]] = set()
    for translation in element.iterchildren(_TRANSLATION):
        if is_null(translation):
            _say(context, CD_TRANSLATION_NULL, translation)
        key = (attribute(translation, "code"), attribute(translation, "codeSystem"))
        if key in seen:
            _say(context, CD_TWICE, translation, value=key[0])
        seen.add(key)


@BOOK.kind("CS")
def simple_code(element: etree._Element, context: Context) -> None:
    if (element.get("code") is None) == (element.get("nullFlavor") is None):
        _say(context, CS_CODE, element, name=step_name(element))


@BOOK.kind("TS", "IVXB_TS", "SXCM_TS", "INT", "REAL", "PQ", "IVXB_PQ", "IVXB_INT", "MO", "BL")
def quantity(element: etree._Element, context: Context) -> None:
    value = element.get("value")
    if value is None:
        if element.get("nullFlavor") is None and not len(element):
            _say(context, TS_EMPTY, element, name=step_name(element))
        if element.get("unit") is not None:
            _say(context, PQ_UNIT, element, at="@unit")
    elif element.get("nullFlavor") is not None:
        _say(context, TS_NULL, element, name=step_name(element))


@BOOK.kind("TS", "IVXB_TS", "SXCM_TS", "IVL_TS")
def time(element: etree._Element, context: Context) -> None:
    value = element.get("value")
    if value is not None and _moment(_padded(value) if context.official else value) is None:
        _say(context, TS_FORM, element, at="@value")


def _padded(value: str) -> str:
    """A time whose zone has fewer than four digits, as the validator completes it."""
    return re.sub(r"([+-][0-9]{1,3})$", lambda zone: zone.group(1).ljust(5, "0"), value)


@BOOK.kind("IVL_TS")
def interval_of_time(element: etree._Element, context: Context) -> None:
    _interval(element, context)
    low, high = (_end(element, name) for name in ("low", "high"))
    if low is None or high is None:
        return
    if context.official and step_name(_parent(element)) == "serviceEvent":
        return  # the validator does not compare the ends of an act
    start, stop = _moment(low), _moment(high)
    if start is not None and stop is not None and _after(start, stop):
        _say(context, IVL_ORDER, element, value=high, expected=low)


def _parent(element: etree._Element) -> etree._Element:
    """Its parent; the root's is the root."""
    parent = element.getparent()
    return element if parent is None else parent


@BOOK.kind("IVL_PQ", "IVL_INT", "IVL_REAL")
def interval_of_quantity(element: etree._Element, context: Context) -> None:
    _interval(element, context)
    try:
        low, high = (Decimal((_end(element, name) or "NaN").strip()) for name in ("low", "high"))
    except InvalidOperation:
        return
    if low.is_finite() and high.is_finite() and low > high:
        _say(context, IVL_ORDER, element, value=str(high), expected=str(low))


_ENDS = {path(name): name for name in ("low", "high", "center", "width")}


def _interval(element: etree._Element, context: Context) -> None:
    has = {_ENDS[child.tag] for child in element if child.tag in _ENDS}
    value, null = element.get("value") is not None, element.get("nullFlavor") is not None
    if not has and not value and not null and not len(element):
        _say(context, TS_EMPTY, element, name=step_name(element))
    mixed = (value and has) or ("center" in has and has & {"low", "high"}) or has >= {"low", "high", "width"}
    if mixed:
        _say(context, IVL_FORM, element)
    if null and (value or has):
        _say(context, TS_NULL, element, name=step_name(element))


def _end(element: etree._Element, name: str) -> str | None:
    end = element.find(path(name))
    return None if end is None else end.get("value")


@lru_cache(maxsize=64)
def _moment(value: str) -> Timestamp | None:
    try:
        return Timestamp.parse(value)
    except ValueError:
        return None


def _after(start: Timestamp, stop: Timestamp) -> bool:
    """Whether *start* is later than *stop*, to the precision that both have."""
    if start.moment.tzinfo is not None and stop.moment.tzinfo is not None and min(start.digits, stop.digits) > 8:
        return start.moment > stop.moment and start.digits == stop.digits
    digits = min(start.digits, stop.digits)
    written = [f"{one.moment:%Y%m%d%H%M%S}"[:digits] for one in (start, stop)]
    return written[0] > written[1]


@BOOK.kind("ED", "ST", "SC", "THUMBNAIL")
def text(element: etree._Element, context: Context) -> None:
    if len(element):
        return
    content = element.text
    null = element.get("nullFlavor") is not None
    if content is None or not content.strip():
        if not null:
            _say(context, ST_EMPTY, element, name=step_name(element))
    elif null:
        _say(context, NULL_CONTENT, element, name=step_name(element))
    elif element.get("representation") == "B64" and not context.official and not is_base64(content):
        context.say(ED_BASE64, element)


_BASE64 = bytes(range(ord("A"), ord("Z") + 1)) + bytes(range(ord("a"), ord("z") + 1)) + b"0123456789+/"
_SPACE = b" \t\r\n"


def is_base64(content: str) -> bool:
    """Whether *content*, white space aside, is base64 with its padding; nothing is decoded, for it may be long."""
    if not content.isascii():
        return False
    written = content.encode().translate(None, _SPACE)
    digits = written.rstrip(b"=")
    return not digits.translate(None, _BASE64) and len(written) % 4 == 0 and len(written) - len(digits) <= 2


@BOOK.element("telecom")
def telecom(element: etree._Element, context: Context) -> None:
    value, null, use = element.get("value"), element.get("nullFlavor"), element.get("use")
    if value is not None and (use is not None or not context.official) and context.repeats(element, (value, use)):
        _say(context, TWICE, element, name="telecom")
    if value is None:
        if null not in _NO_TELECOM or len(element.attrib) != 1:
            _say(context, TEL_NULL, element, value=null, expected=" ".join(sorted(_NO_TELECOM)))
        return
    scheme, _, rest = value.partition(":")
    if scheme == "https" and rest:
        _say(context, TEL_HTTPS, element, at="@value")
    elif scheme not in _SCHEMES or not rest.strip() or not _is_uri(value) or null is not None:
        _say(context, TEL_FORM, element, at="@value")
    if use is not None and use not in _USES:
        _say(context, TEL_USE, element, at="@use", expected=" ".join(sorted(_USES)))


def _is_uri(value: str) -> bool:
    return value.isascii() and not any(character in value for character in ' <>"{}|\\^`') and value.isprintable()


@BOOK.kind("AD")
def address(element: etree._Element, context: Context) -> None:
    _parts(element, context)
    _once(element, context)
    use = element.get("use")
    if use is not None and use not in _ADDRESS_USES:
        _say(context, AD_USE, element, at="@use", expected=" ".join(sorted(_ADDRESS_USES)))
    counts: dict[str, int] = {}
    for child in element.iterchildren(f"{{{CDA}}}*"):
        name = step_name(child)
        counts[name] = counts.get(name, 0) + 1
    lines = counts.get("streetAddressLine", 0)
    if lines > _STREET_LINES:
        _say(context, AD_ONCE, element, at="streetAddressLine", name="streetAddressLine")
    for name, count in counts.items():
        if count > 1 and name in _ONCE_IN_ADDRESS and not (context.official and lines):
            _say(context, AD_ONCE, element, at=name, name=name)


@BOOK.kind("EN", "PN", "ON", "TN")
def name(element: etree._Element, context: Context) -> None:
    if context.official and _is_unbound_name(element):
        return
    _parts(element, context)
    _once(element, context)


_PERSONS = ("assignedPerson", "relatedPerson", "associatedPerson", "guardianPerson", "informationRecipient")
_UNBOUND_ORGANIZATIONS = ("scopingOrganization", "representedCustodianOrganization")


def _is_unbound_name(element: etree._Element) -> bool:
    """Whether the validator binds no data type to this name: a person's without family name, some organisations'."""
    parent = element.getparent()
    if parent is None:
        return False
    owner = step_name(parent)
    if owner in _PERSONS:
        return element.find(path("family")) is None
    if owner == "representedOrganization":
        holder = parent.getparent()
        holders = [holder.tag, holder.getparent().tag] if holder is not None else []  # type: ignore[union-attr]
        return path("assignedAuthor") in holders or path("legalAuthenticator") in holders
    return owner in _UNBOUND_ORGANIZATIONS


def _is_unbound_organization(parent: etree._Element | None) -> bool:
    """Whether the validator binds no data type to the identifiers of this organisation but the national one."""
    if parent is None or step_name(parent) not in ("representedOrganization", "receivedOrganization"):
        return False
    return not any(above.tag == _PERFORMED for above in parent.iterancestors())


_PERFORMED = path("documentationOf")


def _once(element: etree._Element, context: Context) -> None:
    """Whether an address or a name repeats one before it, letter for letter."""
    if context.repeats(element, (element.get("use"), _written(element))):
        _say(context, TWICE, element, name=step_name(element))


def _written(element: etree._Element) -> str:
    return "".join(str(text) for text in element.itertext())


@BOOK.kind("ADXP", "ENXP")
def part(element: etree._Element, context: Context) -> None:
    if not (element.text and element.text.strip()) and element.get("nullFlavor") is None:
        may_be_empty = context.official and element.tag in _NAME_PARTS
        if not may_be_empty:
            _say(context, ST_EMPTY, element, name=step_name(element))


_NAME_PARTS = frozenset(path(one) for one in ("family", "given", "prefix", "suffix", "delimiter"))
"""Which the validator lets be empty."""


def _parts(element: etree._Element, context: Context) -> None:
    null = element.get("nullFlavor") is not None
    own = bool(element.text) and not str(element.text).isspace()
    stray = own or any(child.tail and not child.tail.isspace() for child in element)
    elements = any(isinstance(child.tag, str) for child in element)
    if null and (stray or elements):
        _say(context, NULL_CONTENT, element, name=step_name(element))
    elif stray and elements:
        _say(context, AD_MIXED, element)
    elif not (null or stray or elements):
        _say(context, AD_EMPTY, element, name=step_name(element))
