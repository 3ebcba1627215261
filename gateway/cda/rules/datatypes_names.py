"""Names, addresses, telecoms and their parts wherever they stand; the rules stand in ``datatypes_book``."""

from __future__ import annotations

import re

from lxml import etree

from gateway.cda.elements import path
from gateway.cda.rules.datatypes_book import (
    AD_EMPTY,
    AD_MIXED,
    AD_ONCE,
    AD_USE,
    BOOK,
    NULL_BESIDE,
    NULL_CONTENT,
    ON_PARTS,
    PN_STATUS,
    ST_EMPTY,
    TEL_FORM,
    TEL_HTTPS,
    TEL_NULL,
    TEL_USE,
    TWICE,
    say,
)
from gateway.cda.rules.engine import Context, step_name
from gateway.cda.rules.looking import family, find, is_alone

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


@BOOK.element("telecom")
def telecom(element: etree._Element, context: Context) -> None:
    stated = context.stated
    value, null, use = stated.get("value"), stated.get("nullFlavor"), stated.get("use")
    if value is not None and (use is not None or not context.official) and context.repeats(element, (value, use)):
        say(context, TWICE, element, name="telecom")
    if null is not None:
        _beside_a_value(element, context)
    if value is None:
        if null not in _NO_TELECOM or len(stated) != 1:
            say(context, TEL_NULL, element, value=null, expected=" ".join(sorted(_NO_TELECOM)))
        return
    scheme, _, rest = value.partition(":")
    if scheme == "https" and rest:
        say(context, TEL_HTTPS, element, at="@value")
    elif scheme not in _SCHEMES or not rest.strip() or not _is_uri(value) or null is not None:
        say(context, TEL_FORM, element, at="@value")
    if use is not None and use not in _USES:
        say(context, TEL_USE, element, at="@use", expected=" ".join(sorted(_USES)))


def _is_uri(value: str) -> bool:
    return value.isascii() and _NOT_IN_URI.search(value) is None and value.isprintable()


_NOT_IN_URI = re.compile(r'[ <>"{}|\\^`]')


@BOOK.kind("AD")
def address(element: etree._Element, context: Context) -> None:
    _parts(element, context)
    _once(element, context)
    use = context.stated.get("use")
    if use is not None and use not in _ADDRESS_USES:
        say(context, AD_USE, element, at="@use", expected=" ".join(sorted(_ADDRESS_USES)))
    children, names = family(element)
    counts: dict[str, int] = {}
    for tag, places in names.places.items():
        if isinstance(tag, str):
            name = step_name(children[places[0]])
            counts[name] = counts.get(name, 0) + len(places)
    lines = counts.get("streetAddressLine", 0)
    if lines > _STREET_LINES:
        say(context, AD_ONCE, element, at="streetAddressLine", name="streetAddressLine")
    for name, count in counts.items():
        if count > 1 and name in _ONCE_IN_ADDRESS and not (context.official and lines):
            say(context, AD_ONCE, element, at=name, name=name)


@BOOK.kind("EN", "PN", "ON", "TN")
def name(element: etree._Element, context: Context) -> None:
    if context.official and _is_unbound_name(element):
        return
    _parts(element, context)
    _once(element, context)


@BOOK.kind("ON")
def organization(element: etree._Element, context: Context) -> None:
    """The name of an organisation is words alone, for the validator."""
    parted = context.official and any(isinstance(one.tag, str) for one in element)
    if parted and not _is_unbound_name(element):
        say(context, ON_PARTS, element)


@BOOK.kind("PN")
def person(element: etree._Element, context: Context) -> None:
    """A person has no legal status (``LS``), for the validator."""
    if not context.official or _is_unbound_name(element):
        return
    for one in element:
        if "LS" in (one.get("qualifier") or "").split():
            say(context, PN_STATUS, one, at="@qualifier")


_PERSONS = ("assignedPerson", "relatedPerson", "guardianPerson", "informationRecipient")
_UNBOUND_ORGANIZATIONS = ("scopingOrganization", "representedCustodianOrganization")


def _is_unbound_name(element: etree._Element) -> bool:
    """Whether the validator binds no data type to this name: a participant's, one without family name, some others."""
    parent = element.getparent()
    if parent is None:
        return False
    owner = step_name(parent)
    if owner == "associatedPerson":
        return True
    if owner in _PERSONS:
        return find(element, "family") is None
    if owner == "representedOrganization":
        holder = parent.getparent()
        holders = [holder.tag, holder.getparent().tag] if holder is not None else []  # type: ignore[union-attr]
        return path("assignedAuthor") in holders or path("legalAuthenticator") in holders
    return owner in _UNBOUND_ORGANIZATIONS


def _beside_a_value(element: etree._Element, context: Context) -> None:
    """Say when an element without a value has a sibling of its name with one; the first says it for all."""
    parent = element.getparent()
    if (
        parent is not None
        and not context.repeats(element, _NULL)
        and any(one.get("nullFlavor") is None for one in parent.iterchildren(element.tag))
    ):
        say(context, NULL_BESIDE, element, name=step_name(element))


_NULL = ("nullFlavor",)


def _once(element: etree._Element, context: Context) -> None:
    """Whether an address or a name repeats one before it, letter for letter, or is none beside one."""
    if element.get("nullFlavor") is not None:
        _beside_a_value(element, context)
    if not is_alone(element) and context.repeats(element, (element.get("use"), _written(element))):
        say(context, TWICE, element, name=step_name(element))


def _written(element: etree._Element) -> str:
    return "".join(map(str, element.itertext()))


@BOOK.kind("ADXP", "ENXP")
def part(element: etree._Element, context: Context) -> None:
    text = element.text
    if not (text and not text.isspace()) and "nullFlavor" not in context.stated:
        may_be_empty = context.official and element.tag in _NAME_PARTS
        if not may_be_empty:
            say(context, ST_EMPTY, element, name=step_name(element))


_NAME_PARTS = frozenset(path(one) for one in ("family", "given", "prefix", "suffix", "delimiter"))
"""Which the validator lets be empty."""


def _parts(element: etree._Element, context: Context) -> None:
    null = "nullFlavor" in context.stated
    children, names = family(element)
    texts = element.text or ""
    texts += "".join([tail for child in children if (tail := child.tail)])
    stray = bool(texts) and not texts.isspace()
    elements = any(isinstance(tag, str) for tag in names.places)
    if null and (stray or elements or (context.official and "use" in context.stated)):
        say(context, NULL_CONTENT, element, name=step_name(element))
    elif stray and elements:
        say(context, AD_MIXED, element)
    elif not (null or stray or elements):
        say(context, AD_EMPTY, element, name=step_name(element))
