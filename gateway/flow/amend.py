"""Amend: what comes after a publication. It is replaced, withdrawn, corrected; what amends it may come first.

    a replacement waits for what it replaces to be out -> it is made like any report, and frozen with the entryUUID of
    what stands at the registry (RPLC) -> when it is registered, what it replaced is superseded, and so is what was
    held in between and never left
    a withdrawal takes back what waits, without a word to the registry; of what is out it asks the registry for the
    entryUUID, changes its status, and everything of the lineage that stood is withdrawn
    a correction brings the metadata of what is registered to what would be stated now (ITI-57), the bytes as they are

The versions of a report are the publications that are bound by what they replace. Of those at most one stands.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from gateway.errors import Mismatch, PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.flow.carrying import Carrying, audit, moved
from gateway.flow.deeds import amendment
from gateway.flow.manifest import Material, documents_of, kept_bytes, masks_over, orders_in, with_masks
from gateway.flow.remake import remaking
from gateway.flow.states import Happening
from gateway.kos import read as kos
from gateway.model.report import Report
from gateway.model.share import (
    Deed,
    FrozenDocument,
    FrozenSubmission,
    Manifest,
    ManifestDraft,
    Publication,
    Share,
    ShareState,
)

log = structlog.get_logger(__name__)

ON_ITS_WAY = frozenset({ShareState.WAITING, ShareState.FROZEN, ShareState.SENDING})
ENDED_APART = frozenset({ShareState.HELD, ShareState.WITHDRAWN, ShareState.ABANDONED})
"""Ends in which only the registry knows whether what was frozen is there."""


class OtherPatient(Mismatch):
    """What a report replaces stands under another patient."""

    def __init__(self, standing: Share) -> None:
        super().__init__("parent_other_patient")
        self.standing = standing


@dataclass(frozen=True, kw_only=True)
class Amending(Carrying):
    """The stories of what comes after a publication."""

    def _found(self, share: Share) -> Share:
        """*share*, with its target where what it awaited has come meanwhile."""
        if share.awaits and self.store.arrived(share, self.clock.now()):
            return replace(self.store.share(share.id), lease=share.lease)
        return share

    # .. a replacement and what it replaces

    def await_parent(self, share: Share) -> Share | None:
        """See that what *share* replaces is out, or will never be; None when *share* may go on."""
        if share.overrides.get("parent") == "none":
            return None
        share = self._found(share)
        if share.awaits:
            facts = {"parent": share.awaits}
            if self.policy.unknown_parent == "hold":
                return self.hold(share, Happening.MISMATCH, Mismatch("parent_unknown", **facts))
            if self.policy.unknown_parent == "wait":
                return self.wait(share, Happening.PREDECESSOR_AWAITED, "parent_unknown", facts)
            log.warning("share.parent_unknown", share=share.id)
            return None
        versions = self._versions(share)
        if any(one.target == share.id and one.state in (ShareState.SHARED, ShareState.SUPERSEDED) for one in versions):
            return self.end(share, Happening.REPLACED)
        if any(one.target == share.id and one.state is ShareState.WITHDRAWN for one in versions):
            # Its replacement came first and was withdrawn: the report is, and what stands of it goes with this one.
            new = amendment(share, Deed.WITHDRAW, self.clock.now())
            self.store.begin([new], [self.about("share.withdrawal_follows", new)])
            return self.wait(share, Happening.PREDECESSOR_AWAITED, "target_under_way", {})
        if any(one.id == share.target and one.state in ON_ITS_WAY for one in versions):
            return self.wait(share, Happening.PREDECESSOR_AWAITED, "parent_under_way", {})
        later = _followers(share.id, versions)
        held = [one for one in versions if one.state is ShareState.HELD and one.id not in later]
        if held and self.policy.held_parent == "wait":
            return self.wait(share, Happening.PREDECESSOR_AWAITED, "parent_held", {})
        try:
            for one in held:
                self._settle(share, one)
        except PeerRefused as error:
            return self.hold(share, Happening.REFUSED, error)
        except (PeerUnreachable, PeerMisbehaved) as error:
            return self.unanswered(share, error)
        return None

    def _settle(self, share: Share, held: Share) -> None:
        """What was fixed of a held version is at the registry, or never will be: *share* must know before it goes on.

        One of which nothing was fixed stays as it is until *share* is registered.
        """
        frozen = self.frozen_of(held.id)
        if frozen is None:
            return
        now = self.clock.now()
        if self.destinations[share.destination].known(frozen):
            held = replace(moved(held, Happening.REGISTERED, now, due=now), registered_at=now)
        else:
            facts = {"share": share.id}
            held = moved(held, Happening.REPLACED, now, due=now, reason="replaced_by", facts=facts)
        self.store.settle(share, held, [self.about(f"share.{held.state.value}", held)])

    def replacing(self, share: Share, frozen: FrozenSubmission, report: Report) -> tuple[Share, FrozenSubmission]:
        """*share* with what it replaces at the registry as its target, and *frozen* with the RPLC to it.

        Raises Mismatch (``version_not_latest``), and as ``Destination.replacing``.
        """
        new = next((document for document in frozen.documents if document.kind == "report"), None)
        if not share.target or new is None or share.overrides.get("parent") == "none":
            return share, frozen
        destination = self.destinations[share.destination]
        for candidate in self._candidates(share):
            before = self.frozen_of(candidate.id)
            old = [document.unique_id for document in before.documents if document.kind == "report"] if before else []
            if before is None or not old or old[0] == new.unique_id:
                continue
            if candidate.state in ENDED_APART and not destination.standing(old):
                continue
            if before.patient_id != frozen.patient_id:
                # A registry refuses a replacement across patients, and what stands under the wrong one must go first.
                raise OtherPatient(candidate)
            self._is_later(report, candidate, chosen=candidate.id == share.target)
            return replace(share, target=candidate.id), destination.replacing(frozen, {new.unique_id: old[0]})
        return share, frozen

    def superseded_by(self, share: Share) -> list[Share]:
        """The versions that give way to *share*, which is registered now: what it replaced, and what is held before it.

        What came for a later version and is held stays: it may be taken up, and replaces this one then.
        """
        if share.deed is not Deed.PUBLISH or not share.target:
            return []
        versions = self._versions(share)
        later = _followers(share.id, versions)
        now = self.clock.now()
        return [
            moved(one, Happening.REPLACED, now, due=now, reason="replaced_by", facts={"share": share.id})
            for one in versions
            if (one.id == share.target and one.state is ShareState.SHARED)
            or (one.state is ShareState.HELD and one.id not in later)
        ]

    def _versions(self, share: Share) -> list[Share]:
        """The publications bound to *share* by what they replace, in the order of their arrival; itself among them."""
        bound = {share.id, share.target} - {""}
        known = self.store.versions(share)
        while more := {one.id for one in known if one.target in bound or one.id in bound} - bound | (
            {one.target for one in known if one.id in bound and one.target} - bound
        ):
            bound |= more
        return [one for one in known if one.id in bound]

    def _candidates(self, share: Share) -> Sequence[Share]:
        """What may stand at the registry, the likeliest first: the shared version, then those only it can tell of."""
        earlier = [one for one in reversed(self._versions(share)) if one.id != share.id]
        shared = [one for one in earlier if one.state is ShareState.SHARED]
        return shared or [one for one in earlier if one.state in ENDED_APART]

    def _is_later(self, report: Report, candidate: Share, *, chosen: bool) -> None:
        """A replacement of a version that was replaced already goes on only as the later of the two."""
        stored = self.store.report(candidate.report_id)
        content = kept_bytes(self, stored.digest)
        if content is None:
            # Its bytes were erased; which of the two is the later one is then for the sender's word alone.
            if not chosen:
                raise Mismatch("version_not_latest", version=report.version or "-", standing="-")
            return
        standing = self.report_in(content, stored.digest)
        if not chosen and (report.version or 0) <= (standing.version or 0) and report.version is not None:
            raise Mismatch("version_not_latest", version=report.version, standing=standing.version or "-")
        if {i.unique_id for p in standing.authors for i in p.identifiers}.isdisjoint(
            i.unique_id for p in report.authors for i in p.identifiers
        ):
            self.store.record(audit("share.replaced_by_another_author", report))

    # .. a withdrawal

    def is_withdrawn(self, share: Share) -> bool:
        """Whether a withdrawal of *share* waits: what has not arrived at the registry is not sent again then."""
        return any(one.deed is Deed.WITHDRAW and one.state in ON_ITS_WAY for one in self.store.amendments(share.id))

    def take_back(self, share: Share) -> Share:
        """One step of a withdrawal."""
        share = self._found(share)
        if share.awaits:
            facts = {"report": share.awaits}
            if self.policy.unknown_parent == "hold":
                return self.hold(share, Happening.MISMATCH, Mismatch("target_unknown", **facts))
            return self.wait(share, Happening.PREDECESSOR_AWAITED, "target_unknown", facts)
        versions = self._versions(share)
        target = next((one for one in versions if one.id == share.target), None)
        if target is None:
            # Its site did not publish to this destination.
            return self.registered(share, happening=Happening.NEVER_LEFT)
        if target.state is ShareState.SUPERSEDED and share.state is ShareState.WAITING:
            return self.hold(share, Happening.MISMATCH, Mismatch("withdrawal_of_a_former_version"))
        if share.state is ShareState.WAITING and any(one.state is ShareState.SENDING for one in versions):
            return self.wait(share, Happening.PREDECESSOR_AWAITED, "target_under_way", {})
        return self._take_back(share, self._of_the_same_publication(target, versions))

    def _take_back(self, share: Share, going: Sequence[Share]) -> Share:
        destination = self.destinations[share.destination]
        again = share.state is ShareState.SENDING or bool(share.progress)
        try:
            going = [self._settled(share, one) for one in going]
            out = [one for one in going if one.state is ShareState.SHARED]
            unique_ids = [unique_id for one in out for unique_id in self._reports_of(one)]
            if not unique_ids and not again:
                return self._gone(share, going, Happening.NEVER_LEFT)
            if share.state is ShareState.WAITING:
                now = self.clock.now()
                share = moved(share, Happening.DEPARTURE, now, due=now, progress=share.progress)
                self.store.save(share, [self.about("share.withdrawing", share)], release=False)
            if unique_ids:
                destination.take_back(unique_ids, self.sites[share.site], self.clock.now(), again=again)
        except PeerRefused as error:
            return self.hold(share, Happening.REFUSED, error)
        except (PeerUnreachable, PeerMisbehaved) as error:
            return self.unanswered(share, error)
        return self._gone(share, going, Happening.REGISTERED)

    def _settled(self, share: Share, one: Share) -> Share:
        """*one*; when it is held and something was fixed of it, the registry is asked first whether it has that."""
        frozen = self.frozen_of(one.id) if one.state is ShareState.HELD else None
        if frozen is None:
            return one
        now = self.clock.now()
        if self.destinations[share.destination].known(frozen):
            one = replace(moved(one, Happening.REGISTERED, now, due=now), registered_at=now)
        else:
            facts = {"share": share.id}
            one = moved(one, Happening.TAKEN_BACK, now, due=now, reason="withdrawn_by", facts=facts)
        self.store.settle(share, one, [self.about(f"share.{one.state.value}", one)])
        return one

    def _gone(self, share: Share, going: Sequence[Share], happening: Happening) -> Share:
        now = self.clock.now()
        facts = {"share": share.id}
        others = [
            moved(one, Happening.TAKEN_BACK, now, due=now, reason="withdrawn_by", facts=facts)
            for one in going
            if one.state is not ShareState.WITHDRAWN
        ]
        return self.registered(share, others, self._manifests_after(going, now), happening=happening)

    def _manifests_after(self, going: Sequence[Share], now: datetime) -> list[Share]:
        """What sees to the manifests of the studies whose report goes: another report may need them still."""
        studies = {study_uid: one for one in going for study_uid in self.store.studies(one.report_id)}
        return [
            remaking(one.site, one.destination, study_uid, one.report_id, now)
            for study_uid, one in studies.items()
            if self.store.manifest(one.destination, study_uid) is not None
        ]

    def _of_the_same_publication(self, target: Share, versions: Sequence[Share]) -> list[Share]:
        """The target, and when it has not left: the version before it, which is what people see still."""
        living = {ShareState.SHARED}
        if target.state is not ShareState.SHARED:
            living |= {ShareState.WAITING, ShareState.FROZEN, ShareState.HELD}
        later = _followers(target.id, versions) - {target.id}
        return [one for one in versions if one.state in living and one.id not in later]

    def _reports_of(self, share: Share) -> list[str]:
        frozen = self.frozen_of(share.id)
        return [document.unique_id for document in frozen.documents if document.kind == "report"] if frozen else []

    # .. a correction of the metadata alone

    def restate(self, share: Share) -> Share:
        """One step of a correction: what would be stated now, for the documents of the target that stand."""
        target = self.store.share(share.target)
        if target.state in (ShareState.SUPERSEDED, ShareState.WITHDRAWN, ShareState.ABANDONED):
            return self.registered(share, happening=Happening.NOTHING_TO_SEND)
        before = self.frozen_of(target.id)
        if before is None:
            # It has not been fixed: it will be with what holds now.
            return self.registered(share, happening=Happening.NOTHING_TO_SEND)
        if target.state is not ShareState.SHARED:
            return self.wait(share, Happening.PREDECESSOR_AWAITED, "parent_under_way", {})
        found = self.material(share)
        if isinstance(found, Share):
            return found
        destination, now = self.destinations[share.destination], self.clock.now()
        try:
            manifests = self._manifests_now(share, found)
            reports = [document for document in before.documents if document.kind == "report"]
            documents = [*reports, *(one for manifest in manifests for one in documents_of(self, manifest))]
            standing = destination.standing([document.unique_id for document in documents])
            documents = [document for document in documents if document.unique_id in standing]
            contents = {document.unique_id: kept_bytes(self, document.digest) for document in documents}
            if None in contents.values():
                # Of a manifest that another report, erased since, had brought.
                raise Mismatch("report_erased")
            masks = {one.study_uid: self._masks_now(share, one) for one in manifests}
            wanted = destination.prepare(self._restated(found, documents, masks))
            destination.correct(wanted, self.sites[share.site], now)
        except Mismatch as error:
            return self.hold(share, Happening.MISMATCH, error)
        except PeerRefused as error:
            return self.hold(share, Happening.REFUSED, error)
        except (PeerUnreachable, PeerMisbehaved) as error:
            return self.unanswered(share, error)
        for manifest in manifests:
            self.store.carries(manifest, with_masks(manifest, masks[manifest.study_uid]))
        return self.registered(share)

    def _manifests_now(self, share: Share, material: Material) -> list[Manifest]:
        """The manifests of the report's studies that stand by now, whichever share has published them."""
        found = (self.store.manifest(share.destination, exam.study_uid) for exam, _ in material.exams)
        return [manifest for manifest in found if manifest is not None and manifest.shared]

    def _masks_now(self, share: Share, manifest: Manifest) -> frozenset[str]:
        """A correction of one report never shows the images that another one hides."""
        living = self.store.living(share.destination, manifest.study_uid)
        return masks_over(self, map(self.store.report, dict.fromkeys([share.report_id, *living])), manifest)

    def _restated(
        self, material: Material, documents: Sequence[FrozenDocument], masks: Mapping[str, frozenset[str]]
    ) -> Publication:
        """What *documents* would be published with now, their bytes as they are."""
        now = self.clock.now()
        by_study = {exam.study_uid: (exam, pairing) for exam, pairing in material.exams}
        report = next((document for document in documents if document.kind == "report"), None)
        return Publication(
            site=material.site,
            accepted=material.stored,
            report=material.report,
            exams=tuple(material.exams),
            report_content=self.blobs.get(report.digest) if report else None,
            manifests=tuple(
                ManifestDraft(
                    exam=by_study[document.study_uid][0],
                    pairing=by_study[document.study_uid][1],
                    unique_id=document.unique_id,
                    created_at=now,
                    content=self.blobs.get(document.digest),
                    orders=orders_in(kos.read(self.blobs.get(document.digest))),
                    masked=masks[document.study_uid],
                )
                for document in documents
                if document.kind == "manifest"
            ),
            now=now,
        )

    @abstractmethod
    def material(self, share: Share) -> Material | Share:
        """What the report and the PACS say now; a share that was saved when they cannot say it yet."""


def _followers(share_id: str, versions: Sequence[Share]) -> set[str]:
    """*share_id* and everything that replaces it, directly or not."""
    found = {share_id}
    while more := {one.id for one in versions if one.target in found} - found:
        found |= more
    return found
