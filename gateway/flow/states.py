"""The one table of a share's life.

Everything that moves a share is here: a state, what happened, the state that follows. The stories in ``share.py`` do
the work and then ask :func:`after` where that leads; a pair that is not in the table is a bug of ours and is refused
by name, so a new happening cannot slip in without a decision about every state.

A share waits until each of its studies was seen twice with the same instances; then its documents and metadata are
frozen; then it is marked as *sending* before the first byte leaves, because from that moment only the registry knows
whether it has arrived; it ends as shared, or is held until a person has looked and takes it up again: from the
beginning when nothing was fixed, else where the registry is asked first.
"""

from __future__ import annotations

from enum import StrEnum

from gateway.model.share import ShareState


class Happening(StrEnum):
    """What can happen to a share."""

    STUDY_INCOMPLETE = "the study is absent, or changed between two looks"
    PACS_AWAY = "the PACS did not answer, or answered nonsense"
    MANIFEST_UNDER_WAY = "another share is publishing the manifest of the same study"
    NOTHING_TO_SEND = "everything that would be published is registered already"
    FROZEN = "the study is whole and the submission was fixed"
    DEPARTURE = "the submission is about to leave"
    UNANSWERED = "the registry did not answer, or asked to come back later"
    REGISTERED = "the registry has every document"
    REFUSED = "the registry refused"
    MISMATCH = "two sources disagree, or a required value cannot be known"
    TOO_LATE = "the deadline has passed"
    TAKEN_UP = "a person takes it up again, and nothing was fixed yet"
    SENT_AGAIN = "a person takes it up again, and it may have left already"


S, H = ShareState, Happening

TABLE: dict[tuple[ShareState, Happening], ShareState] = {
    (S.WAITING, H.STUDY_INCOMPLETE): S.WAITING,
    (S.WAITING, H.PACS_AWAY): S.WAITING,
    (S.WAITING, H.MANIFEST_UNDER_WAY): S.WAITING,
    (S.WAITING, H.NOTHING_TO_SEND): S.SHARED,
    (S.WAITING, H.FROZEN): S.FROZEN,
    (S.WAITING, H.MISMATCH): S.HELD,
    (S.WAITING, H.TOO_LATE): S.HELD,
    (S.FROZEN, H.DEPARTURE): S.SENDING,
    (S.SENDING, H.UNANSWERED): S.SENDING,
    (S.SENDING, H.REGISTERED): S.SHARED,
    (S.SENDING, H.REFUSED): S.HELD,
    (S.HELD, H.TAKEN_UP): S.WAITING,
    (S.HELD, H.SENT_AGAIN): S.SENDING,
}

FINAL = frozenset({S.SHARED, S.HELD, S.SUPERSEDED, S.WITHDRAWN, S.ABANDONED})
"""States in which nothing is due until something happens from outside."""


class Refused(Exception):
    """This cannot happen to a share in that state."""

    def __init__(self, state: ShareState, happening: Happening) -> None:
        super().__init__(f"a share that is {state.value} cannot meet: {happening.value}")
        self.state = state
        self.happening = happening


def after(state: ShareState, happening: Happening) -> ShareState:
    """The state that follows; raises :class:`Refused` when the table has no such pair."""
    try:
        return TABLE[state, happening]
    except KeyError:
        raise Refused(state, happening) from None
