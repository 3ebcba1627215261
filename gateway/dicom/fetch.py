"""Where images come from: WADO-RS, C-GET or C-MOVE, by the PACS's settings (DICOM PS3.18, PS3.4 annex C).

A frame that is wanted first is asked for by itself, and its series comes behind it in one transfer
(:mod:`gateway.dicom.series_cache`), so that the next ones are here when they are wanted. Compressed frames are decoded
here where that can be done; where not, the PACS is asked for them uncompressed.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from gateway.dicom import glance
from gateway.dicom.cache import Cache
from gateway.dicom.dicomweb import DicomWeb, NotGiven
from gateway.dicom.guard import Limits, is_implicit
from gateway.dicom.keys import checked_uid
from gateway.dicom.network.association import Delivery
from gateway.dicom.network.pool import Pool
from gateway.dicom.network.proposal import COMPRESSED, UNCOMPRESSED
from gateway.dicom.pixels import frames
from gateway.dicom.pixels.frames import PIXEL_DATA, Pixels
from gateway.dicom.retrieve import InstanceKey, Retriever
from gateway.dicom.series_cache import Reading, Shelf
from gateway.dicom.settings import PacsSettings
from gateway.dicom.spool import Spool
from gateway.dicom.stream import Upstream
from gateway.dicom.values import Values
from gateway.errors import GatewayError, InputRejected, NotSupportedYet, PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.model.exam import Exam, Instance
from gateway.model.identifiers import Identifier
from gateway.model.image import Frame, RenderedFrame, Rendering, StoredFrame, StoredInstance

_log = structlog.get_logger(__name__)

_UNDELIVERED = frozenset({"pacs_no_service", "pacs_failed"})
_ON_ITS_WAY_S = 0.25
"""How long an image that is surely coming is waited for before it is asked for by itself."""

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_MULTIPLE = frozenset(
    f"{_STORAGE}{suffix}"
    for suffix in (
        *("2.1", "2.2", "4.1", "4.3", "4.4"),  # Enhanced CT and MR
        *("3.1", "6.2", "6.3"),  # ultrasound
        *("7.1", "7.2", "7.3", "7.4"),  # multi-frame secondary capture
        *("12.1", "12.1.1", "12.2", "12.2.1", "13.1.1", "13.1.2", "13.1.3"),  # X-ray
        *("20", "128.1", "130"),  # nuclear medicine, PET
        *("77.1.1.1", "77.1.2.1", "77.1.4.1", "77.1.5.1", "77.1.5.2", "77.1.5.4", "77.1.6"),  # visible light
        *("66.4", "66.7", "481.2"),  # segmentation, dose
    )
)
"""Classes whose instances hold many frames: one frame is asked for, never the whole for its sake."""


@dataclass(frozen=True, slots=True)
class _Fetched:
    """Pixel bytes with their layout: of a whole instance, of one frame, or none yet."""

    pixels: Pixels
    data: memoryview


class FrameSource:
    """Images of one PACS; implements :class:`gateway.flow.ports.Images`. May be used by several threads at once."""

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
        self._upstream = Upstream(settings, self._retriever, self._web)
        self._cache: Cache[tuple[str, InstanceKey, int], _Fetched] = Cache(cache_bytes // 8, cache_bytes)
        self._instances: Cache[InstanceKey, StoredInstance] = Cache(cache_bytes // 8, cache_bytes)
        self._shelf = Shelf(cache_bytes - cache_bytes // 4, self._upstream)

    @property
    def cached_bytes(self) -> int:
        """Memory that its images take now."""
        return self._cache.size_bytes + self._instances.size_bytes + self._shelf.size_bytes

    def close(self) -> None:
        """Release every association and connection that is its own."""
        self._shelf.close()
        if self._owns_pool:
            self._pool.close()
        if self._web is not None:
            self._web.close()

    # Frames

    def frame(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, number: int) -> Frame:
        """Frame *number* (from 1), uncompressed.

        Raises InputRejected (``image_unknown``, ``image_frame_unknown``, ``image_no_pixels``, ``pacs_key_unsafe``),
        NotSupportedYet (``image_codec``, ``image_kind``), PeerUnreachable, PeerRefused, PeerMisbehaved.
        """
        key = _key(study_uid, series_uid, sop_class_uid, sop_instance_uid)
        here = self._shelf.find(study_uid, series_uid, sop_instance_uid, _ON_ITS_WAY_S)
        if here is not None:
            try:
                return self._drawn(here, number)
            except NotSupportedYet as error:
                if error.code != "image_codec":
                    raise
        if here is None and self._web is not None and number == 1 and sop_class_uid not in _MULTIPLE:
            # One question instead of two. Whatever comes of it, the PACS may still be asked for the frame alone, unless
            # it does not answer at all: the reader would wait three times.
            try:
                return self._drawn(self._instance(key), number)
            except GatewayError as error:
                if isinstance(error, PeerUnreachable) and not isinstance(error, NotGiven):
                    raise
                _log.info("images.by_frame_instead", pacs=self.settings.name, code=error.code)
        try:
            return self._asked(key, number)
        except NotSupportedYet:
            if here is not None:
                raise
            return self._drawn(self._instance(key), number)

    def stored_frame(
        self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, number: int
    ) -> StoredFrame:
        """Frame *number* (from 1) as the PACS keeps it: its bitstream, or native pixels; raises as :meth:`frame`."""
        instance = self.instance(study_uid, series_uid, sop_class_uid, sop_instance_uid)
        if instance.transfer_syntax in UNCOMPRESSED:
            return StoredFrame(transfer_syntax=instance.transfer_syntax, frame=self._drawn(instance, number))
        values = self._values(instance)
        pixels = frames.layout(values, compressed=True)
        pixels.check_number(number)
        from gateway.dicom.pixels import decode

        content = decode.bitstream(instance, number, pixels.frames)
        return StoredFrame(
            transfer_syntax=instance.transfer_syntax,
            frame=replace(frames.frame(pixels, number, b""), pixels=content),
        )

    def rendered(
        self,
        study_uid: str,
        series_uid: str,
        sop_class_uid: str,
        sop_instance_uid: str,
        number: int,
        wanted: Rendering,
    ) -> RenderedFrame:
        """Frame *number* as a picture; raises as :meth:`frame`, and InputRejected ``image_rendering``."""
        from gateway.dicom.pixels import render

        return render.rendered(self.frame(study_uid, series_uid, sop_class_uid, sop_instance_uid, number), wanted)

    # Instances

    def instance(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str) -> StoredInstance:
        """The whole instance as the PACS keeps it; raises as :meth:`frame`."""
        key = _key(study_uid, series_uid, sop_class_uid, sop_instance_uid)
        here = self._shelf.find(study_uid, series_uid, sop_instance_uid, _ON_ITS_WAY_S)
        return here if here is not None else self._instance(key)

    def document(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str) -> RenderedFrame:
        """The document or film inside the instance; raises as :meth:`frame`, and InputRejected
        ``image_no_document``."""
        from gateway.dicom import documents

        return documents.content(self.instance(study_uid, series_uid, sop_class_uid, sop_instance_uid))

    def bulk(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, tag: int) -> bytes:
        """The value of one attribute of the outermost level, as it is encoded; raises as :meth:`frame`."""
        one = self.instance(study_uid, series_uid, sop_class_uid, sop_instance_uid)
        for element in glance.elements(one.data, one.transfer_syntax, into_pixels=False):
            if element.tag == tag:
                return one.data[element.start : element.end]
        raise InputRejected("image_no_document")

    def begin(self, exam: Exam, series_uid: str) -> None:
        """Have the series come in the background: one of its images has been shown."""
        self._shelf.begin(exam, series_uid)

    def read(self, exam: Exam, series_uid: str = "") -> Reading:
        """Every instance of the series, or of the study, as it comes; to be closed. See
        :class:`gateway.dicom.series_cache.Reading` for what it raises."""
        return self._shelf.read(exam, series_uid)

    def whole(self, exam: Exam, series_uid: str = "") -> tuple[StoredInstance, ...] | None:
        """Every instance at once where all of them are in memory."""
        return self._shelf.whole(exam, series_uid)

    def headers(self, exam: Exam, series_uid: str) -> Sequence[Mapping[str, Any]]:
        """The headers of the series' instances in the DICOM JSON model; raises as :meth:`frame`."""
        if self._web is not None:
            told: Sequence[Mapping[str, Any]] = self._web.headers(checked_uid(exam.study_uid), checked_uid(series_uid))
            return told
        from gateway.dicom import headers

        with self.read(exam, series_uid) as reading:
            return [headers.described(one) for one in reading]

    def sent_as(
        self, instance: StoredInstance, acceptable: Container[str], identity: Identifier | None = None
    ) -> StoredInstance:
        """*instance* in one of the transfer syntaxes *acceptable*, with *identity* among its Other Patient IDs.

        Raises NotSupportedYet ``image_codec`` where it cannot be had so.
        """
        if instance.transfer_syntax in acceptable and identity is None:
            return instance
        from gateway.dicom import outgoing

        made = outgoing.in_syntax(instance, acceptable)
        return made if identity is None else outgoing.with_identity(made, identity)

    # How

    def _drawn(self, instance: StoredInstance, number: int) -> Frame:
        """Frame *number* of an instance that is here."""
        values = self._values(instance)
        if instance.transfer_syntax in UNCOMPRESSED:
            pixels, data = frames.layout(values), values.raw(PIXEL_DATA)
            if len(data) < pixels.frame_bytes * pixels.frames:
                raise PeerMisbehaved("pacs_answer_malformed", pacs=self.settings.name, words="pixel data")
            return frames.frame(pixels, number, frames.cut(pixels, data, number))
        from gateway.dicom.pixels import decode

        if instance.transfer_syntax not in decode.DECODABLE:
            raise NotSupportedYet("image_codec", syntax=instance.transfer_syntax)
        pixels = frames.layout(values, compressed=True)
        pixels.check_number(number)
        content, photometric = decode.native(
            values, instance.transfer_syntax, decode.bitstream(instance, number, pixels.frames)
        )
        if len(content) != pixels.frame_bytes:
            raise NotSupportedYet("image_codec", syntax=instance.transfer_syntax)
        pixels = replace(pixels, photometric_interpretation=photometric, by_plane=False)
        return frames.frame(pixels, number, content)

    def _values(self, instance: StoredInstance) -> Values:
        try:
            return Values.read(
                instance.data,
                implicit=is_implicit(instance.transfer_syntax),
                limits=Limits(size_bytes=self.settings.instance_limit_bytes),
            )
        except NotSupportedYet:
            raise
        except InputRejected as error:
            raise PeerMisbehaved("pacs_answer_malformed", pacs=self.settings.name, words=error.code) from None

    def _instance(self, key: InstanceKey) -> StoredInstance:
        def load() -> tuple[StoredInstance, int]:
            one = self._upstream.one(key.study_uid, key.series_uid, Instance(key.sop_class_uid, key.sop_instance_uid))
            return one, one.size_bytes

        return self._instances.get(key, load)

    def _asked(self, key: InstanceKey, number: int) -> Frame:
        """One frame, or one instance, asked for by itself and uncompressed."""
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


def _key(*uids: str) -> InstanceKey:
    return InstanceKey(*map(checked_uid, uids))
