"""What an update (ITI-57, ITI-92) asks for, read out of its associations: pure.

=========================  =====================================================================================
the submission set's       operation
association
=========================  =====================================================================================
HasMember with             a new version of the DocumentEntry or Folder that is its target and carries ``lid``;
``PreviousVersion``        ``AssociationPropagation`` (yes unless ``no``) says whether it takes over what joins the
                           version before
UpdateAvailabilityStatus   another status for its target, ``OriginalStatus`` to ``NewStatus``
SubmitAssociation          the association of the message that is its target
=========================  =====================================================================================

An operation that cannot be made out is XDSMetadataUpdateOperationError. Sources: ITI XDS Metadata Update 3.57.4.1.3,
ITI Restricted Metadata Update 3.92.4.1.3; NIST 20002, 20002b, 20006, 20007.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.model.document import (
    RELATIONSHIPS,
    Association,
    AssociationType,
    DocumentEntry,
    Folder,
    RegistryError,
    Status,
    Submission,
)
from gateway.registry import forms, relations
from gateway.registry.findings import metadata_error, quote
from gateway.registry.rows import Kind

PREVIOUS_VERSION = "PreviousVersion"
PROPAGATION = "AssociationPropagation"
ORIGINAL_STATUS = "OriginalStatus"
NEW_STATUS = "NewStatus"

ARCHIVED = "urn:asip:ci-sis:2010:StatusType:Archived"
STATUSES = frozenset({*(status.value for status in Status), ARCHIVED})
"""What an object may be; Deleted and Archived are French."""
_VERSION = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class NewVersion:
    """One object of the message that follows *previous*."""

    kind: Kind
    item: DocumentEntry | Folder
    previous: int
    propagates: bool


@dataclass(frozen=True, slots=True)
class StatusChange:
    """Another status for the object called *target*, of the message or registered."""

    target: str
    original: str
    new: str
    place: str
    """The id of the association that asks for it."""


@dataclass(frozen=True, slots=True)
class Operations:
    """Everything an update asks for, in the order of the message."""

    versions: tuple[NewVersion, ...] = ()
    changes: tuple[StatusChange, ...] = ()
    additions: tuple[Association, ...] = ()


def read(submission: Submission, *, restricted: bool) -> tuple[Operations, tuple[RegistryError, ...]]:
    """The operations of *submission*, and everything that is wrong with how they are asked for.

    *restricted* (ITI-92) knows new versions of document entries alone.
    """
    reader = _Reader(submission, restricted=restricted)
    errors = tuple(reader.errors())
    return Operations(tuple(reader.versions), tuple(reader.changes), tuple(reader.additions)), errors


class _Reader:
    def __init__(self, submission: Submission, *, restricted: bool) -> None:
        self._submission = submission
        self._restricted = restricted
        self._kinds: Mapping[str, Kind] = relations.kinds_of(submission)
        items: list[DocumentEntry | Folder] = [*submission.entries, *submission.folders]
        self._items = {item.entry_uuid: item for item in items}
        self._inner = {association.entry_uuid: association for association in submission.associations}
        self.versions: list[NewVersion] = []
        self.changes: list[StatusChange] = []
        self.additions: list[Association] = []

    def errors(self) -> Iterator[RegistryError]:
        named: set[str] = set()
        for association in self._submission.associations:
            if self._kinds.get(association.source) is not Kind.SUBMISSION_SET:
                continue
            named.add(association.target)
            if association.type == AssociationType.HAS_MEMBER:
                yield from self._version(association)
            elif self._restricted:
                yield _wrong(association, "is no operation of ITI-92, which knows new versions of documents alone")
            elif association.type == AssociationType.UPDATE_STATUS:
                yield from self._change(association)
            elif association.type == AssociationType.SUBMIT_ASSOCIATION:
                yield from self._addition(association)
            else:
                yield _wrong(association, f"of type {quote(association.type)} is no operation of an update")
        yield from self._left_over(named)
        yield from self._together()

    def _version(self, association: Association) -> Iterator[RegistryError]:
        item = self._items.get(association.target)
        if item is None:
            yield _wrong(association, f"has the target {quote(association.target)}, no new version of the message")
            return
        entry = isinstance(item, DocumentEntry)
        if self._restricted and not entry:
            yield _wrong(association, "is a new version of a Folder, which ITI-92 does not know")
        yield from _only(association, {relations.STATUS_SLOT, PREVIOUS_VERSION, PROPAGATION})
        status = relations.member_status(association)
        if status != relations.ORIGINAL and (entry or status):
            yield _wrong(association, f"has {relations.STATUS_SLOT} {quote(status)}, it must be {relations.ORIGINAL}")
        stated = relations.slot(association, PREVIOUS_VERSION)
        right = len(stated) == 1 and _VERSION.fullmatch(stated[0]) is not None
        if not right:
            yield _wrong(association, f"has {PREVIOUS_VERSION} {quote(', '.join(stated))}, it must be one number")
        propagation = relations.slot(association, PROPAGATION)
        if propagation not in ((), ("yes",), ("no",)):
            yield _wrong(association, f"has {PROPAGATION} {quote(', '.join(propagation))}, it must be yes or no")
        self.versions.append(
            NewVersion(
                Kind.ENTRY if entry else Kind.FOLDER, item, int(stated[0]) if right else 0, propagation != ("no",)
            )
        )

    def _change(self, association: Association) -> Iterator[RegistryError]:
        yield from _only(association, {ORIGINAL_STATUS, NEW_STATUS})
        original, new = (relations.slot(association, name) for name in (ORIGINAL_STATUS, NEW_STATUS))
        for name, stated in ((ORIGINAL_STATUS, original), (NEW_STATUS, new)):
            if len(stated) != 1 or stated[0] not in STATUSES:
                yield _wrong(association, f"has {name} {quote(', '.join(stated))}, it must be one status")
        if original and original == new:
            yield _wrong(association, f"changes {quote(original[0])} to itself")
        if association.target not in self._kinds and not forms.is_uuid(association.target):
            yield _wrong(association, f"has the target {quote(association.target)}, no object at all")
        change = StatusChange(association.target, "".join(original), "".join(new), association.entry_uuid)
        self.changes.append(change)

    def _addition(self, association: Association) -> Iterator[RegistryError]:
        inner = self._inner.get(association.target)
        if inner is None or inner is association:
            yield _wrong(association, f"has the target {quote(association.target)}, no association of the message")
            return
        if inner.type != AssociationType.HAS_MEMBER and inner.type not in RELATIONSHIPS:
            yield metadata_error(f"the association type {quote(inner.type)} is not known to IHE", inner.entry_uuid)
        if inner.type in RELATIONSHIPS and inner.source == inner.target:
            yield metadata_error(f"the association joins {quote(inner.source)} to itself", inner.entry_uuid)
        for end in (inner.source, inner.target):
            if end not in self._items and not forms.is_uuid(end):
                yield _wrong(inner, f"has an end {quote(end)} that is no object of the message")
        self.additions.append(inner)

    def _left_over(self, named: set[str]) -> Iterator[RegistryError]:
        for name, item in self._items.items():
            if name not in named:
                words = f"no HasMember of the SubmissionSet names the new version {quote(item.entry_uuid)}"
                yield metadata_error(words, name)
        for association in self._submission.associations:
            own = self._kinds.get(association.source) is Kind.SUBMISSION_SET
            if not own and association.entry_uuid not in named:
                yield _wrong(association, "is named by no SubmitAssociation")

    def _together(self) -> Iterator[RegistryError]:
        if not (self.versions or self.changes or self.additions):
            yield RegistryError(code="XDSMetadataUpdateOperationError", context="the update asks for no operation")
        for name, count in Counter(version.item.logical_id for version in self.versions).items():
            if count > 1:
                context = f"{count} new versions of the object {quote(name)} in one update"
                yield RegistryError(code="XDSMetadataUpdateOperationError", context=context, location=name)
        for name, count in Counter(change.target for change in self.changes).items():
            if count > 1:
                context = f"{count} changes of the status of {quote(name)} in one update"
                yield RegistryError(code="XDSMetadataUpdateOperationError", context=context, location=name)
        own = {version.item.entry_uuid for version in self.versions}
        own |= {addition.entry_uuid for addition in self.additions}
        for change in self.changes:
            if change.target in self._kinds and change.target not in own:
                context = f"the status of {quote(change.target)} is not one that an update changes"
                yield RegistryError(code="XDSMetadataUpdateOperationError", context=context, location=change.target)
        moving = {version.item.entry_uuid for version in self.versions if version.propagates}
        for addition in self.additions:
            if addition.source in moving or addition.target in moving:
                yield _wrong(
                    addition, f"joins a new version that takes over its associations: {PROPAGATION} must be no"
                )


def _only(association: Association, allowed: set[str]) -> Iterator[RegistryError]:
    for name, _ in association.slots:
        if name not in allowed and not name.startswith("urn:"):
            yield _wrong(association, f"has the slot {quote(name)}, which its operation does not know")


def _wrong(association: Association, words: str) -> RegistryError:
    kind = association.type.rpartition(":")[2]
    return RegistryError(
        code="XDSMetadataUpdateOperationError",
        context=f"the association {kind} {quote(association.entry_uuid)} {words}",
        location=association.entry_uuid,
    )
