"""The console's page of sessions: who is in, since when; ending one; and every use of break-glass, for review."""

from __future__ import annotations

import re

from flask import Blueprint, Response, redirect, render_template, request

from gateway.model.audit import AuditEvent
from gateway.web.console.common import may, may_act
from gateway.web.login.grants import Grants
from gateway.web.login.session import Access, actor
from gateway.web.login.situation import profession
from gateway.web.pages import message
from gateway.web.parts import WebParts

ROUTE = "/console/sessions"
_ROWS = 500
_USES = 100
_BROWSERS = tuple(
    (name, re.compile(pattern, re.ASCII))
    # Each calls itself what came before it as well: the first that fits is the right one.
    for name, pattern in (
        ("Edge", r"\bEdg(?:A|iOS)?/"),
        ("Opera", r"\bOPR/"),
        ("Samsung Internet", r"\bSamsungBrowser/"),
        ("Firefox", r"\b(?:Firefox|FxiOS)/"),
        ("Chrome", r"\b(?:Headless)?(?:Chrome|CriOS)/"),
        ("Safari", r"\bSafari/"),
    )
)
_SYSTEMS = tuple(
    (name, re.compile(pattern, re.ASCII))
    for name, pattern in (
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iOS", "iPhone|iPad"),
        ("macOS", "Macintosh"),
        ("Linux", "Linux"),
    )
)
_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)


def blueprint(parts: WebParts, access: Access, grants: Grants) -> Blueprint:
    """The page and its button."""
    routes = Blueprint("sessions", __name__)

    @routes.get(ROUTE)
    def page() -> Response:
        session = access.current()
        if session is None:
            return access.begin(ROUTE)
        if not may_act(session):
            access.refused("console.opened", session)
            return message("console_looking_only" if may(session) else "console_forbidden", 403)
        settings = parts.settings
        html = render_template(
            "sessions.html",
            session=session,
            sessions=parts.sessions.living(parts.clock.now(), settings.idle_s, settings.hard_s, _ROWS),
            profession=profession,
            uses=parts.sessions.uses(_USES),
        )
        return Response(html, mimetype="text/html")

    @routes.post(f"{ROUTE}/end")
    def end() -> Response:
        session = access.current()
        if session is None:
            return message("viewer_session_over", 401)
        if not may_act(session):
            access.refused("session.revoked", session)
            return message("console_looking_only" if may(session) else "console_forbidden", 403)
        access.check_post(session)
        ended = request.form.get("session", "")
        if _ID.fullmatch(ended) is None:
            return message("web_forbidden", 400)
        event = AuditEvent(action="session.revoked", actor=actor(session.person), facts={"session": ended[:12]})
        parts.sessions.close(ended, [event])
        grants.forget(ended)
        return redirect(ROUTE, code=303, Response=Response)  # type: ignore[return-value]

    @routes.app_template_filter("browser")
    def browser(agent: str) -> str:
        """A browser and its system by the names people know; what is neither known stays as it is."""
        names = [next((name for name, found in known if found.search(agent)), "") for known in (_BROWSERS, _SYSTEMS)]
        return " · ".join(filter(None, names)) or agent

    return routes
