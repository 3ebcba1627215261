"""Shared rules of the suite: which foreign programs a test may ask for, and what happens when they are absent."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterator

import pytest

PROGRAMS = {
    "orthanc": ("Orthanc", "orthanc orthanc-dicomweb"),
    "dcmtk": ("findscu", "dcmtk"),
    "dicom3tools": ("dciodvfy", "dicom3tools"),
    "chromium": ("chromium", "chromium"),
    "postgresql": ("/usr/lib/postgresql/*/bin/postgres", "postgresql"),
}


def _present(program: str) -> bool:
    return bool(glob.glob(program)) if program.startswith("/") else shutil.which(program) is not None


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, (program, packages) in PROGRAMS.items():
        if item.get_closest_marker(marker) is None or _present(program):
            continue
        reason = f"{program} is not installed: apt-get install --no-install-recommends {packages}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


@pytest.fixture(autouse=True, scope="session")
def _logging_as_it_is() -> Iterator[None]:
    """A command that runs inside a test must not set up the log of the tests that come after it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.log.configure", lambda **_: None)
        yield
