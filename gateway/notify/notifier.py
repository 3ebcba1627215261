"""What tells people: makes notices of what is held, and delivers them, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import structlog

from gateway.errors import GatewayError
from gateway.flow.patience import Patience
from gateway.flow.ports import Clock
from gateway.log import where
from gateway.model.notice import Notice
from gateway.notify.mail import PartlyRefused
from gateway.store.notices import OnItsWay

log = structlog.get_logger(__name__)

LOOK_S = 5.0
LEASE_S = 300.0
"""Longer than any delivery: another process takes a notice up again after it."""
PATIENCE = Patience(retry_first_s=30.0, retry_longest_s=1_800.0)


class Channel(Protocol):
    """A way to people."""

    name: str

    def send(self, notice: Notice) -> None:
        """Returns when the receiver has it; raises GatewayError."""

    def check(self) -> str:
        """Whether it could be sent; raises GatewayError."""


class Outbox(Protocol):
    """Where notices are kept (:class:`gateway.store.notices.SqlNotices`)."""

    def make(self, channel: str, now: datetime, interval_s: float) -> Notice | None: ...
    def claim(self, channel: str, now: datetime, lease_s: float) -> OnItsWay | None: ...
    def delivered(self, one: OnItsWay, now: datetime) -> None: ...
    def failed(self, one: OnItsWay, due: datetime, reason: str) -> None: ...


class Notifier:
    """Looks now and then at what is held, and tells it."""

    def __init__(
        self,
        outbox: Outbox,
        channels: Sequence[Channel],
        clock: Clock,
        *,
        interval_s: float,
        look_s: float = LOOK_S,
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._clock = clock
        self._interval_s = interval_s
        self._look_s = look_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop; what is being delivered is finished, within seconds, or is taken up again after its lease."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=self._look_s)

    def look(self) -> None:
        """Once: make what is to be made, deliver what is due. Raises Unavailable."""
        for channel in self._channels:
            self._outbox.make(channel.name, self._clock.now(), self._interval_s)
            one = self._outbox.claim(channel.name, self._clock.now(), LEASE_S)
            if one is not None:
                self._deliver(channel, one)

    def _deliver(self, channel: Channel, one: OnItsWay) -> None:
        try:
            channel.send(one.notice)
        except PartlyRefused as error:
            log.warning("notice.partly_refused", channel=channel.name, notice=one.notice.id, code=error.code)
        except GatewayError as error:
            now = self._clock.now()
            due = PATIENCE.try_again(now, one.attempts)
            self._outbox.failed(one, due, error.code)
            log.warning("notice.not_delivered", channel=channel.name, notice=one.notice.id, code=error.code)
            return
        self._outbox.delivered(one, self._clock.now())
        log.info("notice.delivered", channel=channel.name, notice=one.notice.id, held=one.notice.new)

    def _run(self) -> None:
        while not self._ended.wait(self._look_s):
            try:
                self.look()
            except GatewayError as error:
                log.warning("notice.store_unavailable", code=error.code)
            except Exception as error:  # noqa: BLE001 - a fault here must not end the telling; it is tried again
                log.error("notice.failed", error=type(error).__name__, where=where(error))
