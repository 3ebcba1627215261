"""The language of a command's one-line failure."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gateway.cli import main


@pytest.mark.parametrize(
    ("asked", "environment", "words"),
    [
        (["--lang", "fr"], "", "ne peut pas être lu"),
        (["--lang=fr"], "en", "ne peut pas être lu"),
        ([], "fr", "ne peut pas être lu"),
        (["--lang", "en"], "fr", "cannot be read"),
        ([], "", "cannot be read"),
    ],
)
def test_a_failure_is_told_in_the_language_asked_for(
    asked: list[str],
    environment: str,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    missing = str(tmp_path / "absent.toml")
    monkeypatch.setattr(sys, "argv", ["gateway", "share", "list", "-c", missing, *asked])
    monkeypatch.delenv("GATEWAY_LANG", raising=False)
    if environment:
        monkeypatch.setenv("GATEWAY_LANG", environment)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert words in capsys.readouterr().err
