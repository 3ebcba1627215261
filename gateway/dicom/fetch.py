"""Where the viewer's frames come from: WADO-RS, C-GET or C-MOVE, by the PACS's settings (DICOM PS3.18, PS3.4 annex C).

Uncompressed frames only. Compressed instances are asked for uncompressed first, so that the PACS decompresses them.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from gateway.dicom import frames
from gateway.dicom.association import Delivery
from gateway.dicom.cache import Cache
from gateway.dicom.dicomweb import DicomWeb, NotGiven
from gateway.dicom.frames import PIXEL_DATA, Pixels
from gateway.dicom.keys import checked_uid
from gateway.dicom.pool import Pool
from gateway.dicom.proposal import COMPRESSED, UNCOMPRESSED
from gateway.dicom.retrieve import InstanceKey, Retriever
from gateway.dicom.settings import PacsSettings
from gateway.dicom.spool import Spool
from gateway.errors import InputRejected, NotSupportedYet, PeerMisbehaved, PeerRefused
from gateway.model.image import Frame

_log = structlog.get_logger(__name__)

_UNDELIVERED = frozenset({"pacs_no_service", "pacs_failed"})


@dataclass(frozen=True, slots=True)
class _Fetched:
    """Pixel bytes with their layout: of a whole instance, of one frame, or none yet."""

    pixels: Pixels
    data: memoryview


class FrameSource:
    """Frames of one PACS; implements :class:`gateway.flow.ports.Images`. May be used by several threads at once."""

    def __init__(
        self,
        settings: PacsSettings,
        cache_bytes: int = 256 << 20,
        pool: Pool | None = None,
        spool: Spool | None = None,
    ) -> None:
        """*cache_bytes*: what is kept in memory at most; *pool*: shared with others who talk to this PACS; *spool*:
        where C-MOVE delivers."""
        self.settings = settings
        self._pool = pool or Pool(settings)
        self._owns_pool = pool is None
        self._web = DicomWeb(settings) if settings.images == "dicomweb" else None
        self._retriever = Retriever(settings, self._pool, self._web, spool)
        self._cache: Cache[tuple[str, InstanceKey, int], _Fetched] = Cache(cache_bytes)

    def close(self) -> None:
        """Release every association and connection that is its own."""
        if self._owns_pool:
            self._pool.close()
        if self._web is not None:
            self._web.close()

    def frame(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, number: int) -> Frame:
        """Frame *number* (from 1), uncompressed.

        Raises InputRejected (``image_unknown``, ``image_frame_unknown``, ``image_no_pixels``, ``pacs_key_unsafe``),
        NotSupportedYet (``image_codec``, ``image_kind``), PeerUnreachable, PeerRefused, PeerMisbehaved.
        """
        key = InstanceKey(*map(checked_uid, (study_uid, series_uid, sop_class_uid, sop_instance_uid)))
        if self._web is not None:
            try:
                return self._by_web(self._web, key, number)
            except NotGiven:
                # By C-GET the PACS may decompress it, or else tells what it is.
                _log.info("images.by_c_get_instead", pacs=self.settings.name)
        fetched = self._cache.get(("instance", key, 0), lambda: self._retrieve(key))
        return frames.frame(fetched.pixels, number, frames.cut(fetched.pixels, fetched.data, number))

    def _by_web(self, web: DicomWeb, key: InstanceKey, number: int) -> Frame:
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

    def _retrieve(self, key: InstanceKey) -> tuple[_Fetched, int]:
        """The instance by C-GET or C-MOVE, and its size in bytes."""
        delivery = self._delivered(key)
        if delivery.transfer_syntax not in UNCOMPRESSED:
            raise NotSupportedYet("image_codec", syntax=delivery.transfer_syntax)
        values = self._retriever.read(delivery, key)
        pixels, data = frames.layout(values), values.raw(PIXEL_DATA)
        if len(data) < pixels.frame_bytes * pixels.frames:
            raise PeerMisbehaved("pacs_answer_malformed", pacs=self.settings.name, words="pixel data")
        return _Fetched(pixels, data), len(delivery.data)

    def _delivered(self, key: InstanceKey) -> Delivery:
        """Uncompressed; where the PACS gives it compressed alone, that, so that its syntax can be named."""
        try:
            return self._retriever.one(key)
        except PeerRefused as refusal:
            if refusal.code not in _UNDELIVERED or self.settings.images == "c-move":
                raise
            try:
                return self._retriever.one(key, tuple((syntax,) for syntax in COMPRESSED))
            except (PeerRefused, InputRejected):
                raise refusal from None
