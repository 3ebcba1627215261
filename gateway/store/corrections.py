"""What messages tell of patients, with what follows from it: of several messages at once where they wait together.

A patient administration writes a message for every change of every patient, several a second, over several connections,
and hardly any is about somebody whose reports were published. Then no message's effect is another one's question, and
the rows of all of them are as many statements as those of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from gateway import audit
from gateway.flow.ports import Follow
from gateway.model.identity import IdentityChange
from gateway.model.share import Consequence
from gateway.store import identities, messages, shares
from gateway.store.published import Published


class Told(NamedTuple):
    """What one message tells."""

    changes: Sequence[IdentityChange]
    follow: Follow
    """Gives what follows from them."""
    message: Mapping[str, Any] | None
    """Its row in the log (:func:`gateway.store.messages.row`)."""


def keep(connection: Connection, told: Sequence[Told]) -> list[Sequence[Consequence]]:
    """Keep what *told* say, in their order, with the consequences, the audit events and the messages themselves.

    Gives the consequences of each (:data:`gateway.store.writer.Together`).
    """
    asked = [(change.site, change.identifier) for one in told for change in one.changes]
    found = identities.publications(connection, asked)
    if len(told) > 1 and any(found.values()):
        # What follows from one may be what the next one looks at.
        return [consequences for one in told for consequences in keep(connection, (one,))]
    published = Published(connection, found)
    followed = [one.follow(published) for one in told]
    every = [consequence for consequences in followed for consequence in consequences]
    identities.record(connection, [one.change for one in every])
    for one in every:
        shares.begin(connection, one.shares)
    audit.record_all(connection, [event for one in every for event in one.events])
    messages.record(connection, [one.message for one in told if one.message is not None])
    return followed
