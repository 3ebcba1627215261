"""All shares that are held for one reason, taken up again at once: after a wrong setting was put right, or a code.

The same question and the same guard as for one share (``share.py``); each is recorded by the story on its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from http import HTTPStatus

from flask import Blueprint, Response, abort

from gateway.errors import GatewayError
from gateway.flow.overview import Overview, held_for
from gateway.model.share import ShareOverview
from gateway.web.console.common import console_of, guarded, page
from gateway.web.login.session import Access, actor
from gateway.web.parts import WebParts

MOST = 200
"""Taken up by one click; each is a commit, and a person waits for the answer."""


def add_routes(routes: Blueprint, parts: WebParts, access: Access) -> None:
    """The question, and what it does."""

    @routes.get("/console/held/<reason>")
    def held(reason: str) -> Response:
        session = guarded(access, "console.act", acting=True)
        if isinstance(session, Response):
            return session
        some, count = _oldest(console_of(parts).overview, reason)
        if not count:
            abort(HTTPStatus.NOT_FOUND)
        return page("console_held.html", session=session, reason=reason, oldest=some[0], count=count, most=MOST)

    @routes.post("/console/held/<reason>")
    def replayed(reason: str) -> Response:
        session = guarded(access, "console.act", acting=True)
        if isinstance(session, Response):
            return session
        access.check_post(session)
        console = console_of(parts)
        done, refused = 0, []
        for one in _oldest(console.overview, reason)[0]:
            try:
                console.replay(one.share.id, actor(session.person))
                done += 1
            except GatewayError:
                refused.append(one)
        return page("console_held.html", session=session, reason=reason, done=done, refused=refused, count=0, most=MOST)


def _oldest(overview: Overview, reason: str) -> tuple[Sequence[ShareOverview], int]:
    """The first :data:`MOST` shares that are held for *reason*, the oldest first: what came first goes first; and how
    many there are."""
    oldest: deque[ShareOverview] = deque(maxlen=MOST)
    count = 0
    for count, one in enumerate(held_for(overview, reason), 1):  # noqa: B007 - the last number is the answer
        oldest.appendleft(one)
    return oldest, count
