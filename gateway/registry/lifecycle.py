"""How a submission that was found right is written, and what it does to what was registered before.

A replacement (RPLC, XFRM_RPLC) deprecates its target and every addendum and transform of it, and joins the folders
that hold it (ITI TF-3 section 4.2.2.2.3, ITI TF-2 3.42.4.1.3.3). What is added to a folder gives it a new
lastUpdateTime (ITI TF-3 section 4.2.3.4.6; NIST 12323).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from gateway.model.document import Association, AssociationType, Status, Submission
from gateway.registry import catalogue, forms, relations, rows, schema
from gateway.registry.catalogue import Stored
from gateway.registry.conflicts import Known
from gateway.registry.rows import Kind

APPROVED = Status.APPROVED.value
FIRST = "1"


def new_uuid() -> str:
    return f"urn:uuid:{uuid.uuid4()}"


class Registration:
    """One submission on its way into the tables, under the lock and in the transaction of its caller."""

    def __init__(self, connection: sa.Connection, now: datetime) -> None:
        self.connection = connection
        self.writer = catalogue.Writer(connection, now.isoformat(timespec="milliseconds"))
        self.dtm = now.strftime("%Y%m%d%H%M%S")
        """The moment of the submission, as a DTM."""
        self._touched: set[str] = set()
        self._contents: set[tuple[str, str]] = set()
        """Folder and entry of every membership that is being written."""

    def register(
        self,
        submission: Submission,
        known: Known,
        documents: Sequence[rows.Row],
        added: Mapping[str, Mapping[str, Any]],
    ) -> None:
        """Write *submission*; *documents* are the rows of the repository for what is new to it, *added* the attributes
        that it adds to entries, by their ids in the message."""
        final = with_ids(submission, final_ids(relations.kinds_of(submission)), first=True, added=added)
        kinds = relations.kinds_of(final)
        (submission_set,) = final.submission_sets
        self.writer.submission_set(submission_set)
        for folder in final.folders:
            self.writer.folder(replace(folder, last_update_time=self.dtm))
        for entry in final.entries:
            self.writer.entry(entry)
        # Memberships first: a replacement then sees which folders its new entry is in already.
        for association in sorted(final.associations, key=lambda one: one.type != AssociationType.HAS_MEMBER):
            self.associate(association, kinds, known.outside)
        self.writer.documents(documents)
        self.finish()

    def associate(self, association: Association, kinds: Mapping[str, Kind], outside: Mapping[str, Stored]) -> None:
        """Write *association* and do what it says."""
        source = kinds[association.source] if association.source in kinds else outside[association.source].kind
        target = kinds[association.target] if association.target in kinds else outside[association.target].kind
        if association.type == AssociationType.HAS_MEMBER and source is Kind.FOLDER:
            self._contents.add((association.source, association.target))
            self._touched.add(association.source)
        self.writer.association(association, source, target)
        if association.type in relations.REPLACING:
            self._replace(association)

    def finish(self) -> None:
        """Insert everything, and give the folders that grew their new time."""
        self.writer.flush()
        folders = schema.FOLDERS
        for uuid_ in sorted(self._touched):
            self.connection.execute(
                folders.update().where(folders.c.entry_uuid == uuid_).values(last_update_time=self.dtm)
            )

    def touch(self, folder: str) -> None:
        """Note that the contents of a registered folder change."""
        self._touched.add(folder)

    def _replace(self, association: Association) -> None:
        # What replaces stays, though it was an addendum to what it replaces until now.
        deprecated = self._dependants(association.target) - {association.source}
        replaced = catalogue.objects(self.connection, deprecated).values()
        numbers = [one.number for one in replaced if one.kind is Kind.ENTRY and one.approved]
        catalogue.set_status(self.connection, Kind.ENTRY, numbers, Status.DEPRECATED.value)
        for folder in self._folders(association.target):
            self._join(folder, association.source)

    def _join(self, folder: str, entry: str) -> None:
        """Make *entry* a member of *folder*, unless it becomes one anyway."""
        if (folder, entry) not in self._contents:
            self._contents.add((folder, entry))
            self._touched.add(folder)
            self.writer.association(_member(folder, entry), Kind.FOLDER, Kind.ENTRY)

    def _dependants(self, target: str) -> set[str]:
        """*target*, its addenda and transforms, and theirs."""
        found, asked = {target}, [target]
        while asked:
            links = catalogue.links(self.connection, "target", asked)
            sources = {link.source for link in links if link.approved and link.type in relations.DEPENDING}
            asked = sorted(sources - found)
            found |= sources
        return found

    def _folders(self, entry_uuid: str) -> list[str]:
        """The folders, in use, that hold the entry."""
        links = catalogue.links(self.connection, "target", [entry_uuid])
        holding = [link.source for link in links if link.approved and link.type == AssociationType.HAS_MEMBER]
        folders = catalogue.by_column(self.connection, Kind.FOLDER, "entry_uuid", holding)
        return [folder.uuid for folder in folders if folder.approved and folder.latest]


def _member(folder: str, entry: str) -> Association:
    return Association(
        entry_uuid=new_uuid(),
        type=AssociationType.HAS_MEMBER.value,
        source=folder,
        target=entry,
        status=APPROVED,
    )


def final_ids(names: Iterable[str]) -> dict[str, str]:
    """A UUID for each id of a message: its own, or a new one for a symbolic name."""
    return {name: name if forms.is_uuid(name) else new_uuid() for name in names}


def with_ids(
    submission: Submission,
    final: Mapping[str, str],
    *,
    first: bool = False,
    added: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Submission:
    """*submission* with the ids of *final*, submission set and associations Approved; folders and entries too when
    they are the *first* versions of their lineages, and with the attributes *added* to each."""

    def stated(name: str) -> dict[str, Any]:
        uuid_ = final[name]
        version = {"logical_id": uuid_, "version": FIRST, "status": APPROVED} if first else {}
        return {"entry_uuid": uuid_, **version, **added.get(name, {})}

    return Submission(
        submission_sets=tuple(
            replace(one, entry_uuid=final[one.entry_uuid], status=APPROVED) for one in submission.submission_sets
        ),
        folders=tuple(replace(one, **stated(one.entry_uuid)) for one in submission.folders),
        entries=tuple(replace(one, **stated(one.entry_uuid)) for one in submission.entries),
        associations=tuple(
            replace(
                one,
                entry_uuid=final[one.entry_uuid],
                source=final.get(one.source, one.source),
                target=final.get(one.target, one.target),
                status=APPROVED,
                logical_id="",
                version="",
            )
            for one in submission.associations
        ),
    )
