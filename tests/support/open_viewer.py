"""A viewer that is open, without the way there: a session and a handle put in by hand."""

from __future__ import annotations

import hashlib

import requests

from gateway.model.access import Handle, ShownStudy
from gateway.web.tokens import new_token
from tests.support.web import REFERRER, STUDY, Site, sign_in


def opened(site: Site, visitor: requests.Session, *studies: str, identifier: str = REFERRER.identifier) -> str:
    """The address of the viewer of *studies* (the site's one where none is named), for a session of *visitor*'s own."""
    token, handle = sign_in(site, identifier), new_token()
    visitor.cookies.set("gateway-session", token)
    shown = tuple(ShownStudy(site="nord", study_uid=study, report_id="report-1") for study in studies or (STUDY,))
    made = Handle(
        id=hashlib.sha256(handle.encode()).hexdigest(),
        session_id=hashlib.sha256(token.encode()).hexdigest(),
        exams=shown,
        created_at=site.parts.clock.now(),
    )
    site.sessions.name(made, [])
    return f"{site.url}/viewer/{handle}"
