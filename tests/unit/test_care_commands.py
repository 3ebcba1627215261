"""``gateway backup | restore | reconcile | retain``, and the chores of the workers, as people meet them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import app
from gateway.errors import InputRejected
from gateway.wiring.care import SystemClock
from tests.support.care import house, publish, settings_file

runner = CliRunner()


def test_backup_restore_and_reconcile_from_the_command_line(tmp_path: Path) -> None:
    one = settings_file(tmp_path / "one")
    with house(one) as here:
        publish(here)
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("a long passphrase\n")
    sealed = ["--passphrase-file", str(passphrase)]
    folder = str(tmp_path / "backup")
    done = runner.invoke(app, ["backup", folder, "-c", str(one), "--json", *sealed])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["documents"] == 3
    done = runner.invoke(app, ["restore", folder, "--check", *sealed])
    assert "whole: 3 documents" in done.stdout
    (tmp_path / "two").mkdir()
    two = str(tmp_path / "two" / "gateway.toml")
    done = runner.invoke(app, ["restore", folder, "-c", two, "--json", *sealed])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["restored_before"] is False
    done = runner.invoke(app, ["reconcile", "-c", two, "--json"])
    assert done.exit_code == 1
    (told,) = json.loads(done.stdout)["differences"]
    assert told["difference"] == "not_asked"


def test_retention_from_the_command_line_needs_a_reason_by_hand(tmp_path: Path) -> None:
    one = settings_file(tmp_path / "one", more="[retention]\ndays = 30\n")
    with house(one) as here:
        share = publish(here, at=SystemClock().now() - timedelta(days=40))
    done = runner.invoke(app, ["retain", "--dry-run", "-c", str(one), "--json"])
    assert [each["report"] for each in json.loads(done.stdout)["erased"]] == [share.report_id]
    done = runner.invoke(app, ["retain", "--report", share.report_id, "-c", str(one)])
    assert done.exit_code == 2
    done = runner.invoke(app, ["retain", "--report", "nobody", "--reason", "x", "-c", str(one)])
    assert isinstance(done.exception, InputRejected)


def test_chores_are_done_by_one_of_all_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    path = settings_file(tmp_path / "one")
    with house(path) as one, house(path) as other:
        for here in (one, other):
            monkeypatch.setattr(type(here), "tidy", lambda _: done.append("hourly"))
        for here in (one, other, one):
            here.chores(daily=lambda: done.append("daily"))()
    assert done == ["hourly", "daily"]


def test_a_file_without_a_row_is_looked_at_twice_before_it_goes(tmp_path: Path) -> None:
    import os

    with house(settings_file(tmp_path / "one")) as here:
        share = publish(here)
        digest = here.blobs.put(b"left over")
        for each in here.blobs.digests():
            os.utime(here.settings.store.blobs / each[:2] / each, (1, 1))
        chores = here.chores(daily=lambda: None)
        chores()
        assert digest in set(here.blobs.digests())
        chores._found_at -= 3600
        chores()
        assert digest not in set(here.blobs.digests())
        assert here.blobs.get(here.store.report(share.report_id).digest)
