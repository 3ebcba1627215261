"""What the tests of the store stand on: a store on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgresql import postgresql_server  # noqa: F401
from tests.support.store import DATABASES, Stage, stage, url_of


@pytest.fixture(params=DATABASES)
def on(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """A store that is up to date, on SQLite and on PostgreSQL."""
    with stage(url_of(request.param, tmp_path, request)) as one:
        yield one
