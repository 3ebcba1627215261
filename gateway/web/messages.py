"""The console's log of HL7 messages: the list, and one message with every value masked that may name a patient."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, abort, render_template, request

from gateway.errors import InputRejected, Unavailable
from gateway.flow.ports import MessageLog
from gateway.model.access import Session
from gateway.model.audit import AuditEvent
from gateway.model.message import KeptMessage, masked
from gateway.texts import sentence
from gateway.web.access import Access, actor
from gateway.web.console import may
from gateway.web.pages import language, message
from gateway.web.parts import WebParts

_ROWS = 200
ANSWERS = ("AA", "AE", "AR")


def blueprint(parts: WebParts, access: Access) -> Blueprint:
    """Two pages, for those who may open the console."""
    routes = Blueprint("messages", __name__, url_prefix="/console/messages")

    def guarded() -> Session | Response:
        session = access.current()
        if session is None:
            return access.begin("/console/messages")
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
        sender = request.args.get("sender", "")[:100]
        chosen = answer if answer in ANSWERS else ""
        found = messages().find(limit=_ROWS, answer=chosen, sender=sender)
        page = render_template(
            "messages.html",
            session=session,
            messages=found,
            chosen=chosen,
            sender=sender,
            answers=ANSWERS,
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
        page = render_template("hl7_message.html", session=session, found=found, segments=segments)
        return Response(page, mimetype="text/html")

    @routes.app_template_filter("refusal")
    def refusal(one: KeptMessage) -> str:
        return sentence(one.code, {}, language()) if one.code else ""

    return routes
