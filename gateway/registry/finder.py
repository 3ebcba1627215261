"""Collects registered objects for one answer, each once, and never more than the answer may hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from gateway.model.document import (
    Association,
    AssociationType,
    DocumentEntry,
    Folder,
    Status,
    Submission,
    SubmissionSet,
)
from gateway.registry import conditions, forms, rows, schema
from gateway.registry.conditions import Condition
from gateway.registry.rows import Kind
from gateway.xds import queries
from gateway.xds._query_definitions import ASSOCIATION_STATUS, METADATA_LEVEL
from gateway.xds.queries import QueryError, StoredQuery

_BATCH = 500
"""Values of one IN list: SQLite takes 32,766 parameters in a statement, PostgreSQL 65,535."""
_E, _S, _F, _A = schema.ENTRIES.c, schema.SUBMISSION_SETS.c, schema.FOLDERS.c, schema.ASSOCIATIONS.c
_NOTHING = Submission()


@dataclass(frozen=True, slots=True)
class Hit:
    """One object that was found; ``row`` holds its uuid first, then what its kind selects."""

    uuid: str
    patient_key: str
    row: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Link:
    """An association that was found, by its ends."""

    uuid: str
    source: str
    source_kind: str
    target: str
    target_kind: str
    row: Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a query found: whole objects for LeafClass, else their ids alone."""

    objects: Submission = _NOTHING
    references: tuple[str, ...] = ()

    @property
    def entries(self) -> tuple[DocumentEntry, ...]:
        return self.objects.entries

    @property
    def size(self) -> int:
        """How many objects it names."""
        found = self.objects
        whole = (found.submission_sets, found.folders, found.entries, found.associations)
        return len(self.references) + sum(map(len, whole))


class Finder:
    """The objects of one answer, in the order they were found.

    Each method adds to the answer what it gives back. Raises QueryError (XDSTooManyResults) as soon as there are more
    than *limit* objects.
    """

    def __init__(self, connection: sa.Connection, query: StoredQuery, limit: int) -> None:
        self.connection = connection
        self.limit = limit
        self.leaf = query.return_type == queries.LEAF_CLASS
        """Whether the answer holds whole objects, and not their ids alone."""
        self._several_patients = query.query_id in queries.MULTIPLE_PATIENTS
        self._level = _level(query)
        self._statuses = query.values(ASSOCIATION_STATUS) or (Status.APPROVED.value,)
        self._hits: dict[Kind, dict[str, Hit]] = {
            Kind.SUBMISSION_SET: {},
            Kind.FOLDER: {},
            Kind.ENTRY: {},
        }
        self._links: dict[str, Link] = {}

    def entries(self, *where: Condition) -> list[Hit]:
        """Document entries, the newest first; at metadata level 1 the latest versions that are online."""
        return self._add(Kind.ENTRY, entries_statement(where, leaf=self.leaf, level=self._level))

    def add_entries(self, found: Iterable[Sequence[Any]]) -> list[Hit]:
        """The rows that :func:`entries_statement` gave to a caller who ran it."""
        return self._take(Kind.ENTRY, found)

    def submission_sets(self, *where: Condition) -> list[Hit]:
        """Submission sets, the newest first."""
        columns = (_S.entry_uuid, _S.patient_key, _S.patient_id, _S.status, self._body(_S.body))
        order = (_S.submission_time.desc(), _S.id.desc())
        return self._add(Kind.SUBMISSION_SET, sa.select(*columns).where(*where).order_by(*order))

    def folders(self, *where: Condition) -> list[Hit]:
        """Folders, the last updated first; at metadata level 1 the latest versions that are not deprecated."""
        columns = (_F.entry_uuid, _F.patient_key, _F.patient_id, _F.status, self._body(_F.body), _F.last_update_time)
        order = (_F.last_update_time.desc(), _F.id.desc())
        visible = (_F.latest, _F.status != Status.DEPRECATED.value) if self._level == 1 else ()
        return self._add(Kind.FOLDER, sa.select(*columns).where(*where, *visible).order_by(*order))

    def of(self, kind: Kind, uuids: Iterable[str], *where: Condition) -> list[Hit]:
        """The objects of *kind* with these entryUUIDs that satisfy *where*."""
        method, column = {
            Kind.SUBMISSION_SET: (self.submission_sets, _S.entry_uuid),
            Kind.FOLDER: (self.folders, _F.entry_uuid),
            Kind.ENTRY: (self.entries, _E.entry_uuid),
        }[kind]
        return [hit for batch in _batches(uuids) for hit in method(column.in_(batch), *where)]

    def links(self, *where: Condition, by: sa.ColumnElement[str], uuids: Iterable[str]) -> list[Link]:
        """Associations with one of *uuids* in the column *by*, of the statuses asked for; not in the answer yet."""
        return [link for batch in _batches(uuids) for link in self._links_of(by.in_(batch), *where)]

    def touching(self, uuids: Iterable[str]) -> list[Link]:
        """Associations with one of *uuids* at an end."""
        wanted = list(uuids)
        found = [*self.links(by=_A.source, uuids=wanted), *self.links(by=_A.target, uuids=wanted)]
        return list({link.uuid: link for link in found}.values())

    def members(self, of: Iterable[str]) -> list[Link]:
        """HasMember associations from the submission sets or folders *of*."""
        return self.links(_A.type == AssociationType.HAS_MEMBER.value, by=_A.source, uuids=of)

    def memberships(self, uuids: Iterable[str], kind: Kind) -> list[Link]:
        """HasMember associations to *uuids* from objects of *kind*."""
        has_member = _A.type == AssociationType.HAS_MEMBER.value
        return self.links(has_member, _A.source_kind == kind.value, by=_A.target, uuids=uuids)

    def keep(self, links: Iterable[Link]) -> None:
        """Put associations into the answer."""
        for link in links:
            self._links[link.uuid] = link
        self._bounded()

    def drop(self, kind: Kind, uuid: str) -> None:
        """Take an object out of the answer again."""
        self._hits[kind].pop(uuid, None)

    def found(self, kind: Kind) -> set[str]:
        """The entryUUIDs of *kind* in the answer."""
        return set(self._hits[kind])

    def answer(self) -> Answer:
        """The answer; raises QueryError (XDSResultNotSinglePatient) for whole objects of several patients, unless the
        query is one of ITI-51."""
        if not self.leaf:
            hits = [uuid for found in self._hits.values() for uuid in found]
            return Answer(references=(*hits, *self._links))
        patients = {hit.patient_key for found in self._hits.values() for hit in found.values()}
        if len(patients) > 1 and not self._several_patients:
            raise QueryError("XDSResultNotSinglePatient", "the objects are of several patients: ask for ObjectRef")
        objects = Submission(
            submission_sets=tuple(
                rows.load(SubmissionSet, hit.row[4], patient_id=hit.row[2], status=hit.row[3])
                for hit in self._hits[Kind.SUBMISSION_SET].values()
            ),
            folders=tuple(
                rows.load(Folder, hit.row[4], patient_id=hit.row[2], status=hit.row[3], last_update_time=hit.row[5])
                for hit in self._hits[Kind.FOLDER].values()
            ),
            entries=tuple(
                rows.load(DocumentEntry, hit.row[4], patient_id=hit.row[2], status=hit.row[3])
                for hit in self._hits[Kind.ENTRY].values()
            ),
            associations=tuple(
                rows.load(Association, link.row[6], status=link.row[5]) for link in self._links.values()
            ),
        )
        return Answer(objects=objects)

    def _links_of(self, *where: Condition) -> Iterator[Link]:
        columns = (_A.entry_uuid, _A.source, _A.source_kind, _A.target, _A.target_kind, _A.status, self._body(_A.body))
        visible = (_A.status == Status.APPROVED.value,) if self._level == 1 else ()
        selected = sa.select(*columns).where(*where, _A.status.in_(self._statuses), *visible).order_by(_A.id)
        found = self.connection.execute(selected.limit(self.limit + 1)).all()
        self._bounded(len(found))
        for row in found:
            yield Link(row[0], row[1], row[2], row[3], row[4], row)

    def _add(self, kind: Kind, selected: sa.Select[Any]) -> list[Hit]:
        return self._take(kind, self.connection.execute(selected.limit(self.limit + 1)))

    def _take(self, kind: Kind, selected: Iterable[Sequence[Any]]) -> list[Hit]:
        found = [Hit(row[0], row[1], row) for row in selected]
        for hit in found:
            self._hits[kind].setdefault(hit.uuid, hit)
        self._bounded()
        return found

    def _body(self, column: sa.ColumnElement[str]) -> sa.ColumnElement[Any]:
        return _body(column, leaf=self.leaf)

    def _bounded(self, followed: int = 0) -> None:
        """Whether the answer, or the number of associations that are *followed* for it, is above the limit."""
        if max(followed, sum(map(len, self._hits.values())) + len(self._links)) > self.limit:
            context = f"more than {self.limit}: narrow the query" + (", or ask for ObjectRef" if self.leaf else "")
            raise QueryError("XDSTooManyResults", context)


def entries_statement(where: Iterable[Condition], *, leaf: bool, level: int) -> sa.Select[Any]:
    """What finds document entries, the newest first; at metadata level 1 the latest versions that are online."""
    columns = (_E.entry_uuid, _E.patient_key, _E.patient_id, _E.status, _body(_E.body, leaf=leaf))
    visible = conditions.latest_entries() if level == 1 else ()
    return sa.select(*columns).where(*where, *visible).order_by(_E.creation_time.desc(), _E.id.desc())


def _body(column: sa.ColumnElement[str], *, leaf: bool) -> sa.ColumnElement[Any]:
    return column if leaf else sa.null().label("body")


def _level(query: StoredQuery) -> int:
    """``$MetadataLevel``: 1 hides what XDS without Metadata Update does not know (section 3.18.4.1.2.3.5.1.1)."""
    stated = query.one(METADATA_LEVEL)
    if stated not in ("", "1", "2"):
        raise QueryError("XDSStoredQueryParamNumber", f"{METADATA_LEVEL} is 1 or 2")
    return int(stated or 1)


def _batches(values: Iterable[str]) -> Iterator[list[str]]:
    wanted = list(dict.fromkeys(value for value in values if len(value) <= forms.LONGEST_VALUE))
    for start in range(0, len(wanted), _BATCH):
        yield wanted[start : start + _BATCH]
