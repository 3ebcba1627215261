"""Where the viewer's frames come from: WADO-RS where the PACS has it, C-GET otherwise (DICOM PS3.18, PS3.4 annex C).

Uncompressed frames only. Compressed instances are asked for uncompressed first, so that the PACS decompresses them.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from pydicom.dataset import Dataset

from gateway.dicom import frames
from gateway.dicom.answers import SERIES_UID, STUDY_UID, instance_identifier
from gateway.dicom.association import SUCCESS, Delivery
from gateway.dicom.cache import Cache
from gateway.dicom.frames import PIXEL_DATA, Pixels
from gateway.dicom.guard import Limits, is_implicit
from gateway.dicom.pool import Pool
from gateway.dicom.proposal import retrieval
from gateway.dicom.query import checked_uid, failure
from gateway.dicom.settings import PacsSettings
from gateway.dicom.values import Values, text
from gateway.dicom.wado import NotGiven, WadoRs
from gateway.errors import GatewayError, InputRejected, NotSupportedYet, PeerMisbehaved, PeerRefused
from gateway.model.image import Frame

_log = structlog.get_logger(__name__)

COMPRESSED = (
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.2",
)
"""Asked for only to learn which one an instance is kept in: JPEG, JPEG-LS, JPEG 2000, RLE, big endian."""
_SOP_INSTANCE = 0x00080018


@dataclass(frozen=True, slots=True)
class _Key:
    study_uid: str
    series_uid: str
    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class _Fetched:
    """Pixel bytes with their layout: of a whole instance, of one frame, or none yet."""

    pixels: Pixels
    data: memoryview


class FrameSource:
    """Frames of one PACS; implements :class:`gateway.flow.ports.Images`. May be used by several threads at once."""

    def __init__(self, settings: PacsSettings, cache_bytes: int = 256 << 20) -> None:
        """*cache_bytes*: what is kept in memory at most."""
        self.settings = settings
        self._pool = Pool(settings)
        self._web = WadoRs(settings) if settings.dicomweb_url else None
        self._cache: Cache[tuple[str, _Key, int], _Fetched] = Cache(cache_bytes)

    def close(self) -> None:
        """Release every association and connection."""
        self._pool.close()
        if self._web is not None:
            self._web.close()

    def frame(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, number: int) -> Frame:
        """Frame *number* (from 1), uncompressed.

        Raises InputRejected (``image_unknown``, ``image_frame_unknown``, ``image_no_pixels``, ``pacs_key_unsafe``),
        NotSupportedYet (``image_codec``, ``image_kind``), PeerUnreachable, PeerRefused, PeerMisbehaved.
        """
        key = _Key(*map(checked_uid, (study_uid, series_uid, sop_class_uid, sop_instance_uid)))
        if self._web is not None:
            try:
                return self._by_web(self._web, key, number)
            except NotGiven:
                # By C-GET the PACS may decompress it, or else tells what it is.
                _log.info("images.by_c_get_instead", pacs=self.settings.name)
        fetched = self._cache.get(("instance", key, 0), lambda: self._retrieve(key))
        return frames.frame(fetched.pixels, number, frames.cut(fetched.pixels, fetched.data, number))

    def _by_web(self, web: WadoRs, key: _Key, number: int) -> Frame:
        where = (key.study_uid, key.series_uid, key.sop_instance_uid)

        def header() -> tuple[_Fetched, int]:
            values, size_bytes = web.metadata(*where)
            return _Fetched(frames.layout(values), memoryview(b"")), size_bytes

        pixels = self._cache.get(("header", key, 0), header).pixels
        pixels.check_number(number)
        if pixels.frame_bytes > self.settings.instance_limit_bytes:
            raise PeerMisbehaved("pacs_answer_too_large", pacs=self.settings.name)

        def content() -> tuple[_Fetched, int]:
            data = web.frame(*where, number, pixels.frame_bytes)
            return _Fetched(pixels, memoryview(data)), len(data)

        fetched = self._cache.get(("frame", key, number), content)
        return frames.frame(pixels, number, bytes(fetched.data))

    def _retrieve(self, key: _Key) -> tuple[_Fetched, int]:
        """The instance by C-GET, and its size in bytes."""
        identifier = instance_identifier(key.study_uid, key.series_uid, key.sop_instance_uid)
        delivery = self._get(key, identifier)
        try:
            values = Values.read(
                delivery.data,
                implicit=is_implicit(delivery.transfer_syntax),
                limits=Limits(size_bytes=self.settings.instance_limit_bytes),
            )
        except InputRejected as error:
            raise PeerMisbehaved("pacs_answer_malformed", pacs=self.settings.name, words=error.code) from None
        inside = (text(values, STUDY_UID), text(values, SERIES_UID), text(values, _SOP_INSTANCE))
        if inside != (key.study_uid, key.series_uid, key.sop_instance_uid):
            raise PeerMisbehaved("pacs_other_instance", pacs=self.settings.name)
        pixels, data = frames.layout(values), values.raw(PIXEL_DATA)
        if len(data) < pixels.frame_bytes * pixels.frames:
            raise PeerMisbehaved("pacs_answer_malformed", pacs=self.settings.name, words="pixel data")
        return _Fetched(pixels, data), len(delivery.data)

    def _get(self, key: _Key, identifier: Dataset) -> Delivery:
        try:
            delivered, status = self._pool.run(
                retrieval(key.sop_class_uid), lambda requestor: requestor.get(identifier)
            )
        except PeerRefused as error:
            if error.code != "pacs_no_service":
                raise
            refusal: GatewayError = error
        else:
            if delivered:
                return self._the_one(key, delivered)
            if status == SUCCESS:
                raise InputRejected("image_unknown")
            refusal = failure(status, self.settings, "C-GET")
        if refusal.retry:
            raise refusal
        syntax = self._compressed_syntax(key, identifier)
        if syntax:
            raise NotSupportedYet("image_codec", syntax=syntax)
        raise refusal

    def _compressed_syntax(self, key: _Key, identifier: Dataset) -> str:
        """The compressed transfer syntax in which the PACS does deliver it; empty when in none."""
        proposal = retrieval(key.sop_class_uid, tuple((syntax,) for syntax in COMPRESSED))
        try:
            delivered, _ = self._pool.run(proposal, lambda requestor: requestor.get(identifier))
        except PeerRefused:
            return ""
        return self._the_one(key, delivered).transfer_syntax if delivered else ""

    def _the_one(self, key: _Key, delivered: list[Delivery]) -> Delivery:
        if len(delivered) != 1 or delivered[0].sop_instance_uid != key.sop_instance_uid:
            raise PeerMisbehaved("pacs_other_instance", pacs=self.settings.name)
        return delivered[0]
