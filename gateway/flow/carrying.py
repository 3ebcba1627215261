"""What every deed has in common: what it needs, how it waits, is held, meets a silent registry, ends.

Nothing here touches a socket, a file or a database; the ports of ``flow/ports`` do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from lxml import etree

from gateway.cda import read
from gateway.errors import GatewayError, InputRejected, Mismatch, PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.flow.patience import Patience
from gateway.flow.policy import Policy
from gateway.flow.ports import Blobs, Clock, Destination, Pacs, Store
from gateway.flow.states import Happening, after
from gateway.flow.understood import Understood
from gateway.model.audit import AuditEvent, Outcome
from gateway.model.report import Report
from gateway.model.share import Deed, FrozenSubmission, Manifest, Pairing, Share, ShareState
from gateway.model.site import Site

_TOO_LATE = {
    "study_absent": "study_absent_too_late",
    "study_settling": "study_settling_too_late",
    "manifest_under_way": "manifest_under_way_too_late",
    "parent_unknown": "parent_unknown_too_late",
    "target_unknown": "target_unknown_too_late",
    "parent_under_way": "parent_under_way_too_late",
    "parent_other_patient": "parent_under_way_too_late",
    "parent_held": "parent_held_too_late",
    "target_under_way": "parent_under_way_too_late",
}
"""What a share is held for, by what it had waited for."""
_FOR_ITS_PARENT = frozenset(reason for reason in _TOO_LATE if reason.startswith(("parent_", "target_")))


@dataclass(frozen=True, kw_only=True)
class Carrying:
    """The stories' tools, and the ends common to all of them."""

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
    policy: Policy = field(default_factory=Policy)
    understood: Understood = field(default_factory=Understood, repr=False)

    def report_in(self, content: bytes, digest: str) -> Report:
        """What the report *content*, kept under *digest*, says."""
        return self.understood.report(digest, lambda: read.read(self.parse(content)))

    def frozen_of(self, share_id: str) -> FrozenSubmission | None:
        """What was frozen for a share, or None."""
        try:
            return self.store.frozen(share_id)
        except InputRejected:
            return None

    def wait(
        self,
        share: Share,
        happening: Happening,
        reason: str,
        facts: Mapping[str, str],
        *,
        progress: dict[str, str] | None = None,
    ) -> Share:
        """Come back to *share* later, or hold it when its deadline has passed.

        While a peer is away the longer deadline of peers counts, and that of the study stands still: an outage of days
        needs nobody's hand.
        """
        now = self.clock.now()
        away = happening is Happening.PACS_AWAY
        parent = happening is Happening.PREDECESSOR_AWAITED
        passed_s = self.patience.passed_s(share.updated_at, now)
        away_s = share.away_s + passed_s if away else 0.0
        # When what it amends has come, the patience with its study begins.
        waited_s = share.waited_s if parent or share.reason not in _FOR_ITS_PARENT else 0.0
        waited_s += 0.0 if away else passed_s
        if away:
            late = self.patience.peer_is_late(away_s)
        elif parent and share.awaits:
            late = self.patience.parent_is_late(waited_s)
        elif parent:
            late = self.patience.peer_is_late(waited_s)
        else:
            late = self.patience.study_is_late(waited_s)
        if late:
            return self.hold(share, Happening.TOO_LATE, Mismatch(_TOO_LATE.get(reason, "pacs_too_late"), **facts))
        if away:
            due = self.patience.try_again(now, share.attempts)
        elif progress is not None:
            due = self.patience.look_again(now)
        elif parent and share.awaits:
            # It is woken when that arrives; until then there is nothing to look at.
            due = self.patience.parent_due(now, waited_s)
        else:
            due = self.patience.come_back(now)
        share = moved(
            share,
            happening,
            now,
            due=due,
            attempts=share.attempts + 1 if away else 0,
            reason=reason,
            facts=facts,
            progress=progress if progress is not None else {},
        )
        share = replace(share, waited_s=waited_s, away_s=away_s)
        release = due > now
        self.store.save(share, [], release=release)
        return released(share) if release else share

    def hold(self, share: Share, happening: Happening, error: GatewayError) -> Share:
        """A person must look."""
        now = self.clock.now()
        share = moved(share, happening, now, due=now, reason=error.code, facts=error.facts)
        self.store.save(share, [self.about("share.held", share, outcome=Outcome.SERIOUS_FAILURE)])
        return released(share)

    def unanswered(self, share: Share, error: GatewayError) -> Share:
        """The registry said nothing that can be used: try again, later each time, until the deadline."""
        now = self.clock.now()
        away_s = share.away_s + self.patience.passed_s(share.updated_at, now)
        if self.patience.peer_is_late(away_s):
            return self.hold(share, Happening.TOO_LATE, Mismatch("registry_too_late", **error.facts))
        due = self.patience.try_again(now, share.attempts)
        share = moved(
            share, Happening.UNANSWERED, now, due=due, attempts=share.attempts + 1, reason=error.code, facts=error.facts
        )
        share = replace(share, away_s=away_s)
        self.store.save(share, [self.about("share.sending", share, outcome=Outcome.MINOR_FAILURE)])
        return released(share)

    def leave(
        self,
        share: Share,
        frozen: FrozenSubmission,
        manifests: Sequence[Manifest],
        pairings: Sequence[Pairing],
        event: AuditEvent,
    ) -> Share:
        """Fix what leaves (*event* tells of it) and say that it may be out, in one transaction; then let it go."""
        now = self.clock.now()
        fixed = moved(share, Happening.FROZEN, now, due=now)
        leaving = moved(fixed, Happening.DEPARTURE, now, due=now)
        events = [event, self.about("share.sending", leaving)]
        if not self.store.freeze(leaving, frozen, manifests, pairings, events, through=[fixed]):
            return self.wait(share, Happening.MANIFEST_UNDER_WAY, "manifest_under_way", {})
        return self.send(leaving, frozen, again=False)

    def send(self, share: Share, frozen: FrozenSubmission, *, again: bool) -> Share:
        """Let go what was fixed; that it may be out is in the store. *again*: it may have been there before."""
        try:
            self.destinations[share.destination].send(frozen, again=again)
        except PeerRefused as error:
            return self.hold(share, Happening.REFUSED, error)
        except (PeerUnreachable, PeerMisbehaved) as error:
            return self.unanswered(share, error)
        return self.registered(share, self.superseded_by(share))

    def superseded_by(self, share: Share) -> list[Share]:
        """The shares that give way to *share*, which is registered now: none, but where a report has versions."""
        return []

    def registered(
        self,
        share: Share,
        others: Sequence[Share] = (),
        begun: Sequence[Share] = (),
        *,
        happening: Happening = Happening.REGISTERED,
    ) -> Share:
        """The registry has done it; *others*, moved with it, and *begun*, which follow, in the same transaction."""
        now = self.clock.now()
        share = replace(moved(share, happening, now, due=now), registered_at=now)
        action = {Deed.WITHDRAW: "share.withdrawn", Deed.CORRECT: "share.corrected"}.get(share.deed, "share.registered")
        events = [self.about(f"share.{one.state.value}", one) for one in others if one.state is ShareState.SUPERSEDED]
        self.store.registered(share, [self.about(action, share), *events], others, begun)
        return released(share)

    def end(self, share: Share, happening: Happening) -> Share:
        """It is over without anything having left."""
        now = self.clock.now()
        share = moved(share, happening, now, due=now)
        self.store.save(share, [self.about(f"share.{share.state.value}", share)])
        return released(share)

    def finish(self, share: Share, happening: Happening, report: Report) -> Share:
        """Nothing had to be sent."""
        now = self.clock.now()
        share = replace(moved(share, happening, now, due=now), registered_at=now)
        self.store.registered(share, [audit("share.registered", report)])
        return released(share)

    def about(
        self, action: str, share: Share, *, outcome: Outcome = Outcome.SUCCESS, actor: str = "gateway"
    ) -> AuditEvent:
        """An audit event on *share*, without anything of its patient."""
        facts = {"share": share.id, "destination": share.destination, "state": share.state.value}
        if share.reason:
            facts["reason"] = share.reason
        if share.target:
            facts["target"] = share.target
        return AuditEvent(action=action, actor=actor, outcome=outcome, document=share.report_id, facts=facts)


def released(share: Share) -> Share:
    """The share as its saving left it: nobody's."""
    return replace(share, lease="")


def moved(
    share: Share,
    happening: Happening,
    now: datetime,
    *,
    due: datetime,
    attempts: int = 0,
    reason: str = "",
    facts: Mapping[str, str] | None = None,
    progress: dict[str, str] | None = None,
    actor: str = "gateway",
) -> Share:
    """The share after *happening*; the state comes from the table and from nowhere else."""
    return replace(
        share,
        state=after(share.state, happening, share.deed),
        due_at=due,
        updated_at=now,
        attempts=attempts,
        reason=reason,
        facts=dict(facts or {}),
        progress=progress or {},
        away_s=0.0,
        happening=happening.name,
        actor=actor,
    )


def audit(action: str, report: Report, *, actor: str = "gateway", facts: dict[str, str] | None = None) -> AuditEvent:
    """An audit event on *report* and its patient."""
    return AuditEvent(
        action=action,
        actor=actor,
        patient=report.patient.cx,
        study_uid=report.study_uids[0] if report.study_uids else "",
        document=report.identifier.unique_id,
        facts=facts or {},
    )
