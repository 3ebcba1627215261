"""Break-glass: who is not tied to a patient says why they must see the images, and that stands in the audit trail.

It never opens what is masked to professionals. The link comes back in the form's body, not in an address; it is read
again from the beginning, so that a form that was altered opens no more than the same link would.
"""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from gateway.flow.consult import LinkUnknown, Opened, Refused
from gateway.model.access import Session
from gateway.model.audit import AuditEvent
from gateway.model.link import PATH, StudyRequest
from gateway.model.rights import BrokenGlass, Tie
from gateway.texts.plain import is_writing
from gateway.web.link.display import Opening, patient_keys
from gateway.web.link.query import Link, LinkMalformed, ViewerUnknown, read
from gateway.web.login.session import Access, actor
from gateway.web.pages import language, neutral, public_sentence
from gateway.web.parts import WebParts
from gateway.web.tokens import new_token

ROUTE = "/break-glass"
_LEAST = 10
"""Letters of a reason: enough for a word or two."""
_MOST = 500


def blueprint(parts: WebParts, access: Access, opening: Opening) -> Blueprint:
    """The route of the form."""
    routes = Blueprint("break_glass", __name__)

    @routes.post(ROUTE)
    def broken() -> Response:
        session = access.current()
        if session is None:
            return neutral("viewer_session_over", 401)
        access.check_post(session)
        path, _, query = request.form.get("link", "").partition("?")
        try:
            link = read(query.encode("ascii", "replace"))
        except (LinkMalformed, ViewerUnknown):
            return neutral("link_unknown", 400)
        if path != PATH or session.person.must_choose or not parts.consulting.may_break(session.person):
            return neutral("link_unknown", 404)
        reason = " ".join(request.form.get("reason", "").split())[:_MOST]
        if sum(c.isalnum() for c in reason) < _LEAST or not is_writing(reason):
            html = render_template(
                "refused.html",
                sentence=public_sentence("rights_no_tie", language()),
                session=session,
                link=link.path,
                wrong=public_sentence("rights_reason_short", language()),
            )
            return Response(html, status=422, mimetype="text/html")
        try:
            found = opening.resolve(link, session, broken_glass=True)
        except (LinkUnknown, Refused):
            access.refused("glass.broken", session, reason=reason, asked=_kind(link))
            return neutral("link_unknown", 404)
        _keep(parts, link, session, found, reason)
        return opening.answer(link, session, found)

    return routes


def _keep(parts: WebParts, link: Link, session: Session, found: tuple[Opened, ...], reason: str) -> None:
    """A row for those who review, and an audit event for each patient; before a single image is shown."""
    forced = [one for one in found if one.tie is Tie.GLASS] or list(found)
    by_key = {patient_keys((one,))[0]: one for one in forced}
    for key, one in by_key.items():
        use = BrokenGlass(
            id=new_token(),
            session_id=session.id,
            actor=actor(session.person),
            reason=reason,
            asked=_kind(link),
            patient_key=key,
            created_at=parts.clock.now(),
        )
        event = AuditEvent(
            action="glass.broken",
            actor=use.actor,
            patient=one.exam.patient_cx,
            study_uid=one.exam.study_uid,
            document=one.exam.report.unique_id,
            facts={"reason": reason, "asked": use.asked, "profession": session.person.profession},
        )
        parts.sessions.broke(use, [event])


def _kind(link: Link) -> str:
    return "study" if isinstance(link.request, StudyRequest) else "patient"
