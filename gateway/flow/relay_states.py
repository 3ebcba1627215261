"""The two tables of the relay: what a message does to its request, and how one message gets to the other end.

Every pair of the first table is there: messages come from two ends that do not wait for each other, so an answer to a
request that was cancelled is no fault. What a pair does not change stays as it is.
"""

from __future__ import annotations

from enum import StrEnum

from gateway.model.relay import DeliveryState, Flow, RequestState


class Told(StrEnum):
    """What a message says of its request."""

    ASKED = "it is asked for"
    ACCEPTED = "the platform accepts"
    REFUSED = "the platform refuses"
    CANCELLED = "the site cancels"
    PERFORMED = "the examination was done"
    REPORTED = "the report is there"
    BESIDE = "a document that goes with it"


R, T = RequestState, Told

REQUESTS: dict[tuple[RequestState | None, Told], RequestState] = {
    # A request that nobody made through this gateway begins where its first message stands.
    (None, T.ASKED): R.SENT,
    (None, T.ACCEPTED): R.ACCEPTED,
    (None, T.REFUSED): R.REFUSED,
    (None, T.CANCELLED): R.CANCELLED,
    (None, T.PERFORMED): R.PERFORMED,
    (None, T.REPORTED): R.REPORTED,
    (None, T.BESIDE): R.SENT,
    (R.SENT, T.ASKED): R.SENT,
    (R.SENT, T.ACCEPTED): R.ACCEPTED,
    (R.SENT, T.REFUSED): R.REFUSED,
    (R.SENT, T.CANCELLED): R.CANCELLED,
    (R.SENT, T.PERFORMED): R.PERFORMED,
    (R.SENT, T.REPORTED): R.REPORTED,
    (R.ACCEPTED, T.ASKED): R.ACCEPTED,
    (R.ACCEPTED, T.ACCEPTED): R.ACCEPTED,
    (R.ACCEPTED, T.REFUSED): R.REFUSED,
    (R.ACCEPTED, T.CANCELLED): R.CANCELLED,
    (R.ACCEPTED, T.PERFORMED): R.PERFORMED,
    (R.ACCEPTED, T.REPORTED): R.REPORTED,
    # Asked again after a refusal, with other words: it is another try of the same order.
    (R.REFUSED, T.ASKED): R.SENT,
    (R.REFUSED, T.ACCEPTED): R.ACCEPTED,
    (R.REFUSED, T.REFUSED): R.REFUSED,
    (R.REFUSED, T.CANCELLED): R.CANCELLED,
    (R.REFUSED, T.PERFORMED): R.PERFORMED,
    (R.REFUSED, T.REPORTED): R.REPORTED,
    (R.CANCELLED, T.ASKED): R.SENT,
    (R.CANCELLED, T.ACCEPTED): R.CANCELLED,
    (R.CANCELLED, T.REFUSED): R.CANCELLED,
    (R.CANCELLED, T.CANCELLED): R.CANCELLED,
    (R.CANCELLED, T.PERFORMED): R.PERFORMED,
    (R.CANCELLED, T.REPORTED): R.REPORTED,
    (R.PERFORMED, T.ASKED): R.PERFORMED,
    (R.PERFORMED, T.ACCEPTED): R.PERFORMED,
    (R.PERFORMED, T.REFUSED): R.REFUSED,
    (R.PERFORMED, T.CANCELLED): R.CANCELLED,
    (R.PERFORMED, T.PERFORMED): R.PERFORMED,
    (R.PERFORMED, T.REPORTED): R.REPORTED,
    (R.REPORTED, T.ASKED): R.REPORTED,
    (R.REPORTED, T.ACCEPTED): R.REPORTED,
    (R.REPORTED, T.REFUSED): R.REPORTED,
    (R.REPORTED, T.CANCELLED): R.REPORTED,
    (R.REPORTED, T.PERFORMED): R.REPORTED,
    (R.REPORTED, T.REPORTED): R.REPORTED,
    **{(state, T.BESIDE): state for state in R},
}


def told(flow: Flow, accepted: bool | None) -> Told:
    """What a message of *flow* says; *accepted* is the decision of an answer."""
    if flow is Flow.ANSWER:
        return T.REFUSED if accepted is False else T.ACCEPTED
    return {
        Flow.REQUEST: T.ASKED,
        Flow.CANCEL: T.CANCELLED,
        Flow.COMPLEMENT: T.PERFORMED,
        Flow.DOCUMENT: T.BESIDE,
        Flow.REPORT: T.REPORTED,
    }[flow]


class Happening(StrEnum):
    """What can happen to a message on its way."""

    NOT_YET = "the PACS does not have the study yet, or did not answer"
    READY = "what leaves is fixed"
    UNANSWERED = "the other end did not answer, or asked to come back later"
    ACKNOWLEDGED = "the other end has it"
    REFUSED = "the other end refused"
    MISMATCH = "the PACS, or the profile, contradicts it"
    TOO_LATE = "the deadline has passed"
    TAKEN_UP = "a person takes it up again"
    GIVEN_UP = "a person decides that it will not be sent"


D, H = DeliveryState, Happening

DELIVERIES: dict[tuple[DeliveryState, Happening], DeliveryState] = {
    (D.WAITING, H.NOT_YET): D.WAITING,
    (D.WAITING, H.READY): D.SENDING,
    (D.WAITING, H.MISMATCH): D.HELD,
    (D.WAITING, H.TOO_LATE): D.HELD,
    (D.SENDING, H.UNANSWERED): D.SENDING,
    (D.SENDING, H.ACKNOWLEDGED): D.DELIVERED,
    (D.SENDING, H.REFUSED): D.HELD,
    (D.SENDING, H.TOO_LATE): D.HELD,
    (D.HELD, H.TAKEN_UP): D.WAITING,
    (D.HELD, H.GIVEN_UP): D.ABANDONED,
}

SETTLED = frozenset({D.DELIVERED, D.ABANDONED})
"""States that let the next message of the line go."""
IDLE = frozenset({D.DELIVERED, D.ABANDONED, D.HELD})
"""States in which nothing is due."""


class Refused(Exception):
    """This cannot happen to a message in that state."""

    def __init__(self, state: DeliveryState, happening: Happening) -> None:
        super().__init__(f"a message that is {state.value} cannot meet: {happening.value}")


def after(state: DeliveryState, happening: Happening) -> DeliveryState:
    """The state that follows; raises :class:`Refused` when the table has no such pair."""
    try:
        return DELIVERIES[state, happening]
    except KeyError:
        raise Refused(state, happening) from None
