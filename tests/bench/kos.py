"""Manifests: the gateway's build and read against plain pydicom, same content, same run."""

from __future__ import annotations

import gc
import tracemalloc
from io import BytesIO
from statistics import median

from pydicom import dcmread
from pydicom.filewriter import dcmwrite

from gateway.kos.build import build
from gateway.kos.read import read
from gateway.model.exam import Exam
from tests.bench.rows import Row, at_least, at_most, milliseconds
from tests.support.manifests import large_exam, plain, request

GOALS = {500: 30, 5_000: 100, 20_000: 150}
PEAK_MB = 25
READ_GOAL = 10
_RUNS = 5


def run() -> list[Row]:
    rows = [_build(references, goal) for references, goal in GOALS.items()]
    references = max(GOALS)
    what = f"peak memory of building {references:,} references"
    rows.append(at_most("kos", what, _peak_mb(large_exam(references)), PEAK_MB, "MB", 1))
    rows.append(_read(references))
    return rows


def _build(references: int, goal: float) -> Row:
    """Manifests a second; raises when the bytes differ from pydicom's."""
    asked, exam = request("ihe"), large_exam(references)
    content = build(exam, asked)
    like = dcmread(BytesIO(content))
    ours: list[float] = []
    theirs: list[float] = []

    def pydicom() -> None:
        written = BytesIO()
        dcmwrite(written, plain(exam, asked, like), enforce_file_format=True)
        if written.getvalue() != content:
            raise AssertionError(f"the bytes of {references} references are not those of pydicom")

    for _ in range(_RUNS):  # in turns, so that both meet the same machine
        gc.collect()
        ours += [milliseconds(lambda: build(exam, asked)) for _ in range(3)]
        gc.collect()
        theirs.append(milliseconds(pydicom))
    what = f"manifests of {references:,} references built and written a second, against pydicom, byte-equal"
    return at_least("kos", what, 1000 / median(ours), 1000 / median(theirs), "1/s", goal)


def _peak_mb(exam: Exam) -> float:
    tracemalloc.start()
    try:
        build(exam, request("ihe"))
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def _read(references: int) -> Row:
    content = build(large_exam(references), request("ihe"))
    ours = median(milliseconds(lambda: read(content)) for _ in range(_RUNS))
    theirs = median(milliseconds(lambda: dcmread(BytesIO(content)).walk(lambda _, element: None)) for _ in range(3))
    what = f"manifests of {references:,} references read a second, against pydicom's full walk"
    return at_least("kos", what, 1000 / ours, 1000 / theirs, "1/s", READ_GOAL)
