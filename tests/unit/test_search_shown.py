"""``gateway search`` in a terminal: identifiers are whole, however narrow it is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli import sharing
from gateway.search import Found
from tests.protocol.test_client_amending import entry

UID = "1.2.250.1.999.1.1.6.123456789012345678901234567890.1234567890.12"
LINK = "https://images.example.org/IHEInvokeImageDisplay?requestType=STUDY&studyUID=1.2.250.1.999.1.1.6.1"


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    made = entry(unique_id=UID, hash="da39a3ee5e6b4b0d3255bfef95601890afd80709", size=123_456)

    @contextlib.contextmanager
    def house(_: Path) -> Iterator[None]:
        yield None

    monkeypatch.setattr(sharing, "house_of", house)
    monkeypatch.setattr("gateway.search.search", lambda *_, **__: [Found("region", "ACN-1", (made,), (LINK,))])


@pytest.mark.parametrize("columns", [40, 80, 100, 149])
def test_a_narrow_terminal_has_a_line_for_each_value(
    found: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    sharing.search.main(["--accession", "ACN-1"], standalone_mode=False)
    lines = capsys.readouterr().out.splitlines()
    assert "region: 1 documents under ACN-1" in lines
    assert f"  Document  {UID}" in lines
    assert "  SHA-1     da39a3ee5e6b4b0d3255bfef95601890afd80709" in lines
    assert f"Link: {LINK}" in lines


def test_a_wide_terminal_has_a_table(
    found: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "240")
    sharing.search.main(["--accession", "ACN-1"], standalone_mode=False)
    (row,) = [line for line in capsys.readouterr().out.splitlines() if UID in line]
    assert "da39a3ee5e6b4b0d3255bfef95601890afd80709" in row
