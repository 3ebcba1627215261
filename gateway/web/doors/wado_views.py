"""Views of instances at the DICOMweb door: metadata, pictures, frames, bulk data (DICOM PS3.18 section 10.4.1.1)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain

import structlog

from gateway.model.image import Rendering
from gateway.web.doors import wado_accept
from gateway.web.doors.gate import Wrong
from gateway.web.doors.wado_accept import JSON, OCTETS, Syntaxes
from gateway.web.doors.wado_body import Coming, Flowing, Multipart, Piece
from gateway.web.doors.wado_instances import Slot
from gateway.web.doors.wado_metadata import described
from gateway.web.doors.wado_request import Asked, Where, rendering
from gateway.web.exams import is_picture_class

log = structlog.get_logger(__name__)

_PICTURES = ("image/jpeg", "image/png")
_MADE_FIRST_BYTES = 16 << 20
_FRAME_TYPES = {
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
}
"""Media types of compressed frames (PS3.18 table 8.7.3-4)."""


def metadata(asked: Asked, root: str) -> Iterable[bytes]:
    """The headers of what is named; *root*: of the addresses of its bulk data. Raises Wrong (406, 410)."""
    takes_json(asked.accepted)
    told = []
    for series_uid in dict.fromkeys(one.series_uid for one in asked.chosen):
        wanted = {one.sop_instance_uid for one in asked.chosen if one.series_uid == series_uid}
        headers = asked.images.headers(asked.exam, series_uid)
        told += described(headers, asked.exam.study_uid, series_uid, wanted, root)
    if not told:
        raise Wrong(410, "wado_gone")
    body = json.dumps(told, separators=(",", ":"), allow_nan=False).encode()
    return asked.reply.whole(200 if len(told) == len(asked.chosen) else 206, JSON, [body])


def takes_json(accepted: Iterable[wado_accept.Range]) -> None:
    """Raises Wrong (406) where JSON is not taken."""
    found = tuple(accepted)
    if not wado_accept.takes(found, JSON) and not wado_accept.takes(found, "application/json"):
        raise Wrong(406, "wado_not_acceptable")


def thumbnail(asked: Asked) -> Iterable[bytes]:
    """A small picture of the middle of what is named; raises Wrong (400, 406)."""
    wanted = _wanted(asked, thumbnail=True)
    pictures = [one for one in asked.chosen if is_picture_class(one.sop_class_uid)] or asked.chosen
    return _picture(asked, pictures[len(pictures) // 2], 1, wanted)


def rendered(asked: Asked, slot: Slot) -> Iterable[bytes]:
    """A picture of the instance or the frame, or one of each image of a series or a study; raises Wrong (400, 406).

    *slot* is held while pictures of many go out.
    """
    if len(asked.named.frames) > 1:
        raise Wrong(406, "wado_not_acceptable")
    wanted = _wanted(asked, thumbnail=False)
    if asked.named.instance_uid:
        return _picture(asked, asked.chosen[0], asked.named.frames[0] if asked.named.frames else 1, wanted)
    coming = Coming(_pictures(asked, wanted))
    here = _made_first(coming)
    if not here:
        raise Wrong(406, "wado_not_acceptable")
    coming.may_leave_out = asked.seen.partial or bool(coming.left_out)
    return _answered(asked, slot, Multipart(wanted.media_type), here, coming, most=len(asked.chosen))


def _made_first(coming: Coming) -> list[Piece]:
    """Most parts are small enough to be made before anything is said, and what cannot be made is known then."""
    here, size_bytes = [], 0
    for one in coming:
        here.append(one)
        size_bytes += one.size_bytes
        if size_bytes > _MADE_FIRST_BYTES:
            break
    return here


def _answered(
    asked: Asked, slot: Slot, frame: Multipart, here: list[Piece], coming: Coming, *, most: int
) -> Iterable[bytes]:
    """*here* at once, where that is all; else the rest while it is made, so that no answer fills the memory.

    *most*: how many parts there may be; *slot* is held while they go out.
    """
    status = 206 if coming.may_leave_out else 200
    if len(here) == most or sum(one.size_bytes for one in here) <= _MADE_FIRST_BYTES:
        return asked.reply.whole(status, frame.content_type, frame.whole(here))

    def ended(sent: int, code: str) -> None:
        log.info("wado.made", parts=sent, left_out=coming.left_out, code=code)

    slot.flows = True
    asked.reply.flowing(status, frame.content_type)
    return Flowing(frame, here[0], chain(here[1:], coming), slot.release, ended)


def _pictures(asked: Asked, wanted: Rendering) -> Iterator[Callable[[], Piece]]:
    """Of the first frame of each image; what holds no pixels has no picture."""

    def make(one: Where) -> Piece:
        made = asked.images.rendered(*one, 1, wanted)
        return Piece(made.media_type, (made.content,))

    for series_uid in dict.fromkeys(one.series_uid for one in asked.chosen):
        asked.images.begin(asked.exam, series_uid)
        for one in asked.chosen:
            if one.series_uid == series_uid and is_picture_class(one.sop_class_uid):
                yield partial(make, one)


def _picture(asked: Asked, where: Where, number: int, wanted: Rendering) -> Iterable[bytes]:
    made = asked.images.rendered(*where, number, wanted)
    return asked.reply.whole(200, made.media_type, [made.content])


def _wanted(asked: Asked, *, thumbnail: bool) -> Rendering:
    media_type = next((one for one in _PICTURES if wado_accept.takes(asked.accepted, one)), "")
    if not media_type:
        raise Wrong(406, "wado_not_acceptable")
    return rendering(asked.query, media_type, thumbnail=thumbnail)


def frames(asked: Asked, slot: Slot | None) -> Iterable[bytes]:
    """Frames as they are kept, where that is taken, or uncompressed; raises Wrong (406).

    *slot* is held while many go out; one alone needs none, for it is made whole.
    """
    where, numbers = asked.chosen[0], asked.named.frames
    stored = [one for one in asked.accepted if one.quality and one.syntax not in ("", wado_accept.EXPLICIT_LITTLE)]
    syntaxes = Syntaxes(stored) if stored else None
    coming = Coming(partial(_frame, asked, where, number, syntaxes) for number in numbers)
    coming.may_leave_out = False
    here = _made_first(coming)
    asked.images.begin(asked.exam, where.series_uid)
    frame = Multipart(here[0].media_type.partition(";")[0])
    if slot is None:
        return asked.reply.whole(200, frame.content_type, frame.whole(here))
    return _answered(asked, slot, frame, here, coming, most=len(numbers))


def _frame(asked: Asked, where: Where, number: int, stored: Syntaxes | None) -> Piece:
    if stored is not None:
        kept = asked.images.stored_frame(*where, number)
        media_type = _FRAME_TYPES.get(kept.transfer_syntax)
        if kept.transfer_syntax in stored and media_type is not None:
            return Piece(f"{media_type}; transfer-syntax={kept.transfer_syntax}", (kept.frame.pixels,))
    if not wado_accept.takes(asked.accepted, OCTETS):
        raise Wrong(406, "wado_not_acceptable")
    pixels = asked.images.frame(*where, number).pixels
    return Piece(f"{OCTETS}; transfer-syntax={wado_accept.EXPLICIT_LITTLE}", (pixels,))


def bulk(asked: Asked) -> Iterable[bytes]:
    """The value of one attribute; raises Wrong (406)."""
    if not wado_accept.takes(asked.accepted, OCTETS):
        raise Wrong(406, "wado_not_acceptable")
    content = asked.images.bulk(*asked.chosen[0], int(asked.named.tag, 16))
    body = Multipart(OCTETS)
    return asked.reply.whole(200, body.content_type, body.whole([Piece(OCTETS, (content,))]))
