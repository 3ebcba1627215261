"""All shares that are held for one reason, taken up again at once: after a wrong setting was put right, or a code.

The same question and the same guard as for one share (``share.py``); each is recorded by the story on its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice

from flask import Blueprint, Response, abort

from gateway.errors import GatewayError
from gateway.flow.overview import Overview
from gateway.model.overview import ShareFilter
from gateway.model.share import ShareOverview, ShareState
from gateway.web.console.common import console_of, guarded, page
from gateway.web.login.session import Access, actor
from gateway.web.parts import WebParts

MOST = 200
"""Taken up by one click; each is a commit, and a person waits for the answer."""
_PAGE = 200


def add_routes(routes: Blueprint, parts: WebParts, access: Access) -> None:
    """The question, and what it does."""

    @routes.get("/console/held/<reason>")
    def held(reason: str) -> Response:
        session = guarded(access, "console.act", acting=True)
        if isinstance(session, Response):
            return session
        found = tuple(islice(_held_for(console_of(parts).overview, reason), MOST + 1))
        if not found:
            abort(HTTPStatus.NOT_FOUND)
        return page("console_held.html", session=session, reason=reason, newest=found[0], count=len(found), most=MOST)

    @routes.post("/console/held/<reason>")
    def replayed(reason: str) -> Response:
        session = guarded(access, "console.act", acting=True)
        if isinstance(session, Response):
            return session
        access.check_post(session)
        console = console_of(parts)
        done, refused = 0, []
        # Listed first: what is taken up leaves the list under way.
        for one in tuple(islice(_held_for(console.overview, reason), MOST)):
            try:
                console.replay(one.share.id, actor(session.person))
                done += 1
            except GatewayError:
                refused.append(one)
        return page("console_held.html", session=session, reason=reason, done=done, refused=refused, count=0, most=MOST)


def _held_for(overview: Overview, reason: str) -> Iterator[ShareOverview]:
    """The shares that are held for *reason*, newest first."""
    before = 0
    while True:
        some = overview.page(ShareFilter(state=ShareState.HELD.value), limit=_PAGE, before=before)
        yield from (one for one in some.overviews if one.share.reason == reason)
        if not some.older:
            return
        before = some.older
