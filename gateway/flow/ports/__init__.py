"""What the stories need from outside: small protocols by subject, each with a real double in ``tests/fakes``."""

from __future__ import annotations

from gateway.flow.ports.access import Exams, Sessions
from gateway.flow.ports.clock import Clock
from gateway.flow.ports.destination import Destination
from gateway.flow.ports.documents import Blobs, Keeping, ReadReport
from gateway.flow.ports.pacs import Images, InstanceReading, Pacs
from gateway.flow.ports.reception import NO_TURN, MessageLog, NoTurn, Turn
from gateway.flow.ports.relay import Line, RelayStore, Wording
from gateway.flow.ports.shares import Follow, Published, Store

__all__ = [
    "NO_TURN",
    "Blobs",
    "Clock",
    "Destination",
    "Exams",
    "Follow",
    "Images",
    "InstanceReading",
    "Keeping",
    "Line",
    "MessageLog",
    "NoTurn",
    "Pacs",
    "Published",
    "ReadReport",
    "RelayStore",
    "Sessions",
    "Store",
    "Turn",
    "Wording",
]
