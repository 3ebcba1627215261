"""A whole gateway for tests and benchmarks: the demo's parts, each started and ended when the test says so."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.demo import pacs as demo_pacs
from gateway.demo import reports
from gateway.demo.identity import DemoStudy
from gateway.demo.identity_provider import run as run_identity_provider
from gateway.demo.parts import identity_provider
from gateway.demo.ris import transmission
from gateway.demo.world import World, plan, write_settings
from gateway.hl7.build import oru_r01
from gateway.serve import serve, serve_registry
from tests.support import orthanc


@dataclass(frozen=True)
class Running:
    """A world whose parts are started one by one; everything ends with :func:`running`."""

    world: World

    @property
    def mllp_port(self) -> int:
        return self.world.ports["mllp"]

    @property
    def database(self) -> Path:
        return self.world.folder / "gateway.db"

    def start_registry(self) -> None:
        self.world.household.start(
            "registry", serve_registry, self.world.settings_file, ready_port=self.world.ports["registry"]
        )

    def start_pacs(self) -> None:
        address = self.world.pacs
        self.world.household.start(
            "pacs", demo_pacs.main, str(self.world.studies), address.aet, address.host, address.port,
            ready_port=address.port,
        )  # fmt: skip

    def start_identity_provider(self) -> None:
        provider = identity_provider(self.world)
        self.world.household.start("identity provider", run_identity_provider, provider, ready_port=provider.port)

    def start_gateway(self) -> None:
        household = self.world.household
        household.start("gateway", serve, self.world.settings_file, ready_port=self.world.ports["web"])
        household.wait_for("gateway", self.mllp_port)

    def state(self, study: DemoStudy) -> str:
        """State of the share of the report of *study*, empty when there is none."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)
        try:
            row = connection.execute(
                "select s.state from shares s join reports r on r.id = s.report_id where r.unique_id = ?",
                (study.report.unique_id,),
            ).fetchone()
        finally:
            connection.close()
        return row[0] if row else ""

    def wait_for(self, study: DemoStudy, *states: str, timeout_s: float = 60.0) -> str:
        """Until the share of *study* is in one of *states*; polls the store as the console does."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            state = self.state(study)
            if state in states:
                return state
            assert state != "held", f"{study.key} is held"
            time.sleep(0.002)
        raise TimeoutError(f"{study.key} is {self.state(study)}")


def message(study: DemoStudy, padding_bytes: int = 0) -> bytes:
    """An ORU^R01 with the level-3 report of *study*, made larger by a comment of *padding_bytes*."""
    content = reports.level3(reports.Draft(study=study))
    if padding_bytes:
        content = content.replace(b"</ClinicalDocument>", b"<!--" + b"x" * padding_bytes + b"--></ClinicalDocument>")
    return oru_r01(content, transmission(study, f"B{study.key}"[:20]))


@contextmanager
def planned(
    pacs: orthanc.Orthanc | None = None,
    *,
    dicomweb: bool = False,
    retry_first_s: float = 0.2,
    look_interval_s: float = 0.0,
    lease_s: float | None = None,
) -> Iterator[Running]:
    """A world in which nothing runs yet, the looks' interval at 0 unless told; what is started ends on the way out.

    *lease_s*: after how long the work of a worker that was killed is taken up again.
    """
    with tempfile.TemporaryDirectory(prefix="gateway-test-") as name:
        address = f"{orthanc.AE_TITLE}@127.0.0.1:{pacs.dicom_port}" if pacs else ""
        record = Path(name, "wire")
        world = plan(Path(name), config=None, any_ports=True, pacs=address, registry="", repository="", record=record)
        write_settings(world)
        text = world.settings_file.read_text(encoding="utf-8")
        text = text.replace(
            f"look_interval_s = {world.look_interval_s}",
            f"look_interval_s = {look_interval_s}\nretry_first_s = {retry_first_s}",
        )
        if lease_s is not None:
            text = text.replace("[work]\n", f"[work]\nlease_s = {lease_s}\n")
        if dicomweb and pacs:
            text = text.replace("[pacs.demo]", f'[pacs.demo]\ndicomweb_url = "{pacs.dicomweb_url}"')
        world.settings_file.write_text(text, encoding="utf-8")
        try:
            yield Running(world)
        finally:
            world.household.stop()


@contextmanager
def running(pacs: orthanc.Orthanc | None, *, dicomweb: bool = False) -> Iterator[Running]:
    """A world with registry, identity provider and gateway, over *pacs* (None: a PACS that does not answer)."""
    with planned(pacs, dicomweb=dicomweb) as here:
        here.start_registry()
        here.start_identity_provider()
        here.start_gateway()
        yield here
