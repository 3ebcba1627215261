"""Lists of shares: what is written so that they can be cut, and a page of one.

Shares are listed in the order of their arrival, newest first, and a page begins where the one before it ended. Each
filter is an index that ends with that order, so a filter alone is read off its index, whatever the number of shares.
Of several filters the one with the fewest shares leads: its shares are taken some at a time and held against the
others, until the page is full, or until so many were looked at that the reader had better see where it stands.

A time is a place in the order of arrival, to the hour (:data:`gateway.store.schema_seeing.SHARE_HOURS`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Executable,
    Insert,
    Integer,
    Select,
    String,
    Table,
    and_,
    bindparam,
    exists,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from gateway.audit.inserting import insert_rows
from gateway.model.overview import ShareFilter
from gateway.model.report import Report
from gateway.model.share import Share
from gateway.store import forms
from gateway.store.prepared import Prepared
from gateway.store.schema import REPORT_ACCESSIONS, REPORTS, SHARES
from gateway.store.schema_seeing import REPORT_KEYS, SHARE_HOURS, SHARE_MODALITIES
from gateway.store.statements import keyed, rows_by

_HOUR_S = 3600
_AT_ONCE = 1000
_COUNTED = 20_000
"""Filters are compared by their number of shares up to this one."""
_LOOKED_AT = 40_000
"""Shares that one page looks at; some 0.2 seconds."""
_CATCH_UP = 5000
_NOT_IMAGES = frozenset({"", "KO", "PR", "SR", "DOC", "SEG", "REG", "RWV"})
_END = 2**62


class Found(NamedTuple):
    """Shares of a page by their place in the order of arrival, newest first."""

    sequences: list[int]
    older: int
    complete: bool


class _Source(NamedTuple):
    """One filter: the indexes that give its shares, and what it asks of a share that another one gave."""

    streams: list[Select[tuple[int]]]
    condition: ColumnElement[bool]


# .. what is written


def key(kind: str, value: str) -> str:
    """How a report is found by a value of a kind: ``accession``, ``patient`` or ``report`` (its unique id)."""
    return forms.key(kind, value.strip().upper())


def note_report(connection: Connection, report_id: str, report: Report, patients: Iterable[str]) -> None:
    """Make a new report and its shares findable; *patients*: further identifiers of the patient, without issuers."""
    wanted = {key("report", report.identifier.unique_id)}
    wanted |= {key("accession", each.extension or each.root) for each in report.accessions}
    stated = {each.extension or "" for each in report.patient.identifiers} | set(patients)
    wanted |= {key("patient", each) for each in stated if each}
    insert_rows(connection, REPORT_KEYS, [{"key": each, "report_id": report_id} for each in sorted(wanted)])
    note_modalities(connection, report_id, (code.code for act in report.acts for code in act.modalities))


def note_arrivals(connection: Connection, new: Sequence[Share]) -> None:
    """Remember the first of *new*, which were just added, if it is the first of its hour."""
    for share in new[:1]:
        hour = int(share.created_at.timestamp() // _HOUR_S)
        remembered = _known_hours.get(connection.engine)
        if remembered is None or remembered[0] != hour or time.monotonic() - remembered[1] > _REMEMBERED_S:
            connection.execute(_note_hour(connection.dialect.name), {"hour": hour, "share": share.id})
            _known_hours[connection.engine] = (hour, time.monotonic())
    for share in new:
        if share.target:
            connection.execute(_copy_modalities(connection.dialect.name), {"share": share.id, "target": share.target})


def note_modalities(connection: Connection, report_id: str, modalities: Iterable[str]) -> None:
    """The shares of a report are of these modalities (DICOM codes) too."""
    told = sorted({each.strip().upper()[:16] for each in modalities} - _NOT_IMAGES)
    for modality in told:
        _note_modality(connection.dialect.name).count(connection, {"modality": modality, "report": report_id})


_ACCESSIONS = keyed(select(REPORT_ACCESSIONS), REPORT_ACCESSIONS.c.report_id)
_MODALITIES = keyed(select(SHARE_MODALITIES).order_by(SHARE_MODALITIES.c.modality), SHARE_MODALITIES.c.sequence)
_REMEMBERED_S = 60.0
_known_hours: WeakKeyDictionary[Engine, tuple[int, float]] = WeakKeyDictionary()
"""The hour that a process has noted last: asked for again after a minute, in case that transaction came to nothing."""


# Made once: to make such a statement takes SQLAlchemy longer than to run it.


@cache
def _note_hour(dialect: str) -> Executable:
    chosen = select(bindparam("hour", type_=Integer), SHARES.c.sequence).where(SHARES.c.id == bindparam("share"))
    return _new(dialect, SHARE_HOURS, ["hour", "sequence"], chosen)


@cache
def _note_modality(dialect: str) -> Prepared:
    of_report = SHARES.c.report_id == bindparam("report")
    chosen = select(bindparam("modality", type_=String), SHARES.c.sequence).where(of_report)
    return Prepared(_new(dialect, SHARE_MODALITIES, ["modality", "sequence"], chosen))


@cache
def _copy_modalities(dialect: str) -> Executable:
    """What an amendment amends has told its modalities."""
    own = select(SHARES.c.sequence).where(SHARES.c.id == bindparam("share")).scalar_subquery()
    of_target = SHARES.c.sequence == SHARE_MODALITIES.c.sequence
    copied = select(SHARE_MODALITIES.c.modality, own).join(SHARES, of_target)
    return _new(dialect, SHARE_MODALITIES, ["modality", "sequence"], copied.where(SHARES.c.id == bindparam("target")))


def _new(dialect: str, table: Table, columns: list[str], chosen: Select[Any]) -> Insert:
    """Insert what *chosen* gives, but for rows that are there."""
    kind = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return kind(table).from_select(columns, chosen).on_conflict_do_nothing()


def catch_up(connection: Connection, since: datetime) -> int:
    """Make findable what a release that does not know how has accepted since *since*; gives how many reports."""
    unknown = (
        select(REPORTS.c.id, REPORTS.c.unique_id, REPORTS.c.patient_cx)
        .where(REPORTS.c.received_at >= since, ~exists().where(REPORT_KEYS.c.report_id == REPORTS.c.id))
        .limit(_CATCH_UP)
    )
    rows = connection.execute(unknown).all()
    wanted = {(row.id, key("report", row.unique_id)) for row in rows}
    wanted |= {(row.id, key("patient", row.patient_cx.partition("^")[0])) for row in rows if row.patient_cx}
    accessions = rows_by(connection, _ACCESSIONS, [row.id for row in rows])
    wanted |= {
        (each.report_id, key("accession", each.extension or each.root)) for s in accessions.values() for each in s
    }
    insert_rows(connection, REPORT_KEYS, [{"key": made, "report_id": of} for of, made in sorted(wanted)])
    return len(rows)


# .. what is read


def find(connection: Connection, wanted: ShareFilter, *, limit: int, before: int = 0) -> Found:
    """At most *limit* shares that fit *wanted*, those that arrived before the share at *before* (0: all)."""
    first, end = _range(connection, wanted, before)
    sources = _sources(connection, wanted, first, end)
    if wanted.identifies:
        given: Iterator[int] = iter(_of_reports(connection, wanted, first, end))
        others = sources
    elif sources:
        # One alone leads, however many it gives: to count them takes longer than the page.
        leading = sources[0] if len(sources) == 1 else min(sources, key=lambda each: _count(connection, each))
        given = _merged(connection, leading.streams, end)
        others = [source for source in sources if source is not leading]
    else:
        given = _merged(connection, [_within(select(SHARES.c.sequence), SHARES.c.sequence, first, end)], end)
        others = []
    return _fitting(connection, given, [source.condition for source in others], limit)


def modalities(connection: Connection) -> tuple[str, ...]:
    """Those that shares have."""
    return tuple(_distinct(connection, SHARE_MODALITIES.c.modality))


def places(connection: Connection) -> tuple[tuple[str, str], ...]:
    """Every (site, destination) that shares have."""
    return tuple(
        (site, destination)
        for site in _distinct(connection, SHARES.c.site)
        for destination in _distinct(connection, SHARES.c.destination, SHARES.c.site == site)
    )


def modalities_of(connection: Connection, sequences: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The modalities of each share."""
    rows = rows_by(connection, _MODALITIES, sequences)
    return {int(sequence): tuple(row.modality for row in some) for sequence, some in rows.items()}


def sequence_at(connection: Connection, moment: datetime) -> int:
    """The place in the order of arrival at which the hour of *moment* begins."""
    hour = int(moment.timestamp() // _HOUR_S)
    query = select(SHARE_HOURS.c.sequence).where(SHARE_HOURS.c.hour >= hour).order_by(SHARE_HOURS.c.hour).limit(1)
    found = connection.execute(query).scalar_one_or_none()
    return _END if found is None else int(found)


def _range(connection: Connection, wanted: ShareFilter, before: int) -> tuple[int, int]:
    first = sequence_at(connection, wanted.since) if wanted.since else 0
    end = _END
    if wanted.until:
        whole = wanted.until + timedelta(seconds=_HOUR_S - 1)
        end = sequence_at(connection, whole)
    return first, min(end, before) if before else end


def _sources(connection: Connection, wanted: ShareFilter, first: int, end: int) -> list[_Source]:
    sources = []
    if wanted.modality:
        of = SHARE_MODALITIES.c
        stream = _within(select(of.sequence).where(of.modality == wanted.modality), of.sequence, first, end)
        has = exists().where(of.sequence == SHARES.c.sequence, of.modality == wanted.modality)
        sources.append(_Source([stream], has))
    if wanted.state:
        fits = SHARES.c.state == wanted.state
        sources.append(_Source([_of_shares(fits, first, end)], fits))
    if wanted.site or wanted.destination:
        pairs = [
            and_(SHARES.c.site == site, SHARES.c.destination == destination)
            for site, destination in places(connection)
            if wanted.site in ("", site) and wanted.destination in ("", destination)
        ]
        asked = [SHARES.c.site == wanted.site] if wanted.site else []
        asked += [SHARES.c.destination == wanted.destination] if wanted.destination else []
        sources.append(_Source([_of_shares(pair, first, end) for pair in pairs], and_(*asked)))
    return sources


def _of_shares(condition: ColumnElement[bool], first: int, end: int) -> Select[tuple[int]]:
    return _within(select(SHARES.c.sequence).where(condition), SHARES.c.sequence, first, end)


def _within(query: Select[Any], sequence: Any, first: int, end: int) -> Select[tuple[int]]:
    return query.where(sequence >= first, sequence < end).order_by(sequence.desc())


def _count(connection: Connection, source: _Source) -> int:
    """How many shares *source* gives, up to the number from which that does not matter."""
    total = 0
    for stream in source.streams:
        bounded = stream.order_by(None).limit(_COUNTED - total).subquery()
        total += connection.execute(select(func.count()).select_from(bounded)).scalar_one()
        if total >= _COUNTED:
            break
    return total


def _merged(connection: Connection, streams: Sequence[Select[tuple[int]]], end: int) -> Iterator[int]:
    """The shares of all *streams* in one order, read as they are asked for."""
    many = 64
    while streams:
        column = [next(iter(stream.selected_columns)) for stream in streams]
        some: list[Sequence[int]] = [
            connection.execute(stream.where(of < end).limit(many)).scalars().all()  # type: ignore[misc]
            for stream, of in zip(streams, column, strict=True)
        ]
        # What lies below the end of a stream that was cut off may have something of that stream before it.
        floor = max((got[-1] for got in some if len(got) == many), default=-1)
        yield from sorted((each for got in some for each in got if each >= floor), reverse=True)
        if floor < 0:
            return
        end, many = floor, _AT_ONCE


def _fitting(
    connection: Connection, given: Iterator[int], conditions: Sequence[ColumnElement[bool]], limit: int
) -> Found:
    found: list[int] = []
    looked_at = last = 0
    while some := list(islice(given, _AT_ONCE if conditions else limit + 1)):
        looked_at += len(some)
        last = some[-1]
        if conditions:
            query = select(SHARES.c.sequence).where(SHARES.c.sequence.in_(some), *conditions)
            found += sorted(connection.execute(query).scalars(), reverse=True)
        else:
            found += some
        if len(found) > limit:
            return Found(found[:limit], found[limit - 1], complete=True)
        if looked_at >= _LOOKED_AT:
            return Found(found, last, complete=False)
    return Found(found, 0, complete=True)


def _of_reports(connection: Connection, wanted: ShareFilter, first: int, end: int) -> list[int]:
    """The shares of the reports that have the accession number and the patient."""
    asked = [
        key(kind, value) for kind, value in (("accession", wanted.accession), ("patient", wanted.patient)) if value
    ]
    query = select(REPORT_KEYS.c.report_id).where(REPORT_KEYS.c.key == asked[0])
    for other in asked[1:]:
        also = REPORT_KEYS.alias()
        query = query.where(exists().where(also.c.key == other, also.c.report_id == REPORT_KEYS.c.report_id))
    reports = connection.execute(query.limit(_LOOKED_AT)).scalars().all()
    of = select(SHARES.c.sequence, SHARES.c.report_id).where(SHARES.c.sequence >= first, SHARES.c.sequence < end)
    rows = rows_by(connection, keyed(of, SHARES.c.report_id), reports)
    return sorted((row.sequence for some in rows.values() for row in some), reverse=True)


def _distinct(connection: Connection, column: Any, condition: ColumnElement[bool] | None = None) -> Iterator[str]:
    """The values of an indexed column, a step of the index each."""
    query = select(func.min(column))
    if condition is not None:
        query = query.where(condition)
    value = connection.execute(query).scalar_one_or_none()
    while value is not None:
        yield value
        value = connection.execute(query.where(column > value)).scalar_one_or_none()
