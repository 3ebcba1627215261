"""The stories with a real store, real documents and real metadata; only the two peers are played."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from gateway.demo import identity, reports
from gateway.demo.identity import CT, DemoStudy
from gateway.flow.accept import Accepting
from gateway.flow.events import New
from gateway.flow.patience import Patience
from gateway.flow.policy import Policy
from gateway.flow.share import Sharing
from gateway.model.exam import Exam, Instance, Series
from gateway.model.identifiers import INS_TEST
from gateway.model.report import Reliability, Statements
from gateway.model.share import Receipt, Received, Share, ShareState
from gateway.model.site import Site
from gateway.store import migrations
from gateway.store.blobs import FileBlobs
from gateway.store.engine import open_engine
from gateway.store.sql import SqlStore
from gateway.store.writer import open_writer
from gateway.trust import safexml
from tests.fakes.clock import StoppedClock
from tests.fakes.destination import FakeDestination
from tests.fakes.pacs import FakePacs

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
SITE = replace(
    identity.SITE, pacs="pacs", destinations=("registry",), public_url="https://images.example.org", retrieve_url=""
)


def exam(study: DemoStudy = CT, instances: int = 3, **changes: Any) -> Exam:
    """The study as a PACS would describe it."""
    patient = identity.PATIENT
    local = patient.local_identifiers[0]
    described = Exam(
        study_uid=study.study_uid,
        patient_id=local.extension or "",
        patient_id_issuer=local.root,
        other_patient_ids=tuple(i for i in patient.identifiers if i.root == INS_TEST),
        patient_name=f"{patient.birth_family}^{patient.birth_given}",
        patient_birth_date=patient.birth_date,
        patient_sex=patient.sex,
        accession_number=study.accession.extension or "",
        accession_issuer=study.accession.root,
        study_date=f"{study.started_at:%Y%m%d}",
        study_time=f"{study.started_at:%H%M%S}",
        description=study.description,
        series=(
            Series(
                series_uid=f"{study.study_uid}.1"[:64],
                modality=study.modality.code,
                number=1,
                instances=tuple(Instance(CT_IMAGE, f"1.2.250.1.999.5.{n + 1}", n + 1) for n in range(instances)),
            ),
        ),
    )
    return replace(described, **changes)


def received(content: bytes | None = None, **changes: Any) -> Received:
    """A report as the RIS of the demo's site sends it."""
    return Received(
        channel="mllp",
        sender="RIS-DEMO|PRESQUILE",
        control_id="015",
        content=reports.level3(reports.Draft(study=CT)) if content is None else content,
        statements=changes.pop("statements", Statements(reliability=Reliability.QUALIFIED)),
        **changes,
    )


@dataclass
class World:
    store: SqlStore
    blobs: FileBlobs
    clock: StoppedClock
    pacs: FakePacs
    destination: FakeDestination
    accepting: Accepting
    sharing: Sharing

    def accept(self, **changes: Any) -> Receipt:
        return self.accepting.accept(New(received(**changes)))

    def claim(self) -> Share | None:
        return self.store.claim(self.clock.now(), 120)

    def carry(self) -> Share:
        """Claim what is due and carry it."""
        share = self.claim()
        assert share is not None
        return self.sharing.carry(share)

    def carry_until(self, *states: ShareState, patience_s: float = 1e7) -> Share:
        """Carry and let time pass until the one share is in one of *states*."""
        waited = 0.0
        while True:
            share = self.claim()
            if share is not None:
                share = self.sharing.carry(share)
                if share.state in states:
                    return share
            self.clock.forward(60)
            waited += 60
            assert waited < patience_s, share


@cache
def _migrated() -> bytes:
    """An empty store that is up to date: to migrate one takes longer than most stories."""
    with TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/gateway.db")
        migrations.upgrade(engine)
        engine.dispose()
        return (Path(folder) / "gateway.db").read_bytes()


@contextmanager
def world(
    folder: Path,
    *,
    site: Site = SITE,
    patience: Patience | None = None,
    flavour: str = "ihe",
    link: Literal["missing", "always", "never"] = "missing",
    policy: Policy | None = None,
    url: str = "",
) -> Iterator[World]:
    """A world of its own in *folder*; the PACS holds the demo's CT.

    *url*: of an empty store that is up to date; SQLite in *folder* when left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not url:
        url = f"sqlite:///{folder}/gateway.db"
        (folder / "gateway.db").write_bytes(_migrated())
    engine = open_engine(url)
    writer = open_writer(engine)
    store, blobs, clock = SqlStore(engine, writer), FileBlobs(folder / "blobs"), StoppedClock()
    pacs, destination = FakePacs(exam()), FakeDestination(blobs, flavour)
    common: dict[str, Any] = {
        "store": store, "blobs": blobs, "clock": clock, "sites": {site.name: site}, "parse": safexml.parse
    }  # fmt: skip
    try:
        yield World(
            store,
            blobs,
            clock,
            pacs,
            destination,
            Accepting(**common, flavours={"registry": flavour}, policy=policy or Policy()),
            Sharing(
                **common,
                pacs={"pacs": pacs},
                destinations={"registry": destination},
                flavours={"registry": flavour},
                links={"registry": link},
                patience=patience or Patience(look_interval_s=0),
                policy=policy or Policy(),
            ),
        )
    finally:
        writer.close()
        engine.dispose()
