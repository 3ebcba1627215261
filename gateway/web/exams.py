"""Examinations as the viewer shows them, kept for a while so that a frame does not cost a query of the PACS."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.flow.ports import Clock
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
    """A series that can be looked at; ``instances`` are its images in order."""

    series: Series
    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True)
class ShownExam:
    """An examination that can be looked at. A series and an instance are named by their places here."""

    exam: Exam
    series: tuple[ShownSeries, ...]
    version: str
    """Changes when a place comes to mean another image."""


def shown(exam: Exam) -> ShownExam:
    """*exam* without the objects that are no pictures: series by number, instances by Instance Number."""
    found = []
    for series in sorted(exam.series, key=lambda one: _order(one.number)):
        if series.modality in _NO_PICTURE_MODALITIES:
            continue
        pictures = [one for one in series.instances if not one.sop_class_uid.startswith(_NO_PICTURE_CLASSES)]
        if pictures:
            pictures.sort(key=lambda one: _order(one.number))
            found.append(ShownSeries(series, tuple(pictures)))
    names = (f"{one.series.series_uid}/{i.sop_instance_uid}/{i.frames}" for one in found for i in one.instances)
    return ShownExam(exam, tuple(found), hashlib.sha256("\n".join(names).encode()).hexdigest()[:16])


def _order(number: int | None) -> tuple[bool, int]:
    return (number is None, number or 0)


@dataclass(slots=True)
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    exam: ShownExam | None = None
    looked_at: datetime | None = None


class Exams:
    """The PACS look-up with a memory; threads that ask for one examination at the same time cause one query."""

    def __init__(self, look_up: Callable[[str, str], Exam | None], clock: Clock, capacity: int = 64) -> None:
        self._look_up = look_up
        self._clock = clock
        self._capacity = capacity
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()

    def get(self, site: str, study_uid: str, max_age_s: float) -> ShownExam | None:
        """The examination as it was at most *max_age_s* seconds ago, or None when the PACS does not have it.

        Raises what the look-up raises.
        """
        with self._lock:
            entry = self._entries.setdefault((site, study_uid), _Entry())
            self._entries.move_to_end((site, study_uid))
            while len(self._entries) > self._capacity:
                self._entries.popitem(last=False)
        with entry.lock:
            now = self._clock.now()
            if entry.looked_at is None or now - entry.looked_at > timedelta(seconds=max_age_s):
                exam = self._look_up(site, study_uid)
                entry.exam = None if exam is None else shown(exam)
                # A study that is not there yet is asked for again at once.
                entry.looked_at = None if exam is None else now
            return entry.exam
