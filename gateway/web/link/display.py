"""The link of a report, a study or a patient: IHE Invoke Image Display (RAD-106), answered by a redirect to the viewer.

Sources: IHE RAD TF-2 4.106 (400 for a request that is not whole, 404 for what is unknown, 401 and 403 by security, 501
for a viewer there is not). Nothing of the link stays in the address bar: it is changed for an opaque name that is good
for this session alone. Neither GET nor HEAD changes anything that lasts beyond that name and the audit trail.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import structlog
from flask import Blueprint, Response, redirect, render_template, request

from gateway.errors import GatewayError
from gateway.flow.consult import LinkUnknown, Opened, Refused
from gateway.kos.rejections import is_rejection, rejected_by
from gateway.kos.titles import is_manifest
from gateway.model.access import Handle, Session, ShownStudy, ViewOptions
from gateway.model.audit import AuditEvent, Outcome
from gateway.model.exam import KeyObjectNote
from gateway.model.link import PATH, StudyRequest
from gateway.model.rights import Tie
from gateway.web.exams import Exams
from gateway.web.link.query import Link, LinkMalformed, ViewerUnknown, read
from gateway.web.login.session import Access, actor
from gateway.web.pages import language, neutral, public_sentence
from gateway.web.parts import WebParts
from gateway.web.tokens import digest, new_token

_FRESH_S = 20.0
_AT_ONCE = 24
"""Studies of one opening: more are offered in parts, the latest first."""

log = structlog.get_logger(__name__)


def blueprint(parts: WebParts, access: Access, opening: Opening) -> Blueprint:
    """The route of the link."""
    routes = Blueprint("display", __name__)

    @routes.get(PATH)
    def display() -> Response:
        try:
            link = read(request.query_string)
        except ViewerUnknown:
            return neutral("link_viewer", 501)
        except LinkMalformed:
            return neutral("link_unknown", 400)
        if request.method == "HEAD":
            # Mail scanners and link previews ask so. Nothing is looked up, so nothing is told.
            return Response(status=200, mimetype="text/html")
        if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
            # A page that fetches the link, or shows it as a picture, is not somebody who opens it.
            return neutral("link_navigate", 401)
        began = time.monotonic()
        session = access.current()
        if session is None:
            return access.begin(link.path)
        if session.person.must_choose:
            return access.must_choose(session, link.path)
        try:
            return opening.answer(link, session, opening.resolve(link, session))
        except Refused as refusal:
            opening.record_refusal(link, session, refusal.code)
            return opening.explained(link, session, refusal)
        except LinkUnknown:
            opening.record_refusal(link, session, "link_unknown")
            opening.take_time(began)
            if opening.may_break(link, session):
                return opening.untied(link, session)
            return neutral("link_unknown", 404)

    return routes


class Opening:
    """Opens what a link asks for, and says why it does not."""

    def __init__(self, parts: WebParts, exams: Exams) -> None:
        self._parts = parts
        self._exams = exams

    def resolve(self, link: Link, session: Session, *, broken_glass: bool = False) -> tuple[Opened, ...]:
        """What *link* opens for the person of *session*; raises LinkUnknown or Refused.

        Break-glass that was used in this session opens what belongs to the same patient again, and nobody else's.
        """
        consulting, person = self._parts.consulting, session.person
        try:
            return self._resolved(link, session, broken_glass)
        except (LinkUnknown, Refused):
            if broken_glass or not consulting.may_break(person):
                raise
            try:
                found = self._resolved(link, session, True)
            except (LinkUnknown, Refused):
                found = ()
            forced = tuple(one for one in found if one.tie is Tie.GLASS)
            if not self._parts.sessions.broken(session.id, patient_keys(forced)):
                raise
            return found

    def _resolved(self, link: Link, session: Session, broken_glass: bool) -> tuple[Opened, ...]:
        consulting, wanted = self._parts.consulting, link.request
        if isinstance(wanted, StudyRequest):
            return tuple(consulting.study(wanted, session.person, broken_glass=broken_glass))
        return tuple(consulting.patient(wanted, session.person, broken_glass=broken_glass))

    def answer(self, link: Link, session: Session, found: tuple[Opened, ...]) -> Response:
        """To the viewer, or, with more studies than one opening takes, to a choice of them."""
        groups = [found[place : place + _AT_ONCE] for place in range(0, len(found), _AT_ONCE)]
        names = [self._named(group, link.options, session) for group in groups]
        if len(names) == 1:
            return _see_other(f"/viewer/{names[0]}")
        html = render_template(
            "patient.html",
            groups=[
                (name, place * _AT_ONCE, group) for place, (name, group) in enumerate(zip(names, groups, strict=True))
            ],
            total=len(found),
        )
        return Response(html, mimetype="text/html")

    def _named(self, group: tuple[Opened, ...], options: ViewOptions, session: Session) -> str:
        """Name the examinations for this session; the name is all that later URLs hold."""
        token = new_token()
        shown = tuple(
            ShownStudy(site=one.exam.site, study_uid=one.exam.study_uid, report_id=one.exam.report_id) for one in group
        )
        if options.key_images_only:
            options = ViewOptions(
                viewer=options.viewer,
                diagnostic=options.diagnostic,
                key_images_only=True,
                key_images=tuple(uid for one in shown for uid in self._key_images(one)),
            )
        handle = Handle(
            id=digest(token),
            session_id=session.id,
            exams=shown,
            created_at=self._parts.clock.now(),
            options=options,
        )
        self._parts.sessions.name(handle, [_displayed(one, session) for one in group])
        return token

    def _key_images(self, shown: ShownStudy) -> tuple[str, ...]:
        """What the key object selections of the study mark, in the order of its images; nothing while the PACS is
        away: the viewer shows all of the study then."""
        try:
            found = self._exams.get(shown.site, shown.study_uid, _FRESH_S)
        except GatewayError as error:
            log.warning("link.key_images_unknown", code=error.code)
            return ()
        if found is None:
            return ()
        kept = [n for n in found.exam.notes if not is_manifest(n.title) and not is_rejection(n.title)]
        marked = frozenset[str]().union(*(note.marked for note in kept)) - rejected_by(found.exam.notes)
        return tuple(
            name
            for one in found.exam.instances
            if one.sop_instance_uid in marked
            for name in _marks(one.sop_instance_uid, kept)
        )

    # .. refusals

    def take_time(self, began: float) -> None:
        """Wait until *began* (of the monotonic clock) is as long ago as every neutral answer takes."""
        time.sleep(max(0.0, began + self._parts.settings.neutral_s - time.monotonic()))

    def may_break(self, link: Link, session: Session) -> bool:
        """Whether the person is offered break-glass for something that may not exist: says nothing on that.

        The link of a report is not offered it: its three values either fit a report or were put together by hand.
        """
        wanted = link.request
        if isinstance(wanted, StudyRequest) and wanted.holds_report:
            return False
        return self._parts.consulting.may_break(session.person)

    def explained(self, link: Link, session: Session, refusal: Refused) -> Response:
        """The page for someone who holds the report."""
        return self._page(link, session, refusal.code, refusal.breakable)

    def untied(self, link: Link, session: Session) -> Response:
        """The page for someone whom nothing ties to the patient, if there is one."""
        return self._page(link, session, "rights_no_tie", True)

    def _page(self, link: Link, session: Session, code: str, breakable: bool) -> Response:
        html = render_template(
            "refused.html",
            sentence=public_sentence(code, language()),
            session=session,
            link=link.path if breakable else "",
            wrong="",
        )
        return Response(html, status=403, mimetype="text/html")

    def record_refusal(self, link: Link, session: Session, reason: str) -> None:
        """Keep that images were asked for in vain."""
        wanted = link.request
        if isinstance(wanted, StudyRequest):
            event = AuditEvent(
                action="images.displayed",
                actor=actor(session.person),
                outcome=Outcome.MINOR_FAILURE,
                study_uid=",".join(wanted.study_uids),
                document=wanted.report,
                facts={"accession": ",".join(wanted.accessions), "reason": reason},
            )
        else:
            event = AuditEvent(
                action="images.displayed",
                actor=actor(session.person),
                outcome=Outcome.MINOR_FAILURE,
                patient=wanted.patient.cx(),
                facts={"reason": reason},
            )
        self._parts.store.record(event)


def patient_keys(found: tuple[Opened, ...]) -> list[str]:
    """By which the store knows the patients of what was opened."""
    return sorted({digest(one.exam.patient_cx) for one in found})


def _marks(uid: str, notes: Iterable[KeyObjectNote]) -> list[str]:
    """The instance *uid* as :attr:`ViewOptions.key_images` names it: whole where one of *notes* marks it so, else each
    frame that is marked."""
    frames: set[int] = set()
    for note in notes:
        if uid in note.marked:
            if uid not in note.frames:
                return [uid]
            frames |= note.frames[uid]
    return [f"{uid}/{number}" for number in sorted(frames)]


def _displayed(one: Opened, session: Session) -> AuditEvent:
    exam, person = one.exam, session.person
    facts = {"accession": exam.accession.dotted, "report": exam.report_id, "kind": person.kind.value}
    facts |= {"tie": one.tie.value} if one.tie else {}
    facts |= {"profession": f"{person.profession}/{person.specialty}".rstrip("/")} if person.profession else {}
    facts |= {"structure": " ".join(sorted(person.structures))} if person.structures else {}
    return AuditEvent(
        action="images.displayed",
        actor=actor(person),
        patient=exam.patient_cx,
        study_uid=exam.study_uid,
        document=exam.report.unique_id,
        facts=facts,
    )


def _see_other(path: str) -> Response:
    response = redirect(path, code=303, Response=Response)
    response.set_data(b"")
    return response  # type: ignore[return-value]
