"""Remake: the manifest of a published study follows its images and its reports.

    somebody told that the images changed, or a look found it (``watching.py``)
    -> the study is looked at until two looks agree
    -> something else is to be shared than the manifest names, or under other numbers: a new manifest replaces it
    -> nothing is left to be shared, or no report stands any more: the manifest is withdrawn
    -> all is as the manifest says: nothing is sent

A manifest that is withdrawn freezes nothing: the registry is asked each time for what is to be withdrawn, so that
doing it twice does what doing it once does. ``Share.target`` names the share that had published it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

import structlog

from gateway.errors import Mismatch, PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.flow import agree
from gateway.flow.by_hand import stated, stated_by_hand
from gateway.flow.carrying import Carrying, audit, moved
from gateway.flow.manifest import Material, Plan, documents_of, held_now, in_place_of_former, kept_bytes, plan
from gateway.flow.states import Happening
from gateway.kos.choice import choose
from gateway.model.exam import Exam
from gateway.model.share import Deed, FrozenSubmission, Manifest, Publication, Share, ShareState

log = structlog.get_logger(__name__)

ABSENT = "absent"
"""In place of a fingerprint: nothing of the study is to be shared."""


@dataclass(frozen=True, kw_only=True)
class Remaking(Carrying):
    """The story of the deed ``manifest``; what is frozen leaves like any submission."""

    def remake(self, share: Share) -> Share:
        """One step of a share that waits, or that withdraws a manifest."""
        existing = self.store.manifest(share.destination, share.study_uid)
        if share.state is ShareState.SENDING:
            return self._withdraw_manifest(share, existing)
        # One that a person took up again after a refusal begins anew.
        share = replace(share, target="")
        if existing is not None and not existing.shared:
            return self.wait(share, Happening.MANIFEST_UNDER_WAY, "manifest_under_way", {})
        reports = self.store.living(share.destination, share.study_uid)
        if not reports:
            if existing is None or self.policy.manifest_after_last_report == "keep":
                return self.registered(share, happening=Happening.NOTHING_TO_SEND)
            return self._withdraw_manifest(share, existing)
        site = self.sites[share.site].at(share.destination)
        try:
            exam = self.pacs[site.pacs].study(share.study_uid)
        except (PeerUnreachable, PeerRefused, PeerMisbehaved) as error:
            return self.wait(share, Happening.PACS_AWAY, error.code, error.facts)
        shareable = exam is not None and bool(choose(exam, site.manifest).exam.instances)
        look = {share.study_uid: exam.fingerprint if exam is not None and shareable else ABSENT}
        if look != share.progress:
            return self.wait(share, Happening.STUDY_INCOMPLETE, "study_settling", {}, progress=look)
        if exam is not None and shareable:
            return self._remade(share, exam, reports, existing)
        if existing is None:
            return self.registered(share, happening=Happening.NOTHING_TO_SEND)
        return self._withdraw_manifest(share, existing)

    def _remade(self, share: Share, exam: Exam, reports: Sequence[str], existing: Manifest | None) -> Share:
        """The manifest of *exam* in the name of the report that came last, of those whose bytes are kept still."""
        now = self.clock.now()
        known = ((one, kept_bytes(self, one.digest)) for one in map(self.store.report, reversed(reports)))
        kept = next(((one, content) for one, content in known if content is not None), None)
        if kept is None:
            return self.hold(share, Happening.MISMATCH, Mismatch("manifest_report_erased", study=share.study_uid))
        stored, content = kept
        report = self.report_in(content, stored.digest)
        site = self.sites[share.site].at(share.destination)
        try:
            report = stated(held_now(self, stored, report), stated_by_hand(self, share, stored.id))
            pairing = agree.report_and_exam(report, exam, site)
            made = plan(self, share, Material(site, stored, report, content, [(exam, pairing)]), now)
            if made is None:
                return self.wait(share, Happening.MANIFEST_UNDER_WAY, "manifest_under_way", {})
            if not made.drafts:
                return self.registered(share, happening=Happening.NOTHING_TO_SEND)
            publication = Publication(
                site=site,
                accepted=stored,
                report=report,
                exams=((exam, pairing),),
                report_content=None,
                manifests=made.drafts,
                now=now,
            )
            frozen = self.destinations[share.destination].prepare(publication)
            if existing is not None and is_of_another_patient(self, existing, frozen.patient_id):
                # A registry refuses a replacement across patients: the old one goes first, a first one follows.
                return self._withdraw_manifest(share, existing)
            frozen = in_place_of_former(self, share, made, frozen, now)
        except Mismatch as error:
            return self.hold(share, Happening.MISMATCH, error)
        except PeerRefused as error:
            return self.hold(share, Happening.REFUSED, error)
        except (PeerUnreachable, PeerMisbehaved) as error:
            return self.unanswered(share, error)
        for draft in made.drafts:
            self.blobs.put(draft.content)
        event = audit("share.frozen", report, facts={"destination": share.destination, "study": share.study_uid})
        return self.leave(share, frozen, made.rows, [pairing], event)

    def stands_for_another(self, made: Plan, frozen: FrozenSubmission) -> bool:
        """Whether a manifest stands under another patient than *frozen* is for: it is withdrawn first."""
        return any(is_of_another_patient(self, existing, frozen.patient_id) for existing in made.standing)

    def _withdraw_manifest(self, share: Share, existing: Manifest | None) -> Share:
        """Take the manifest out of sight; *share* is marked as sending before the registry is told."""
        if existing is None or (share.target and existing.share_id != share.target):
            # It is done: a former try got through, or a manifest of another share stands by now.
            return self.registered(share)
        now = self.clock.now()
        again = share.state is ShareState.SENDING
        unique_ids = [one.unique_id for one in documents_of(self, existing)] or [existing.unique_id]
        try:
            if not again:
                share = replace(moved(share, Happening.DEPARTURE, now, due=now), target=existing.share_id)
                self.store.save(share, [self.about("manifest.withdrawing", share)], release=False)
            self.destinations[share.destination].take_back(unique_ids, self.sites[share.site], now, again=True)
        except PeerRefused as error:
            return self.hold(share, Happening.REFUSED, error)
        except (PeerUnreachable, PeerMisbehaved) as error:
            return self.unanswered(share, error)
        return self.registered(share)


def is_of_another_patient(tools: Carrying, existing: Manifest, patient_id: str) -> bool:
    """Whether the manifest that stands was published under another patient than *patient_id* (CX)."""
    before = tools.frozen_of(existing.share_id)
    return before is not None and before.patient_id != patient_id


def remaking(site: str, destination: str, study_uid: str, report_id: str, now: datetime) -> Share:
    """A new share that brings the manifest of a study to what is to be shared now."""
    return Share(
        id=uuid4().hex,
        report_id=report_id,
        site=site,
        destination=destination,
        lineage=f"{site}:study:{study_uid}",
        state=ShareState.WAITING,
        due_at=now,
        created_at=now,
        updated_at=now,
        deed=Deed.MANIFEST,
        study_uid=study_uid,
    )
