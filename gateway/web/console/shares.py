"""The console's lists of shares, cut by what people know: a number, a patient, a state, a day, a modality, a place.

What names a patient is posted, and stands in the address only as letters that this session alone can read
(:mod:`gateway.web.sealed`): a list can be reloaded and gone back to, and no log ever holds the number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, redirect, request

from gateway.model.access import Session
from gateway.model.audit import AuditEvent
from gateway.model.overview import ShareFilter
from gateway.web.console.common import console_of, fragment_guarded, guarded, labels, page
from gateway.web.login.session import Access, actor
from gateway.web.parts import WebParts
from gateway.web.sealed import opened, seal

ROWS = 50
_ADDRESS = "/console/shares"
_PURPOSE = "share filter"
_PLAIN = ("state", "modality", "site", "destination", "since", "until")
_NAMING = ("accession", "patient")
_LENGTH = 128


@dataclass(frozen=True, slots=True)
class Asked:
    """What the reader asked for, as it stands in the form and in the address."""

    fields: dict[str, str]
    lost: bool = False
    """The sealed part is of a session that has ended."""

    def address(self, session: Session, **changes: str) -> str:
        """The list with *changes*, from its beginning; an empty value takes a filter out."""
        fields = {**self.fields, **changes}
        query = {name: fields[name] for name in (*_PLAIN, "before") if fields.get(name)}
        naming = {name: fields[name] for name in _NAMING if fields.get(name)}
        if naming:
            query["q"] = seal(session, _PURPOSE, naming)
        return f"{_ADDRESS}?{urlencode(query)}" if query else _ADDRESS


def add_routes(routes: Blueprint, parts: WebParts, access: Access) -> None:
    """The list, its rows alone for the refresh, and the search."""

    @routes.get("/console/shares")
    def shares() -> Response:
        session = guarded(access, "console.shares")
        if isinstance(session, Response):
            return session
        sites, destinations, modalities = console_of(parts).overview.choices()
        found = _found(parts, session, request.args)
        return page(
            "console_shares.html",
            session=session,
            sites=sites,
            destinations=destinations,
            modalities=modalities,
            rows_address=f"/console/shares/rows?{request.query_string.decode('ascii', 'ignore')}",
            **found,
        )

    @routes.get("/console/shares/rows")
    def rows() -> Response:
        session = fragment_guarded(access)
        if isinstance(session, Response):
            return session
        return page("console_rows.html", session=session, **_found(parts, session, request.args))

    @routes.post("/console/shares")
    def search() -> Response:
        session = guarded(access, "console.shares")
        if isinstance(session, Response):
            return session
        access.check_post(session)
        asked = _asked(session, request.form)
        if asked.fields.get("patient"):
            parts.store.record(AuditEvent(action="console.patient_searched", actor=actor(session.person)))
        address = asked.address(session, before="")
        return redirect(address, code=303, Response=Response)  # type: ignore[return-value]


def _found(parts: WebParts, session: Session, sent: Mapping[str, str]) -> dict[str, object]:
    asked = _asked(session, sent)
    before = sent.get("before", "")
    wanted, wrong = _filter(asked.fields, parts.settings.time_zone)
    place = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else 0
    found = console_of(parts).overview.page(wanted, limit=ROWS, before=place)
    plain = {**asked.fields, "before": ""}
    return {
        "asked": asked,
        "overviews": found.overviews,
        "filtered": not wanted.is_empty,
        "complete": found.complete,
        "older": asked.address(session, before=str(found.older)) if found.older else "",
        "newest": asked.address(session, before="") if place else "",
        "states": {state: Asked(plain).address(session, state=state) for state in ("", *labels())},
        "wrong_date": wrong,
        "chosen": asked.fields.get("state", ""),
    }


def _asked(session: Session, sent: Mapping[str, str]) -> Asked:
    fields = {name: sent.get(name, "").strip()[:_LENGTH] for name in (*_PLAIN, *_NAMING)}
    if fields["state"] not in labels():
        fields["state"] = ""
    lost = False
    if sent.get("q"):
        naming = opened(session, _PURPOSE, sent["q"])
        lost = naming is None
        fields |= {name: (naming or {}).get(name, "") for name in _NAMING}
    return Asked({name: value for name, value in fields.items() if value}, lost)


def _filter(fields: Mapping[str, str], zone: ZoneInfo) -> tuple[ShareFilter, bool]:
    """What the store is asked for, and whether a date could not be read."""
    since, until = _day(fields.get("since", ""), zone), _day(fields.get("until", ""), zone, after=1)
    wrong = bool((fields.get("since") and since is None) or (fields.get("until") and until is None))
    named = {name: fields.get(name, "") for name in (*_NAMING, "state", "modality", "site", "destination")}
    return ShareFilter(**named, since=since, until=until), wrong


def _day(written: str, zone: ZoneInfo, after: int = 0) -> datetime | None:
    """The beginning of a day in the site's time, or of the day *after* so many days; None for no date."""
    try:
        return datetime.combine(date.fromisoformat(written) + timedelta(days=after), time(), zone)
    except (ValueError, OverflowError):
        return None
