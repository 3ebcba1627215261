"""The console: what became of every report, for the people of the site."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, render_template, request
from flask_babel import format_datetime, gettext

from gateway.model.access import Session
from gateway.model.share import ShareOverview, ShareState
from gateway.texts import sentence
from gateway.web.access import Access
from gateway.web.pages import language, message
from gateway.web.parts import WebParts

ADMINISTRATOR = "administrator"
_ROWS = 200


def blueprint(parts: WebParts, access: Access) -> Blueprint:
    """The page, and its table alone for the refresh."""
    routes = Blueprint("console", __name__)

    @routes.get("/console")
    def shares() -> Response:
        session = access.current()
        if session is None:
            return access.begin("/console")
        if not may(session):
            access.refused("console.opened", session)
            return message("console_forbidden", 403)
        html = render_template("console.html", session=session, labels=labels(), **_table(parts))
        return Response(html, mimetype="text/html")

    @routes.get("/console/rows")
    def rows() -> Response:
        session = access.current()
        if session is None:
            return Response(status=401)
        if not may(session):
            return Response(status=403)
        return Response(render_template("console_rows.html", **_table(parts)), mimetype="text/html")

    @routes.app_template_filter("moment")
    def moment(value: datetime | None) -> str:
        return (
            format_datetime(value.astimezone(parts.settings.time_zone), "dd/MM/yyyy HH:mm:ss", rebase=False)
            if value
            else ""
        )

    @routes.app_template_filter("reason")
    def reason(overview: ShareOverview) -> str:
        share = overview.share
        return sentence(share.reason, share.facts, language()) if share.reason else ""

    @routes.app_template_filter("state_label")
    def state_label(overview: ShareOverview) -> str:
        return labels()[overview.share.state.value]

    return routes


def labels() -> dict[str, str]:
    """The states as people call them, in the order of a share's life."""
    return {
        ShareState.WAITING.value: gettext("En attente des images"),
        ShareState.FROZEN.value: gettext("Prêt à envoyer"),
        ShareState.SENDING.value: gettext("Envoi en cours"),
        ShareState.SHARED.value: gettext("Partagé"),
        ShareState.HELD.value: gettext("À traiter"),
    }


def _table(parts: WebParts) -> dict[str, object]:
    chosen = request.args.get("state", "")
    states = (chosen,) if chosen in labels() else ()
    overviews = parts.store.overviews(limit=_ROWS, states=states)
    return {"overviews": overviews, "chosen": chosen if states else "", "full": len(overviews) >= _ROWS}


def may(session: Session) -> bool:
    """Whether the person of *session* may see the console."""
    return ADMINISTRATOR in session.person.roles
