"""A store to test with, on both databases, and what to put into it. Every identity is a test identity."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.audit import trail
from gateway.errors import InputConflicts
from gateway.model.audit import AuditEvent
from gateway.model.codes import LOINC, Code
from gateway.model.identifiers import INS_TEST, PROFESSIONAL_OID, Identifier
from gateway.model.people import Patient, Professional
from gateway.model.report import Act, Order, Report, Statements
from gateway.model.share import (
    Acceptance,
    AcceptedReport,
    FrozenDocument,
    FrozenSubmission,
    Manifest,
    Offer,
    Pairing,
    Received,
    Share,
    ShareState,
)
from gateway.store import migrations
from gateway.store.access import SqlSessions
from gateway.store.engine import open_engine, reading
from gateway.store.sql import SqlStore
from gateway.store.writer import Writer, open_writer

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
SITE = "nord"
DMP = "dmp"
REPORTS_OID = "1.2.250.1.999.1.1"
ACCESSIONS_OID = "1.2.250.1.999.1.2"
DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
_numbers = itertools.count(1)


@dataclass
class Stage:
    """A store on a fresh database."""

    url: str
    engine: Engine
    writer: Writer
    store: SqlStore
    sessions: SqlSessions

    def actions(self) -> list[str]:
        """What the audit trail holds, in its order."""
        with reading(self.engine) as connection:
            return [each.event.action for each in trail.events(connection)]


def url_of(database: str, folder: Path, request: pytest.FixtureRequest) -> str:
    """The URL of a new database of the kind *database*; its module imports ``postgresql_server``."""
    if database == "postgresql":
        url: str = request.getfixturevalue("postgresql_server").database()
        return url
    return f"sqlite:///{folder}/store/gateway.db"


@contextmanager
def stage(url: str, *, migrate: bool = True) -> Iterator[Stage]:
    """Open the store at *url*; everything is closed after it."""
    engine = open_engine(url)
    writer = open_writer(engine)
    try:
        if migrate:
            migrations.upgrade(engine)
        yield Stage(url, engine, writer, SqlStore(engine, writer), SqlSessions(engine, writer))
    finally:
        writer.close()
        engine.dispose()


def uid() -> str:
    return f"1.2.250.1.999.7.{next(_numbers)}"


def event(action: str = "report.accepted") -> AuditEvent:
    return AuditEvent(action=action, actor="RIS|NORD", patient=f"1^^^&{INS_TEST}&ISO", facts={"channel": "mllp"})


def report(
    *,
    number: str = "",
    studies: Sequence[str] = (),
    accessions: Sequence[str] = ("A1",),
    authors: Sequence[str] = ("899700000001",),
    root: str = REPORTS_OID,
) -> Report:
    """A report of a test patient."""
    return Report(
        identifier=Identifier(root, number or f"CR{next(_numbers)}"),
        level=3,
        templates=(),
        code=Code("18748-4", LOINC),
        patient=Patient(identifiers=(Identifier("1.2.250.1.999.3", "42"), Identifier(INS_TEST, "160012B12345678"))),
        authors=tuple(Professional(identifiers=(Identifier(PROFESSIONAL_OID, each),)) for each in authors),
        legal_authenticator=Professional(identifiers=(Identifier(PROFESSIONAL_OID, "899700000009"),)),
        orders=tuple(Order(accession=Identifier(ACCESSIONS_OID, each)) for each in accessions),
        acts=tuple(Act(study_uid=each) for each in studies or (uid(),)),
    )


def accepted(what: Report | None = None, **changes: Any) -> AcceptedReport:
    """*what* as it was accepted, with *changes*."""
    what = what or report()
    digest = hashlib.sha256(what.identifier.unique_id.encode()).hexdigest()
    plain = AcceptedReport(
        id=f"report-{next(_numbers)}",
        site=SITE,
        received=Received(
            channel="mllp",
            sender="RIS|NORD",
            control_id="M1",
            content=b"<xml/>",
            statements=Statements(visit_class="I"),
        ),
        report=what,
        digest=digest,
        statements_digest="s1",
        received_at=NOW,
    )
    return replace(plain, **changes)


def share(of: AcceptedReport, **changes: Any) -> Share:
    """A share of *of* that is due at NOW, with *changes*."""
    plain = Share(
        id=f"share-{next(_numbers)}",
        report_id=of.id,
        site=of.site,
        destination=DMP,
        lineage=of.id,
        state=ShareState.WAITING,
        due_at=NOW,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(plain, **changes)


def accept(
    store: SqlStore,
    of: AcceptedReport,
    shares: Sequence[Share],
    events: Sequence[AuditEvent] = (),
    keep: Callable[[], None] = lambda: None,
) -> Acceptance:
    """Offer one report to *store*, as the message that brings it would. A conflict, which undoes the message, is told
    as such."""
    try:
        (outcome,) = store.accept_all([Offer(accepted=of, shares=tuple(shares), events=tuple(events))], keep=keep)
    except InputConflicts:
        return Acceptance.CONFLICT
    return outcome


def keep(store: SqlStore, *, lineage: str = "", **changes: Any) -> Share:
    """Accept a new report with one share; gives the share."""
    of = accepted()
    one = share(of, **({"lineage": lineage} if lineage else {}), **changes)
    accept(store, of, [one], [event()])
    return one


def claimed(store: SqlStore, now: datetime = NOW, lease_s: float = 60) -> Share:
    """The share that is due, which there must be."""
    one = store.claim(now, lease_s)
    assert one is not None
    return one


def frozen(study: str = "", *, patient_id: str = "160012B12345678^^^&1.2.250.1.213.1.4.10&ISO^NH") -> FrozenSubmission:
    """A frozen submission with the manifest of *study* and a report."""
    return FrozenSubmission(
        submission_set_unique_id=uid(),
        patient_id=patient_id,
        metadata="<lcm:SubmitObjectsRequest>é</lcm:SubmitObjectsRequest>".encode(),
        documents=(_document("report", ""), _document("manifest", study or uid())),
        signature_digest=hashlib.sha256(b"signature").hexdigest(),
    )


def _document(kind: str, study: str) -> FrozenDocument:
    return FrozenDocument(
        kind=kind,
        unique_id=uid(),
        entry_id=f"urn:uuid:{kind}",
        mime_type="application/dicom" if study else "text/xml",
        type_code="18748-4",
        format_code="urn:ihe:iti:xds:2017:mimeTypeSufficient",
        digest=hashlib.sha256(kind.encode()).hexdigest(),
        hash="0" * 40,
        size=5_000_000_000,
        study_uid=study,
        title=kind,
    )


def manifest(of: Share, study: str) -> Manifest:
    return Manifest(
        share_id=of.id,
        destination=of.destination,
        study_uid=study,
        unique_id=uid(),
        fingerprint="f1",
        requests="A1",
        shared=False,
    )


def pairing(study: str, accession: str = "A1") -> Pairing:
    return Pairing(study_uid=study, accession=Identifier(ACCESSIONS_OID, accession))


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)
