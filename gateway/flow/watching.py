"""Watching: what is published is looked at again, because nobody tells of every change.

    a study is published -> it is looked at after an hour, a day, a week, then every month (``[life] look_again_s``)
    somebody tells that its images changed -> it is looked at now
    -> something else is to be shared than the manifest says: a share makes the manifest again (``remake.py``)
    -> images are gone and nobody said why: a person decides, or it is amended (``[life] lost_images``)

One look asks the PACS once; the share that follows makes its own two. What a look saw is remembered with what came of
it, so that a change that a person gave up is not proposed again and again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from gateway.errors import Mismatch, PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.flow.carrying import Carrying, moved
from gateway.flow.manifest import carried_now, carries, read_manifest
from gateway.flow.remake import ABSENT, remaking
from gateway.flow.states import Happening
from gateway.kos.choice import choose
from gateway.kos.rejections import rejected_by
from gateway.kos.same import same_content
from gateway.kos.selection import KeyObjectSelection
from gateway.model.audit import AuditEvent, Outcome
from gateway.model.exam import Exam, KeyObjectNote
from gateway.model.share import Manifest, Share
from gateway.model.site import Site
from gateway.model.watch import IMAGES_LOST, Standing, Watch, WatchState

log = structlog.get_logger(__name__)

_BUSY_S = 120.0
"""Until a study is looked at again whose manifest is under way, or whose PACS did not answer."""


class Watches(Protocol):
    """The studies that are watched. Each method is one transaction."""

    def claim(self, now: datetime, lease_s: float) -> Watch | None:
        """The study that is due longest, for so long the caller's; never two callers one study."""

    def next_due(self) -> datetime | None:
        """When the next study is due."""

    def standing(self, site: str, study_uid: str) -> Sequence[Standing]:
        """What of a study stands, a destination each."""

    def looked(
        self,
        claimed: Watch,
        after: Watch,
        new: Sequence[Share] = (),
        same: Sequence[tuple[Manifest, str]] = (),
        events: Iterable[AuditEvent] = (),
    ) -> bool:
        """Keep what a look found, with the shares that follow from it.

        *same*: manifests that say the truth still, of a study that now has this fingerprint. False when the claim was
        lost or somebody told of the study since it was claimed: nothing is written then.
        """

    def told(self, study_uids: Iterable[str], now: datetime, events: Iterable[AuditEvent] = ()) -> int:
        """The images of these studies were changed on purpose: those that are published are due now; how many."""


@dataclass(slots=True)
class _Seen:
    """What one look comes to."""

    view: list[object]
    wanted: list[Standing] = field(default_factory=list)
    same: list[tuple[Manifest, str]] = field(default_factory=list)
    lost: frozenset[str] = frozenset()
    of: int = 0
    busy: bool = False
    """Something is under way: it is looked at again soon."""
    held: bool = False
    """A person must decide first: what was seen and told stays as it is until then."""


@dataclass(frozen=True, kw_only=True)
class Watching(Carrying):
    """The story of the look."""

    watches: Watches
    schedule_s: tuple[float, ...]
    """After a publication, then after each look; the last one for ever."""
    notes: Callable[[str], Collection[KeyObjectNote]] = lambda _: ()
    """The rejection notes that were received for a study."""
    ring: Callable[[], None] = lambda: None

    def carry(self, watch: Watch) -> Watch:
        """Look at a claimed study, and give it back with what follows."""
        now = self.clock.now()
        site = self.sites.get(watch.site)
        standing = self.watches.standing(watch.site, watch.study_uid) if site is not None else ()
        if site is None or not any(one.manifest or one.under_way or one.held or _has(one, site) for one in standing):
            return self._give_back(watch, replace(watch, state=WatchState.ENDED, told=False))
        try:
            exam = self.pacs[site.pacs].study(watch.study_uid)
        except (PeerUnreachable, PeerRefused, PeerMisbehaved) as error:
            later = replace(watch, due_at=now + timedelta(seconds=_BUSY_S), reason=error.code)
            return self._give_back(watch, later)
        seen = self._seen(watch, site, standing, exam)
        view = hashlib.sha256(json.dumps(seen.view).encode()).hexdigest()
        fresh = watch.told or view != watch.view
        new = [self._share(watch, seen, one, now) for one in seen.wanted] if fresh else []
        if seen.busy:
            after = replace(watch, due_at=now + timedelta(seconds=_BUSY_S), reason="manifest_under_way")
        else:
            due = now + timedelta(seconds=self.schedule_s[min(watch.round + 1, len(self.schedule_s) - 1)])
            after = replace(watch, due_at=due, round=watch.round + 1, reason="")
            if not seen.held:
                after = replace(after, told=False, view=view)
        if not (seen.busy or seen.held):
            after = replace(after, lost=_lost(seen, now) if seen.lost and not watch.told else {})
        events = [self._event(watch, seen, new)] if new or (seen.lost and fresh) else []
        return self._give_back(watch, after, new, seen.same, events)

    def _give_back(
        self,
        watch: Watch,
        after: Watch,
        new: Sequence[Share] = (),
        same: Sequence[tuple[Manifest, str]] = (),
        events: Sequence[AuditEvent] = (),
    ) -> Watch:
        if not self.watches.looked(watch, after, new, same, events):
            log.info("watch.look_overtaken")
            return replace(watch, reason="look_overtaken")
        if new:
            self.ring()
        return after

    def _seen(self, watch: Watch, site: Site, standing: Sequence[Standing], exam: Exam | None) -> _Seen:
        seen = _Seen([exam.fingerprint if exam is not None else ABSENT])
        for one in standing:
            if one.held_for_loss and not one.under_way and self._is_back(watch, one, exam):
                self._take_up(one.held_for_loss)
                one = replace(one, under_way=True)
            if one.under_way or one.held:
                seen.busy, seen.held = seen.busy or one.under_way, seen.held or not one.under_way
                continue
            there = site.at(one.destination)
            shareable = exam is not None and bool(choose(exam, there.manifest).exam.instances)
            wanted = self._wanted(seen, there, one, exam if shareable else None)
            seen.view.append([one.destination, list(one.reports)])
            if wanted:
                seen.wanted.append(one)
            if one.manifest is not None and one.reports:
                self._count_lost(watch, seen, one.manifest, exam)
        return seen

    def _wanted(self, seen: _Seen, site: Site, one: Standing, exam: Exam | None) -> bool:
        """Whether a share has something to do for a destination; *exam* when something of it is to be shared."""
        if not one.reports:
            return one.manifest is not None and self.policy.manifest_after_last_report == "withdraw"
        if one.manifest is None or exam is None:
            return (one.manifest is None) == (exam is not None) and "kos" in site.publish
        try:
            carried = carried_now(self, one.reports, exam, site, one.manifest)
        except Mismatch as error:
            # The share that follows is held for it, and a person sees why.
            seen.view.append(error.code)
            return True
        seen.view.append(carried)
        if not carries(one.manifest, carried):
            return True
        if one.manifest.fingerprint == exam.fingerprint:
            return False
        said = read_manifest(self, one.manifest)
        if said is not None and same_content(said, exam, site.manifest):
            seen.same.append((one.manifest, exam.fingerprint))
            return False
        return True

    def _is_back(self, watch: Watch, one: Standing, exam: Exam | None) -> bool:
        """Whether nothing is lost any more of what stands."""
        if one.manifest is None:
            return False
        lost = self._lost(watch, one.manifest, exam)
        return lost is not None and not lost[0]

    def _take_up(self, share_id: str) -> None:
        """Nobody has to decide about a loss that is none: the share looks for itself what is left to do."""
        now = self.clock.now()
        share = moved(self.store.share(share_id), Happening.NOTHING_LOST, now, due=now)
        share = replace(share, created_at=now, waited_s=0.0)
        self.store.save(share, [self.about("share.images_back", share)])

    def _lost(self, watch: Watch, manifest: Manifest, exam: Exam | None) -> tuple[frozenset[str], int] | None:
        """Which published instances the PACS no longer has, though no note rejects them, and of how many; None when it
        cannot be known any more."""
        if exam is not None and exam.fingerprint == manifest.fingerprint:
            return frozenset(), 0
        said = read_manifest(self, manifest)
        if said is None:
            return None
        published = _instances(said)
        present = {one.sop_instance_uid for one in exam.instances} if exam is not None else set()
        notes = (*self.notes(watch.study_uid), *(exam.notes if exam is not None else ()))
        return frozenset(published - present - rejected_by(notes)), len(published)

    def _count_lost(self, watch: Watch, seen: _Seen, manifest: Manifest, exam: Exam | None) -> None:
        lost, of = self._lost(watch, manifest, exam) or (frozenset(), 0)
        if len(lost) > len(seen.lost):
            seen.lost, seen.of = lost, of

    def _share(self, watch: Watch, seen: _Seen, one: Standing, now: datetime) -> Share:
        """The share that follows; one that would take away what nobody rejected is held first, if the site says so."""
        report_id = one.reports[-1] if one.reports else self._report_of(one)
        new = remaking(watch.site, one.destination, watch.study_uid, report_id, now)
        if seen.lost and one.reports and not watch.told and self.policy.lost_images == "report":
            facts = {"study": watch.study_uid, "lost": str(len(seen.lost)), "of": str(seen.of)}
            return moved(new, Happening.MISMATCH, now, due=now, reason=IMAGES_LOST, facts=facts)
        return new

    def _report_of(self, one: Standing) -> str:
        assert one.manifest is not None  # noqa: S101 - without reports, only a manifest is wanted gone
        return self.store.share(one.manifest.share_id).report_id

    def _event(self, watch: Watch, seen: _Seen, new: Sequence[Share]) -> AuditEvent:
        facts = {"told": str(watch.told).lower(), "shares": ", ".join(share.id for share in new)}
        if seen.lost:
            facts |= {"lost": str(len(seen.lost)), "of": str(seen.of)}
        shrunk = bool(seen.lost) and not watch.told
        return AuditEvent(
            action="study.images_lost" if shrunk else "study.changed",
            actor="gateway",
            outcome=Outcome.MINOR_FAILURE if shrunk else Outcome.SUCCESS,
            study_uid=watch.study_uid,
            facts=facts,
        )


def _has(one: Standing, site: Site) -> bool:
    return bool(one.reports) and "kos" in site.publish


def _instances(said: KeyObjectSelection) -> set[str]:
    return {
        instance.sop_instance_uid for study in said.studies for series in study.series for instance in series.instances
    }


def _lost(seen: _Seen, now: datetime) -> dict[str, str]:
    return {"at": now.isoformat(timespec="seconds"), "lost": str(len(seen.lost)), "of": str(seen.of)}
