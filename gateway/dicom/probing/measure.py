"""How fast a PACS gives a study, by each way of getting images (``gateway pacs measure``; requirement DB.SO.102)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from gateway.dicom.dicomweb import DicomWeb
from gateway.dicom.keys import retrieval_keys
from gateway.dicom.network.association import Delivery
from gateway.dicom.network.proposal import COMPRESSED, GET, MAX_STORAGE_CONTEXTS, MOVING, UNCOMPRESSED, Proposal
from gateway.dicom.probing.traits import opened
from gateway.dicom.settings import PacsSettings
from gateway.dicom.spool import Spool
from gateway.errors import GatewayError, PeerUnreachable, SettingsError
from gateway.model.exam import Exam


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One way: how many instances and bytes came, when the first, when all; or why none."""

    way: str
    instances: int = 0
    size_bytes: int = 0
    first_image_ms: float | None = None
    total_s: float | None = None
    megabytes_per_s: float | None = None
    reason: str = ""

    def as_json(self) -> dict[str, object]:
        return asdict(self)


class _Watch:
    """Counts what comes."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self.first_s: float | None = None
        self.instances = self.size_bytes = 0

    def came(self, size_bytes: int) -> None:
        if self.first_s is None:
            self.first_s = time.perf_counter() - self._began
        self.instances += 1
        self.size_bytes += size_bytes

    def progressed(self, completed: int) -> None:
        """C-MOVE says how many were delivered; the first answer that counts one tells of the first image."""
        if completed and self.first_s is None:
            self.first_s = time.perf_counter() - self._began

    def take(self, delivery: Delivery) -> None:
        self.came(len(delivery.data))

    def ended(self, way: str) -> Measured:
        total_s = time.perf_counter() - self._began
        return Measured(
            way=way,
            instances=self.instances,
            size_bytes=self.size_bytes,
            first_image_ms=None if self.first_s is None else round(self.first_s * 1000, 1),
            total_s=round(total_s, 3),
            megabytes_per_s=round(self.size_bytes / 1e6 / total_s, 1) if total_s else None,
        )


def measure(settings: PacsSettings, exam: Exam, spool: Spool | None) -> list[Measured]:
    """C-GET, C-MOVE, WADO-RS by series and WADO-RS by instance, each on *exam* once; a way that fails says why."""
    ways: list[tuple[str, Callable[[_Watch], None]]] = [
        ("c-get", lambda watch: _get(settings, exam, watch)),
        ("c-move", lambda watch: _move(settings, exam, spool, watch)),
        ("wado-rs series", lambda watch: _series(settings, exam, watch)),
        ("wado-rs instances", lambda watch: _instances(settings, exam, watch)),
    ]
    return [_measured(way, action) for way, action in ways]


def _measured(way: str, action: Callable[[_Watch], None]) -> Measured:
    watch = _Watch()
    try:
        action(watch)
    except GatewayError as error:
        return Measured(way=way, instances=watch.instances, size_bytes=watch.size_bytes, reason=error.code)
    return watch.ended(way)


def _classes(exam: Exam) -> list[str]:
    return sorted({instance.sop_class_uid for instance in exam.instances})


def _get(settings: PacsSettings, exam: Exam, watch: _Watch) -> None:
    """Every class uncompressed, then in each compressed syntax as far as there are contexts."""
    classes = _classes(exam)
    contexts: list[tuple[str, tuple[str, ...]]] = [(uid, UNCOMPRESSED) for uid in classes]
    contexts += [(uid, (syntax,)) for syntax in COMPRESSED for uid in classes]
    with opened(settings, Proposal(GET, tuple(contexts[:MAX_STORAGE_CONTEXTS]))) as requestor:
        requestor.get(retrieval_keys(exam.study_uid), watch.take)


def _move(settings: PacsSettings, exam: Exam, spool: Spool | None, watch: _Watch) -> None:
    """To the receiver, which may be another process: what is there at the end is what came."""
    if spool is None or not settings.move_destination:
        raise SettingsError("pacs_needs_destination")
    spool.forget(instance.sop_instance_uid for instance in exam.instances)
    spool.expect(exam.study_uid)
    waiting = [instance.sop_instance_uid for instance in exam.instances]
    with opened(settings, MOVING) as requestor:
        requestor.move(retrieval_keys(exam.study_uid), settings.move_destination, watch.progressed)
    for sop_instance_uid in waiting:
        content = spool.get(sop_instance_uid)
        if content is not None:
            watch.came(len(content))
    if not watch.instances:
        raise PeerUnreachable("pacs_move_nothing", pacs=settings.name, title=settings.move_destination)


def _series(settings: PacsSettings, exam: Exam, watch: _Watch) -> None:
    with _web(settings) as web:
        for series in exam.series:
            web.each(f"studies/{exam.study_uid}/series/{series.series_uid}", lambda syntax, data: watch.came(len(data)))


def _instances(settings: PacsSettings, exam: Exam, watch: _Watch) -> None:
    with _web(settings) as web:
        for series in exam.series:
            for instance in series.instances:
                _, data = web.instance(exam.study_uid, series.series_uid, instance.sop_instance_uid)
                watch.came(len(data))


@contextmanager
def _web(settings: PacsSettings) -> Iterator[DicomWeb]:
    if not settings.dicomweb_url:
        raise SettingsError("pacs_needs_dicomweb")
    web = DicomWeb(settings)
    try:
        yield web
    finally:
        web.close()
