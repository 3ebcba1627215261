"""What the console looks at, in memory: shares that a test may change while the page is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.errors import InputRejected
from gateway.model.overview import HeldReason, Interval, Picture, ShareFilter, ShareHistory, SharePage
from gateway.model.share import Deed, FrozenSubmission, Share, ShareOverview, ShareState, Step
from gateway.web.parts import ConsoleParts


@dataclass
class MemoryOverview:
    """gateway.flow.overview.Overview over a list of shares, newest first."""

    shares: Callable[[], Sequence[ShareOverview]]
    histories: dict[str, ShareHistory] = field(default_factory=dict)
    asked: list[ShareFilter] = field(default_factory=list)

    def page(self, wanted: ShareFilter, *, limit: int, before: int = 0) -> SharePage:
        self.asked.append(wanted)
        every = list(self.shares())
        start = next((n + 1 for n, one in enumerate(every) if before and one.sequence == before), 0)
        found = [one for one in every[start:] if _fits(one, wanted)]
        return SharePage(overviews=tuple(found[:limit]), older=found[limit - 1].sequence if len(found) > limit else 0)

    def choices(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        shares = self.shares()
        return (
            tuple(sorted({one.share.site for one in shares})),
            tuple(sorted({one.share.destination for one in shares})),
            tuple(sorted({modality for one in shares for modality in one.modalities})),
        )

    def picture(self, since: datetime, now: datetime) -> Picture:
        shares = self.shares()
        held = [one for one in shares if one.share.state is ShareState.HELD]
        shared = [one for one in shares if one.share.state is ShareState.SHARED]
        return Picture(
            at=now,
            since=since,
            states={state.value: sum(one.share.state is state for one in shares) for state in ShareState},
            received=len(shares),
            shared=len(shared),
            median_s=42.0 if shared else None,
            slowest_s=95.0 if shared else None,
            intervals=(Interval(start=since + timedelta(hours=8), received=len(shares), shared=len(shared)),),
            held=tuple(
                HeldReason(reason=reason, count=len(some), newest=some[0])
                for reason in dict.fromkeys(one.share.reason for one in held)
                if (some := [one for one in held if one.share.reason == reason])
            ),
            troubles=(),
            last_registered={"dmp": now} if shared else {},
            last_frozen={},
        )

    def history(self, share_id: str) -> ShareHistory:
        if share_id in self.histories:
            return self.histories[share_id]
        for one in self.shares():
            if one.share.id == share_id:
                return ShareHistory(
                    overview=one, steps=(), submission=None, versions=(one,), elsewhere=(), trail=(), channel="mllp"
                )
        raise InputRejected("store_share_unknown", share=share_id)


@dataclass
class Acts:
    """What was asked for by hand."""

    shares: Callable[[], Sequence[ShareOverview]]
    done: list[tuple[str, ...]] = field(default_factory=list)
    fails: Exception | None = None

    def _done(self, *what: str) -> Share:
        if self.fails is not None:
            raise self.fails
        self.done.append(what)
        return next(one.share for one in self.shares() if one.share.id == what[1])

    def replay(self, share_id: str, who: str) -> Share:
        return self._done("replay", share_id, who)

    def abandon(self, share_id: str, reason: str, who: str) -> Share:
        return self._done("abandon", share_id, reason, who)

    def withdraw(self, share_id: str, who: str) -> Share:
        return self._done("withdraw", share_id, who)

    def correct(self, share_id: str, values: Mapping[str, str], who: str) -> Share:
        return self._done("correct", share_id, *(f"{name}={value}" for name, value in values.items()), who)


def console_parts(overview: MemoryOverview, acts: Acts) -> ConsoleParts:
    return ConsoleParts(
        overview=overview,
        replay=acts.replay,
        abandon=acts.abandon,
        withdraw=acts.withdraw,
        correct=acts.correct,
        pacs={"nord": "main"},
        destinations=("dmp", "region"),
    )


def _fits(one: ShareOverview, wanted: ShareFilter) -> bool:
    return (
        wanted.state in ("", one.share.state.value)
        and wanted.site in ("", one.share.site)
        and wanted.destination in ("", one.share.destination)
        and (not wanted.modality or wanted.modality in one.modalities)
        and (not wanted.accession or wanted.accession in one.accession_numbers)
        and (not wanted.patient or wanted.patient == "281112915104759")
        and (wanted.since is None or one.received_at >= wanted.since)
        and (wanted.until is None or one.received_at < wanted.until)
    )


def eventful(of: ShareOverview, submission: FrozenSubmission | None = None) -> ShareHistory:
    """A held share with a past, an older version, and another destination."""
    at = of.received_at

    def step(minutes: float, happening: str, state: ShareState, times: int = 1, **told: str) -> Step:
        moment = at + timedelta(minutes=minutes)
        reason, actor = told.pop("reason", ""), told.pop("actor", "gateway")
        last = moment + timedelta(minutes=times - 1)
        return Step(
            at=moment,
            last_at=last,
            times=times,
            happening=happening,
            state=state,
            reason=reason,
            facts=told,
            actor=actor,
        )

    older = replace(
        of,
        share=replace(of.share, id="share-older", state=ShareState.SHARED, reason="", deed=Deed.PUBLISH),
        received_at=at - timedelta(days=2),
        sequence=1,
    )
    elsewhere = replace(
        of, share=replace(of.share, id="share-elsewhere", destination="region", state=ShareState.SHARED)
    )
    words = "XDSRegistryMetadataError: typeCode 99999-9 is not of the value set"
    return ShareHistory(
        overview=of,
        steps=(
            step(0, "", ShareState.WAITING),
            step(1, "STUDY_INCOMPLETE", ShareState.WAITING, 4, reason="study_settling"),
            step(6, "FROZEN", ShareState.FROZEN),
            step(6.1, "DEPARTURE", ShareState.SENDING),
            step(6.2, "UNANSWERED", ShareState.SENDING, 12, reason="registry_unreachable"),
            step(30, "REFUSED", ShareState.HELD, reason="registry_refused", words=words),
            step(50, "SENT_AGAIN", ShareState.SENDING, actor="899700000001"),
            step(51, "REFUSED", ShareState.HELD, reason="registry_refused", words=words),
        ),
        submission=submission,
        versions=(older, of),
        elsewhere=(elsewhere,),
        trail=(),
        channel="mllp",
        sender="RIS|NORD",
    )
