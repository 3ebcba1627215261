"""The console's first page: the day as it is, what is held and why, who does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response
from flask_babel import gettext

from gateway.model.access import Session
from gateway.model.overview import PeerTrouble, Picture
from gateway.model.share import ShareState
from gateway.texts import sentence
from gateway.web.console.common import console_of, fragment_guarded, guarded, may_act, page
from gateway.web.console.plot import begin_of_day, plot
from gateway.web.login.session import Access
from gateway.web.pages import language
from gateway.web.parts import ConsoleParts, WebParts

LIVE = (ShareState.HELD, ShareState.WAITING, ShareState.FROZEN, ShareState.SENDING)
ENDED = (ShareState.SUPERSEDED, ShareState.WITHDRAWN, ShareState.ABANDONED)


@dataclass(frozen=True, slots=True)
class Peer:
    """A destination or a PACS as the shares met it."""

    kind: str
    """``destination`` or ``pacs``."""
    name: str
    site: str
    """Of a PACS: whose."""
    state: str
    """``up``, ``down``, ``mixed`` (some shares went through after the last failure) or ``quiet``."""
    last_at: datetime | None
    """When it last did what was asked, today."""
    failing: int
    """Shares that wait for it."""
    why: str


def add_routes(routes: Blueprint, parts: WebParts, access: Access) -> None:
    """The page, and its inside alone for the refresh."""

    @routes.get("/console")
    def today() -> Response:
        session = guarded(access, "console.opened")
        if isinstance(session, Response):
            return session
        return page("console_today.html", session=session, **_told(parts, session))

    @routes.get("/console/now")
    def now() -> Response:
        session = fragment_guarded(access)
        if isinstance(session, Response):
            return session
        return page("console_today_inside.html", session=session, **_told(parts, session))


def _told(parts: WebParts, session: Session) -> dict[str, object]:
    console = console_of(parts)
    moment, zone = parts.clock.now(), parts.settings.time_zone
    picture = console.overview.picture(begin_of_day(moment, zone), moment)
    return {
        "picture": picture,
        "plot": plot(picture, zone),
        "acting": may_act(session),
        "live": [state.value for state in LIVE],
        "ended": [state.value for state in ENDED if picture.states.get(state.value)],
        "peers": peers(picture, console),
        "peer_states": peer_states(),
    }


def peers(picture: Picture, console: ConsoleParts) -> tuple[Peer, ...]:
    """Every destination and every site's PACS: those that do not answer first."""
    order = {"down": 0, "mixed": 1, "up": 2, "quiet": 3}
    return tuple(sorted(_peers(picture, console), key=lambda peer: (order[peer.state], peer.kind, peer.name)))


def _peers(picture: Picture, console: ConsoleParts) -> Iterator[Peer]:
    of_destination = [each for each in picture.troubles if not each.is_pacs]
    of_pacs = [each for each in picture.troubles if each.is_pacs]
    for name in dict.fromkeys((*console.destinations, *(each.destination for each in of_destination))):
        troubles = [each for each in of_destination if each.destination == name]
        yield _peer("destination", name, "", troubles, picture.last_registered.get(name))
    for site in dict.fromkeys((*console.pacs, *(each.site for each in of_pacs))):
        troubles = [each for each in of_pacs if each.site == site]
        yield _peer("pacs", console.pacs.get(site, "PACS"), site, troubles, picture.last_frozen.get(site))


def _peer(kind: str, name: str, site: str, troubles: list[PeerTrouble], last_at: datetime | None) -> Peer:
    failed = max((each.last_at for each in troubles), default=None)
    state = "up" if last_at else "quiet"
    if failed is not None:
        state = "mixed" if last_at and last_at > failed else "down"
    worst = max(troubles, key=lambda each: each.count, default=None)
    return Peer(
        kind=kind,
        name=name,
        site=site,
        state=state,
        last_at=last_at,
        failing=sum(each.count for each in troubles),
        why=sentence(worst.reason, worst.facts, language()) if worst else "",
    )


def peer_states() -> dict[str, str]:
    """How a peer does, as people call it."""
    return {
        "up": gettext("Répond"),
        "down": gettext("Ne répond pas"),
        "mixed": gettext("Répond par moments"),
        "quiet": gettext("Rien aujourd'hui"),
    }
