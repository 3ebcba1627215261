"""Instances at the DICOMweb door (DICOM PS3.18 section 10.4.1.1.1 to 10.4.1.1.3): one, a series, a study.

What is in memory leaves with its length. What is not leaves while the PACS sends it: its status is said before the rest
is known, so what is in no syntax that is taken is passed over, and 206 said, only as long as nothing has left. Once 200
stands, such an instance breaks the answer off: a client never takes a part for the whole. Asked again, it has 206.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import partial

import structlog

from gateway.errors import GatewayError, NotSupportedYet, PeerUnreachable
from gateway.model.image import StoredInstance
from gateway.web.doors import wado_accept
from gateway.web.doors.gate import Gate, Wrong
from gateway.web.doors.wado_accept import DICOM, Syntaxes
from gateway.web.doors.wado_body import Coming, Flowing, Multipart, Piece, piece
from gateway.web.doors.wado_request import Asked

log = structlog.get_logger(__name__)

_WAIT_S = 5.0


class Instances:
    """Answers with instances, so many at one time."""

    def __init__(self, gate: Gate, streams: int) -> None:
        self._gate = gate
        self._streams = threading.BoundedSemaphore(streams)

    def answer(self, asked: Asked) -> Iterable[bytes]:
        """Raises Wrong, and what the PACS raises."""
        ranges = wado_accept.chosen(asked.accepted, DICOM, single=len(asked.chosen) == 1)
        syntaxes = Syntaxes(ranges)
        if not syntaxes:
            raise Wrong(406, "wado_not_acceptable")
        slot = self.slot()
        try:
            if asked.named.instance_uid:
                one = _sent_as(asked, asked.images.instance(*asked.chosen[0]), syntaxes)
                in_parts = any(one.multipart or one.media_type != DICOM for one in ranges)
                return _one(asked, one, in_parts=in_parts)
            return self._many(asked, syntaxes, slot)
        finally:
            if not slot.flows:
                slot.release()

    def slot(self) -> Slot:
        """The right to one more transfer; raises Wrong (503) where none is free for long."""
        if not self._streams.acquire(timeout=_WAIT_S):
            raise Wrong(503, "wado_busy")
        return Slot(self._streams)

    def _many(self, asked: Asked, syntaxes: Syntaxes, slot: Slot) -> Iterable[bytes]:
        frame = Multipart(DICOM)
        here = asked.images.whole(asked.exam, asked.named.series_uid)
        if here is not None:
            status, pieces = _all(asked, here, syntaxes)
            return asked.reply.whole(status, frame.content_type, frame.whole(pieces))
        reading = asked.images.read(asked.exam, asked.named.series_uid)
        try:
            coming = _made(asked, reading, syntaxes)
            first = next(coming, None)
        except BaseException as error:
            reading.close()
            self._note(asked, error.code if isinstance(error, GatewayError) else "")
            raise
        if first is None:
            reading.close()
            raise Wrong(406 if coming.left_out else 410, "wado_not_acceptable" if coming.left_out else "wado_gone")
        partial = asked.seen.partial or bool(coming.left_out)
        coming.may_leave_out = partial

        def leave() -> None:
            reading.close()
            slot.release()

        def ended(sent: int, code: str) -> None:
            log.info("wado.sent", instances=sent, left_out=coming.left_out, code=code)
            self._note(asked, code)

        slot.flows = True
        asked.reply.flowing(206 if partial else 200, frame.content_type)
        return Flowing(frame, first, coming, leave, ended)

    def _note(self, asked: Asked, code: str) -> None:
        """What the PACS no longer has is asked of it from now on."""
        if code == "image_unknown":
            self._gate.stale(asked.exam.study_uid)


class Slot:
    """One of the transfers that may run at one time."""

    def __init__(self, streams: threading.BoundedSemaphore) -> None:
        self._streams = streams
        self._given_back = False
        self.flows = False
        """Whether the answer goes on after the call: its body gives the slot back."""

    def release(self) -> None:
        """Give it back; may be called again."""
        if not self._given_back:
            self._given_back = True
            self._streams.release()


def _made(asked: Asked, instances: Iterable[StoredInstance], syntaxes: Syntaxes) -> Coming:
    """The pieces of *instances* in a syntax that is taken."""

    def make(one: StoredInstance) -> Piece:
        if one.study_uid != asked.exam.study_uid:
            # Cannot be; were it, this is the last place to stop it.
            raise PeerUnreachable("images_ended")
        return piece(asked.images.sent_as(one, syntaxes, asked.seen.identity))

    return Coming(partial(make, one) for one in instances)


def _one(asked: Asked, one: StoredInstance, *, in_parts: bool) -> Iterable[bytes]:
    if not in_parts:
        return asked.reply.whole(200, f"{DICOM}; transfer-syntax={one.transfer_syntax}", [one.head, one.data])
    frame = Multipart(DICOM)
    return asked.reply.whole(200, frame.content_type, frame.whole([piece(one)]))


def _all(asked: Asked, here: Iterable[StoredInstance], syntaxes: Syntaxes) -> tuple[int, list[Piece]]:
    """What is in memory, and 206 where something of it is in no syntax that is taken; raises Wrong (406)."""
    coming = _made(asked, here, syntaxes)
    pieces = list(coming)
    if not pieces:
        raise Wrong(406, "wado_not_acceptable")
    return (206 if coming.left_out or asked.seen.partial else 200), pieces


def _sent_as(asked: Asked, one: StoredInstance, syntaxes: Syntaxes) -> StoredInstance:
    try:
        return asked.images.sent_as(one, syntaxes, asked.seen.identity)
    except NotSupportedYet:
        raise Wrong(406, "wado_not_acceptable") from None
