"""Every element of the file, whatever it is: order, VR, length, form, character set."""

from __future__ import annotations

import re
from collections.abc import Callable

from pydicom.datadict import DicomDictionary  # type: ignore[attr-defined]

from gateway.kos import tags
from gateway.kos.decode import ENCODINGS
from gateway.kos.elements import is_date
from gateway.kos.rules.attributes import OWN
from gateway.kos.rules.context import Context, Path, name, under
from gateway.kos.rules.uids import is_assignable
from gateway.kos.tree import Element, Node, dictionary_vr

_TEXT_VRS = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))
_ONE_VALUE = frozenset(("LT", "ST", "UR", "UT"))
_LIMITS = {"AE": 16, "CS": 16, "DS": 16, "IS": 12, "LO": 64, "LT": 10240, "SH": 16, "ST": 1024, "TM": 14, "UI": 64}
_CONTROL = re.compile(r"[\x00-\x1a\x1c-\x1f\x7f-\x9f]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
_BINARY_SIZES = {"AT": 4, "FD": 8, "FL": 4, "SL": 4, "SS": 2, "UL": 4, "US": 2, "SV": 8, "UV": 8}
_FORMS: dict[str, Callable[[str], bool]] = {
    "AE": lambda text: text.isascii() and text.isprintable() and "\\" not in text,
    "AS": lambda text: re.fullmatch(r"[0-9]{3}[DWMY]", text) is not None,
    "CS": lambda text: re.fullmatch(r"[A-Z0-9 _]*", text) is not None,
    "DA": is_date,
    "DS": lambda text: re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([Ee][+-]?[0-9]+)?", text) is not None,
    "DT": lambda text: re.fullmatch(r"[0-9]{4}([0-9]{2}){0,5}(\.[0-9]{1,6})?([+-][0-9]{4})?", text) is not None,
    "IS": lambda text: re.fullmatch(r"[+-]?[0-9]{1,11}", text) is not None and -(2**31) <= int(text) < 2**31,
    "TM": lambda text: (
        re.fullmatch(r"([01][0-9]|2[0-3])([0-5][0-9](([0-5][0-9]|60)(\.[0-9]{1,6})?)?)?", text) is not None
    ),
    "UI": is_assignable,
    "UR": lambda text: (
        text.isascii() and re.fullmatch(r"[!-~]+", text) is not None and not set(text) & set('"<>\\^`{|}')
    ),
}
_CHARACTER_SETS = frozenset(ENCODINGS) - {""}
_SINGLE_ONLY = frozenset(("ISO_IR 192", "GB18030", "GBK"))
_ASCII_ONLY = frozenset(("", "ISO_IR 6", "ISO 2022 IR 6"))
_FOREIGN_GROUPS = frozenset((0x0000, 0x0001, 0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x0007, 0xFFFF))
"""Of commands, of the file meta information, of directories, and odd ones that nobody may use (PS3.5 7.1, 7.8)."""
_SINGLE_BYTE = frozenset(f"ISO 2022 IR {number}" for number in (100, 101, 109, 110, 126, 127, 138, 144, 148, 166, 203))
_LOST = "\N{REPLACEMENT CHARACTER}"


def check(context: Context) -> None:
    """Walk the whole tree."""
    sets = _character_sets(context)
    pending: list[tuple[Node, Path, tuple[str, ...]]] = [(context.root, "", sets)]
    while pending:
        node, path, inherited = pending.pop()
        own = inherited
        if node is not context.root and tags.SPECIFIC_CHARACTER_SET in node.by_tag:
            own = tuple(part.strip() for part in node.ascii(tags.SPECIFIC_CHARACTER_SET).split("\\"))
        last = -1
        for element in node.elements:
            tag = element.tag
            if tag >> 16 & 1 and tag & 0xFFFF >= 0x1000 and not node.has(tag & 0xFFFF0000 | (tag >> 8 & 0xFF)):
                context.say("kos-private", under(path, tag), name=name(tag))
            if tag <= last:
                _misplaced(context, node, element, path)
            last = max(last, tag)
            _element(context, element, path, own)
            if element.items:
                pending += [(item, under(path, tag, index), own) for index, item in enumerate(element.items)]


def _misplaced(context: Context, node: Node, element: Element, path: Path) -> None:
    twice = node.by_tag[element.tag] is not element
    context.say("kos-twice" if twice else "kos-order", under(path, element.tag), name=name(element.tag))


def _character_sets(context: Context) -> tuple[str, ...]:
    path = under("", tags.SPECIFIC_CHARACTER_SET)
    element = context.root.get(tags.SPECIFIC_CHARACTER_SET)
    sets = context.character_sets if element is not None else ()
    for index, term in enumerate(sets):
        if (term or (index and len(sets) > 1) or len(sets) == 1) and term not in _CHARACTER_SETS:
            context.say("kos-charset", path, value=term, expected="ISO_IR 192")
    if len(sets) > 1 and _SINGLE_ONLY.intersection(sets):
        context.say("kos-charset", path, value="\\".join(sets), expected="ISO_IR 192")
    return sets


def _element(context: Context, element: Element, path: Path, sets: tuple[str, ...]) -> None:
    tag = element.tag
    wanted = dictionary_vr(tag)
    private = bool(tag >> 16 & 1)
    if tag >> 16 in _FOREIGN_GROUPS:
        context.say("kos-group", under(path, tag), name=name(tag))
        return
    if not private and tag not in DicomDictionary and tag & 0xFFFF:
        context.say("kos-attribute-unknown", under(path, tag), name=name(tag))
    if tag >> 16 >= 0x7FE0 and tag >> 16 < 0x7FE1:
        context.say("kos-pixels", under(path, tag))
        return
    if element.vr != wanted and wanted != "UN" and element.vr not in wanted.split(" or "):
        # Who knows the object knows these; what was added to it later may have come through somebody who did not.
        unknown = element.vr == "UN" and tag not in OWN
        rule = "kos-vr-unknown" if unknown else "kos-vr"
        context.say(rule, under(path, tag), name=name(tag), value=element.vr, expected=wanted)
        if not unknown:
            return
    if element.items is not None:
        return
    if len(element.value) % 2:
        context.say("kos-odd", under(path, tag), name=name(tag))
    vr = wanted if element.vr == "UN" else element.vr
    if vr in _BINARY_SIZES:
        if len(element.value) % _BINARY_SIZES[vr]:
            context.say("kos-value", under(path, tag), name=name(tag), value=element.value.hex()[:40], vr=vr)
        return
    if (vr in _TEXT_VRS or vr in _FORMS) and element.value:
        _text(context, element, vr, path, sets)


def _text(context: Context, element: Element, vr: str, path: Path, sets: tuple[str, ...]) -> None:
    text = _decoded(context, element, vr, path, sets)
    if text is None:
        return
    tag = element.tag
    place = under(path, tag)
    padding = "\0" if vr == "UI" else " "
    whole = text[:-1] if text.endswith(padding) and len(element.value) % 2 == 0 and vr == "UI" else text
    if vr != "UI":
        whole = text.rstrip(" ")
        if whole.endswith("\0"):
            context.say("kos-padding", place, name=name(tag), value=vr)
            whole = whole.rstrip("\0 ")
    elif whole != whole.strip(" \0"):
        context.say("kos-padding", place, name=name(tag), value=vr)
        whole = whole.strip(" \0")
    values = [whole] if vr in _ONE_VALUE else whole.split("\\")
    if len(values) > 1 and tag in DicomDictionary and DicomDictionary[tag][1] == "1":
        context.say("kos-several", place, name=name(tag), value=whole)
        return
    if _LOST in whole:
        context.say("kos-text-lost", place, name=name(tag))
    for value in values:
        _one(context, value if vr in _ONE_VALUE else value.strip(" "), vr, tag, place)


def _one(context: Context, value: str, vr: str, tag: int, place: Path) -> None:
    """The form of one value; an empty one is the types' affair."""
    if not value:
        return
    control = _CONTROL_BUT_LINES if vr in ("LT", "ST", "UT") else _CONTROL
    if vr in _TEXT_VRS and control.search(value):
        context.say("kos-value", place, name=name(tag), value=repr(value), vr=vr)
    elif (vr in _FORMS and not _FORMS[vr](value)) or (vr == "PN" and not _is_person_name(value)):
        context.say("kos-value", place, name=name(tag), value=value, vr=vr)
    longest = max(map(len, value.split("="))) if vr == "PN" else len(value)
    limit = 64 if vr == "PN" else _LIMITS.get(vr)
    if limit and longest > limit:
        context.say("kos-long", place, name=name(tag), value=value, expected=str(limit), length=longest)


def _is_person_name(value: str) -> bool:
    """At most three component groups of five components (PS3.5 section 6.2.1)."""
    return value.count("=") <= 2 and all(group.count("^") <= 4 for group in value.split("="))


def _decoded(context: Context, element: Element, vr: str, path: Path, sets: tuple[str, ...]) -> str | None:
    """The text in its character set, or None once something was said about it."""
    value, place = element.value, under(path, element.tag)
    if b"\x1b" in value:
        # Code extensions, whose lengths are not judged here.
        if vr in _TEXT_VRS and any(term.startswith("ISO 2022") for term in sets):
            return value.decode("latin-1")
        context.say("kos-value", place, name=name(element.tag), value=repr(value), vr=vr)
        return None
    if value.isascii():
        return value.decode("ascii")
    if vr not in _TEXT_VRS:
        context.say("kos-value", place, name=name(element.tag), value=value.decode("latin-1"), vr=vr)
        return None
    if not any(sets):
        context.say("kos-charset-missing", place, name=name(element.tag))
        return None
    term = sets[0]
    try:
        text = value.decode(_encoding(sets))
    except (UnicodeDecodeError, LookupError):
        context.say("kos-charset-bytes", place, name=name(element.tag), value=term or "ISO_IR 6")
        return None
    if term != "ISO_IR 192" and _is_utf_8(value):
        context.say("kos-charset-utf8", place, name=name(element.tag), value=term)
        return None
    if term in _ASCII_ONLY:
        context.say("kos-charset-escape", place, name=name(element.tag), value="\\".join(sets))
    return text


def _encoding(sets: tuple[str, ...]) -> str:
    """Python's name of the encoding of a value without escapes: that of the first set; where that is ASCII, that of the
    single other one of single bytes, which some makers use without saying so in the value."""
    first, *others = sets
    if first not in _ASCII_ONLY:
        return ENCODINGS.get(first, "ascii")
    return ENCODINGS[others[0]] if len(others) == 1 and others[0] in _SINGLE_BYTE else "ascii"


def _is_utf_8(value: bytes) -> bool:
    """Whether bytes above 127 stand only in sequences of UTF-8, which hardly any word of another set does."""
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
