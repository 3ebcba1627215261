"""Data types wherever they stand: identifiers, codes, times, quantities, intervals, texts.

The walk knows the type of every element from the grammar (and ``xsi:type``). The rules stand in ``datatypes_book``;
names, addresses and telecoms are looked at in ``datatypes_names``.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from lxml import etree

from gateway.cda.elements import attribute, path
from gateway.cda.rules import datatypes_names as datatypes_names
from gateway.cda.rules.datatypes_book import BOOK as BOOK
from gateway.cda.rules.datatypes_book import (
    CD_EMPTY,
    CD_LABEL,
    CD_NULL,
    CD_SYSTEM,
    CD_SYSTEM_FORM,
    CD_SYSTEM_NAME,
    CD_TRANSLATION_NULL,
    CD_TWICE,
    CS_CODE,
    ED_BASE64,
    II_EXTENSION,
    II_FORM,
    II_NULL,
    II_ROOT,
    II_RUID,
    II_TWICE,
    IVL_FORM,
    IVL_ORDER,
    NULL_CONTENT,
    PQ_UNIT,
    ST_EMPTY,
    TS_EMPTY,
    TS_FORM,
    TS_NULL,
    in_body,
    say,
)
from gateway.cda.rules.engine import Context, Rule, step_name
from gateway.cda.rules.looking import family, find, tagged
from gateway.cda.rules.vocabulary import is_null
from gateway.model.codes import CCAM_SYSTEMS, DCM, LOINC, SNOMED_CT
from gateway.model.identifiers import ORGANIZATION_OID
from gateway.model.times import Timestamp

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+", re.ASCII)
_OFFICIAL_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))*", re.ASCII)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_RUID = re.compile(r"[A-Za-z][A-Za-z0-9\-]*", re.ASCII)


@BOOK.kind("II")
def identifier(element: etree._Element, context: Context) -> None:
    stated = context.stated
    root, extension, null = stated.get("root"), stated.get("extension"), stated.get("nullFlavor")
    if context.official and root != ORGANIZATION_OID and _is_unbound_organization(element.getparent()):
        return
    if null is not None and (root is not None or extension is not None or (context.official and len(stated) > 1)):
        say(context, II_NULL, element)
    if null is None and root is None:
        say(context, II_ROOT, element)
    if root is not None and root not in _ROOTS[context.official] and not _is_root(root, context.official):
        name = _RUID.fullmatch(root) is not None and in_body(element)
        say(context, II_RUID if name else II_FORM, element, at="@root")
    if extension is not None and extension != extension.strip():
        say(context, II_EXTENSION, element, at="@extension")
    if root is not None and context.repeats(element, (root, extension)):
        say(context, II_TWICE, element, value=" ".join(filter(None, (root, extension))))


_ROOTS: tuple[set[str], set[str]] = (set(), set())
"""Roots met that are right, in ``spec`` and in ``official``: documents name the same templates and authorities."""
_REMEMBERED, _LONGEST = 1000, 64
"""Of them at most, and their characters: strangers write the documents."""


def _is_root(root: str, official: bool) -> bool:
    oid = _OFFICIAL_OID if official else _OID
    right = oid.fullmatch(root) is not None or _UUID.fullmatch(root) is not None
    if right and len(root) <= _LONGEST and len(_ROOTS[official]) < _REMEMBERED:
        _ROOTS[official].add(root)
    return right


@BOOK.kind("CD", "CE", "CV", "CO", "PQR")
def coded(element: etree._Element, context: Context) -> None:
    if context.official and element.tag == _SECTOR and _escapes(element):
        return
    stated = context.stated
    code, null, system = stated.get("code"), stated.get("nullFlavor"), stated.get("codeSystem")
    if code is None:
        if not stated and not len(element):
            say(context, CD_EMPTY, element, name=step_name(element))
            return
        _codeless(element, null, context)
    else:
        if null is not None:
            say(context, CD_NULL, element, name=step_name(element))
        if system is None:
            say(context, CD_SYSTEM, element, at="@codeSystem", value=code)
    if system is None:
        for name in ("codeSystemName", "codeSystemVersion"):
            if name in stated:
                say(context, CD_LABEL, element, at=f"@{name}", name=name)
    elif not context.official:
        fault = _fault_of(system, stated.get("codeSystemName"))
        if fault is not None:
            say(
                context,
                fault,
                element,
                at="@codeSystemName" if fault is CD_SYSTEM_NAME else "@codeSystem",
                expected=system,
            )
    if len(element) and _TRANSLATION in family(element)[1].places:
        _translations(element, context)


@lru_cache(maxsize=128)
def _fault_of(system: str, name: str | None) -> Rule | None:
    """What is wrong with a code system and its name."""
    if _OID.fullmatch(system) is None:
        return CD_SYSTEM_FORM
    known = None if name is None else _NAMED.get("".join(filter(str.isalnum, name.casefold())))
    return None if known is None or system in known else CD_SYSTEM_NAME


_NAMED = {
    "loinc": (LOINC,),
    "snomedct": (SNOMED_CT,),
    "dcm": (DCM,),
    "ccam": tuple(CCAM_SYSTEMS),
    "atc": ("2.16.840.1.113883.6.73",),
    "edqm": ("0.4.0.127.0.16.1.1.2.1",),
}
"""Code systems that go by one name everywhere."""
_TRANSLATION = path("translation")
_SECTOR = path("standardIndustryClassCode")
_UNBOUND = frozenset(path(one) for one in ("author", "authenticator", "componentOf", "informationRecipient"))


def _escapes(element: etree._Element) -> bool:
    """Whether the validator does not look at this sector code, unless it is one of the value set."""
    return any(above.tag in _UNBOUND for above in element.iterancestors())


_ORIGINAL = path("originalText")


def _codeless(element: etree._Element, null: str | None, context: Context) -> None:
    if null is None and not _has_original_text(element, context):
        say(context, CD_EMPTY, element, name=step_name(element))
    if element.get("displayName") is not None:
        say(context, CD_NULL if null is not None else CD_LABEL, element, at="@displayName", name="displayName")


def _has_original_text(element: etree._Element, context: Context) -> bool:
    if context.official:
        original = find(element, "originalText")
        return original is not None and not is_null(original)
    return any(child.tag in (_ORIGINAL, _TRANSLATION) for child in element)


def _translations(element: etree._Element, context: Context) -> None:
    seen: set[tuple[str, str]] = set()
    for translation in tagged(element, _TRANSLATION):
        if is_null(translation):
            say(context, CD_TRANSLATION_NULL, translation)
        key = (attribute(translation, "code"), attribute(translation, "codeSystem"))
        if key in seen:
            say(context, CD_TWICE, translation, value=key[0])
        seen.add(key)


@BOOK.kind("CS")
def simple_code(element: etree._Element, context: Context) -> None:
    if ("code" in context.stated) == ("nullFlavor" in context.stated):
        say(context, CS_CODE, element, name=step_name(element))


@BOOK.kind("TS", "IVXB_TS", "SXCM_TS", "INT", "REAL", "PQ", "IVXB_PQ", "IVXB_INT", "MO", "BL")
def quantity(element: etree._Element, context: Context) -> None:
    stated = context.stated
    if "value" not in stated:
        if "nullFlavor" not in stated and not len(element):
            say(context, TS_EMPTY, element, name=step_name(element))
        if "unit" in stated:
            say(context, PQ_UNIT, element, at="@unit")
    elif "nullFlavor" in stated:
        say(context, TS_NULL, element, name=step_name(element))


@BOOK.kind("TS", "IVXB_TS", "SXCM_TS", "IVL_TS")
def time(element: etree._Element, context: Context) -> None:
    value = context.stated.get("value")
    if value is not None and moment(_padded(value) if context.official else value) is None:
        say(context, TS_FORM, element, at="@value")


def _padded(value: str) -> str:
    """A time whose zone has fewer than four digits, as the validator completes it."""
    return re.sub(r"([+-][0-9]{1,3})$", lambda zone: zone.group(1).ljust(5, "0"), value)


@BOOK.kind("IVL_TS")
def interval_of_time(element: etree._Element, context: Context) -> None:
    if not len(element):
        _whole(element, context)
        return
    _interval(element, context)
    low, high = _end(element, "low"), _end(element, "high")
    if low is None or high is None:
        return
    if context.official and step_name(_parent(element)) == "serviceEvent":
        return  # the validator does not compare the ends of an act
    start, stop = moment(low), moment(high)
    if start is not None and stop is not None and _after(start, stop):
        say(context, IVL_ORDER, element, value=high, expected=low)


def _parent(element: etree._Element) -> etree._Element:
    """Its parent; the root's is the root."""
    parent = element.getparent()
    return element if parent is None else parent


@BOOK.kind("IVL_PQ", "IVL_INT", "IVL_REAL")
def interval_of_quantity(element: etree._Element, context: Context) -> None:
    if not len(element):
        _whole(element, context)
        return
    _interval(element, context)
    low_written, high_written = _end(element, "low"), _end(element, "high")
    if not low_written or not high_written:
        return
    try:
        low, high = Decimal(low_written.strip()), Decimal(high_written.strip())
    except InvalidOperation:
        return
    if low.is_finite() and high.is_finite() and low > high:
        say(context, IVL_ORDER, element, value=str(high), expected=str(low))


_ENDS: dict[object, str] = {path(name): name for name in ("low", "high", "center", "width")}


def _whole(element: etree._Element, context: Context) -> None:
    """An interval without ends."""
    value, null = "value" in context.stated, "nullFlavor" in context.stated
    if not value and not null:
        say(context, TS_EMPTY, element, name=step_name(element))
    if null and value:
        say(context, TS_NULL, element, name=step_name(element))


def _interval(element: etree._Element, context: Context) -> None:
    has = {_ENDS[tag] for tag in family(element)[1].places if tag in _ENDS}
    value, null = "value" in context.stated, "nullFlavor" in context.stated
    mixed = (value and has) or ("center" in has and has & {"low", "high"}) or has >= {"low", "high", "width"}
    if mixed:
        say(context, IVL_FORM, element)
    if null and (value or has):
        say(context, TS_NULL, element, name=step_name(element))


def _end(element: etree._Element, name: str) -> str | None:
    end = find(element, name)
    return None if end is None else end.get("value")


@lru_cache(maxsize=64)
def moment(value: str) -> Timestamp | None:
    """*value* (HL7 TS) as a moment; None for what is none."""
    try:
        return Timestamp.parse_v3(value)
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
    null = "nullFlavor" in context.stated
    if not content or content.isspace():
        if not null:
            say(context, ST_EMPTY, element, name=step_name(element))
    elif null:
        say(context, NULL_CONTENT, element, name=step_name(element))
    elif context.stated.get("representation") == "B64" and not context.official and not is_base64(content):
        context.say(ED_BASE64, element)


_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SPACE = b" \t\r\n"
_SORTED = bytes(0 if one in _BASE64 else one if one in _SPACE + b"=" else 1 for one in range(256))
"""For each byte: 0 for a digit of base64, itself for white space and padding, 1 for any other."""


def is_base64(content: str) -> bool:
    """Whether *content*, white space aside, is base64 with its padding; nothing is decoded, for it may be long.

    One pass sorts the characters; what is then looked for is rare and found many characters at a time.
    """
    if not content.isascii():
        return False
    written = content.encode().translate(_SORTED)
    if b"\1" in written:
        return False
    if any(space in written for space in (b" ", b"\t", b"\r", b"\n")):
        written = written.translate(None, _SPACE)
    digits = written.rstrip(b"=")
    return b"=" not in digits and len(written) % 4 == 0 and len(written) - len(digits) <= 2


def _is_unbound_organization(parent: etree._Element | None) -> bool:
    """Whether the validator binds no data type to the identifiers of this organisation but the national one."""
    if parent is None or step_name(parent) not in ("representedOrganization", "receivedOrganization"):
        return False
    return not any(above.tag == _PERFORMED for above in parent.iterancestors())


_PERFORMED = path("documentationOf")
