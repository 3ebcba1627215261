"""What messages tell of patients, kept for several of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from gateway.flow.ports import Published
from gateway.model.audit import AuditEvent
from gateway.model.identifiers import Identifier
from gateway.model.identity import IdentityChange
from gateway.model.message import ACCEPTED, Arrival
from gateway.model.share import Consequence
from gateway.store import corrections, messages
from gateway.store.corrections import Told
from gateway.store.engine import reading, transaction
from gateway.store.schema import MESSAGES
from tests.support.store import Stage

MOMENT = datetime(2026, 3, 12, 11, 31, tzinfo=UTC)
ONE, OTHER, NOW = (Identifier("1.2.250.1.999.1.1", value) for value in ("IPP-1", "IPP-2", "IPP-3"))


def told(number: int, *patients: Identifier, sex: str = "F") -> Told:
    """What the *number*th message tells of *patients*: nothing of theirs is published."""
    changes = [
        IdentityChange(
            site="nord", identifier=patient, now=(NOW,), sex=sex, merged=False, actor=f"ADT {number}", at=MOMENT
        )
        for patient in patients
    ]

    def follow(published: Published) -> Sequence[Consequence]:
        named = [(change.site, change.identifier) for change in changes]
        assert not any(published.publications(named).values())
        events = (AuditEvent(action="identity.corrected", actor=f"ADT {number}"),)
        return [Consequence(change=change, shares=(), events=events) for change in changes]

    arrival = Arrival(
        id=f"m{number}",
        port="mllp",
        peer="peer",
        sender="GAM|CHU",
        control_id=str(number),
        kind="ADT^A08",
        received_at=MOMENT,
        size_bytes=3,
        envelope=b"MSH",
    )
    return Told(changes, follow, messages.row(arrival, ACCEPTED))


def test_several_messages_are_kept_in_their_order_and_the_last_word_on_a_patient_holds(on: Stage) -> None:
    every = [told(1, ONE, OTHER), told(2, ONE, sex="M"), told(3, OTHER, OTHER)]
    with transaction(on.engine) as connection:
        followed = corrections.keep(connection, every)
    assert [len(each) for each in followed] == [2, 1, 2]
    held = {each.identifier: (each.actor, each.sex) for each in on.store.identity_changes("nord", [ONE, OTHER])}
    assert held == {ONE: ("ADT 2", "M"), OTHER: ("ADT 3", "F")}
    assert on.actions() == ["identity.corrected"] * 5
    with reading(on.engine) as connection:
        kept = connection.execute(sa.select(MESSAGES.c.id).order_by(MESSAGES.c.sequence)).scalars().all()
    assert kept == ["m1", "m2", "m3"]


def test_more_messages_than_go_into_one_statement_are_kept_all_the_same(on: Stage) -> None:
    with transaction(on.engine) as connection:
        corrections.keep(connection, [told(number, ONE) for number in range(30)])
    assert len(on.actions()) == 30
    (held,) = on.store.identity_changes("nord", [ONE])
    assert held.actor == "ADT 29"


def test_what_came_without_a_message_is_kept_alone(on: Stage) -> None:
    with transaction(on.engine) as connection:
        corrections.keep(connection, [told(1, ONE)._replace(message=None)])
    assert len(on.store.identity_changes("nord", [ONE])) == 1
