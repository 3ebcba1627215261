"""From who asks and a study to the examination, or to the status that says why not: one gate for WADO-RS and RAD-69.

401 nobody known, 400 a person who names no manifest, 404 not shared or not by that manifest (nor told apart from what
a mask closes), 403 known and not entitled, 410 shared and no longer in the PACS.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from wsgiref.types import WSGIEnvironment

from gateway.flow.rights import may_see
from gateway.model.access import Kind, Person
from gateway.model.audit import AuditEvent, Outcome
from gateway.model.exam import Exam
from gateway.model.identifiers import INS_OIDS, Identifier
from gateway.model.rights import Door, Grounds
from gateway.model.share import SharedStudy
from gateway.web.door_settings import ImageDoors
from gateway.web.doors.askers import Unknown, who
from gateway.web.exams import Exams
from gateway.web.login.session import Access, actor
from gateway.web.parts import WebParts

MANIFEST_HEADER = "HTTP_KOS_SOPINSTANCEUID"
_FRESH_S = 20.0
_TOLD_AGAIN = timedelta(minutes=5)
_REMEMBERED = 4096
_ASKED_FOR = timedelta(hours=1)


class Wrong(Exception):
    """The answer is an error of *status*, named by *code*."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class Seen(NamedTuple):
    """A study that the asker may see."""

    site: str
    exam: Exam
    identity: Identifier | None = None
    """The national identity to put into instances that leave, where the setting asks for it and the report has one."""
    partial: bool = False
    """Whether the PACS no longer has all that the manifest lists."""


class Gate:
    """What is shared, for whom."""

    def __init__(self, parts: WebParts, doors: ImageDoors, access: Access, exams: Exams, door: Door) -> None:
        self._parts = parts
        self._doors = doors
        self._access = access
        self._exams = exams
        self._door = door
        self._told: dict[tuple[str, str], datetime] = {}
        self._stale: dict[str, datetime] = {}

    def person(self, environ: WSGIEnvironment) -> Person:
        """Who asks; raises Wrong (401), PeerUnreachable where the identity provider cannot be asked, and TooMany."""
        try:
            return who(self._doors, self._access, self._parts.limits, environ)
        except Unknown:
            raise Wrong(401, "wado_unauthorized") from None

    def study(self, environ: WSGIEnvironment, person: Person, study_uid: str) -> Seen:
        """The study for *person*; raises Wrong, and what the PACS raises."""
        standing: Sequence[SharedStudy] = self._doors.shared.study(study_uid)
        manifest = environ.get(MANIFEST_HEADER, "").strip()
        if not manifest and self._must_name_manifest(environ, person):
            raise Wrong(400, "wado_manifest_missing")
        if manifest:
            standing = [one for one in standing if manifest in one.manifests]
        if not standing:
            raise Wrong(404, "wado_unknown")
        allowed = self._allowed(person, standing, holds=bool(manifest))
        listed = self._listed(allowed, manifest)
        partial = False
        if listed is None or self._is_stale(study_uid):
            exam = self.look(allowed.exam.site, study_uid)
            if listed is not None:
                exam = _both(exam, listed)
                partial = len(exam.instances) < len(listed.instances)
        else:
            exam = listed
        seen = Seen(allowed.exam.site, exam, self._identity(allowed.exam.patient_cx), partial)
        self._tell(person, allowed)
        return seen

    def _must_name_manifest(self, environ: WSGIEnvironment, person: Person) -> bool:
        """Whether who asks must come from a manifest: RAD-69 has no field for it, and asks for a tie instead."""
        by_token = "HTTP_AUTHORIZATION" in environ and person.kind is not Kind.SYSTEM
        return by_token and self._doors.needs_manifest and self._door is Door.WADO_RS

    def stale(self, study_uid: str) -> None:
        """The PACS has not had an instance that the manifest lists: for a while it is asked what it has."""
        if len(self._stale) >= _REMEMBERED:
            self._stale.clear()
        self._stale[study_uid] = self._parts.clock.now()

    def _is_stale(self, study_uid: str) -> bool:
        since = self._stale.get(study_uid)
        return since is not None and self._parts.clock.now() - since < _ASKED_FOR

    def _listed(self, shared: SharedStudy, manifest: str) -> Exam | None:
        """What the manifest lists, no more: what was shared. The PACS need not be asked what it has before."""
        for one in (manifest,) if manifest else sorted(shared.manifests):
            listed = self._doors.shared.listing(shared.exam.study_uid, one)
            if listed is not None:
                return listed
        return None

    def look(self, site: str, study_uid: str) -> Exam:
        """The study as the PACS has it; raises Wrong (410), and what the PACS raises."""
        shown = self._exams.get(site, study_uid, _FRESH_S)
        if shown is None:
            raise Wrong(410, "wado_gone")
        return shown.exam

    def _allowed(self, person: Person, standing: Iterable[SharedStudy], *, holds: bool) -> SharedStudy:
        """The first of *standing* that the person may see; raises Wrong (403, or 404 where that would tell)."""
        neutral = False
        for one in standing:
            grounds = Grounds(holds_report=holds)
            answer = may_see(person, one.exam, self._door, policy=self._doors.policy, grounds=grounds)
            if answer:
                return one
            neutral = neutral or answer.neutral
            self._record(person, one, Outcome.MINOR_FAILURE, reason=answer.reason)
        raise Wrong(404, "wado_unknown") if neutral else Wrong(403, "wado_forbidden")

    def _tell(self, person: Person, shared: SharedStudy) -> None:
        """One line a study and asker in five minutes: frames are asked for by the hundred."""
        now = self._parts.clock.now()
        key = (actor(person), shared.exam.study_uid)
        before = self._told.get(key)
        if before is not None and now - before < _TOLD_AGAIN:
            return
        if len(self._told) >= _REMEMBERED:
            self._told.clear()
        self._told[key] = now
        self._record(person, shared, Outcome.SUCCESS)

    def _record(self, person: Person, shared: SharedStudy, outcome: Outcome, **facts: str) -> None:
        self._parts.store.record(
            AuditEvent(
                action="images.retrieved",
                actor=actor(person),
                outcome=outcome,
                patient=shared.exam.patient_cx,
                study_uid=shared.exam.study_uid,
                facts={"door": self._door.value, **facts},
            )
        )

    def _identity(self, patient_cx: str) -> Identifier | None:
        if not self._doors.adds_identity:
            return None
        value, _, rest = patient_cx.partition("^^^")
        root = rest.partition("&")[2].partition("&")[0]
        return Identifier(root, value) if root in INS_OIDS and value else None


def _both(exam: Exam, listed: Exam) -> Exam:
    """What the PACS has of what the manifest lists; raises Wrong (410) where that is nothing."""
    shared = {one.sop_instance_uid for one in listed.instances}
    series = (
        replace(one, instances=tuple(each for each in one.instances if each.sop_instance_uid in shared))
        for one in exam.series
    )
    kept = tuple(one for one in series if one.instances)
    if not kept:
        raise Wrong(410, "wado_gone")
    return replace(exam, series=kept)
