"""``gateway study look | lost | rejections``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner, Result

from gateway.cli import app
from gateway.model.codes import Code
from gateway.model.exam import KeyObjectNote
from gateway.model.share import ShareState
from gateway.store.blobs import FileBlobs
from gateway.store.received import SqlReceived
from gateway.store.watches import SqlWatches
from tests.support.store import NOW, accept, accepted, claimed, event, later, report, share, stage, uid

NOTE = KeyObjectNote(
    sop_instance_uid="1.2.9", series_uid="1.2.8", title=Code("113001", "DCM"), marked=frozenset({"1.2.3"})
)


def test_published_studies_are_looked_at_and_their_losses_and_rejections_told(tmp_path: Path) -> None:
    config, url = tmp_path / "gateway.toml", f"sqlite:///{tmp_path}/gateway.db"
    config.write_text(f'[store]\nurl = "{url}"\nblobs = "{tmp_path}/blobs"\n', encoding="utf-8")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["study", *arguments, "--config", str(config)])

    with stage(url) as on:
        study, watches = uid(), SqlWatches(on.engine, on.writer)
        of = accepted(report(studies=[study]))
        accept(on.store, of, [share(of)], [event()])
        on.store.registered(replace(claimed(on.store), state=ShareState.SHARED, updated_at=NOW), [event()])
        SqlReceived(on.engine, on.writer, FileBlobs(tmp_path / "blobs")).keep_rejection(
            NOTE, [study], b"note", peer="PACS", now=NOW
        )
        mine = watches.claim(NOW, 900)
        assert mine is not None
        lost = {"at": "2026-03-04T09:00:00+00:00", "lost": "2", "of": "9"}
        assert watches.looked(mine, replace(mine, due_at=later(9e9), lost=lost))
    assert "2 of 9" in run("lost").stdout
    assert json.loads(run("lost", "--json").stdout) == [{"site": "nord", "study": study, **lost}]
    assert "113001" in run("rejections", study).stdout
    told = json.loads(run("rejections", study, "--json").stdout)
    assert told == [{"instance": "1.2.9", "title": "113001", "rejects": ["1.2.3"]}]
    assert [run("rejections", study, "--take-back", "1.2.9").exit_code for _ in range(2)] == [0, 1]
    assert run("rejections", study).stdout == ""
    assert (run("look", study).exit_code, run("look", "1.2.3").exit_code) == (0, 1)
    with stage(url) as on:
        watch = SqlWatches(on.engine, on.writer).claim(later(9e9), 900)
        assert watch is not None
        assert watch.told
