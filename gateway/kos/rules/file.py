"""The file around the data set."""

from __future__ import annotations

import re

from gateway.kos import tags
from gateway.kos.file import DEFLATED, EXPLICIT, IMPLICIT, READABLE, Part10
from gateway.kos.rules.context import Context, name
from gateway.model.identifiers import is_uid

_REQUIRED = {0x00020001: "OB", 0x00020002: "UI", 0x00020003: "UI", 0x00020010: "UI", 0x00020012: "UI"}
_ALLOWED = {**_REQUIRED, 0x00020000: "UL", 0x00020013: "SH", 0x00020016: "AE", 0x00020017: "AE", 0x00020018: "AE"}
_ALLOWED |= {0x00020026: "UR", 0x00020027: "UR", 0x00020028: "UR"}
_ALLOWED |= {0x00020100: "UI", 0x00020102: "OB", 0x00020031: "OB", 0x00020032: "OB", 0x00020033: "OB"}
_PRIVATE_CREATOR, _PRIVATE = 0x00020100, 0x00020102
_PROGRAM = re.compile(rb"MZ|\x7fELF|#!|PK\x03\x04|%PDF|<|\xca\xfe\xba\xbe|\xcf\xfa\xed\xfe")


def check(context: Context) -> None:
    """File meta information, its agreement with the data set, how the data set is encoded."""
    _meta(context)
    _agreement(context)
    _encoding(context)
    if _PROGRAM.match(context.part10.preamble):
        context.say("kos-preamble", "preamble")


def _meta(context: Context) -> None:
    found: set[int] = set()
    last = 0
    for tag, vr, value in context.part10.meta:
        if tag in found or tag < last:
            context.say("kos-twice" if tag in found else "kos-order", name(tag), name=name(tag))
        found.add(tag)
        last = max(last, tag)
        wanted = _ALLOWED.get(tag)
        if wanted is not None and vr.decode("ascii", "replace") != wanted:
            context.say("kos-vr", name(tag), name=name(tag), value=vr.decode("ascii", "replace"), expected=wanted)
        elif wanted == "UI" and not _is_uid_value(value):
            context.say("kos-meta-value", name(tag), name=name(tag), value=value.decode("ascii", "replace").strip("\0"))
        elif len(value) % 2 or (wanted in ("AE", "SH") and len(value) > 16):
            context.say("kos-meta-value", name(tag), name=name(tag), value=value.decode("ascii", "replace"))
        elif wanted is None:
            context.say("kos-attribute-unknown", name(tag), name=name(tag))
    # Who has put something of their own into the header says who they are (table 7.1-1).
    required = {*_REQUIRED, _PRIVATE_CREATOR} if _PRIVATE in found else {*_REQUIRED}
    for tag in sorted(required):
        if tag not in found:
            context.say("kos-meta-missing", name(tag), name=name(tag))
    version = next((value for tag, _, value in context.part10.meta if tag == 0x00020001), b"\0\1")
    if len(version) != 2 or not version[1] & 1:
        context.say("kos-meta-value", name(0x00020001), name=name(0x00020001), value=version.hex(" "))
    if 0x00020000 not in found:
        context.say("kos-meta-missing", name(0x00020000), name=name(0x00020000))
    elif not context.part10.group_length_is_right:
        context.say("kos-meta-length", name(0x00020000))


def _is_uid_value(value: bytes) -> bool:
    text = value.decode("ascii", "replace")
    return len(value) % 2 == 0 and is_uid(text[:-1] if text.endswith("\0") else text)


def _agreement(context: Context) -> None:
    for meta, tag, rule in (
        (tags.MEDIA_STORAGE_SOP_CLASS_UID, tags.SOP_CLASS_UID, "kos-meta-class"),
        (tags.MEDIA_STORAGE_SOP_INSTANCE_UID, tags.SOP_INSTANCE_UID, "kos-meta-instance"),
    ):
        said, is_ = context.part10.meta_text(meta), context.root.ascii(tag)
        if said and is_ and said != is_:
            context.say(rule, name(meta), value=said, expected=is_)


def _encoding(context: Context) -> None:
    syntax, place = context.part10.transfer_syntax, name(tags.TRANSFER_SYNTAX_UID)
    if syntax not in READABLE:
        context.say("kos-transfer-syntax", place, value=syntax, expected=EXPLICIT)
    elif syntax != (written := _written(context.part10)):
        context.say("kos-transfer-encoding", place, value=syntax, expected=written)
    elif syntax == DEFLATED:
        context.say("kos-deflated", place, value=syntax, expected=EXPLICIT)


def _written(part10: Part10) -> str:
    """The transfer syntax of the bytes."""
    if part10.implicit:
        return IMPLICIT
    return DEFLATED if part10.deflated else EXPLICIT
