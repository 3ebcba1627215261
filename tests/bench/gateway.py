"""A whole gateway for the benchmarks: the demo's registry, identity provider and gateway, over a given Orthanc."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.demo import reports
from gateway.demo.identity import DemoStudy
from gateway.demo.identity_provider import IdentityProviderSettings
from gateway.demo.identity_provider import run as run_identity_provider
from gateway.demo.ris import transmission
from gateway.demo.world import CLIENT_ID, World, plan, write_settings
from gateway.hl7.build import oru_r01
from gateway.serve import serve, serve_registry
from tests.support import orthanc


@dataclass(frozen=True)
class Running:
    world: World

    @property
    def mllp_port(self) -> int:
        return self.world.ports["mllp"]

    @property
    def database(self) -> Path:
        return self.world.folder / "gateway.db"

    def wait_shared(self, study: DemoStudy, timeout_s: float = 60.0) -> None:
        """Until the registry has the report of *study*; polls the store as the console does."""
        deadline = time.monotonic() + timeout_s
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            while time.monotonic() < deadline:
                row = connection.execute(
                    "select s.state from shares s join reports r on r.id = s.report_id where r.unique_id = ?",
                    (study.report.unique_id,),
                ).fetchone()
                if row == ("shared",):
                    return
                assert row is None or row[0] != "held", row
                time.sleep(0.002)
        finally:
            connection.close()
        raise TimeoutError(study.key)


def message(study: DemoStudy, padding_bytes: int = 0) -> bytes:
    """An ORU^R01 with the level-3 report of *study*, made larger by a comment of *padding_bytes*."""
    content = reports.level3(reports.Draft(study=study))
    if padding_bytes:
        content = content.replace(b"</ClinicalDocument>", b"<!--" + b"x" * padding_bytes + b"--></ClinicalDocument>")
    return oru_r01(content, transmission(study, f"B{study.key}"[:20]))


@contextmanager
def running(pacs: orthanc.Orthanc | None, *, dicomweb: bool = False) -> Iterator[Running]:
    """Start one with the looks' interval at 0; everything ends on the way out."""
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as name:
        address = f"{orthanc.AE_TITLE}@127.0.0.1:{pacs.dicom_port}" if pacs else ""
        world = plan(Path(name), config=None, any_ports=True, pacs=address, registry="", repository="", record=None)
        write_settings(world)
        text = world.settings_file.read_text(encoding="utf-8")
        text = text.replace(f"look_interval_s = {world.look_interval_s}", "look_interval_s = 0.0")
        if dicomweb and pacs:
            text = text.replace("[pacs.demo]", f'[pacs.demo]\ndicomweb_url = "{pacs.dicomweb_url}"')
        world.settings_file.write_text(text, encoding="utf-8")
        provider = IdentityProviderSettings(
            port=world.ports["identity_provider"],
            client_id=CLIENT_ID,
            client_secret=Path(name, "client-secret").read_text(encoding="utf-8"),
            redirect_uris=(f"{world.public_url}/login/callback",),
        )
        household = world.household
        try:
            household.start("registry", serve_registry, world.settings_file, ready_port=world.ports["registry"])
            household.start("identity provider", run_identity_provider, provider, ready_port=provider.port)
            household.start("gateway", serve, world.settings_file, ready_port=world.ports["web"])
            household.wait_for("gateway", world.ports["mllp"])
            yield Running(world)
        finally:
            household.stop()
