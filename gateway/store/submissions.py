"""What was frozen for a share: kept before the first byte leaves, the same at every try."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select

from gateway.audit.inserting import insert_new, insert_or_replace, insert_rows
from gateway.errors import GatewayError, InputConflicts, InputRejected
from gateway.model.identifiers import Identifier
from gateway.model.share import FrozenDocument, FrozenSubmission, Manifest, Pairing, Share, ShareState
from gateway.store import listing, manifest_rows, shares, watches
from gateway.store.prepared import Prepared
from gateway.store.schema import DOCUMENTS, PAIRINGS, REPORT_ACCESSIONS, SHARES, SUBMISSIONS
from gateway.store.statements import keyed, rows_by

FIRST_LOOK_S = 3600.0
"""After a publication until its studies are looked at again."""

# Made once: to make a statement takes SQLAlchemy longer than to run it.
_FORGET = delete(SUBMISSIONS).where(SUBMISSIONS.c.share_id == bindparam("share"))
_OF_SHARE = Prepared(select(SUBMISSIONS).where(SUBMISSIONS.c.share_id == bindparam("share")))
_DOCUMENTS = keyed(select(DOCUMENTS).order_by(DOCUMENTS.c.share_id, DOCUMENTS.c.position), DOCUMENTS.c.share_id)
_PATIENT_IDS = (
    select(SUBMISSIONS.c.patient_id)
    .join(SHARES, SHARES.c.id == SUBMISSIONS.c.share_id)
    .join(REPORT_ACCESSIONS, REPORT_ACCESSIONS.c.report_id == SHARES.c.report_id)
    .where(
        SHARES.c.destination == bindparam("at"),
        REPORT_ACCESSIONS.c.root == bindparam("issuer"),
        REPORT_ACCESSIONS.c.extension == bindparam("number"),
    )
    .distinct()
    .order_by(SUBMISSIONS.c.patient_id)
)


class ManifestTaken(GatewayError):
    """Another share froze a manifest for one of the studies first; leaves the transaction so that it is undone."""

    def __init__(self) -> None:
        super().__init__("store_manifest_taken")


def freeze(
    connection: Connection,
    share: Share,
    frozen: FrozenSubmission,
    manifests: Sequence[Manifest],
    pairings: Sequence[Pairing],
    through: Sequence[Share] = (),
) -> None:
    """Keep *frozen* and write *share*, whose lease goes on; *through* as :func:`shares.write`.

    A share freezes while it waits, never later: a submission that may have left is not replaced. One that a person
    sent back to wait freezes anew, and what it had frozen before goes.

    Raises Unavailable (``lease_lost``), InputConflicts (``store_frozen_already``), ManifestTaken.
    """
    shares.fence(connection, share, release=False)
    if not shares.write(connection, share, only_from=ShareState.WAITING, through=through):
        raise InputConflicts("store_frozen_already", share=share.id)
    if not _keep(connection, share.id, frozen):
        manifest_rows.put_back(connection, share.id)
        connection.execute(_FORGET, {"share": share.id})
        _keep(connection, share.id, frozen)
    # Sorted, so that two transactions of PostgreSQL with the same studies wait for one another in one order.
    for manifest in sorted(manifests, key=lambda each: (each.destination, each.study_uid)):
        if not manifest_rows.take(connection, share.id, manifest):
            raise ManifestTaken
    for pairing in sorted(pairings, key=lambda each: each.study_uid):
        _pair(connection, share, pairing)
        listing.note_modalities(connection, share.report_id, pairing.modalities)


def frozen(connection: Connection, share_id: str) -> FrozenSubmission:
    """Raises InputRejected (``store_not_frozen``)."""
    row = _OF_SHARE.one_or_none(connection, {"share": share_id})
    if row is None:
        raise InputRejected("store_not_frozen", share=share_id)
    return FrozenSubmission(
        submission_set_unique_id=row.submission_set_unique_id,
        patient_id=row.patient_id,
        metadata=bytes(row.metadata),
        documents=documents_of(connection, [share_id]).get(share_id, ()),
        signature_digest=row.signature_digest,
    )


def patient_ids(connection: Connection, destination: str, accession: Identifier) -> tuple[str, ...]:
    """The patients (CX) under which reports with *accession* were frozen for *destination*."""
    whose = {"at": destination, "issuer": accession.root, "number": accession.extension}
    return tuple(connection.execute(_PATIENT_IDS, whose).scalars())


def registered(connection: Connection, share: Share, first_look_s: float = FIRST_LOOK_S) -> None:
    """The registry has it: the share is written and let go, its manifests are shared, its studies are watched.

    Raises as ``shares.save``.
    """
    shares.fence(connection, share, release=True)
    manifest_rows.registered(connection, share)
    shares.write(connection, share)
    watches.published(connection, share, first_look_s)


def documents_of(connection: Connection, share_ids: Iterable[str]) -> dict[str, tuple[FrozenDocument, ...]]:
    """The frozen documents of each share, in their order."""
    rows = rows_by(connection, _DOCUMENTS, share_ids)
    return {share_id: tuple(_document(row) for row in some) for share_id, some in rows.items()}


def _keep(connection: Connection, share_id: str, frozen: FrozenSubmission) -> bool:
    """Keep *frozen*; False, and nothing is kept, when the share has frozen something before."""
    row = {
        "share_id": share_id,
        "submission_set_unique_id": frozen.submission_set_unique_id,
        "patient_id": frozen.patient_id,
        "metadata": frozen.metadata,
        "signature_digest": frozen.signature_digest,
    }
    if not insert_new(connection, SUBMISSIONS, row):
        return False
    rows = [_document_row(share_id, position, each) for position, each in enumerate(frozen.documents)]
    insert_rows(connection, DOCUMENTS, rows)
    return True


def _pair(connection: Connection, share: Share, pairing: Pairing) -> None:
    insert_or_replace(
        connection,
        PAIRINGS,
        {
            "report_id": share.report_id,
            "study_uid": pairing.study_uid,
            "site": share.site,
            "root": pairing.accession.root,
            "extension": pairing.accession.extension,
            "paired_at": share.updated_at,
        },
    )


def _document_row(share_id: str, position: int, document: FrozenDocument) -> dict[str, Any]:
    return {
        "share_id": share_id,
        "position": position,
        "kind": document.kind,
        "unique_id": document.unique_id,
        "entry_id": document.entry_id,
        "mime_type": document.mime_type,
        "type_code": document.type_code,
        "format_code": document.format_code,
        "digest": document.digest,
        "hash": document.hash,
        "size_bytes": document.size,
        "study_uid": document.study_uid,
        "title": document.title,
    }


def _document(row: Row[Any]) -> FrozenDocument:
    return FrozenDocument(
        kind=row.kind,
        unique_id=row.unique_id,
        entry_id=row.entry_id,
        mime_type=row.mime_type,
        type_code=row.type_code,
        format_code=row.format_code,
        digest=row.digest,
        hash=row.hash,
        size=row.size_bytes,
        study_uid=row.study_uid,
        title=row.title,
    )
