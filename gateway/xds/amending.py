"""The side that changes what is registered: new versions, other statuses, replacements, removals.

Each change asks first what is registered, so that a change that is there already is not sent again: calling twice, or
again after a lost reply, does what calling once does. The entryUUIDs that changes name are the registry's own; they
come from that question.

Sources: IHE ITI TF-2 sections 3.41, 3.42, 3.57, 3.62, 3.86, 3.92; DMP TD3.3c.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from gateway.errors import PeerRefused
from gateway.model.document import DocumentEntry, RegistryError, Status, Submission
from gateway.model.share import FrozenSubmission
from gateway.xds import ebrim, updates
from gateway.xds.answers import UNKNOWN_DOCUMENT, UNRESOLVED, RegistryRefused, refuse_failure, severe
from gateway.xds.consumer import Consumer
from gateway.xds.updates import Submitter

log = structlog.get_logger(__name__)


class Amending(Consumer):
    """What may be changed at a destination. Every method raises PeerUnreachable, PeerRefused (RegistryRefused with
    every error of the answer) and PeerMisbehaved; nothing was changed then, for each message is one transaction.
    """

    def register(self, submission: Submission) -> None:
        """ITI-42: metadata of documents that a repository of ours holds already.

        The entries state hash, size and repositoryUniqueId. Not idempotent: a unique id that is known is refused.
        """
        self._register("Register", ebrim.write(submission))
        log.info("registry.registered", destination=self.settings.name, documents=len(submission.entries))

    def replacing(self, frozen: FrozenSubmission, replaced: Mapping[str, str]) -> FrozenSubmission:
        """*frozen* with an RPLC association to each document that it replaces; to be kept, then given to ``send``.

        *replaced*: the unique id of each new document, and of the registered one that it replaces. The registry is
        asked for the entryUUIDs; nothing is sent. Raises PeerRefused ``xds_document_unknown`` when the replaced one
        is not registered and ``xds_document_not_current`` when it is replaced or withdrawn already, ValueError for a
        new document that *frozen* does not have.
        """
        entry_ids = {document.unique_id: document.entry_id for document in frozen.documents}
        if unknown := [one for one in replaced if one not in entry_ids]:
            raise ValueError(f"{len(unknown)} documents are not of this submission")
        current = self._current(list(dict.fromkeys(replaced.values())))
        targets = {entry_ids[new]: current[old].entry_uuid for new, old in replaced.items()}
        return replace(frozen, metadata=updates.with_replacements(frozen.metadata, targets))

    def withdraw(
        self,
        unique_ids: Sequence[str],
        submitter: Submitter,
        now: datetime,
        *,
        status: Status | None = None,
        again: bool = False,
    ) -> tuple[DocumentEntry, ...]:
        """Take documents out of sight: ITI-57 UpdateAvailabilityStatus, one message a patient.

        *status*: ``Deleted`` for the flavour ``dmp``, ``Deprecated`` elsewhere, unless given; ``Approved`` takes a
        withdrawal back. Gives the entries whose status was changed, as they were. Idempotent: those that have the
        status are left alone; with *again* (an earlier try may have got through) so are those that the registry no
        longer shows, else PeerRefused ``xds_document_unknown``.
        """
        wanted = status or (Status.DELETED if self.settings.flavour == "dmp" else Status.DEPRECATED)
        found = self.registered(unique_ids)
        absent = [one for one in unique_ids if one not in found]
        if absent and not again:
            raise PeerRefused("xds_document_unknown", unique_id=", ".join(absent), words=UNKNOWN_DOCUMENT)
        by_patient: dict[str, list[DocumentEntry]] = {}
        for entry in found.values():
            if entry.status != wanted:
                by_patient.setdefault(entry.patient_id, []).append(entry)
        for entries in by_patient.values():
            self._register("Update", ebrim.write(updates.status_changes(entries, wanted, submitter, now)))
            log.info("registry.status_changed", destination=self.settings.name, documents=len(entries))
        return tuple(entry for entries in by_patient.values() for entry in entries)

    def update(
        self,
        unique_id: str,
        change: Callable[[DocumentEntry], DocumentEntry],
        submitter: Submitter,
        now: datetime,
        *,
        restricted: bool = False,
    ) -> tuple[str, ...]:
        """A new version of a document's metadata (ITI-57), its bytes as they are.

        *restricted* sends it as ITI-92 (Restricted Metadata Update), for registries that offer that alone.
        *change* makes the entry wanted of the one registered now. Gives the names of the attributes that were
        changed. Idempotent: when *change* changes nothing, nothing is sent and the answer is empty. Raises PeerRefused
        (``xds_document_unknown``, ``xds_document_not_current``) and InputRejected ``xds_update_fixed`` for an
        attribute that an update may not change.
        """
        old = self._current([unique_id])[unique_id]
        new = change(old)
        changed = updates.changed_attributes(old, new)
        if changed:
            operation = "RestrictedUpdate" if restricted else "Update"
            self._register(operation, ebrim.write(updates.new_version(old, new, submitter, now)))
            log.info("registry.updated", destination=self.settings.name, attributes=changed)
        return changed

    def delete(self, entry_uuids: Sequence[str], *, again: bool = False) -> None:
        """ITI-62: remove objects from the registry for good, by their entryUUIDs.

        An object that something else names is refused (ReferencesExistException): the associations and the submission
        set that would be left without anything are named with it. With *again*, objects that are gone already are no
        error.
        """
        try:
            self._register("Delete", updates.remove_objects(entry_uuids))
        except RegistryRefused as refusal:
            if not again or {error.code for error in refusal.errors} != {UNRESOLVED}:
                raise
        log.info("registry.deleted", destination=self.settings.name, objects=len(entry_uuids))

    def remove(self, entries: Sequence[DocumentEntry], *, again: bool = False) -> tuple[RegistryError, ...]:
        """ITI-86: remove documents from their repository for good; their metadata are removed by :meth:`delete`.

        Gives what a repository said of documents that it did not have, when it removed the others (PartialSuccess).
        With *again*, documents that are gone already are no error.
        """
        request = updates.remove_documents(entries, self.settings.repository_unique_id)
        with self._reply("Remove", self.settings.repository_url, request) as reply:
            response = ebrim.read_response(reply.body)
        gone = {error.code for error in severe(response.errors)} == {UNKNOWN_DOCUMENT}
        if response.status != ebrim.ResponseStatus.PARTIAL_SUCCESS and not (again and gone):
            refuse_failure(response)
        log.info("repository.removed", destination=self.settings.name, documents=len(entries))
        return () if again and gone else severe(response.errors)

    def _current(self, unique_ids: Sequence[str]) -> dict[str, DocumentEntry]:
        """The approved entries of *unique_ids*; refuses one that is absent or no longer approved."""
        found = self.registered(unique_ids)
        for one in unique_ids:
            if one not in found:
                raise PeerRefused("xds_document_unknown", unique_id=one, words=UNKNOWN_DOCUMENT)
            if found[one].status not in ("", Status.APPROVED):
                words = found[one].status.rpartition(":")[2]
                raise PeerRefused("xds_document_not_current", unique_id=one, words=words)
        return found
