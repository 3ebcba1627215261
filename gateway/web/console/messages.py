"""The console's log of HL7 messages: the list, and one message with every value masked that may name a patient."""

from __future__ import annotations

from datetime import date, datetime, time
from http import HTTPStatus
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext

from gateway.errors import InputRejected, Unavailable
from gateway.flow.ports import MessageLog
from gateway.model.access import Session
from gateway.model.audit import AuditEvent
from gateway.model.message import KeptMessage, facts_of, masked
from gateway.web.console.common import may, may_act
from gateway.web.login.session import Access, actor
from gateway.web.pages import language, message, public_sentence
from gateway.web.parts import WebParts

_ROWS = 200
ANSWERS = ("AA", "AE", "AR")


def blueprint(parts: WebParts, access: Access) -> Blueprint:
    """Two pages for those who may open the console, and another try for those who may act."""
    routes = Blueprint("messages", __name__, url_prefix="/console/messages")

    def guarded() -> Session | Response:
        session = access.current()
        if session is None:
            return access.begin("/console/messages") if request.method == "GET" else Response(status=401)
        if not may(session):
            access.refused("console.messages", session)
            return message("console_forbidden", HTTPStatus.FORBIDDEN)
        return session

    def messages() -> MessageLog:
        if parts.messages is None:
            abort(HTTPStatus.NOT_FOUND)
        return parts.messages

    @routes.get("")
    def listed() -> Response:
        session = guarded()
        if isinstance(session, Response):
            return session
        answer = request.args.get("answer", "")
        sought = {name: request.args.get(name, "").strip()[:200] for name in ("sender", "control_id", "since")}
        chosen = answer if answer in ANSWERS else ""
        found = messages().find(
            limit=_ROWS,
            answer=chosen,
            since=_day(sought["since"], parts.settings.time_zone),
            sender=sought["sender"],
            control_id=sought["control_id"],
        )
        page = render_template(
            "messages.html",
            session=session,
            messages=found,
            chosen=chosen,
            sought=sought,
            answers={one: f"/console/messages?{urlencode({**sought, 'answer': one})}" for one in ("", *ANSWERS)},
            answer_labels={"AA": gettext("AA accepté"), "AE": gettext("AE en erreur"), "AR": gettext("AR refusé")},
            full=len(found) >= _ROWS,
        )
        return Response(page, mimetype="text/html")

    @routes.get("/<message_id>")
    def one(message_id: str) -> Response:
        session = guarded()
        if isinstance(session, Response):
            return session
        try:
            found = messages().message(message_id)
        except InputRejected:
            abort(HTTPStatus.NOT_FOUND)
        try:
            segments = masked(messages().content(message_id))
        except Unavailable:
            segments = ()
        event = AuditEvent(action="message.shown", actor=actor(session.person), facts={"message": found.id})
        parts.store.record(event)
        page = render_template(
            "hl7_message.html",
            session=session,
            found=found,
            segments=segments,
            can_retry=parts.message_again is not None and may_act(session) and found.whole and found.answer != "AA",
        )
        return Response(page, mimetype="text/html")

    @routes.post("/<message_id>")
    def again(message_id: str) -> Response:
        session = guarded()
        if isinstance(session, Response):
            return session
        access.check_post(session)
        if parts.message_again is None or not may_act(session):
            access.refused("console.messages", session)
            return message("console_looking_only", HTTPStatus.FORBIDDEN)
        facts = {"message": message_id[:64]}
        parts.store.record(AuditEvent(action="message.again", actor=actor(session.person), facts=facts))
        try:
            parts.message_again(message_id)
        except InputRejected:
            abort(HTTPStatus.NOT_FOUND)
        # It stands in the log as a message of its own, with its answer.
        made = (one.id for one in messages().find(limit=_ROWS) if one.again_of == message_id)
        where = url_for("messages.one", message_id=next(made, message_id))
        return redirect(where, code=303, Response=Response)  # type: ignore[return-value]

    @routes.app_template_filter("refusal")
    def refusal(one: KeptMessage) -> str:
        return public_sentence(one.code, language(), facts_of(one.place)) if one.code else ""

    return routes


def _day(written: str, zone: ZoneInfo) -> datetime | None:
    """The beginning of the day that a person wrote, of the place where the console is read; None for none."""
    try:
        return datetime.combine(date.fromisoformat(written), time(), zone)
    except (ValueError, OverflowError):
        return None
