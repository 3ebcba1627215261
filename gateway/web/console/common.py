"""The console: what became of every report, for the people of the site.

Here is what its pages share: who may see them, who may act, and how states are called.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from flask import Response, abort, render_template, request
from flask_babel import format_date, format_datetime, format_decimal, gettext

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
_OF_DAYS = frozenset({"birth_date_differs"})
"""Reasons whose facts are days."""


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


def told(code: str, facts: dict[str, str]) -> str:
    """Why a share waits or is held, its days written as people write them."""
    if code in _OF_DAYS:
        facts = {name: _day(value) for name, value in facts.items()}
    return sentence(code, facts, language())


def _day(value: str) -> str:
    """A day as DICOM and HL7 write it, as people do; one that is none stays as it is."""
    try:
        day = datetime.strptime(value, "%Y%m%d").date()  # noqa: DTZ007 - a date
    except ValueError:
        return value
    return str(format_date(day, "d MMM yyyy" if language() == "en" else "dd/MM/yyyy"))


def add_filters(parts: WebParts, app_filter: object) -> None:
    """The filters that templates of the console use; *app_filter* is ``Blueprint.app_template_filter``."""
    zone = parts.settings.time_zone

    def moment(value: datetime | None) -> str:
        # An English reader may be of a country that writes the month first: there it has its name.
        form = "d MMM yyyy HH:mm:ss" if language() == "en" else "dd/MM/yyyy HH:mm:ss"
        return format_datetime(value.astimezone(zone), form, rebase=False) if value else ""

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
        return told(share.reason, share.facts) if share.reason else ""

    def next_step(code: str) -> str:
        return what_to_do(code, language())

    def state_label(overview: ShareOverview) -> str:
        return labels()[overview.share.state.value]

    def delay(seconds: float | None) -> str:
        if seconds is None:
            return "–"
        if seconds < 120:
            return f"{seconds:.0f} s"
        return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{format_decimal(seconds / 3600, '0.0')} h"

    def counted(number: int) -> str:
        return str(format_decimal(number))

    def size(size_bytes: int) -> str:
        """In the largest unit that leaves a whole number of it."""
        units = ("B", "kB", "MB", "GB") if language() == "en" else ("o", "ko", "Mo", "Go")
        steps = min(max(len(str(size_bytes)) - 1, 0) // 3, len(units) - 1)
        return f"{format_decimal(size_bytes / 1000**steps, '0.#' if steps else '0')} {units[steps]}"

    for made in (moment, written, clock, reason, next_step, state_label, delay, counted, size):
        app_filter()(made)  # type: ignore[operator]
