"""The store on a PostgreSQL that dies, refuses, or is elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from gateway.errors import InputRejected, Unavailable
from gateway.model.share import Share, ShareState
from gateway.store.engine import open_engine, reading, transaction
from gateway.store.writer import DirectWriter
from tests.support.postgresql import Server, server
from tests.support.store import NOW, accept, accepted, claimed, event, frozen, keep, manifest, report, share, stage

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with server("fsync=on") as one:
        yield one


def test_every_commit_waits_for_the_disk_whatever_the_server_says(running: Server) -> None:
    engine = open_engine(running.database())
    with transaction(engine) as connection:
        connection.execute(sa.text("ALTER ROLE postgres SET synchronous_commit = off"))
    engine.dispose()
    with reading(engine) as connection:
        assert connection.execute(sa.text("SHOW synchronous_commit")).scalar() == "on"
        assert connection.execute(sa.text("SHOW TimeZone")).scalar() == "UTC"
        assert connection.execute(sa.text("SHOW lock_timeout")).scalar() == "10s"
    engine.dispose()


def test_only_what_may_be_forgotten_does_not_wait_for_the_disk(running: Server) -> None:
    engine = open_engine(running.database())
    writer, said = DirectWriter(engine), sa.text("SHOW synchronous_commit")
    assert writer.run_ahead(lambda connection: connection.execute(said).scalar()) == "off"
    assert writer.run(lambda connection: connection.execute(said).scalar()) == "on"
    engine.dispose()


def test_a_claim_that_the_server_forgot_cannot_be_written_back() -> None:
    with server("fsync=on") as own, stage(own.database()) as on:
        keep(on.store)
        before = claimed(on.store)
        with transaction(on.engine) as connection:
            connection.execute(sa.text("UPDATE lineages SET lease = NULL, lease_until = NULL, share_id = NULL"))
        own.stop(rudely=True)
        own.start("fsync=on")
        on.engine.dispose()  # a connection that was used a moment ago is not looked at again, and fails once
        with pytest.raises(Unavailable, match="lease_lost"):
            on.store.save(replace(before, state=ShareState.SENDING), [], release=False)
        assert on.store.claim(NOW, 60) is not None


def test_a_server_that_is_not_there_is_unavailable(tmp_path: object) -> None:
    engine = open_engine("postgresql+psycopg://postgres@/nothing?host=/nowhere", busy_timeout_s=1)
    with pytest.raises(Unavailable, match="store_unavailable"), reading(engine):
        pass


def test_a_nul_is_refused_for_good_and_not_retried(running: Server) -> None:
    with stage(running.database()) as on, pytest.raises(InputRejected, match="store_value"):
        accept(on.store, accepted(digest="a\x00"), [], [])


def test_a_row_that_another_holds_too_long_is_busy(running: Server) -> None:
    url = running.database()
    with stage(url) as on:
        keep(on.store)
        mine = claimed(on.store)
        engine = open_engine(url, busy_timeout_s=0.2)
        with transaction(on.engine) as connection:
            connection.execute(sa.text("SELECT * FROM lineages FOR UPDATE"))
            with pytest.raises(Unavailable, match="store_busy"):
                DirectWriter(engine).run(lambda c: c.execute(sa.text("UPDATE lineages SET lease = lease")))
        engine.dispose()
        on.store.save(replace(mine, state=ShareState.SHARED), [])


def test_a_report_of_a_lineage_that_is_being_claimed_does_not_wait(running: Server) -> None:
    with stage(running.database()) as on:
        keep(on.store, lineage="L")
        with transaction(on.engine) as connection:
            connection.execute(sa.text("SELECT * FROM shares JOIN lineages ON key = lineage_key FOR NO KEY UPDATE"))
            keep(on.store, lineage="L")


def test_two_that_freeze_the_same_studies_at_once_never_block_each_other(running: Server) -> None:
    studies = [f"1.2.{number}" for number in range(20)]
    with stage(running.database()) as on:
        for _ in range(5):
            sharing: list[Share] = []
            for number in range(4):
                of = accepted(report(studies=studies, accessions=(f"A{number}",)))
                accept(on.store, of, [share(of)], [])
                sharing.append(replace(claimed(on.store), state=ShareState.FROZEN))
            won: list[bool] = []
            start = threading.Barrier(4)

            def freeze(mine: Share, turn: int, start: threading.Barrier = start, won: list[bool] = won) -> None:
                manifests = [manifest(mine, study) for study in (studies if turn else reversed(studies))]
                start.wait()
                won.append(on.store.freeze(mine, frozen(studies[0]), manifests, [], []))

            threads = [threading.Thread(target=freeze, args=(mine, turn % 2)) for turn, mine in enumerate(sharing)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(won) == [False, False, False, True]
            for mine in sharing:
                on.store.save(replace(mine, state=ShareState.SHARED), [])
            with transaction(on.engine) as connection:
                connection.execute(sa.text("DELETE FROM manifests"))


@pytest.mark.timeout(300)
def test_a_server_that_dies_takes_nothing_that_was_promised(running: Server) -> None:
    promised: list[str] = []
    refused: list[str] = []
    over = threading.Event()
    with stage(running.database()) as on:

        def send() -> None:
            while not over.is_set():
                of = accepted()
                try:
                    accept(on.store, of, [share(of)], [event()])
                except Unavailable as error:
                    refused.append(error.code)
                    time.sleep(0.01)
                else:
                    promised.append(of.id)

        threads = [threading.Thread(target=send) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            before = len(promised)
            while len(promised) < before + 50:
                time.sleep(0.01)
            running.stop(rudely=True)
            running.start("fsync=on")
        before = len(promised)
        while len(promised) < before + 50:
            time.sleep(0.01)
        over.set()
        for thread in threads:
            thread.join()
        assert refused
        assert set(refused) <= {"store_unavailable", "store_busy"}
        for report_id in promised:
            assert on.store.report(report_id).received_at == NOW
        assert len(on.actions()) == len(on.store.overviews(limit=1_000_000)) >= len(promised)
