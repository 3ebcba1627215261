"""An update (ITI-57, ITI-92) against what is registered: what it contradicts, and how it is written.

A new version follows the latest one, whose number it must name, and has its status; the version before is Deprecated
and stays as it is. Sources: ITI XDS Metadata Update 3.57.4.1.3; ITI Restricted Metadata Update 3.92.4.1.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from gateway.model.document import (
    Association,
    AssociationType,
    DocumentEntry,
    Folder,
    RegistryError,
    Status,
    Submission,
)
from gateway.registry import catalogue, conflicts, forms, lifecycle, relations, rows
from gateway.registry.catalogue import Stored, StoredDocument
from gateway.registry.findings import metadata_error, quote
from gateway.registry.operations import NewVersion, Operations, StatusChange
from gateway.registry.rows import Kind

_RESTRICTED = {
    "objectType": "object_type",
    "repositoryUniqueId": "repository_unique_id",
    "sourcePatientId": "source_patient_id",
    "documentAvailability": "document_availability",
}
"""What ITI-92 may not change besides uniqueId and patientId, which have codes of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the database knows about the objects that an update names."""

    latest: Mapping[str, Stored]
    """Latest versions by ``lid``."""
    items: Mapping[str, DocumentEntry | Folder]
    """The same, whole."""
    inherited: Mapping[str, str]
    """The status that each new version takes over, by its id in the message."""
    documents: Mapping[str, StoredDocument]
    outside: Mapping[str, Stored]
    """Registered objects by the entryUUIDs that operations name."""
    links: frozenset[tuple[str, str, str]]
    """Type, source and target of the associations in use from what additions start at."""
    transformations: frozenset[str]
    """What an APND of the update must not add to: transformations that are registered, or become so by it."""
    joined: frozenset[str]
    """The entryUUIDs of latest versions that a new version would take associations over from."""


def look(connection: sa.Connection, operations: Operations) -> World:
    """Ask the database what it knows."""
    latest: dict[str, Stored] = {}
    for kind in (Kind.ENTRY, Kind.FOLDER):
        lids = [version.item.logical_id for version in operations.versions if version.kind is kind]
        found = catalogue.by_column(connection, kind, "logical_id", lids)
        latest |= {stored.logical_id: stored for stored in found if stored.latest}
    items = {lid: _whole(connection, stored) for lid, stored in latest.items()}
    named = {change.target for change in operations.changes}
    named |= {end for addition in operations.additions for end in (addition.source, addition.target)}
    links = catalogue.links(connection, "source", {addition.source for addition in operations.additions})
    transformed = {one.source for one in operations.additions if one.type == AssociationType.TRANSFORM}
    return World(
        latest=latest,
        items=items,
        inherited={
            version.item.entry_uuid: latest[version.item.logical_id].status
            for version in operations.versions
            if version.item.logical_id in latest
        },
        documents=catalogue.stored_documents(connection, [item.unique_id for item in items.values()]),
        outside=catalogue.objects(connection, filter(forms.is_uuid, named)),
        links=frozenset((link.type, link.source, link.target) for link in links if link.approved),
        transformations=conflicts.transformations(connection, operations.additions) | transformed,
        joined=frozenset(one.uuid for one in latest.values() if any(_taken_over(connection, one.uuid))),
    )


def _taken_over(connection: sa.Connection, uuid: str) -> Iterator[Stored]:
    """What a new version takes over: the associations in use, but for the memberships of submission sets."""
    for end in ("source", "target"):
        for link in catalogue.links(connection, end, [uuid]):
            if link.approved and link.source_kind != Kind.SUBMISSION_SET:
                yield link


def _whole(connection: sa.Connection, stored: Stored) -> DocumentEntry | Folder:
    body = catalogue.body(connection, stored.kind, stored.number)
    if stored.kind is Kind.ENTRY:
        return rows.load(DocumentEntry, body, status=stored.status)
    return rows.load(Folder, body, status=stored.status)


def findings(
    connection: sa.Connection, submission: Submission, operations: Operations, world: World, *, restricted: bool
) -> tuple[RegistryError, ...]:
    """Everything that the update contradicts."""
    patients = {forms.patient_key(one.patient_id) for one in submission.submission_sets}
    found = list(conflicts.duplicates(connection, submission, None))
    for version in operations.versions:
        found += _version(version, world, restricted=restricted)
    inside = relations.kinds_of(submission)
    for change in operations.changes:
        found += _change(change, inside, world, patients)
    for addition in operations.additions:
        found += _addition(addition, inside, world, patients)
    return tuple(found)


def _version(version: NewVersion, world: World, *, restricted: bool) -> Iterator[RegistryError]:
    item, where = version.item, version.item.entry_uuid
    stored, before = world.latest.get(item.logical_id), world.items.get(item.logical_id)
    if stored is None or before is None:
        if forms.is_uuid(item.logical_id):
            context = f"no {version.kind.words} with the logicalID {quote(item.logical_id)} is registered"
            yield RegistryError(code="XDSMetadataVersionError", context=context, location=where)
        return
    if stored.version != version.previous:
        context = f"PreviousVersion is {version.previous}, the registered version is {stored.version}"
        yield RegistryError(code="XDSMetadataVersionError", context=context, location=where)
    # ITI-92 corrects a Deprecated document too (CP-ITI-1190; NIST 12319), ITI-57 does not.
    if stored.status == Status.DELETED or not (restricted or stored.approved):
        context = f"the registered version is {stored.status.rpartition(':')[2]}: nothing follows it"
        yield RegistryError(code="XDSMetadataUpdateError", context=context, location=where)
    if item.status not in ("", stored.status):
        code = "UnmodifiableMetadataError" if restricted else "XDSMetadataUpdateError"
        context = f"availabilityStatus {quote(item.status)} is not that of the registered version"
        yield RegistryError(code=code, context=context, location=where)
    if item.patient_id and forms.patient_key(item.patient_id) != stored.patient_key:
        yield from _other_patient(version, stored, world, restricted=restricted)
    if item.unique_id != before.unique_id:
        code = "XDSMetadataIdentifierError" if restricted else "XDSMetadataUpdateError"
        context = f"uniqueId {quote(item.unique_id)} is not that of the registered version"
        yield RegistryError(code=code, context=context, location=where)
    if isinstance(item, DocumentEntry) and isinstance(before, DocumentEntry):
        yield from _unmodifiable(item, before, world.documents.get(item.unique_id), restricted=restricted)


def _other_patient(version: NewVersion, stored: Stored, world: World, *, restricted: bool) -> Iterator[RegistryError]:
    """ITI-57 may give an object to another patient, as long as nothing then joins two patients (3.57.4.1.3.4)."""
    if restricted:
        why = "is not that of the registered version"
    elif version.propagates and stored.uuid in world.joined:
        why = "is not that of what the registered version is joined to"
    else:
        return
    context = f"patientId {quote(version.item.patient_id)} {why}"
    yield RegistryError(code="XDSPatientIDReconciliationError", context=context, location=version.item.entry_uuid)


def _unmodifiable(
    item: DocumentEntry, before: DocumentEntry, document: StoredDocument | None, *, restricted: bool
) -> Iterator[RegistryError]:
    code = "UnmodifiableMetadataError" if restricted else "XDSMetadataUpdateError"
    names = _RESTRICTED if restricted else {"objectType": "object_type"}
    for name, attribute in names.items():
        stated, kept = getattr(item, attribute), getattr(before, attribute)
        if stated and stated != kept:
            context = f"DocumentEntry.{name} {quote(stated)} may not change, it is {quote(kept)}"
            yield RegistryError(code=code, context=context, location=item.entry_uuid)
    if document is not None:
        # The document is here: its hash and size are facts, whoever says what.
        if item.hash and item.hash.lower() != document.hash:
            context = f"DocumentEntry.hash {quote(item.hash)} is not that of the document, {document.hash}"
            yield RegistryError(code=code, context=context, location=item.entry_uuid)
        if item.size is not None and item.size != document.size_bytes:
            context = f"DocumentEntry.size {item.size} is not that of the document, {document.size_bytes}"
            yield RegistryError(code=code, context=context, location=item.entry_uuid)


def _change(
    change: StatusChange, inside: Mapping[str, Kind], world: World, patients: set[str]
) -> Iterator[RegistryError]:
    if change.target in inside:
        yield from _change_inside(change, world)
        return
    if not forms.is_uuid(change.target):
        return
    stored = world.outside.get(change.target)
    if stored is None:
        context = f"UpdateAvailabilityStatus target {quote(change.target)} is not registered"
        yield RegistryError(code="UnresolvedReferenceException", context=context, location=change.target)
        return
    if stored.kind is Kind.SUBMISSION_SET:
        context = "the status of a SubmissionSet does not change"
        yield RegistryError(code="XDSMetadataUpdateError", context=context, location=change.target)
    if stored.patient_key and stored.patient_key not in patients:
        context = f"UpdateAvailabilityStatus target {quote(change.target)} is registered for another patient"
        yield RegistryError(code="XDSPatientIDReconciliationError", context=context, location=change.target)
    if not stored.latest:
        context = f"UpdateAvailabilityStatus target {quote(change.target)} is not the latest version"
        yield RegistryError(code="XDSMetadataVersionError", context=context, location=change.target)
    elif stored.status != change.original:
        context = f"OriginalStatus is {quote(change.original)}, the status in the registry is {quote(stored.status)}"
        yield RegistryError(code="XDSMetadataUpdateError", context=context, location=change.target)


def _change_inside(change: StatusChange, world: World) -> Iterator[RegistryError]:
    """Of a new version, which has the status of the one before, or of an association that is being added."""
    status = world.inherited.get(change.target, lifecycle.APPROVED)
    if change.original != status:
        context = f"OriginalStatus is {quote(change.original)}, what is submitted here is {quote(status)}"
        yield RegistryError(code="XDSMetadataUpdateError", context=context, location=change.target)


def _addition(
    addition: Association, inside: Mapping[str, Kind], world: World, patients: set[str]
) -> Iterator[RegistryError]:
    for name, end in (("source", addition.source), ("target", addition.target)):
        if end in inside or not forms.is_uuid(end):
            continue
        stored = world.outside.get(end)
        if stored is None:
            context = f"the {name} {quote(end)} of the association is not registered"
            yield RegistryError(code="UnresolvedReferenceException", context=context, location=end)
            continue
        if stored.patient_key and stored.patient_key not in patients:
            context = f"the {name} {quote(end)} of the association is registered for another patient"
            yield RegistryError(code="XDSPatientIDReconciliationError", context=context, location=end)
        yield from conflicts.wrong_end(addition, name, stored)
        if addition.type == AssociationType.HAS_MEMBER and name == "target" and stored.kind is not Kind.ENTRY:
            yield metadata_error(f"a Folder's HasMember has the target {quote(end)}, no document", end)
    if addition.type == AssociationType.APPEND and addition.target in world.transformations:
        yield relations.added_to_transformation(addition.target)
    if (addition.type, addition.source, addition.target) in world.links:
        context = f"the objects {quote(addition.source)} and {quote(addition.target)} are joined so already"
        yield RegistryError(code="XDSMetadataUpdateError", context=context, location=addition.entry_uuid)


def apply(
    connection: sa.Connection, submission: Submission, operations: Operations, world: World, now: datetime
) -> None:
    """Write an update that was found right."""
    final = lifecycle.final_ids(relations.kinds_of(submission))
    named = lifecycle.with_ids(submission, final)
    registration = lifecycle.Registration(connection, now)
    registration.writer.submission_set(named.submission_sets[0])
    items: dict[str, DocumentEntry | Folder] = {
        **{entry.entry_uuid: entry for entry in named.entries},
        **{folder.entry_uuid: folder for folder in named.folders},
    }
    successors: dict[str, str] = {}
    for version in operations.versions:
        uuid = final[version.item.entry_uuid]
        successors[world.latest[version.item.logical_id].uuid] = uuid
        _write_version(registration, version, items[uuid], world)
    kinds = relations.kinds_of(named)
    added = {final[addition.entry_uuid] for addition in operations.additions}
    for association in named.associations:
        member = association.type == AssociationType.HAS_MEMBER
        if association.entry_uuid in added or (member and kinds.get(association.source) is Kind.SUBMISSION_SET):
            registration.associate(association, kinds, world.outside)
    registration.finish()
    for change in operations.changes:
        target = final.get(change.target, change.target)
        _write_status(connection, successors.get(target, target), change.new)


def _write_version(
    registration: lifecycle.Registration, version: NewVersion, item: DocumentEntry | Folder, world: World
) -> None:
    stored, before = world.latest[item.logical_id], world.items[item.logical_id]
    connection = registration.connection
    table = catalogue.TABLES[version.kind]
    connection.execute(
        table.update().where(table.c.id == stored.number).values(latest=False, status=Status.DEPRECATED.value)
    )
    number = str(version.previous + 1)
    if isinstance(item, DocumentEntry) and isinstance(before, DocumentEntry):
        registration.writer.entry(
            replace(
                item,
                version=number,
                status=stored.status,
                hash=item.hash or before.hash,
                size=before.size if item.size is None else item.size,
                repository_unique_id=item.repository_unique_id or before.repository_unique_id,
            )
        )
    elif isinstance(item, Folder):
        registration.writer.folder(
            replace(item, version=number, status=stored.status, last_update_time=registration.dtm)
        )
    if version.propagates:
        _propagate(registration, stored.uuid, item.entry_uuid)


def _propagate(registration: lifecycle.Registration, old: str, new: str) -> None:
    """Copy what joins the version before."""
    connection = registration.connection
    for link in list(_taken_over(connection, old)):
        body = catalogue.body(connection, Kind.ASSOCIATION, link.number)
        copied = replace(
            rows.load(Association, body),
            entry_uuid=lifecycle.new_uuid(),
            source=new if link.source == old else link.source,
            target=new if link.target == old else link.target,
            status=lifecycle.APPROVED,
        )
        registration.writer.association(copied, Kind(link.source_kind), Kind(link.target_kind))
        if link.source_kind == Kind.FOLDER and link.target == old:
            registration.touch(link.source)


def _write_status(connection: sa.Connection, target: str, status: str) -> None:
    stored = catalogue.objects(connection, [target])[target]
    catalogue.set_status(connection, stored.kind, [stored.number], status)
