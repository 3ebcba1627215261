"""The command makes only what a call needs: of the groups the one that is named."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gateway import cli


@pytest.mark.parametrize("name", cli._GROUPS)
def test_a_group_that_is_named_is_made_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["gateway", name, "--help"])
    assert list(cli._asked().commands) == [name]


@pytest.mark.parametrize("arguments", [[], ["--help"], ["check"], ["nonsense"]])
def test_anything_else_is_answered_by_the_whole_command(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["gateway", *arguments])
    assert cli._asked() is cli.app
    assert set(cli._GROUPS) <= cli.app.commands.keys()


def test_a_name_that_the_package_lacks_is_an_error() -> None:
    with pytest.raises(AttributeError):
        _ = cli.nothing_of_that_name


def test_judging_one_file_starts_no_second_process_and_loads_no_server() -> None:
    code = (
        "import sys; sys.argv = ['gateway', 'report', 'rules', '--json']\n"
        "from gateway import cli\n"
        "try:\n    cli.main()\nexcept SystemExit:\n    pass\n"
        "from gateway.cli import checking\n"
        "heavy = ('flask', 'sqlalchemy', 'pydicom', 'pydantic', 'multiprocessing')\n"
        "print(*(name for name in heavy if name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.strip() == ""
