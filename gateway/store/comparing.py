"""What the store says of every document it has published or is about to, for a comparison with the registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, select

from gateway.model.identifiers import Identifier
from gateway.model.share import Deed, FrozenDocument, ShareState
from gateway.store import submissions
from gateway.store.engine import reading
from gateway.store.reports import accessions_of
from gateway.store.schema import DOCUMENTS, MANIFESTS, REPORTS, SHARES, SUBMISSIONS
from gateway.store.schema_care import ERASURES

_BATCH = 100
_PUBLISHING = (Deed.PUBLISH.value, Deed.MANIFEST.value)
_SETTLED = (ShareState.SHARED.value, ShareState.SUPERSEDED.value, ShareState.WITHDRAWN.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """A document, and what the store believes of it."""

    document: FrozenDocument
    current: bool
    """Whether the registry should offer it."""
    in_flux: bool
    """Whether something that changes it is under way: its status is not compared."""
    fingerprint: str = ""
    """Of the instances of a current manifest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A share, as the store has it."""

    share_id: str
    site: str
    destination: str
    state: ShareState
    report_unique_id: str
    patient_id: str
    """CX at the destination; empty before anything was fixed."""
    accessions: tuple[Identifier, ...]
    documents: tuple[Believed, ...]
    erased: bool
    """Whether its bytes were erased by rule."""


def everything(engine: Engine) -> Iterator[Compared]:
    """Every share that publishes, in the order of arrival, a transaction a batch. Raises Unavailable."""
    last = 0
    while True:
        with reading(engine) as connection:
            batch = _batch(connection, last)
        yield from (one for _, one in batch)
        if not batch:
            return
        last = batch[-1][0]


def is_known(engine: Engine, unique_id: str) -> bool:
    """Whether any share has published, or is about to publish, a document of that unique id."""
    with reading(engine) as connection:
        of_document = select(DOCUMENTS.c.unique_id).where(DOCUMENTS.c.unique_id == unique_id)
        of_report = select(REPORTS.c.id).where(REPORTS.c.unique_id == unique_id)
        return any(connection.execute(query.limit(1)).first() is not None for query in (of_document, of_report))


def _batch(connection: Connection, last: int) -> list[tuple[int, Compared]]:
    columns = (SHARES.c.sequence, SHARES.c.id, SHARES.c.site, SHARES.c.destination, SHARES.c.state, SHARES.c.report_id)
    rows = connection.execute(
        select(*columns, REPORTS.c.unique_id, SUBMISSIONS.c.patient_id, ERASURES.c.what)
        .join(REPORTS, REPORTS.c.id == SHARES.c.report_id)
        .outerjoin(SUBMISSIONS, SUBMISSIONS.c.share_id == SHARES.c.id)
        .outerjoin(ERASURES, ERASURES.c.report_id == SHARES.c.report_id)
        .where(SHARES.c.sequence > last, SHARES.c.deed.in_(_PUBLISHING))
        .order_by(SHARES.c.sequence)
        .limit(_BATCH)
    ).all()
    documents = submissions.documents_of(connection, [row.id for row in rows])
    accessions = accessions_of(connection, {row.report_id for row in rows})
    studies = {document.study_uid for some in documents.values() for document in some if document.study_uid}
    manifests = {
        (row.destination, row.study_uid): row
        for row in connection.execute(select(MANIFESTS).where(MANIFESTS.c.study_uid.in_(sorted(studies))))
    }
    return [
        (
            row.sequence,
            Compared(
                share_id=row.id,
                site=row.site,
                destination=row.destination,
                state=ShareState(row.state),
                report_unique_id=row.unique_id,
                patient_id=row.patient_id or "",
                accessions=accessions.get(row.report_id, ()),
                documents=tuple(
                    _believed(row, document, manifests.get((row.destination, document.study_uid)))
                    for document in documents.get(row.id, ())
                ),
                erased=row.what is not None,
            ),
        )
        for row in rows
    ]


def _believed(row: Any, document: FrozenDocument, manifest: Any) -> Believed:
    settled = row.state in _SETTLED
    if document.kind != "manifest":
        return Believed(document=document, current=row.state == ShareState.SHARED, in_flux=not settled)
    if manifest is None:
        return Believed(document=document, current=False, in_flux=not settled)
    # Of several manifests of one study (IHE MADO beside the plain one) the row names the first; all are one share's.
    current = manifest.share_id == row.id
    return Believed(
        document=document,
        current=current,
        in_flux=not settled or not manifest.shared,
        fingerprint=manifest.fingerprint if current else "",
    )
