"""What a submission of new objects contradicts in the database, all of it.

The rule of a second submission (ITI TF-2 3.42.4.1.3.3; NIST 12004): a known uniqueId with the same bytes is no error;
with other bytes it is XDSNonIdenticalHash; a known SubmissionSet.uniqueId, Folder.uniqueId or entryUUID is
XDSDuplicateUniqueIdInRegistry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from gateway.model.document import (
    ON_DEMAND,
    Association,
    AssociationType,
    DocumentEntry,
    RegistryError,
    Status,
    Submission,
)
from gateway.registry import catalogue, forms, relations, rules
from gateway.registry.catalogue import Stored, StoredDocument
from gateway.registry.findings import metadata_error, quote
from gateway.registry.rows import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What of a submission the database knows already."""

    entries: Mapping[str, Sequence[Stored]]
    """Latest versions of the entries that have the uniqueIds of the submission's objects."""
    documents: Mapping[str, StoredDocument]
    """Documents of this repository by the same."""
    outside: Mapping[str, Stored]
    """Registered objects by the entryUUIDs that associations name."""
    links: frozenset[tuple[str, str, str]]
    """Type, source and target of every association in use from a known entry of the submission."""
    transformations: frozenset[str]
    """Registered entries that the submission adds to (APND) and that are transformations."""

    def repeats(self, association: Association, source_unique_id: str) -> bool:
        """Whether *association* of a document that is submitted again was registered with it before.

        What it replaces is deprecated since, and a submission that is sent again must not fail for that.
        """
        entries = self.entries.get(source_unique_id, ())
        return any((association.type, entry.uuid, association.target) in self.links for entry in entries)


def look(connection: sa.Connection, submission: Submission) -> Known:
    """Ask the database what it knows."""
    unique_ids = [entry.unique_id for entry in submission.entries]
    packages = [one.unique_id for one in submission.submission_sets]
    packages += [one.unique_id for one in submission.folders]
    entries = catalogue.latest_entries(connection, [*unique_ids, *packages])
    ends = {end for one in submission.associations for end in (one.source, one.target) if forms.is_uuid(end)}
    found = catalogue.links(connection, "source", (one.uuid for versions in entries.values() for one in versions))
    return Known(
        entries=entries,
        documents=catalogue.stored_documents(connection, unique_ids),
        outside=catalogue.objects(connection, ends - set(rules.object_ids(submission))),
        links=frozenset((link.type, link.source, link.target) for link in found if link.approved),
        transformations=transformations(connection, submission.associations),
    )


def transformations(connection: sa.Connection, associations: Iterable[Association]) -> frozenset[str]:
    """What *associations* add to (APND) though it is the transformation (XFRM) of a registered entry."""
    targets = {one.target for one in associations if one.type == AssociationType.APPEND and forms.is_uuid(one.target)}
    links = catalogue.links(connection, "source", targets)
    return frozenset(link.source for link in links if link.approved and link.type == AssociationType.TRANSFORM)


def findings(
    connection: sa.Connection, submission: Submission, documents: Sequence[rules.Measured], known: Known
) -> tuple[RegistryError, ...]:
    """Every contradiction."""
    return (
        *duplicates(connection, submission, known.entries),
        *_other_bytes(submission, documents, known),
        *_references(submission, known),
        *_known_members(connection, submission),
    )


def duplicates(
    connection: sa.Connection, submission: Submission, known: Mapping[str, object] | None
) -> Iterator[RegistryError]:
    """Ids that are taken. *known* are the uniqueIds of entries; without them it is an update, whose folders and
    entries keep their uniqueIds."""
    sets = {one.unique_id for one in submission.submission_sets}
    packages = sets | ({one.unique_id for one in submission.folders} if known is not None else set())
    entries = {one.unique_id for one in submission.entries} if known is not None else set()
    # The kinds never share a uniqueId, so each is looked for among the others too.
    taken = catalogue.taken_unique_ids(connection, packages | entries)
    taken |= packages.intersection(known) if known is not None else set()
    for name in sorted(taken):
        yield _duplicate(f"uniqueId {quote(name)} is registered already", name)
    uuids = [name for name in rules.object_ids(submission) if forms.is_uuid(name)]
    for name in sorted(catalogue.objects(connection, uuids)):
        yield _duplicate(f"entryUUID {quote(name)} is registered already", name)


def _other_bytes(submission: Submission, documents: Sequence[rules.Measured], known: Known) -> Iterator[RegistryError]:
    measured = {document.entry_id: document for document in documents}
    for entry in submission.entries:
        registered, document = known.entries.get(entry.unique_id, ()), known.documents.get(entry.unique_id)
        fact = measured.get(entry.entry_uuid)
        types = {one.object_type for one in registered}
        if registered and ON_DEMAND in (*types, entry.object_type):
            yield _duplicate(f"uniqueId {quote(entry.unique_id)} is registered already", entry.unique_id)
        elif _differs(entry, fact, registered, document):
            context = f"uniqueId {quote(entry.unique_id)} is registered with other bytes (another hash)"
            yield RegistryError(code="XDSNonIdenticalHash", context=context, location=entry.entry_uuid)
        elif entry.patient_id and {one.patient_key for one in registered} - {forms.patient_key(entry.patient_id)}:
            context = f"uniqueId {quote(entry.unique_id)} is registered for another patient"
            yield RegistryError(code="XDSPatientIdDoesNotMatch", context=context, location=entry.entry_uuid)


def _differs(
    entry: DocumentEntry, fact: rules.Measured | None, registered: Sequence[Stored], document: StoredDocument | None
) -> bool:
    # SHA-256 decides where the bytes are here, and not the hash attribute: two documents of one SHA-1 can be made.
    if fact is not None and document is not None:
        return fact.sha256 != document.digest
    stated = fact.sha1 if fact is not None else entry.hash.lower()
    here = {document.hash} if document is not None else {one.hash for one in registered if one.hash}
    return bool(stated and here and stated not in here)


def _references(submission: Submission, known: Known) -> Iterator[RegistryError]:
    kinds = relations.kinds_of(submission)
    unique_ids = {entry.entry_uuid: entry.unique_id for entry in submission.entries}
    patients = {forms.patient_key(one.patient_id) for one in submission.submission_sets}
    for association in submission.associations:
        if known.repeats(association, unique_ids.get(association.source, "")):
            continue
        if association.type == AssociationType.APPEND and association.target in known.transformations:
            yield relations.added_to_transformation(association.target)
        for name, end in (("source", association.source), ("target", association.target)):
            if end in kinds or not forms.is_uuid(end):
                continue
            yield from _reference(association, name, end, known.outside.get(end), patients)


def _known_members(connection: sa.Connection, submission: Submission) -> Iterator[RegistryError]:
    """A registered document that is put into a registered folder once more: it would be there twice."""
    inside = relations.kinds_of(submission)
    asked = {
        (one.source, one.target): one.entry_uuid
        for one in submission.associations
        if one.type == AssociationType.HAS_MEMBER and one.source not in inside and one.target not in inside
    }
    found = catalogue.links(connection, "target", {target for _, target in asked}) if asked else ()
    for link in found:
        if link.approved and link.type == AssociationType.HAS_MEMBER and (link.source, link.target) in asked:
            context = f"the Folder {quote(link.source)} holds {quote(link.target)} already"
            yield metadata_error(context, asked[link.source, link.target])


def _reference(
    association: Association, name: str, end: str, stored: Stored | None, patients: set[str]
) -> Iterator[RegistryError]:
    kind = association.type.rpartition(":")[2]
    if stored is None:
        context = f"{kind} {name} {quote(end)} is not registered"
        yield RegistryError(code="UnresolvedReferenceException", context=context, location=end)
        return
    if stored.patient_key and stored.patient_key not in patients:
        context = f"{kind} {name} {quote(end)} is registered for another patient"
        yield RegistryError(code="XDSPatientIdDoesNotMatch", context=context, location=end)
    yield from wrong_end(association, name, stored)


def wrong_end(association: Association, name: str, stored: Stored) -> Iterator[RegistryError]:
    """Whether *stored* may be the end called *name* of *association*, by its kind, version and status."""
    kind = association.type.rpartition(":")[2]
    if association.type == AssociationType.HAS_MEMBER:
        allowed = (Kind.FOLDER,) if name == "source" else (Kind.ENTRY, Kind.FOLDER, Kind.ASSOCIATION)
        binding = name == "source"
    else:
        allowed = (Kind.ENTRY,)
        binding = association.type in relations.LIFECYCLE
    if stored.kind not in allowed:
        yield metadata_error(f"{kind} {name} {quote(stored.uuid)} is no object of the kind it takes", stored.uuid)
    elif binding and not (stored.approved and stored.latest):
        state = stored.status.rpartition(":")[2] if stored.latest else "an earlier version"
        context = f"{kind} {name} {quote(stored.uuid)} is {state}, it must be {Status.APPROVED.rpartition(':')[2]}"
        yield RegistryError(code="XDSRegistryDeprecatedDocumentError", context=context, location=stored.uuid)
    elif association.type == AssociationType.IS_SNAPSHOT_OF and name == "target" and stored.object_type != ON_DEMAND:
        yield metadata_error(f"{kind} {name} {quote(stored.uuid)} is not an on-demand document", stored.uuid)


def _duplicate(context: str, location: str) -> RegistryError:
    return RegistryError(code="XDSDuplicateUniqueIdInRegistry", context=context, location=location)
