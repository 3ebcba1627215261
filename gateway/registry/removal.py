"""Removal of metadata (ITI-62) and of documents (ITI-86).

ITI-62 takes a list of entryUUIDs and removes all of them or none. It never leaves a registry that no submission could
have made (ITI TF-2 3.62.4.1.3; NIST 30000 to 30008):

* what is not registered: UnresolvedReferenceException;
* an association that stays and names something that goes: ReferencesExistException;
* a document entry or folder that stays without the submission set that brought it, or a submission set that stays
  without anything: XDSUnreferencedObjectException;
* one version of an object that goes while another stays: XDSMetadataModelException.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa

from gateway.model.document import AssociationType, RegistryError
from gateway.registry import catalogue, schema
from gateway.registry.catalogue import Stored
from gateway.registry.findings import quote
from gateway.registry.rows import Kind

_VERSIONED = (Kind.ENTRY, Kind.FOLDER)


def metadata(connection: sa.Connection, uuids: Sequence[str]) -> tuple[RegistryError, ...]:
    """Remove the objects *uuids*, or nothing and every reason; under the lock of the caller."""
    going = catalogue.objects(connection, uuids)
    errors = [
        RegistryError(
            code="UnresolvedReferenceException", context=f"the object {quote(name)} is not registered", location=name
        )
        for name in dict.fromkeys(uuids)
        if name not in going
    ]
    errors += _still_named(connection, going)
    errors += _left_alone(connection, going)
    errors += _broken_lineages(connection, going)
    if not errors:
        _delete(connection, going.values())
    return tuple(errors)


def documents(connection: sa.Connection, unique_ids: Iterable[str]) -> list[str]:
    """Remove documents of the repository; gives the digests that no document has any more."""
    found = catalogue.stored_documents(connection, unique_ids)
    table = schema.DOCUMENTS
    for name in found:
        connection.execute(table.delete().where(table.c.unique_id == name))
    digests = dict.fromkeys(document.digest for document in found.values())
    return [digest for digest in digests if not catalogue.is_referenced(connection, digest)]


def _still_named(connection: sa.Connection, going: dict[str, Stored]) -> Iterator[RegistryError]:
    named = {
        (link.uuid, getattr(link, end))
        for end in ("source", "target")
        for link in catalogue.links(connection, end, going)
        if link.uuid not in going
    }
    for association, name in sorted(named):
        context = f"the association {quote(association)} stays and names the object {quote(name)}"
        yield RegistryError(code="ReferencesExistException", context=context, location=name)


def _left_alone(connection: sa.Connection, going: dict[str, Stored]) -> Iterator[RegistryError]:
    """What loses the last HasMember between a submission set and its contents."""
    lost = [
        one
        for one in going.values()
        if one.kind is Kind.ASSOCIATION
        and one.type == AssociationType.HAS_MEMBER
        and one.source_kind == Kind.SUBMISSION_SET
    ]
    sets = {one.source for one in lost} - set(going)
    contents = {one.target for one in lost if Kind(one.target_kind) in _VERSIONED} - set(going)
    kept_sets = {link.source for link in catalogue.links(connection, "source", sets) if link.uuid not in going}
    kept = {
        link.target
        for link in catalogue.links(connection, "target", contents)
        if link.uuid not in going and link.source_kind == Kind.SUBMISSION_SET
    }
    for name in sorted((sets - kept_sets) | (contents - kept)):
        words = "stays without its contents" if name in sets else "stays without the submission set that brought it"
        context = f"the object {quote(name)} {words}"
        yield RegistryError(code="XDSUnreferencedObjectException", context=context, location=name)


def _broken_lineages(connection: sa.Connection, going: dict[str, Stored]) -> Iterator[RegistryError]:
    for kind in _VERSIONED:
        lids = {one.logical_id for one in going.values() if one.kind is kind}
        for one in catalogue.by_column(connection, kind, "logical_id", lids):
            if one.uuid not in going:
                context = f"version {one.version} of the object {quote(one.logical_id)} stays: all go, or none"
                yield RegistryError(code="XDSMetadataModelException", context=context, location=one.uuid)


def _delete(connection: sa.Connection, going: Iterable[Stored]) -> None:
    for one in going:
        table = catalogue.TABLES[one.kind]
        connection.execute(table.delete().where(table.c.id == one.number))
        if one.kind is Kind.SUBMISSION_SET:
            # Its number may be given again: nothing may seem to come from the set that gets it.
            for owned in (schema.FOLDERS, schema.ENTRIES, schema.ASSOCIATIONS):
                connection.execute(owned.update().where(owned.c.submission_id == one.number).values(submission_id=0))
