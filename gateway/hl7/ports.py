"""A port of the listener: where it is, what it lets in, and how much."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Literal

from gateway.hl7 import mllp, profiles
from gateway.trust.tls import AllowedName

Content = Literal["report", "change", "relay"]
"""What a message may be about: a report (ORU, MDM), a change of images or identity (OMI, ADT), a teleradiology
request."""
EVERYTHING: frozenset[Content] = frozenset({"report", "change", "relay"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What messages of a port must be; an empty set lets everything in."""

    port: str = "mllp"
    """The name of the port, for the log."""
    processing_ids: frozenset[str] = profiles.PROCESSING_IDS
    """Values of MSH-11 that are taken."""
    senders: frozenset[str] = frozenset()
    """``application|facility`` of MSH-3 and MSH-4."""
    sites: frozenset[str] = frozenset()
    """Sites that may be spoken for."""
    content: frozenset[Content] = EVERYTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerSettings:
    """One port: ``[mllp]`` or ``[mllp.NAME]``."""

    host: str = "127.0.0.1"
    port: int = 2575
    """0 lets the system choose; :attr:`gateway.hl7.listener.Listener.port` tells."""
    admission: Admission = Admission()
    max_message_bytes: int = mllp.DEFAULT_LIMIT_BYTES
    max_held_bytes: int = 2 * mllp.DEFAULT_LIMIT_BYTES
    """Of all messages that have begun and are not answered; more wait in their senders."""
    max_connections: int = 1024
    """A connection above it is closed at once."""
    idle_timeout_s: float = 3600.0
    """The longest silence between messages."""
    read_timeout_s: float = 60.0
    """The longest time from the first byte of a message to its last, and for the sender to take its answer."""
    answer_timeout_s: float = 30.0
    """The longest a sender waits for its answer: then it is told to send again later (``AR``)."""
    threads: int = 8
    """Messages that are worked on at once."""
    ssl: ssl.SSLContext | None = field(default=None, compare=False, repr=False)
    client_names: tuple[AllowedName, ...] = ()
    """Names of certificates that may connect; empty: every one that the authority of the port has signed."""
