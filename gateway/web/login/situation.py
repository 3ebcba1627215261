"""The exercise situation: a professional who has several says once, after the login, in which one they are here."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, redirect, render_template, request

from gateway.model.access import Session
from gateway.model.audit import AuditEvent
from gateway.texts import rights
from gateway.web.login.session import SITUATION, Access, actor, ours
from gateway.web.pages import language, message, neutral
from gateway.web.parts import WebParts
from gateway.web.sealed import opened


def blueprint(parts: WebParts, access: Access) -> Blueprint:
    """The page, and its answer."""
    routes = Blueprint("situation", __name__)

    @routes.get(SITUATION)
    def page() -> Response:
        session = access.current()
        if session is None:
            return neutral("viewer_session_over", 401)
        onward = request.args.get("to", "")
        if not session.person.must_choose:
            return _on(session, onward)
        html = render_template("situation.html", session=session, profession=profession, onward=onward)
        return Response(html, mimetype="text/html")

    @routes.post(SITUATION)
    def chosen() -> Response:
        session = access.current()
        if session is None:
            return neutral("viewer_session_over", 401)
        access.check_post(session)
        number, situations = request.form.get("situation", ""), session.person.situations
        onward = request.form.get("to", "")
        if not session.person.must_choose:
            return _on(session, onward)
        if not number.isascii() or not number.isdigit() or len(number) > 3 or int(number) >= len(situations):
            return message("web_forbidden", 400)
        person = session.person.exercising(situations[int(number)])
        facts = {"profession": f"{person.profession}/{person.specialty}".rstrip("/")}
        facts |= {"structure": " ".join(sorted(person.structures))} if person.structures else {}
        event = AuditEvent(action="session.situation", actor=actor(person), facts=facts)
        if not parts.sessions.change(replace(session, person=person), [event]):
            return neutral("viewer_session_over", 401)
        return _on(session, onward)

    return routes


def profession(code: str) -> str:
    """The name of a profession (TRE_G15), or its code."""
    text = rights.PROFESSIONS.get(code)
    if text is None:
        return code
    return text.en if language() == "en" else text.fr


def _on(session: Session, onward: str) -> Response:
    """To where the person was going before they were asked (:meth:`Access.must_choose`)."""
    known = opened(session, SITUATION, onward) or {}
    return redirect(ours(known.get("to", "/")), code=303, Response=Response)  # type: ignore[return-value]
