"""Examinations as the viewer shows them, kept for a while so that a frame does not cost a query of the PACS."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.errors import GatewayError
from gateway.flow.ports import Clock
from gateway.model.access import Handle
from gateway.model.exam import Exam, Instance, Series

_NO_PICTURE_MODALITIES = frozenset(
    {"AU", "DOC", "ECG", "EEG", "EMG", "EOG", "EPS", "HD", "KO", "PLAN", "PR", "REG", "RESP", "RTPLAN", "RTRECORD"}
    | {"RTSTRUCT", "RWV", "SEG", "SMR", "SR", "STAIN", "TEXTUREMAP"}
)
_STORAGE = "1.2.840.10008.5.1.4.1.1."
_NO_PICTURE_CLASSES = tuple(
    f"{_STORAGE}{suffix}"
    for suffix in (
        "4.2",  # MR Spectroscopy
        "9.",  # waveforms
        "11.",  # presentation states
        "66",  # raw data, registration, segmentation, surfaces
        "67",  # real world value mapping
        "77.1.5.3",  # stereometric relationship
        "78.",  # ophthalmic measurements
        "79.1",
        "80.1",
        "88.",  # structured reports and key object selections
        "104.",  # encapsulated documents
        "131",  # implant templates
        "200.1",  # protocols
        "481.3",  # RT structure set
        "481.4",  # RT records and plans
        "481.5",
        "481.6",
        "481.7",
        "481.8",
        "481.9",
    )
)


@dataclass(frozen=True, slots=True)
class ShownSeries:
    """A series that can be looked at; ``instances`` are its objects in order."""

    series: Series
    instances: tuple[Instance, ...]
    exam: Exam
    """The study it is of."""
    site: str = ""
    pictures: bool = True
    """Whether its instances are images; False for reports, presentation states, encapsulated documents."""


@dataclass(frozen=True, slots=True)
class ShownExam:
    """One or several examinations that can be looked at. A series and an instance are named by their places here."""

    exam: Exam
    """The first of them."""
    series: tuple[ShownSeries, ...]
    """Those that hold pictures."""
    version: str
    """Changes when a place comes to mean another image."""
    others: tuple[ShownSeries, ...] = ()
    """What is no picture: reports, presentation states, key objects, encapsulated documents, and whatever
    else. Their places go on after those of ``series``."""
    exams: tuple[Exam, ...] = ()
    """All of them, in the order in which they are shown."""

    @property
    def places(self) -> tuple[ShownSeries, ...]:
        """Every series by its place."""
        return self.series + self.others


def shown(exam: Exam, site: str = "") -> ShownExam:
    """*exam*, what is no picture set apart: series by number, instances by Instance Number."""
    pictures: list[ShownSeries] = []
    others: list[ShownSeries] = []
    for series in sorted(exam.series, key=lambda one: _order(one.number)):
        held = [one for one in series.instances if is_picture(series, one)]
        rest = [one for one in series.instances if not is_picture(series, one)]
        for found, chosen, are_pictures in ((pictures, held, True), (others, rest, False)):
            if chosen:
                chosen.sort(key=lambda one: _order(one.number))
                found.append(ShownSeries(series, tuple(chosen), exam, site, are_pictures))
    return _together(tuple(pictures), tuple(others), (exam,))


def is_picture(series: Series, instance: Instance) -> bool:
    """Whether *instance*, which is of *series*, is an image."""
    return series.modality not in _NO_PICTURE_MODALITIES and is_picture_class(instance.sop_class_uid)


def is_picture_class(sop_class_uid: str) -> bool:
    """Whether instances of the class are images, as far as the class says."""
    return not sop_class_uid.startswith(_NO_PICTURE_CLASSES)


def _together(pictures: tuple[ShownSeries, ...], others: tuple[ShownSeries, ...], exams: tuple[Exam, ...]) -> ShownExam:
    names = (
        f"{one.series.series_uid}/{i.sop_instance_uid}/{i.frames}" for one in pictures + others for i in one.instances
    )
    version = hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]
    return ShownExam(exams[0], pictures, version, others, exams)


def _order(number: int | None) -> tuple[bool, int]:
    return (number is None, number or 0)


@dataclass(slots=True)
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    exam: ShownExam | None = None
    looked_at: datetime | None = None
    failed: tuple[float, GatewayError] | None = None
    """When and how the last look-up failed; the moment is of the monotonic clock."""


class Exams:
    """The PACS look-up with a memory; threads that ask for one examination at the same time cause one query."""

    def __init__(self, look_up: Callable[[str, str], Exam | None], clock: Clock, capacity: int = 64) -> None:
        self._look_up = look_up
        self._clock = clock
        self._capacity = capacity
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()

    def of(self, handle: Handle, max_age_s: float) -> ShownExam | None:
        """The examinations that *handle* opens, one after the other; None when the PACS has none of them.

        Raises what the look-up raises.
        """
        asked = (self.get(one.site, one.study_uid, max_age_s) for one in handle.exams)
        found = [one for one in asked if one is not None]
        if not found:
            return None
        if len(found) == 1:
            return found[0]
        return _together(
            tuple(series for one in found for series in one.series),
            tuple(series for one in found for series in one.others),
            tuple(one.exam for one in found),
        )

    def get(self, site: str, study_uid: str, max_age_s: float) -> ShownExam | None:
        """The examination as it was at most *max_age_s* seconds ago, or None when the PACS does not have it.

        Raises what the look-up raises.
        """
        with self._lock:
            entry = self._entries.setdefault((site, study_uid), _Entry())
            self._entries.move_to_end((site, study_uid))
            while len(self._entries) > self._capacity:
                self._entries.popitem(last=False)
        asked_at = time.monotonic()
        with entry.lock:
            now = self._clock.now()
            if entry.looked_at is None or not timedelta(0) <= now - entry.looked_at <= timedelta(seconds=max_age_s):
                if entry.failed is not None and entry.failed[0] >= asked_at:
                    # While this one waited: each would wait for the PACS in its turn, and with them every thread.
                    raise entry.failed[1]
                try:
                    exam = self._look_up(site, study_uid)
                except GatewayError as error:
                    entry.failed = time.monotonic(), error
                    raise
                entry.exam = None if exam is None else shown(exam, site)
                # A study that is not there yet is asked for again at once.
                entry.looked_at = None if exam is None else now
            return entry.exam
