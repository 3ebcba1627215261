"""New shares that no report brings: what is to be done to a publication, or in its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from gateway.flow.policy import Policy
from gateway.model.share import Deed, Share, ShareState


def amendment(target: Share, deed: Deed, now: datetime, *, actor: str = "gateway") -> Share:
    """A new share that does *deed* to what *target* published, in its lineage."""
    return Share(
        id=uuid4().hex,
        report_id=target.report_id,
        site=target.site,
        destination=target.destination,
        lineage=target.lineage,
        state=ShareState.WAITING,
        due_at=now,
        created_at=now,
        updated_at=now,
        deed=deed,
        target=target.id,
        actor=actor,
    )


def anew(publication: Share, now: datetime, policy: Policy, actor: str) -> list[Share]:
    """The withdrawal of *publication*, and what comes in its place: held for a person, or made at once."""
    again = replace(
        amendment(publication, Deed.PUBLISH, now, actor=actor),
        target="",
        state=ShareState.HELD if policy.identity_change == "hold" else ShareState.WAITING,
        reason="identity_corrected" if policy.identity_change == "hold" else "",
    )
    return [amendment(publication, Deed.WITHDRAW, now, actor=actor), again]
