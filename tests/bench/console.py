"""The console over 1,000,000 shares: the first page, each filter alone, some together, the picture.

``GATEWAY_BENCH_LISTED`` is another number of shares; ``GATEWAY_BENCH_STORE`` is ``sqlite``, which the figures are for,
or ``postgresql``.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gateway.model.overview import ShareFilter
from gateway.store import listing, migrations
from gateway.store.engine import open_engine
from gateway.store.seeing import SqlOverview
from tests.bench.rows import Row, median_ms
from tests.support import postgresql

SHARES = int(os.environ.get("GATEWAY_BENCH_LISTED", "1000000"))
STORE = os.environ.get("GATEWAY_BENCH_STORE", "sqlite")
_PAGE = 50
_BEGIN = datetime(2025, 3, 1, tzinfo=UTC)
_EVERY_S = 31.5
_CHUNK = 20_000
_SITES = ("nord", "sud", "est")
_DESTINATIONS = ("dmp", "region")
_RARE = {0: "waiting", 1: "held", 2: "sending", 3: "abandoned"}
_MODALITIES = ("CT", "MR", "US", "CR", "CT", "MR", "US", "DX")


def run(count: int = SHARES) -> list[Row]:
    if STORE == "postgresql":
        with postgresql.server() as server:
            return _measured(server.database(), count, _fill_postgresql)
    with tempfile.TemporaryDirectory() as folder:
        return _measured(f"sqlite:///{folder}/gateway.db", count, _fill_sqlite)


def _measured(url: str, count: int, fill: Callable[[sa.Engine, int], None]) -> list[Row]:
    engine = open_engine(url)
    try:
        migrations.upgrade(engine)
        fill(engine, count)
        overview = SqlOverview(engine)
        end = _BEGIN + timedelta(seconds=_EVERY_S * count)
        middle = _BEGIN + (end - _BEGIN) / 2
        filters = {
            "accession number": ShareFilter(accession=f"A{count // 3}"),
            "patient": ShareFilter(patient=f"P{count // 30}"),
            "state held": ShareFilter(state="held"),
            "state shared": ShareFilter(state="shared"),
            "one day of last year": ShareFilter(since=middle, until=middle + timedelta(days=1)),
            "modality CT": ShareFilter(modality="CT"),
            "modality that stopped long ago": ShareFilter(modality="XA"),
            "destination": ShareFilter(destination="region"),
            "site": ShareFilter(site="est"),
            "site and destination and state": ShareFilter(site="est", destination="dmp", state="held"),
            "modality and state and half a year": ShareFilter(modality="MR", state="held", since=middle),
            "nothing fits": ShareFilter(modality="US", state="superseded"),
        }
        rows = [_row("first page", lambda: overview.page(ShareFilter(), limit=_PAGE), 100.0, count)]
        rows.append(
            _row(
                "a page in the middle",
                lambda: overview.page(ShareFilter(), limit=_PAGE, before=count // 2),
                100.0,
                count,
            )
        )
        for name, wanted in filters.items():
            rows.append(_row(f"filter: {name}", _paging(overview, wanted), 300.0, count))
        rows.append(_row("picture of the day", lambda: overview.picture(end - timedelta(days=1), end), 300.0, count))
        return rows
    finally:
        engine.dispose()


def _paging(overview: SqlOverview, wanted: ShareFilter) -> Callable[[], object]:
    return lambda: overview.page(wanted, limit=_PAGE)


def _row(what: str, action: Callable[[], object], limit_ms: float, count: int) -> Row:
    ours = median_ms(action, 5)
    return Row(
        row="console",
        what=f"{what}, {count:,} shares on {STORE}",
        ours=ours,
        against=None,
        unit="ms",
        goal=f"< {limit_ms:.0f} ms",
        met=ours < limit_ms,
    )


def _fill_sqlite(engine: sa.Engine, count: int) -> None:
    """A store of *count* shares, two of a report, written past the gateway."""
    engine.dispose()
    connection = sqlite3.connect(engine.url.database or "", isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-200000", "foreign_keys=OFF"):
        connection.execute(f"PRAGMA {pragma}")
    for tables in _chunks(count):
        connection.execute("BEGIN")
        for table, (columns, rows) in tables.items():
            names, marks = ", ".join(columns), ", ".join("?" * len(columns))
            statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
            connection.executemany(statement, rows)
        connection.execute("COMMIT")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


def _fill_postgresql(engine: sa.Engine, count: int) -> None:
    """The same, by COPY; then what the server does by itself after a while."""
    with engine.begin() as connection:
        cursor = connection.connection.cursor()
        for tables in _chunks(count):
            for table, (columns, rows) in tables.items():
                with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:  # type: ignore[attr-defined]
                    for row in rows:
                        copy.write_row(row)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("SET statement_timeout = 0"))
        connection.connection.driver_connection.patience_s = None  # type: ignore[union-attr]
        connection.execute(sa.text("VACUUM ANALYZE"))


def _chunks(count: int) -> Iterator[dict[str, tuple[list[str], list[tuple[Any, ...]]]]]:
    """The rows by table, the columns of each table first; a table stands after those that it refers to."""
    for start in range(0, count, _CHUNK):
        tables: dict[str, tuple[list[str], list[tuple[Any, ...]]]] = {}
        for table, row in _rows(start, min(start + _CHUNK, count), count):
            tables.setdefault(table, (list(row), []))[1].append(tuple(row.values()))
        yield tables


_WORDS = json.dumps({"version": 1, "words": {}})


def _rows(start: int, stop: int, count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for number in range(start, stop):
        report = number // 2
        at = _BEGIN + timedelta(seconds=_EVERY_S * number)
        moment = at.strftime("%Y-%m-%d %H:%M:%S.%f")
        site = _SITES[report % len(_SITES)]
        state = _RARE.get(number % 997 if number > count // 100 else -1, "shared")
        lineage = f"{number:064x}"
        if number % 2 == 0:
            yield from _report(report, site, moment)
        yield "lineages", {"key": lineage}
        yield "shares", _share(number, report, site, state, moment, lineage)
        if state == "shared":
            yield from _submission(number)
        modality = "XA" if number < count // 50 else _MODALITIES[report % len(_MODALITIES)]
        yield "share_modalities", {"modality": modality, "sequence": number + 1}
        hour = int(at.timestamp() // 3600)
        if number == 0 or hour != int((at - timedelta(seconds=_EVERY_S)).timestamp() // 3600):
            yield "share_hours", {"hour": hour, "sequence": number + 1}


def _report(number: int, site: str, moment: str) -> Iterator[tuple[str, dict[str, Any]]]:
    report_id, unique_id = f"report-{number:09}", f"1.2.250.1.999.1.1^CR{number}"
    received = {"version": 1, "channel": "mllp", "sender": "RIS|NORD", "control_id": f"M{number}"}
    yield (
        "reports",
        {
            "id": report_id,
            "key": f"{number:064x}",
            "site": site,
            "unique_id": unique_id,
            "root": "1.2.250.1.999.1.1",
            "extension": f"CR{number}",
            "digest": f"{number:064x}",
            "statements_digest": "",
            "received": json.dumps(received),
            "statements": "{}",
            "patient_cx": f"P{number // 5}^^^&1.2.250.1.213.1.4.10&ISO^NH",
            "authors": "{}",
            "received_at": moment,
        },
    )
    yield "report_studies", {"report_id": report_id, "position": 0, "study_uid": f"1.2.250.1.999.7.{number}"}
    accession = {"root": "1.2.250.1.999.1.2", "extension": f"A{number}"}
    yield "report_accessions", {"report_id": report_id, "position": 0, **accession}
    for kind, value in (("report", unique_id), ("accession", f"A{number}"), ("patient", f"P{number // 5}")):
        yield "report_keys", {"key": listing.key(kind, value), "report_id": report_id}


def _share(number: int, report: int, site: str, state: str, moment: str, lineage: str) -> dict[str, Any]:
    return {
        "sequence": number + 1,
        "id": f"share-{number:09}",
        "report_id": f"report-{report:09}",
        "site": site,
        "destination": _DESTINATIONS[number % 2],
        "lineage": f"report-{report:09}",
        "lineage_key": lineage,
        "state": state,
        "claim_at": None,
        "due_at": moment,
        "created_at": moment,
        "updated_at": moment,
        "attempts": 0,
        "progress": _WORDS,
        "reason": "patient_differs" if state == "held" else "",
        "facts": _WORDS,
        "registered_at": moment if state == "shared" else None,
    }


def _submission(number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    share_id = f"share-{number:09}"
    yield (
        "submissions",
        {
            "share_id": share_id,
            "submission_set_unique_id": f"1.2.250.1.999.9.{number}",
            "patient_id": "P",
            "metadata": b"",
            "signature_digest": "",
        },
    )
    yield (
        "documents",
        {
            "share_id": share_id,
            "position": 0,
            "kind": "report",
            "unique_id": f"1.2.250.1.999.8.{number}",
            "entry_id": "urn:uuid:report",
            "mime_type": "text/xml",
            "type_code": "18748-4",
            "format_code": "urn:ihe:iti:xds:2017:mimeTypeSufficient",
            "digest": f"{number:064x}",
            "hash": "0" * 40,
            "size_bytes": 30_000,
            "study_uid": "",
            "title": "",
        },
    )
