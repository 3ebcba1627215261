"""The judgement of one message: all findings at once, each with segment, field and code of table 0357."""

from __future__ import annotations

import re
from collections.abc import Callable

from gateway.errors import GatewayError, InputRejected, InputTooLarge
from gateway.hl7 import er7
from gateway.hl7.check import (
    dates,
    document,
    examinations,
    fields,
    identity,
    kinds,
    labels,
    metadata,
    others,
    participants,
    structure,
    teleradiology,
    white_paper,
)
from gateway.hl7.check.case import Case, Enough
from gateway.hl7.check.embedded import embedded_documents
from gateway.hl7.er7 import Message
from gateway.hl7.profiles import routing
from gateway.hl7.profiles.common import HL7
from gateway.hl7.profiles.document import PROFILE as DOCUMENT_PROFILE
from gateway.hl7.profiles.grammar import Profile
from gateway.hl7.profiles.teleradiology import PROFILE_NAME, PROFILE_VERSION
from gateway.model.finding import Finding, Judgement, Severity, unreadable
from gateway.texts import sentence
from gateway.texts.text import Text

RULES: dict[str, Callable[[Case], None]] = {
    rule.__name__: rule
    for rule in (
        identity.identity,
        identity.visit_number,
        dates.dates,
        identity.order_pairs,
        identity.sequence,
        kinds.number_kinds,
        labels.labels,
        document.trio,
        document.document_type,
        document.documents,
        metadata.statements,
        metadata.mail,
        participants.participations,
        document.transcription,
        embedded_documents,
        teleradiology.order_numbers,
        teleradiology.responsible,
        teleradiology.reason,
        teleradiology.relevant_comments,
        teleradiology.observations,
        teleradiology.answer,
        examinations.examinations,
        white_paper.white_paper_identity,
        white_paper.clinical_information,
        white_paper.protocol,
        white_paper.examination_elements,
        white_paper.dose,
        others.acknowledgement,
        others.receipt,
        others.image_change,
        others.merge,
        others.same_authority,
        others.visit_event,
    )
}
MAX_REPETITIONS = 500
"""Of the fields of one segment."""
_UNREADABLE = ("hl7_not_a_message", "hl7_delimiters")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SEGMENT_NAME_FOLLOWS = re.compile(rb"\n(?=[A-Z][A-Z0-9]{2}[^A-Za-z0-9])")


def judge(content: bytes, *, profile: str = "") -> Judgement:
    """Every finding about the message *content*; *profile*: the name of the one to judge by, found when empty.

    A framing (MLLP) around the message is taken off. The verdict is ``unreadable`` only when it is no HL7 v2 message at
    all or is above the limits of reading; raises nothing.
    """
    content = unframed(content)
    first: list[Finding] = []
    try:
        message = er7.parse(content)
    except InputTooLarge as error:
        return unreadable(error.code, _words(error), path=error.place, source=HL7)
    except InputRejected as error:
        if error.code in _UNREADABLE:
            return unreadable(error.code, _words(error), path=error.place, source=f"{HL7} 2.5")
        first.append(_refusal(error))
        try:
            message = er7.parse_anyway(content)
        except InputRejected:
            return Judgement(findings=tuple(first), about={"profile": ""})
    chosen = routing.all_profiles().get(profile) if profile else routing.route(message)
    if chosen is None or (not profile and routing.is_way_back(message)):
        return Judgement(findings=(*first, _unsupported(message)), about={"profile": ""})
    case = Case(message, chosen)
    try:
        _run(case)
    except Enough:
        first.append(_said("too-many", "MSH^1", Severity.WARNING))
    return Judgement(findings=(*first, *_without_echoes(case.findings)), about={"profile": chosen.name})


def _without_echoes(findings: list[Finding]) -> list[Finding]:
    """What the profile says of a value makes what its data type says of the same value superfluous.

    A warning of the profile does not hide that the value breaks its data type.
    """
    profiled = [finding for finding in findings if not finding.rule.startswith("type-")]
    said = {finding.path for finding in profiled}
    faulty = {finding.path for finding in profiled if finding.severity is Severity.ERROR}
    seen: set[tuple[str, str]] = set()
    kept = []
    for finding in findings:
        key = finding.rule, finding.path
        hiding = faulty if finding.severity is Severity.ERROR else said
        if key not in seen and not (finding.rule.startswith("type-") and finding.path in hiding):
            kept.append(finding)
        seen.add(key)
    return kept


def unframed(content: bytes) -> bytes:
    """A file may hold the message as it was on the wire."""
    if content[:1] == b"\x0b":
        content = content[1:]
        end = content.rfind(b"\x1c")
        content = content[:end] if end >= 0 and not content[end + 1 :].strip() else content
    return content


def _run(case: Case) -> None:
    _written(case)
    if _overfull(case):
        return
    _identifier(case)
    structure.check(case)
    fields.check(case)
    for name in case.profile.rules:
        RULES[name](case)


def _written(case: Case) -> None:
    """How the message is written down: ends of segments, control characters, escapes, MSH-15 and MSH-16."""
    raw, header = case.message.raw, case.message.header
    if _SEGMENT_NAME_FOLLOWS.search(raw):
        case.say("segment-end", header, severity=Severity.WARNING, err3="199", source=f"{HL7} 2.5.2")
    if _CONTROL.search(raw):
        case.say("control-character", header, err3="199", source=f"{HL7} 2.7")
    for number in (15, 16):
        if header.text(number) not in ("", "NE", "AL"):
            case.say(
                "acknowledgement-mode", header, number, severity=Severity.WARNING, err3="199", source=f"{HL7} 2.9.2"
            )
    escape = case.message.delimiters.escape
    if escape and raw.count(escape) > 1:
        _escapes(case, escape)


def _overfull(case: Case) -> bool:
    """Whether a segment repeats a field more often than anybody means; every rule would walk along all of them."""
    delimiter = case.message.delimiters.repetition
    for segment in case.message.segments:
        if delimiter and case.message.raw.count(delimiter, segment.start, segment.end) > MAX_REPETITIONS:
            case.say("too-many-repetitions", segment, err3="198", source=HL7, expected=str(MAX_REPETITIONS))
            return True
    return False


def _escapes(case: Case, escape: bytes) -> None:
    """A sequence that is cut off, or that the standard does not know, is kept as it is written."""
    one = re.escape(escape)
    known = re.compile(
        one + rb"(?:[FSTREPHN]|X(?:[0-9A-Fa-f]{2})+|C[0-9A-F]{4}|M[0-9A-F]{4,6}|Z[^\\|^~&]*"
        rb"|\.(?:br|ce|fi|nf|(?:sp|in|ti|sk)[+-]?[0-9]*)\s*)" + one
    )
    for segment in case.message.segments:
        begin = segment.start + (9 if segment.name == "MSH" else 4)
        if case.message.raw.find(escape, begin, segment.end) < 0:
            continue
        if escape in known.sub(b"", case.message.raw[begin : segment.end]):
            case.say("escape", segment, severity=Severity.WARNING, err3="102", source=f"{HL7} 2.7")


def _identifier(case: Case) -> None:
    """MSH-21: the profile and its version; an earlier version is read."""
    header = case.message.header
    stated = [each for each in routing.profile_ids(message=case.message) if each != "^"]
    national = [each for each in stated if routing.is_national(each)]
    if len(national) > 1:
        case.say("profile-several", header, 21, repetition=2, err3="198", value=", ".join(national))
    wanted = DOCUMENT_PROFILE if case.profile.name.startswith(("cda-", "zam-")) else None
    if case.profile.name.startswith("tlr-"):
        wanted = (PROFILE_VERSION, PROFILE_NAME)
    if wanted is None:
        # An acknowledgement may repeat what it answers (before 2.1.1); any other message claims what it is not.
        if national and case.profile.name != "ack":
            case.say("value", header, 21, err3="203", value=national[0], expected="-")
        return
    expected = "^".join(wanted)
    if not stated or expected in stated or any(each.startswith("^") or each.endswith("^") for each in stated):
        return  # an empty one is told as a required field
    case.older = case.profile.older.get(stated[0], "")
    if case.older:
        case.say("profile-older", header, 21, severity=Severity.WARNING, err3="203", value=stated[0], expected=expected)
        return
    case.say("value", header, 21, err3="203", value=stated[0], expected=expected)


def _refusal(error: InputRejected) -> Finding:
    parts = error.place.split("^")
    return Finding(
        rule=error.code.removeprefix("hl7_").replace("_", "-"),
        severity=Severity.ERROR,
        path=error.place,
        message=_words(error),
        source=HL7,
        more={
            "segment": parts[0],
            "field": f"{parts[0]}-{parts[2]}" if len(parts) > 2 else "",
            "err3": error.hl7_code,
        },
    )


def _unsupported(message: Message) -> Finding:
    if routing.is_way_back(message):
        return _said("profile-way-back", "MSH^1^21", Severity.ERROR, err3="200", field="MSH-21")
    if message.header.text(9) == "ADT":
        return _said("event-unknown", "MSH^1^9^1^2", Severity.ERROR, err3="201", field="MSH-9.2")
    return _said("message-unknown", "MSH^1^9", Severity.ERROR, err3="200", field="MSH-9")


def _said(rule: str, path: str, severity: Severity, *, err3: str = "199", field: str = "") -> Finding:
    key = f"rule_hl7_{rule.replace('-', '_')}"
    return Finding(
        rule=rule,
        severity=severity,
        path=path,
        message=Text(sentence(key, {}, "fr"), sentence(key, {}, "en")),
        source=HL7,
        more={"segment": "MSH", "field": field, "err3": err3},
    )


def _words(error: GatewayError) -> Text:
    return Text(sentence(error.code, error.facts, "fr"), sentence(error.code, error.facts, "en"))


def profile_names() -> tuple[str, ...]:
    """Every profile by which a message can be judged."""
    return tuple(routing.all_profiles())


__all__ = ["RULES", "Profile", "judge", "profile_names", "unframed"]
