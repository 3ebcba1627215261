"""A notice in words."""

from __future__ import annotations

from gateway.model.notice import Held, Notice
from gateway.texts import sentence
from gateway.texts.runbook import what_to_do


def subject(notice: Notice, language: str) -> str:
    """The line above it."""
    return sentence("notice_subject", {"many": str(notice.new)}, language)


def body(notice: Notice, language: str, console_url: str) -> str:
    """The whole text, in plain lines."""
    facts = {"many": str(notice.new), "all": str(notice.altogether), "url": console_url}
    parts = [f"{sentence('notice_new', facts, language)} {sentence('notice_all', facts, language)}"]
    parts += [_group(one, language) for one in notice.held]
    parts.append(sentence("notice_where", facts, language))
    parts.append(sentence("notice_no_patient", facts, language))
    return "\n\n".join(parts) + "\n"


def _group(one: Held, language: str) -> str:
    lines = [f"{one.many} x {one.reason}   {one.site} -> {one.destination}"]
    do = what_to_do(one.reason, language)
    if do:
        lines.append(f"  {sentence('notice_what', {'do': do}, language)}")
    lines += [f"  {work_id}" for work_id in one.ids]
    if one.many > len(one.ids):
        lines.append(f"  {sentence('notice_more', {'many': str(one.many - len(one.ids))}, language)}")
    return "\n".join(lines)
