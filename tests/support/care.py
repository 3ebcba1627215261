"""A gateway's house on a database of its own, with reports in it: for backups, restores and retention."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from gateway.model.share import FrozenSubmission, Share, ShareState
from gateway.settings import load
from gateway.store import migrations
from gateway.store.engine import open_engine
from gateway.wiring.house import House
from tests.support.store import NOW, accept, accepted, event, frozen, manifest, pairing, report, share, uid


def settings_file(folder: Path, url: str = "sqlite:///gateway.db", more: str = "") -> Path:
    """Settings of a store alone, in *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "gateway.toml"
    path.write_text(f'[store]\nurl = "{url}"\nblobs = "blobs"\n{more}', encoding="utf-8")
    return path


@cache
def _migrated() -> bytes:
    """An empty SQLite database with its tables: to make them takes longer than most of what is tested on them."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/gateway.db")
        migrations.upgrade(engine)
        engine.dispose()
        return Path(folder, "gateway.db").read_bytes()


@contextmanager
def house(path: Path, *, migrate: bool = True) -> Iterator[House]:
    """The house of the settings *path*, its tables made."""
    settings = load(path)
    file = Path(settings.store.url.removeprefix("sqlite:///"))
    if migrate and settings.store.url.startswith("sqlite") and not file.exists():
        file.write_bytes(_migrated())
    made = House(settings)
    try:
        if migrate:
            migrations.upgrade(made.engine)
        yield made
    finally:
        made.close()


def publish(
    here: House, *, content: bytes = b"", at: datetime = NOW, state: ShareState = ShareState.SHARED, study: str = ""
) -> Share:
    """A report whose share is fixed and then brought to *state*; its bytes are in the folder."""
    study = study or uid()
    name = content or uid().encode()
    digest = here.blobs.put(b"received " + name)
    of = accepted(report(studies=(study,)), digest=digest, received_at=at)
    # What stays waiting is not due before what is published after it.
    due = at + timedelta(hours=1) if state is ShareState.WAITING else at
    one = share(of, due_at=due, created_at=at, updated_at=at)
    accept(here.store, of, [one], [event()])
    if state is ShareState.WAITING:
        return one
    mine = here.store.claim(at, 60)
    assert mine is not None
    assert mine.id == one.id
    ready = replace(mine, state=ShareState.FROZEN)
    here.store.freeze(ready, _frozen(here, name, study), [manifest(mine, study)], [pairing(study)], [])
    if state is ShareState.FROZEN:
        here.store.save(ready, [])
    elif state is ShareState.SHARED:
        here.store.registered(replace(mine, state=state, registered_at=at), [])
    else:
        here.store.save(replace(mine, state=state), [])
    return replace(mine, state=state, lease="")


def _frozen(here: House, name: bytes, study: str) -> FrozenSubmission:
    submission = frozen(study)
    documents = []
    for document in submission.documents:
        content = document.kind.encode() + name
        documents.append(replace(document, digest=here.blobs.put(content), size=len(content)))
    return replace(submission, documents=tuple(documents), signature_digest="")
