"""A received message as it is kept: what is known of it from its header, and how its bytes are laid down."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import pybase64

from gateway.flow.events import Delete, Event, New, Replace
from gateway.hl7.acknowledge import Request
from gateway.hl7.ports import Admission
from gateway.model.message import ROW_BYTES, Arrival, unabridged

_PROBE = 64


class Came(Protocol):
    """Where and when (:class:`gateway.hl7.reception.Meeting`)."""

    @property
    def admission(self) -> Admission: ...
    @property
    def peer(self) -> str: ...
    @property
    def received_at(self) -> datetime: ...
    @property
    def again_of(self) -> str: ...


def of(message: bytes, request: Request, came: Came) -> Arrival:
    """What is known of *message*, which may be anything; its bytes as they are."""
    return Arrival(
        id=uuid.uuid4().hex,
        port=came.admission.port,
        peer=came.peer,
        sender=request.sender,
        control_id=request.control_id,
        kind="^".join(filter(None, (request.message_code, request.event))),
        profile=request.profile,
        received_at=came.received_at,
        size_bytes=len(message),
        envelope=message,
        again_of=came.again_of,
    )


def outlined(message: bytes, arrival: Arrival, events: Sequence[Event]) -> Arrival:
    """*arrival* without the documents of *events*, where their base64 in *message* can be made again byte for byte."""
    contents = [event.received.content for event in events if isinstance(event, New | Replace | Delete)]
    if not contents:
        return unabridged(arrival, message)
    pieces, offsets = [], []
    position = length = 0
    for content in contents:
        encoded = pybase64.b64encode(content)
        start = _find(message, encoded, position)
        if start < 0:
            return unabridged(arrival, message)
        pieces.append(message[position:start])
        length += start - position
        offsets.append(length)
        position = start + len(encoded)
    envelope = b"".join([*pieces, message[position:]])
    if len(envelope) > ROW_BYTES:
        return unabridged(arrival, message)
    return replace(arrival, envelope=envelope, offsets=tuple(offsets))


def _find(message: bytes, encoded: bytes, position: int) -> int:
    """Where *encoded* stands; found by its beginning, because to look for megabytes at once costs a table of them."""
    while (start := message.find(encoded[:_PROBE], position)) >= 0:
        if message.startswith(encoded, start):
            return start
        position = start + 1
    return -1
