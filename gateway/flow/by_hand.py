"""What people do with a share: take it up again, give it up, withdraw what it published, correct what it states.

Every method raises InputRejected (``store_share_unknown``, and what it names) for what may not be done, and
Unavailable when the share is being worked on; each is recorded with who did it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.errors import InputRejected, PeerMisbehaved, PeerUnreachable
from gateway.flow.carrying import Carrying, moved
from gateway.flow.deeds import amendment, anew
from gateway.flow.policy import Policy
from gateway.flow.states import Happening, Refused
from gateway.model.codes import Code
from gateway.model.report import Report
from gateway.model.share import Deed, Share, ShareState

CORRECTABLE = frozenset({"region", "type_code", "parent"})
"""What a person may state in place of the sources: codes as ``code^system^name``; ``parent`` = ``none`` publishes a
replacement as a report of its own."""
_LONGEST = 500


@dataclass(frozen=True, kw_only=True)
class ByHand(Carrying):
    """The story's doors for people."""

    def replay(self, share_id: str, actor: str) -> Share:
        """Take a held share up again: from the beginning, or, once fixed, where the registry is asked first.

        Raises InputRejected (``share_not_held``).
        """
        share = self.store.share(share_id)
        now = self.clock.now()
        try:
            if share.deed in (Deed.PUBLISH, Deed.MANIFEST) and self.frozen_of(share_id) is not None:
                share = moved(share, Happening.SENT_AGAIN, now, due=now, actor=actor)
            else:
                share = moved(share, Happening.TAKEN_UP, now, due=now, actor=actor, progress=_taken_up(share))
        except Refused:
            raise InputRejected("share_not_held", state=share.state.value) from None
        share = replace(share, created_at=now, waited_s=0.0)
        self.store.save(share, [self.about("share.replayed", share, actor=actor)])
        return share

    def abandon(self, share_id: str, reason: str, actor: str) -> Share:
        """Give a share up, for *reason*, in a person's words: nothing more is done for it.

        Raises InputRejected (``share_reason_needed``, ``share_cannot_be_abandoned``, and ``share_is_out`` for one that
        the registry has: that is withdrawn).
        """
        words = " ".join(reason.split())[:_LONGEST]
        if not words:
            raise InputRejected("share_reason_needed")
        share = self.store.share(share_id)
        try:
            given_up = moved(
                share,
                Happening.GIVEN_UP,
                self.clock.now(),
                due=self.clock.now(),
                reason="given_up",
                facts={"words": words},
                actor=actor,
            )
        except Refused:
            raise InputRejected("share_cannot_be_abandoned", state=share.state.value) from None
        if share.state is ShareState.HELD and self._is_out(share):
            raise InputRejected("share_is_out")
        self.store.save(given_up, [self.about("share.abandoned", given_up, actor=actor)])
        return given_up

    def withdraw(self, share_id: str, actor: str) -> Share:
        """Have what a share publishes taken out of sight; what has not left never leaves.

        Gives the share that does it; the same one when it is asked twice. Raises InputRejected
        (``share_cannot_be_withdrawn``) for one that is no publication, is gone already, or was replaced.
        """
        target = self.store.share(share_id)
        gone = (ShareState.SUPERSEDED, ShareState.WITHDRAWN, ShareState.ABANDONED)
        if target.deed is not Deed.PUBLISH or target.state in gone:
            raise InputRejected("share_cannot_be_withdrawn", state=target.state.value)
        new = amendment(target, Deed.WITHDRAW, self.clock.now(), actor=actor)
        return self.store.begin([new], [self.about("share.withdrawal_asked", new, actor=actor)])[0]

    def correct_and_replay(self, share_id: str, values: Mapping[str, str], actor: str) -> Share:
        """Take a held share up again from the beginning, with *values* in place of what the sources say.

        What a shared one published is corrected at the registry instead (:meth:`correct`). An empty value takes an
        earlier one back. Raises InputRejected (``share_not_held``,
        ``share_value_not_correctable``, ``share_is_out``: what the registry has is corrected at its source), and
        PeerUnreachable or PeerMisbehaved while the registry cannot say whether it has it.
        """
        _check(values, CORRECTABLE)
        share = self.store.share(share_id)
        if share.state is ShareState.SHARED and share.deed is Deed.PUBLISH:
            return self.correct(share_id, values, actor)
        now = self.clock.now()
        if share.state is not ShareState.HELD or share.deed in (Deed.WITHDRAW, Deed.CORRECT):
            raise InputRejected("share_not_held", state=share.state.value)
        frozen = self.frozen_of(share_id)
        if frozen is not None and self.destinations[share.destination].known(frozen):
            raise InputRejected("share_is_out")
        overrides = {name: value for name, value in (share.overrides | dict(values)).items() if value}
        share = moved(share, Happening.TAKEN_UP, now, due=now, actor=actor, facts={"values": ", ".join(sorted(values))})
        share = replace(share, created_at=now, waited_s=0.0, overrides=overrides)
        self.store.save(share, [self.about("share.corrected_by_hand", share, actor=actor)])
        return share

    def correct(self, share_id: str, values: Mapping[str, str], actor: str) -> Share:
        """Have the metadata of what a share published brought to what the sources say now, or to *values*.

        Gives the share that does it. Raises InputRejected (``share_cannot_be_corrected``,
        ``share_value_not_correctable``).
        """
        _check(values, CORRECTABLE - {"parent"})
        target = self.store.share(share_id)
        if target.deed is not Deed.PUBLISH or target.state is not ShareState.SHARED:
            raise InputRejected("share_cannot_be_corrected", state=target.state.value)
        new = replace(amendment(target, Deed.CORRECT, self.clock.now(), actor=actor), overrides=dict(values))
        return self.store.begin([new], [self.about("share.correction_asked", new, actor=actor)])[0]

    def correct_identity(self, share_id: str, actor: str) -> Share:
        """What a share published stands under a wrong patient: it is withdrawn, and made again once a person says so.

        Gives the share that is held for that. Raises InputRejected (``share_cannot_be_withdrawn``).
        """
        target = self.store.share(share_id)
        gone = (ShareState.SUPERSEDED, ShareState.WITHDRAWN, ShareState.ABANDONED)
        if target.deed is not Deed.PUBLISH or target.state in gone:
            raise InputRejected("share_cannot_be_withdrawn", state=target.state.value)
        new = anew(target, self.clock.now(), Policy(), actor)
        return self.store.begin(new, [self.about("share.identity_corrected", new[0], actor=actor)])[1]

    def _is_out(self, share: Share) -> bool:
        """Whether the registry has what a held share froze; one that cannot be asked does not bind a person's hands."""
        frozen = self.frozen_of(share.id)
        if frozen is None:
            return False
        try:
            return self.destinations[share.destination].known(frozen)
        except (PeerUnreachable, PeerMisbehaved):
            return False


def stated_by_hand(tools: Carrying, share: Share, report_id: str) -> dict[str, str]:
    """What people stated in place of what a report says, for the destination of *share*: when it was published, in each
    correction since, and for *share* itself. An empty value takes an earlier one back.
    """
    found: dict[str, str] = {}
    for overrides in tools.store.overrides_of(report_id, share.destination):
        found |= overrides
    return found | share.overrides


def stated(report: Report, overrides: Mapping[str, str]) -> Report:
    """*report* with what a person stated in its place, for the metadata; the document is as it is."""
    if overrides.get("region"):
        region = _code(overrides["region"])
        report = replace(report, acts=tuple(replace(act, regions=(region,)) for act in report.acts))
    if overrides.get("type_code"):
        report = replace(report, code=_code(overrides["type_code"]))
    return report


def _code(value: str) -> Code:
    code, system, display = (*value.split("^"), "")[:3]
    return Code(code.strip(), system.strip(), display.strip())


def _taken_up(share: Share) -> dict[str, str]:
    """A person who takes a withdrawal up again has seen that the registry does not have the document any more."""
    return {"gone": "yes"} if share.deed is Deed.WITHDRAW and share.reason == "xds_document_unknown" else {}


def _check(values: Mapping[str, str], known: frozenset[str]) -> None:
    for name, value in values.items():
        if name not in known or len(value) > _LONGEST or not _well_formed(name, value):
            raise InputRejected("share_value_not_correctable", name=name[:64], known=", ".join(sorted(known)))


def _well_formed(name: str, value: str) -> bool:
    if not value:
        return True
    if name == "parent":
        return value == "none"
    parts = value.split("^")
    return len(parts) in (2, 3) and all(part.strip() and part.isprintable() for part in parts[:2])
