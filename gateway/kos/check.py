"""``gateway kos check``: the judgement of one file, by every rule of ``gateway.kos.rules``.

A file that no rule can be asked about (not DICOM, cut, hostile, too large, another kind of object) raises a named
error, which the command shows as ``unreadable``.
"""

from __future__ import annotations

from gateway.errors import InputRejected
from gateway.kos import tags
from gateway.kos.file import Part10, take_apart
from gateway.kos.rules import attributes, content, copies, evidence, file, identity, marks, requests, uids, values
from gateway.kos.rules.context import Context, under
from gateway.kos.sop_classes import KEY_OBJECT_SELECTION
from gateway.kos.tree import Node, parse
from gateway.model.finding import Judgement, Severity

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.ADVICE: 2}


def judge(whole: bytes) -> Judgement:
    """Judge the file *whole*.

    Raises InputRejected or InputTooLarge (``kos_…``) for what cannot be judged.
    """
    part10 = take_apart(whole)
    return judge_part10(part10)


def judge_part10(part10: Part10) -> Judgement:
    """Judge a file that was taken apart."""
    root = parse(part10.body, implicit=part10.implicit)
    _is_for_us(part10, root)
    context = Context(part10, root)
    if root.ascii(tags.SOP_CLASS_UID) not in ("", KEY_OBJECT_SELECTION):
        sop_class = root.ascii(tags.SOP_CLASS_UID)
        context.say("kos-class", under("", tags.SOP_CLASS_UID), value=sop_class, expected=KEY_OBJECT_SELECTION)
    file.check(context)
    values.check(context)
    attributes.check(context)
    identity.check(context)
    requests.check(context)
    found = evidence.check(context)
    for rules in (uids, copies, marks, content):
        rules.check(context, found)
    findings = sorted(context.findings, key=lambda finding: _ORDER[finding.severity])
    return Judgement(findings=tuple(findings), about={"profile": _profile(context)})


def _profile(context: Context) -> str:
    if context.described:
        return "MADO"
    return "DRIM-M" if context.national else "XDS-I.b"


def _is_for_us(part10: Part10, root: Node) -> None:
    """Another object is refused; a key object whose class was altered is judged, and found wrong."""
    classes = {root.ascii(tags.SOP_CLASS_UID), part10.meta_text(tags.MEDIA_STORAGE_SOP_CLASS_UID)}
    evidence_there = tags.CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE in root.by_tag
    alike = evidence_there and root.ascii(tags.MODALITY) == "KO"
    if KEY_OBJECT_SELECTION not in classes and not alike:
        raise InputRejected("kos_other_class", place=tags.name(tags.SOP_CLASS_UID))
