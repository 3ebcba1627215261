"""Backup and restore: whole or nothing, on either database, sealed, altered, broken off."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.care import rows, sealing
from gateway.care.backup import BackedUp, Wishes, back_up
from gateway.care.restore import Backup, Restored, restore, verify, write_settings
from gateway.errors import InputRejected, Unavailable
from gateway.model.share import ShareState
from gateway.store.engine import reading
from gateway.wiring.house import House
from tests.support.care import house, publish, settings_file
from tests.support.postgresql import Server, postgresql_server  # noqa: F401
from tests.support.store import NOW

PASSPHRASE = "correct horse battery"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[House]:
    with house(settings_file(tmp_path / "one")) as made:
        for _ in range(3):
            publish(made)
        publish(made, state=ShareState.WAITING)
        yield made


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    return path


def make(here: House, folder: Path, **wishes: Any) -> BackedUp:
    return back_up(here, folder.parent / "one" / "gateway.toml", folder, Wishes(**wishes))


def bring(tmp_path: Path, folder: Path, url: str = "sqlite:///gateway.db", **options: Any) -> Restored:
    go_on = options.pop("go_on", False)
    with house(settings_file(tmp_path / "two", url), migrate=False) as there:
        return restore(there, Backup(folder, options.get("passphrase"), options.get("identity")), go_on=go_on)


def content_of(here: House) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that a backup holds, comparable between databases."""
    found = {}
    with reading(here.engine) as connection:
        for table in rows.tables(connection):
            order = list(table.primary_key.columns)
            found[table.name] = [
                tuple(json.dumps(rows._outer(value)) for value in row)
                for row in connection.execute(sa.select(table).order_by(*order))
            ]
    return found


def test_what_was_backed_up_comes_back(here: House, tmp_path: Path) -> None:
    before = content_of(here)
    made = make(here, tmp_path / "backup")
    assert made.missing == ()
    assert made.documents == made.documents_new == 10
    done = bring(tmp_path, tmp_path / "backup", go_on=True)
    assert (done.rows, done.documents, done.held) == (made.rows, 10, 0)
    with house(tmp_path / "two" / "gateway.toml") as there:
        after = content_of(there)
        last = after["audit_events"].pop()
        assert "store.restored" in "".join(last)
        assert after == before
        for row in there.store.overviews(limit=10):
            there.blobs.get(there.store.report(row.share.report_id).digest)


@pytest.mark.postgresql
def test_a_backup_goes_from_one_database_to_the_other_and_back(
    here: House,
    tmp_path: Path,
    postgresql_server: Server,  # noqa: F811
) -> None:
    before = content_of(here)
    make(here, tmp_path / "backup")
    url = postgresql_server.database()
    bring(tmp_path, tmp_path / "backup", url, go_on=True)
    with house(tmp_path / "two" / "gateway.toml") as there:
        assert {k: v for k, v in content_of(there).items() if k != "audit_events"} == {
            k: v for k, v in before.items() if k != "audit_events"
        }
        # The numbers that the database gives go on after those that came.
        publish(there)
        back_up(there, tmp_path / "two" / "gateway.toml", tmp_path / "again", Wishes())
        before = content_of(there)
    with house(settings_file(tmp_path / "three"), migrate=False) as third:
        restore(third, Backup(tmp_path / "again", None, None), go_on=True)
        assert content_of(third)["shares"] == before["shares"]
        publish(third)


def test_what_was_waiting_is_held_and_what_was_fixed_asks_first(here: House, tmp_path: Path) -> None:
    waiting = next(row.share for row in here.store.overviews(limit=9) if row.share.state is ShareState.WAITING)
    fixed = publish(here, state=ShareState.FROZEN, at=NOW.replace(year=2025))
    make(here, tmp_path / "backup")
    assert bring(tmp_path, tmp_path / "backup").held == 1
    with house(tmp_path / "two" / "gateway.toml") as there:
        held = there.store.share(waiting.id)
        assert (held.state, held.reason) == (ShareState.HELD, "restored_look_first")
        last = there.store.steps(waiting.id)[-1]
        assert (last.happening, last.state, last.reason) == ("MISMATCH", ShareState.HELD, "restored_look_first")
        assert last.actor == "gateway restore"
        assert there.store.share(fixed.id).state is ShareState.SENDING


def test_a_store_that_is_not_empty_is_not_restored_into(here: House, tmp_path: Path) -> None:
    make(here, tmp_path / "backup")
    with house(settings_file(tmp_path / "two")) as there:
        publish(there)
    with pytest.raises(InputRejected, match="restore_not_empty"):
        bring(tmp_path, tmp_path / "backup")


def test_the_same_backup_twice_is_told_and_does_nothing(here: House, tmp_path: Path) -> None:
    make(here, tmp_path / "backup")
    assert not bring(tmp_path, tmp_path / "backup").again
    assert bring(tmp_path, tmp_path / "backup").again


def test_a_restore_that_is_broken_off_is_empty_and_goes_on(
    here: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(here, tmp_path / "backup")
    plain = rows.load

    def break_off(connection: Any, table: sa.Table, *rest: Any) -> int:
        if table.name == "documents":
            raise Unavailable("store_full")
        return plain(connection, table, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(rows, "load", break_off)
        with pytest.raises(Unavailable):
            bring(tmp_path, tmp_path / "backup")
    assert bring(tmp_path, tmp_path / "backup").documents == 10


def test_a_second_backup_into_the_folder_copies_what_is_new(here: House, tmp_path: Path) -> None:
    first = make(here, tmp_path / "backup")
    publish(here)
    second = make(here, tmp_path / "backup")
    assert (second.documents, second.documents_new) == (first.documents + 3, 3)
    assert len(list((tmp_path / "backup").glob("rows-*"))) == 1
    assert verify(Backup(tmp_path / "backup", None, None)) == second.documents


def test_a_backup_is_of_one_moment_while_the_gateway_works(here: House, tmp_path: Path) -> None:
    going = True

    def work() -> None:
        while going:
            publish(here, state=ShareState.WAITING)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for number in range(3):
            assert make(here, tmp_path / f"backup{number}").missing == ()
    finally:
        going = False
        thread.join()
    done = bring(tmp_path, tmp_path / "backup2")
    assert done.rows
    with house(tmp_path / "two" / "gateway.toml") as there:
        for row in there.store.overviews(limit=100_000):
            there.blobs.get(there.store.report(row.share.report_id).digest)


# Sealed


def test_a_sealed_backup_tells_nothing_and_opens_with_its_passphrase(
    here: House, tmp_path: Path, passphrase: Path
) -> None:
    made = make(here, tmp_path / "backup", passphrase=passphrase)
    assert made.sealed
    digests = set(here.blobs.digests())
    for path in (tmp_path / "backup").rglob("*"):
        assert path.name not in digests
        if path.is_file():
            content = path.read_bytes()
            assert b"received" not in content
            assert b"RIS|NORD" not in content
            assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(InputRejected, match="backup_locked"):
        Backup(tmp_path / "backup", None, None)
    wrong = tmp_path / "wrong"
    wrong.write_text("another passphrase")
    with pytest.raises(InputRejected, match="backup_locked"):
        Backup(tmp_path / "backup", wrong, None)
    assert bring(tmp_path, tmp_path / "backup", passphrase=passphrase).documents == 10


def test_a_sealed_backup_is_continued_by_who_has_the_passphrase(here: House, tmp_path: Path, passphrase: Path) -> None:
    make(here, tmp_path / "backup", passphrase=passphrase)
    publish(here)
    assert make(here, tmp_path / "backup", passphrase=passphrase).documents_new == 3
    with pytest.raises(InputRejected, match="backup_folder"):
        make(here, tmp_path / "backup")


def test_a_recipient_opens_it_with_the_private_key_alone(here: House, tmp_path: Path) -> None:
    key = X25519PrivateKey.generate()
    (tmp_path / "public.pem").write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    (tmp_path / "private.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    make(here, tmp_path / "backup", recipient=tmp_path / "public.pem")
    assert verify(Backup(tmp_path / "backup", None, tmp_path / "private.pem")) == 10
    # Every night into the same folder, on a machine that cannot open what it made the night before.
    publish(here)
    assert make(here, tmp_path / "backup", recipient=tmp_path / "public.pem").documents_new == 13
    assert verify(Backup(tmp_path / "backup", None, tmp_path / "private.pem")) == 13
    assert len(list((tmp_path / "backup" / "documents").glob("*/*"))) == 13


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=3 * sealing.CHUNK_BYTES), st.integers(1, 70_000))
def test_what_was_sealed_opens(tmp_path: Path, content: bytes, piece: int) -> None:
    seal = sealing.KeySeal(bytes(32))
    pieces = [content[at : at + piece] for at in range(0, len(content), piece)]
    sealing.write(tmp_path / "f", seal.shut("name", pieces))
    assert b"".join(seal.open("name", tmp_path / "f")) == content


@pytest.mark.parametrize("harm", ["flip", "cut", "cut a chunk", "append", "rename", "empty"])
def test_what_was_sealed_and_changed_does_not_open(tmp_path: Path, harm: str) -> None:
    seal = sealing.KeySeal(bytes(32))
    path = tmp_path / "f"
    sealing.write(path, seal.shut("name", [bytes(3 * sealing.CHUNK_BYTES)]))
    content = bytearray(path.read_bytes())
    if harm == "flip":
        content[len(content) // 2] ^= 1
    elif harm == "cut":
        del content[-1:]
    elif harm == "cut a chunk":
        del content[-(sealing.CHUNK_BYTES + 16) :]
    elif harm == "append":
        content += b"x"
    elif harm == "empty":
        content.clear()
    path.write_bytes(content)
    with pytest.raises(InputRejected, match="backup_unreadable"):
        list(seal.open("other" if harm == "rename" else "name", path))


# Altered, incomplete, refused


@pytest.mark.parametrize("what", ["document", "rows", "contents", "missing document", "missing rows"])
def test_a_backup_that_was_changed_is_refused(here: House, tmp_path: Path, what: str) -> None:
    folder = tmp_path / "backup"
    make(here, folder)
    document = next(path for path in (folder / "documents").glob("*/*"))
    shares = next(folder.glob("rows-*/shares.gz"))
    if what == "document":
        document.write_bytes(document.read_bytes() + b"x")
    elif what == "rows":
        shares.write_bytes(shares.read_bytes()[:-3])
    elif what == "contents":
        next(folder.glob("rows-*/contents.json")).write_text("{}")
    elif what == "missing document":
        document.unlink()
    else:
        shares.unlink()
    with pytest.raises(InputRejected, match="backup_unreadable"):
        verify(Backup(folder, None, None))
    with pytest.raises(InputRejected, match="backup_unreadable"):
        bring(tmp_path, folder)


def test_a_document_that_the_gateway_lost_is_told(here: House, tmp_path: Path) -> None:
    digest = next(here.blobs.digests())
    (tmp_path / "one" / "blobs" / digest[:2] / digest).write_bytes(b"damaged")
    assert make(here, tmp_path / "backup").missing == (digest,)
    assert bring(tmp_path, tmp_path / "backup").missing == (digest,)


def test_a_folder_that_holds_something_else_is_left_alone(here: House, tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(InputRejected, match="backup_folder"):
        make(here, folder)
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def test_a_backup_of_a_later_version_is_refused(here: House, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    make(here, folder)
    path = next(folder.glob("rows-*/contents.json"))
    path.write_text(json.dumps(json.loads(path.read_text()) | {"revision": "9999"}))
    with pytest.raises(InputRejected, match="backup_newer"):
        bring(tmp_path, folder)


def test_a_backup_that_could_not_be_finished_leaves_the_one_before(
    here: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "backup"
    first = make(here, folder)
    publish(here)

    def full(*_: Any) -> None:
        raise Unavailable("store_full")

    with monkeypatch.context() as patch:
        patch.setattr("gateway.care.backup._settings", full)
        with pytest.raises(Unavailable):
            make(here, folder)
    assert Backup(folder, None, None).id == first.id
    assert bring(tmp_path, folder).rows == first.rows


def test_settings_come_without_passwords_and_without_secrets(tmp_path: Path) -> None:
    one = settings_file(tmp_path / "one")
    text = one.read_text()
    one.write_text(
        text.replace("[store]", '[registry]\nurl = "postgresql://me:hunter2@db/registry"\n[store]')
        + '[web]\nkey = "tls.key"\n'
    )
    (tmp_path / "one" / "tls.key").write_text("a private key")
    with house(one) as here:
        back_up(here, one, tmp_path / "backup", Wishes())
        back_up(here, one, tmp_path / "whole", Wishes(with_secrets=True))
    for path in (tmp_path / "backup").rglob("*"):
        assert not path.is_file() or (b"hunter2" not in path.read_bytes() and b"private key" not in path.read_bytes())
    (tmp_path / "new").mkdir()
    assert write_settings(Backup(tmp_path / "backup", None, None), tmp_path / "new" / "gateway.toml")
    shutil.rmtree(tmp_path / "new")
    (tmp_path / "new").mkdir()
    assert not write_settings(Backup(tmp_path / "whole", None, None), tmp_path / "new" / "gateway.toml")
    assert "hunter2" in (tmp_path / "new" / "gateway.toml").read_text()
    assert (tmp_path / "new" / "tls.key").read_text() == "a private key"


def test_what_is_left_of_an_earlier_backup_does_not_undo_the_new_one(
    here: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(here, tmp_path / "backup")

    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("gateway.care.backup.shutil.rmtree", refused)
    made = make(here, tmp_path / "backup")
    assert Backup(tmp_path / "backup", None, None).id == made.id


def test_a_folder_that_cannot_be_looked_into_is_named(
    here: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "backup").mkdir()

    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(InputRejected, match="backup_folder"):
        make(here, tmp_path / "backup")


@pytest.mark.parametrize("at", ["contents.json", "backup.json"])
def test_a_first_backup_that_found_no_room_at_its_end_is_made_when_there_is_some(
    here: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    folder, write = tmp_path / "backup", sealing.write

    def written(path: Path, chunks: Any) -> None:
        if path.name == at:
            raise Unavailable("store_full")
        write(path, chunks)

    monkeypatch.setattr(sealing, "write", written)
    with pytest.raises(Unavailable, match="store_full"):
        make(here, folder)
    monkeypatch.setattr(sealing, "write", write)
    (folder / ".backup.json.0123abcd").write_bytes(b"of a power cut")
    made = make(here, folder)
    assert [path.name for path in folder.glob("rows-*")] == [f"rows-{made.id}"]
    assert bring(tmp_path, folder).documents == made.documents
