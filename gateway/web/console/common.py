"""The console: what became of every report, for the people of the site.

Here is what its pages share: who may see them, who may act, and how states are called.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from flask import Response, abort, render_template, request
from flask_babel import format_datetime, gettext

from gateway.model.access import Session
from gateway.model.share import Deed, ShareOverview, ShareState
from gateway.model.times import Timestamp
from gateway.texts import sentence
from gateway.texts.runbook import what_to_do
from gateway.web.login.session import Access
from gateway.web.pages import language, message
from gateway.web.parts import ConsoleParts, WebParts

ADMINISTRATOR = "administrator"
READER = "reader"


def may(session: Session) -> bool:
    """Whether the person of *session* may see the console."""
    return bool({ADMINISTRATOR, READER} & session.person.roles)


def may_act(session: Session) -> bool:
    """Whether the person of *session* may change what becomes of a share."""
    return ADMINISTRATOR in session.person.roles


def guarded(access: Access, action: str, *, acting: bool = False) -> Session | Response:
    """The session of a person who may see this page (*acting*: who may act), else what to answer."""
    session = access.current()
    if session is None:
        # The path alone: what stands behind it may be of another session. Not one that no link of ours has written.
        back = request.path if request.path.isprintable() else "/console"
        return access.begin(back) if request.method == "GET" else Response(status=HTTPStatus.UNAUTHORIZED)
    if not may(session) or (acting and not may_act(session)):
        access.refused(action, session)
        return message("console_forbidden" if not may(session) else "console_looking_only", HTTPStatus.FORBIDDEN)
    return session


def fragment_guarded(access: Access) -> Session | Response:
    """As :func:`guarded` for a part of a page that a script asks for: no login begins there."""
    session = access.current()
    if session is None:
        return Response(status=HTTPStatus.UNAUTHORIZED)
    return session if may(session) else Response(status=HTTPStatus.FORBIDDEN)


def console_of(parts: WebParts) -> ConsoleParts:
    """The console's parts; answers 404 where there are none."""
    if parts.console is None:
        abort(HTTPStatus.NOT_FOUND)
    return parts.console


def page(template: str, **told: object) -> Response:
    """A page of the console, with the labels that every one of them uses."""
    html = render_template(template, labels=labels(), deeds=deeds(), **told)
    return Response(html, mimetype="text/html")


def labels() -> dict[str, str]:
    """The states as people call them, in the order of a share's life."""
    return {
        ShareState.WAITING.value: gettext("En attente des images"),
        ShareState.FROZEN.value: gettext("Prêt à envoyer"),
        ShareState.SENDING.value: gettext("Envoi en cours"),
        ShareState.SHARED.value: gettext("Partagé"),
        ShareState.HELD.value: gettext("À traiter"),
        ShareState.SUPERSEDED.value: gettext("Remplacé"),
        ShareState.WITHDRAWN.value: gettext("Retiré"),
        ShareState.ABANDONED.value: gettext("Abandonné"),
    }


def deeds() -> dict[str, str]:
    """What a share is to bring about, as people call it."""
    return {
        Deed.PUBLISH.value: gettext("Publication"),
        Deed.MANIFEST.value: gettext("Manifeste d'images"),
        Deed.CORRECT.value: gettext("Correction des métadonnées"),
        Deed.WITHDRAW.value: gettext("Retrait"),
    }


def add_filters(parts: WebParts, app_filter: object) -> None:
    """The filters that templates of the console use; *app_filter* is ``Blueprint.app_template_filter``."""
    zone = parts.settings.time_zone

    def moment(value: datetime | None) -> str:
        return format_datetime(value.astimezone(zone), "dd/MM/yyyy HH:mm:ss", rebase=False) if value else ""

    def written(text: str) -> str:
        """A time as HL7 and DICOM write it (TS), as :func:`moment`; one that cannot be read stays as it is."""
        try:
            return moment(Timestamp.parse(text).aware(zone))
        except ValueError:
            return text

    def clock(value: datetime | None) -> str:
        return format_datetime(value.astimezone(zone), "HH:mm", rebase=False) if value else ""

    def reason(overview: ShareOverview) -> str:
        share = overview.share
        return sentence(share.reason, share.facts, language()) if share.reason else ""

    def next_step(code: str) -> str:
        return what_to_do(code, language())

    def state_label(overview: ShareOverview) -> str:
        return labels()[overview.share.state.value]

    def delay(seconds: float | None) -> str:
        if seconds is None:
            return "–"
        if seconds < 120:
            return f"{seconds:.0f} s"
        return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"

    for made in (moment, written, clock, reason, next_step, state_label, delay):
        app_filter()(made)  # type: ignore[operator]
