"""Share: from a report that arrives to a report and its images that a registry has.

    a report arrives, is read, judged and kept, and only then acknowledged (``accept.py``)
    -> each of its studies is looked at until two looks agree -> patient and accession number must agree
    -> manifests are built, links put in, everything is frozen -> the submission leaves -> the registry has it
    (:meth:`Sharing.carry`, one step at a time, each step committed before the next begins).

Nothing here touches a socket, a file or a database; the ports of ``ports.py`` do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import structlog
from lxml import etree

from gateway.cda import link, pdf_links, read
from gateway.errors import (
    GatewayError,
    InputRejected,
    Mismatch,
    PeerMisbehaved,
    PeerRefused,
    PeerUnreachable,
)
from gateway.flow import agree
from gateway.flow.patience import Patience
from gateway.flow.ports import Blobs, Clock, Destination, Pacs, Store
from gateway.flow.states import Happening, Refused, after
from gateway.kos.build import ManifestRequest, build
from gateway.kos.choice import choose
from gateway.model.audit import AuditEvent, Outcome
from gateway.model.codes import Code
from gateway.model.exam import Exam
from gateway.model.identifiers import Identifier, new_uid
from gateway.model.link import national_url
from gateway.model.report import Report, Statements
from gateway.model.share import (
    Manifest,
    ManifestDraft,
    Pairing,
    Publication,
    Share,
    ShareState,
)
from gateway.model.site import Site

log = structlog.get_logger(__name__)

Exams = Sequence[tuple[Exam, Pairing]]

_TOO_LATE = {
    "study_absent": "study_absent_too_late",
    "study_settling": "study_settling_too_late",
    "manifest_under_way": "manifest_under_way_too_late",
}


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """The story with what it needs."""

    store: Store
    blobs: Blobs
    clock: Clock
    sites: Mapping[str, Site]
    pacs: Mapping[str, Pacs]
    destinations: Mapping[str, Destination]
    flavours: Mapping[str, str]
    """``dmp`` or ``ihe`` by destination."""
    links: Mapping[str, Literal["missing", "always", "never"]]
    """When the link to the images is put into a report of level 3, by destination."""
    parse: Callable[[bytes], etree._Element]
    patience: Patience

    def carry(self, share: Share) -> Share:
        """Take a claimed share as far as it goes now, and give it back to the store.

        Every failure of a peer ends in a saved state; only Unavailable (our own store) and bugs come out, and then
        the lease runs out and another try begins where the last saved state stands.
        """
        while share.lease:
            share = self._step(share)
        return share

    def _step(self, share: Share) -> Share:
        """One step; the share that comes back has its lease while there is more to do now."""
        if share.state is ShareState.WAITING:
            return self._look(share)
        if share.state is ShareState.FROZEN:
            return self._depart(share)
        return self._ask_then_send(share)

    def replay(self, share_id: str, actor: str) -> Share:
        """A person takes a held share up again: from the beginning, or, once fixed, where the registry is asked first.

        Raises InputRejected (``share_not_held``, ``store_share_unknown``).
        """
        share = self.store.share(share_id)
        now = self.clock.now()
        try:
            if self._was_frozen(share_id):
                share = _moved(share, Happening.SENT_AGAIN, now, due=now)
            else:
                share = replace(_moved(share, Happening.TAKEN_UP, now, due=now), created_at=now)
        except Refused:
            raise InputRejected("share_not_held", state=share.state.value) from None
        self.store.save(share, [replace(self._about("share.replayed", share), actor=actor)])
        return share

    def _was_frozen(self, share_id: str) -> bool:
        try:
            self.store.frozen(share_id)
        except InputRejected:
            return False
        return True

    # .. the study is awaited

    def _wanted(self, share: Share, statements: Statements) -> None:
        """What the sender said of the DMP binds (CI-SIS, MetaDMPMSS); raises Mismatch."""
        if self.flavours[share.destination] != "dmp":
            return
        if statements.to_dmp is False:
            raise Mismatch("sender_says_not_dmp")
        if statements.secret_connection:
            raise Mismatch("secret_connection_not_supported_yet")

    def _look(self, share: Share) -> Share:
        stored = self.store.report(share.report_id)
        content = self.blobs.get(stored.digest)
        root = self.parse(content)
        report = read.read(root)
        site = self.sites[share.site]
        try:
            self._wanted(share, stored.statements)
        except Mismatch as error:
            return self._hold(share, Happening.MISMATCH, error)
        try:
            exams = [(uid, self.pacs[site.pacs].study(uid)) for uid in report.study_uids]
        except (PeerUnreachable, PeerRefused, PeerMisbehaved) as error:
            return self._wait(share, Happening.PACS_AWAY, error.code, error.facts)
        absent = [uid for uid, exam in exams if exam is None or not exam.instances]
        if absent:
            return self._wait(share, Happening.STUDY_INCOMPLETE, "study_absent", {"study": absent[0]})
        found = [exam for _, exam in exams if exam is not None]
        try:
            paired = [(exam, agree.report_and_exam(report, exam, site)) for exam in found]
        except Mismatch as error:
            return self._hold(share, Happening.MISMATCH, error)
        look = {exam.study_uid: exam.fingerprint for exam in found}
        if look != share.progress:
            return self._wait(share, Happening.STUDY_INCOMPLETE, "study_settling", {}, progress=look)
        if any(agree.names_differ(report.patient, exam) for exam in found):
            log.warning("share.names_differ", share=share.id)
        return self._freeze(share, Material(site, report, root, content, paired))

    def _freeze(self, share: Share, material: Material) -> Share:
        now = self.clock.now()
        stored = self.store.report(share.report_id)
        drafts: list[ManifestDraft] = []
        try:
            for exam, pairing in material.exams if "kos" in material.site.publish else ():
                existing = self.store.manifest(share.destination, exam.study_uid)
                if existing is None:
                    drafts += self._manifests(share, material, exam, pairing, now)
                elif existing.fingerprint != exam.fingerprint or existing.requests != _requests(material, pairing):
                    raise Mismatch("manifest_replacement_not_supported_yet", study=exam.study_uid)
                elif not existing.shared:
                    return self._wait(share, Happening.MANIFEST_UNDER_WAY, "manifest_under_way", {})
            publication = Publication(
                site=material.site,
                accepted=stored,
                report=material.report,
                exams=tuple(material.exams),
                report_content=self._linked(share, material) if "report" in material.site.publish else None,
                manifests=tuple(drafts),
                now=now,
            )
            if publication.report_content is None and not drafts:
                return self._finish(share, Happening.NOTHING_TO_SEND, material.report, now)
            frozen = self.destinations[share.destination].prepare(publication)
        except Mismatch as error:
            return self._hold(share, Happening.MISMATCH, error)
        facts = {"destination": share.destination}
        if publication.report_content is not None:
            published = self.blobs.put(publication.report_content)
            facts |= {"link": self.links[share.destination], "received": stored.digest, "published": published}
            in_pdf = pdf_links.links_of_unstructured(material.root)
            facts |= {"links_in_pdf": str(len(in_pdf))} if in_pdf else {}
        for draft in drafts:
            self.blobs.put(draft.content)
        moved = _moved(share, Happening.FROZEN, now, due=now)
        manifests = [
            Manifest(
                share_id=share.id,
                destination=share.destination,
                study_uid=draft.exam.study_uid,
                unique_id=draft.unique_id,
                fingerprint=draft.exam.fingerprint,
                requests=_requests(material, draft.pairing),
                shared=False,
            )
            for draft in {draft.exam.study_uid: draft for draft in reversed(drafts)}.values()
        ]
        pairings = [pairing for _, pairing in material.exams]
        event = _audit("share.frozen", material.report, facts=facts)
        if not self.store.freeze(moved, frozen, manifests, pairings, [event]):
            return self._wait(share, Happening.MANIFEST_UNDER_WAY, "manifest_under_way", {})
        return moved

    def _manifests(
        self, share: Share, material: Material, exam: Exam, pairing: Pairing, now: datetime
    ) -> list[ManifestDraft]:
        """The manifest of a study, plain, described (IHE MADO) or both; the first is the one that is replaced."""
        mado = material.site.manifest.mado
        left_out = choose(exam, material.site.manifest).reasons
        if left_out:
            log.info("manifest.left_out", share=share.id, **{k.replace(" ", "_"): n for k, n in left_out.items()})
        kinds = {"none": (False,), "instead": (True,), "extra": (False, True)}[mado]
        return [self._manifest(share, material, exam, pairing, now, described=described) for described in kinds]

    def _manifest(
        self, share: Share, material: Material, exam: Exam, pairing: Pairing, now: datetime, *, described: bool
    ) -> ManifestDraft:
        unique_id = new_uid()
        content = build(
            exam,
            ManifestRequest(
                sop_instance_uid=unique_id,
                series_instance_uid=new_uid(),
                created_at=now,
                site=material.site,
                patient=material.report.patient,
                accession=pairing.accession,
                orders=tuple((pairing.accession, placer) for placer in material.placers(pairing)),
                flavour=self.flavours[share.destination],
                act=material.act(exam.study_uid),
                described=described,
                regions=material.regions(exam.study_uid),
            ),
        )
        return ManifestDraft(exam=exam, pairing=pairing, unique_id=unique_id, created_at=now, content=content)

    def _linked(self, share: Share, material: Material) -> bytes:
        """The report as it is published: with its links where this destination wants them, else the bytes as they came.

        Both forms stay in the store under their digests: the one received is what the RIS and the mailbox hold.
        """
        when = self.links[share.destination]
        if material.report.level != 3 or when == "never":
            return material.content
        links = {
            pairing.study_uid: national_url(
                material.site.public_url, pairing.study_uid, pairing.accession, material.report.identifier
            )
            for _, pairing in material.exams
        }
        return link.linked(material.content, material.root, links, missing_only=when == "missing")

    # .. the submission leaves

    def _depart(self, share: Share) -> Share:
        """Say first that it may be out, then let it go: after a crash in between, the registry is asked."""
        now = self.clock.now()
        share = _moved(share, Happening.DEPARTURE, now, due=now)
        self.store.save(share, [self._about("share.sending", share)], release=False)
        return self._send(share, again=False)

    def _ask_then_send(self, share: Share) -> Share:
        destination = self.destinations[share.destination]
        try:
            if destination.known(self.store.frozen(share.id)):
                return self._registered(share)
        except PeerRefused as error:
            return self._hold(share, Happening.REFUSED, error)
        except (PeerUnreachable, PeerMisbehaved) as error:
            return self._unanswered(share, error)
        return self._send(share, again=True)

    def _send(self, share: Share, *, again: bool) -> Share:
        try:
            self.destinations[share.destination].send(self.store.frozen(share.id), again=again)
        except PeerRefused as error:
            return self._hold(share, Happening.REFUSED, error)
        except (PeerUnreachable, PeerMisbehaved) as error:
            return self._unanswered(share, error)
        return self._registered(share)

    def _registered(self, share: Share) -> Share:
        now = self.clock.now()
        share = replace(_moved(share, Happening.REGISTERED, now, due=now), registered_at=now)
        self.store.registered(share, [self._about("share.registered", share)])
        return _released(share)

    def _unanswered(self, share: Share, error: GatewayError) -> Share:
        now = self.clock.now()
        due = self.patience.try_again(now, share.attempts)
        share = _moved(
            share, Happening.UNANSWERED, now, due=due, attempts=share.attempts + 1, reason=error.code, facts=error.facts
        )
        self.store.save(share, [self._about("share.sending", share, outcome=Outcome.MINOR_FAILURE)])
        return _released(share)

    # .. and the ends common to all

    def _wait(
        self,
        share: Share,
        happening: Happening,
        reason: str,
        facts: Mapping[str, str],
        *,
        progress: dict[str, str] | None = None,
    ) -> Share:
        now = self.clock.now()
        if self.patience.is_too_late(share.created_at, now):
            return self._hold(share, Happening.TOO_LATE, Mismatch(_TOO_LATE.get(reason, "pacs_too_late"), **facts))
        away = happening is Happening.PACS_AWAY
        if away:
            due = self.patience.try_again(now, share.attempts)
        elif progress is not None:
            due = self.patience.look_again(now)
        else:
            due = self.patience.come_back(now)
        share = _moved(
            share,
            happening,
            now,
            due=due,
            attempts=share.attempts + 1 if away else 0,
            reason=reason,
            facts=facts,
            progress=progress if progress is not None else {},
        )
        release = due > now
        self.store.save(share, [], release=release)
        return _released(share) if release else share

    def _hold(self, share: Share, happening: Happening, error: GatewayError) -> Share:
        now = self.clock.now()
        share = _moved(share, happening, now, due=now, reason=error.code, facts=error.facts)
        self.store.save(share, [self._about("share.held", share, outcome=Outcome.SERIOUS_FAILURE)])
        return _released(share)

    def _finish(self, share: Share, happening: Happening, report: Report, now: datetime) -> Share:
        share = replace(_moved(share, happening, now, due=now), registered_at=now)
        self.store.registered(share, [_audit("share.registered", report)])
        return _released(share)

    def _about(self, action: str, share: Share, *, outcome: Outcome = Outcome.SUCCESS) -> AuditEvent:
        facts = {"share": share.id, "destination": share.destination, "state": share.state.value}
        if share.reason:
            facts["reason"] = share.reason
        return AuditEvent(action=action, actor="gateway", outcome=outcome, document=share.report_id, facts=facts)


@dataclass(frozen=True, slots=True)
class Material:
    """What a share is made from, once its studies are whole."""

    site: Site
    report: Report
    root: etree._Element
    content: bytes
    exams: Exams

    def placers(self, pairing: Pairing) -> tuple[Identifier | None, ...]:
        """The placer order numbers that the report gives beside this accession number."""
        return tuple(o.placer for o in self.report.orders if o.accession == pairing.accession)

    def act(self, study_uid: str) -> str:
        """What was done, in the report's words: the act's own code first, then the procedure's."""
        codes = (c for a in self.report.acts if a.study_uid == study_uid for c in (a.code, *a.procedures))
        return next((code.display for code in codes if code and code.display), "")

    def regions(self, study_uid: str) -> tuple[Code, ...]:
        """The anatomical regions that the report's acts on this study name."""
        return tuple(region for act in self.report.acts if act.study_uid == study_uid for region in act.regions)


def _requests(material: Material, pairing: Pairing) -> str:
    placers = sorted(placer.unique_id for placer in material.placers(pairing) if placer)
    return json.dumps([pairing.accession.unique_id, *placers])


def _released(share: Share) -> Share:
    """The share as its saving left it: nobody's."""
    return replace(share, lease="")


def _moved(
    share: Share,
    happening: Happening,
    now: datetime,
    *,
    due: datetime,
    attempts: int = 0,
    reason: str = "",
    facts: Mapping[str, str] | None = None,
    progress: dict[str, str] | None = None,
) -> Share:
    """The share after *happening*; the state comes from the table and from nowhere else."""
    return replace(
        share,
        state=after(share.state, happening),
        due_at=due,
        updated_at=now,
        attempts=attempts,
        reason=reason,
        facts=dict(facts or {}),
        progress=progress or {},
    )


def _audit(action: str, report: Report, *, actor: str = "gateway", facts: dict[str, str] | None = None) -> AuditEvent:
    patient = report.patient.ins or next(iter(report.patient.identifiers), None)
    return AuditEvent(
        action=action,
        actor=actor,
        patient=patient.cx() if patient else "",
        study_uid=report.study_uids[0] if report.study_uids else "",
        document=report.identifier.unique_id,
        facts=facts or {},
    )
