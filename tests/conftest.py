"""Shared rules of the suite: which foreign programs a test may ask for, and what happens when they are absent."""

from __future__ import annotations

import glob
import logging
import os
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import structlog

import gateway.log

# A machine under load must not fail a test of what is computed. The suite draws the same examples each time, so that
# what is red tells of the change and of nothing else; `--hypothesis-profile=thorough` goes looking for new ones.
hypothesis.settings.register_profile("suite", deadline=None, max_examples=40, derandomize=True)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("suite")

PROGRAMS = {
    "orthanc": ("Orthanc", "orthanc orthanc-dicomweb"),
    "dcmtk": ("findscu", "dcmtk"),
    "dicom3tools": ("dciodvfy", "dicom3tools"),
    "chromium": ("chromium", "chromium"),
    "postgresql": ("/usr/lib/postgresql/*/bin/postgres", "postgresql"),
    "systemd": ("systemd-analyze", "systemd"),
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
def _loggers_not_cached() -> Iterator[None]:
    """A logger made inside one test must not keep that test's set-up for those that come after it."""
    configure = gateway.log.configure

    def configure_for_a_test(**settings: Any) -> None:
        configure(**settings)
        structlog.configure(cache_logger_on_first_use=False)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gateway.log, "configure", configure_for_a_test)
        yield


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A command that runs inside a test sets up the log as it does for its user, and for that test alone."""
    before, root = structlog.get_config(), logging.getLogger()
    level, of_threads = root.level, threading.excepthook
    yield
    threading.excepthook = of_threads
    structlog.configure(**before)
    ours = [one for one in root.handlers if isinstance(one.formatter, structlog.stdlib.ProcessorFormatter)]
    root.handlers[:] = [one for one in root.handlers if one not in ours]
    root.setLevel(level)
