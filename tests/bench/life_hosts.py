"""Workers for the benchmark of surviving: real stores and stories, and peers of a known speed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from gateway import log
from gateway.demo import identity
from gateway.demo.identity import DemoStudy
from gateway.errors import PeerUnreachable
from gateway.model.exam import Exam
from gateway.model.share import FrozenSubmission, Publication
from gateway.process import Doorbell, die_with_parent, keep_what_is_made
from gateway.settings import load
from gateway.store.bell import Listener
from gateway.wiring.house import House
from gateway.work import Worker
from gateway.xds.metadata import MetadataSettings, prepare
from tests.bench.studies import named
from tests.fakes.world import exam

SETTINGS = """
public_url = "https://images.example.org"
log_level = "error"
[store]
url = "{url}"
blobs = "{blobs}"
[work]
threads = {threads}
poll_s = 0.2
lease_s = 60.0
[patience]
look_interval_s = 0.0
retry_first_s = 0.5
retry_longest_s = 5.0
[pacs.main]
host = "127.0.0.1"
port = 104
called_aet = "PACS"
[destination.slow]
registry_url = "{registry}/registry"
repository_url = "{registry}/repository"
[site.{site}]
senders = ["RIS-DEMO|PRESQUILE"]
custodians = [{custodians}]
organization_id = "1920008059"
organization_name = "Imaging"
facility_type = {{ code = "SA08", system = "1.2.250.1.71.4.2.4", display = "Cabinet de groupe" }}
practice_setting = {{ code = "AMBULATOIRE", system = "1.2.250.1.213.1.1.4.9", display = "Ambulatoire" }}
patient_id_issuer = "{patients}"
accession_issuer = "{accessions}"
order_issuer = "{orders}"
pacs = "main"
destinations = ["slow"]
source_id = "1.2.250.1.999.2.1"
"""


def write_settings(folder: Path, name: str, url: str, blobs: Path, threads: int, registry: str) -> Path:
    """The settings of one host."""
    site = identity.SITE
    path = folder / name
    path.write_text(
        SETTINGS.format(
            url=url,
            blobs=blobs,
            threads=threads,
            registry=registry,
            site=site.name,
            custodians=", ".join(f'"{one}"' for one in sorted(site.custodians)),
            patients=site.patient_id_issuer,
            accessions=site.accession_issuer,
            orders=site.order_issuer,
        ),
        encoding="utf-8",
    )
    return path


@lru_cache(maxsize=1)
def _studies() -> dict[str, DemoStudy]:
    count = int(os.environ.get("GATEWAY_BENCH_STUDIES", "20000"))
    return {study.study_uid: study for study in (named(f"w{number}") for number in range(count))}


class AnyStudy:
    """A PACS that has every study of the benchmark, whole, at once."""

    def study(self, study_uid: str) -> Exam:
        return exam(_studies()[study_uid])

    def echo(self) -> None:
        return None


class Switched:
    """A registry in memory, away while the file *away* is there; each question is a line in *asked*."""

    def __init__(self, away: Path, asked: Path) -> None:
        self._away = away
        self._asked = asked
        self._settings = MetadataSettings(flavour="ihe", environment="test", patient_identity="ins", destination="slow")
        self._lock = threading.Lock()
        self._known: set[str] = set()

    def prepare(self, publication: Publication) -> FrozenSubmission:
        return prepare(publication, self._settings)

    def known(self, frozen: FrozenSubmission) -> bool:
        self._ask()
        return frozen.submission_set_unique_id in self._known

    def send(self, frozen: FrozenSubmission, *, again: bool) -> None:
        self._ask()
        time.sleep(0.005)
        self._known.add(frozen.submission_set_unique_id)

    def standing(self, unique_ids: Sequence[str]) -> Sequence[str]:
        return ()

    def close(self) -> None:
        return None

    def _ask(self) -> None:
        with self._lock, self._asked.open("ab") as file:
            file.write(b"?")
        if self._away.exists():
            raise PeerUnreachable("registry_unreachable")


def work(parent: int, settings_file: Path, switched: Path | None) -> None:
    """A host's worker until TERM; *switched*: the folder of the registry that can be switched off, in place of that of
    the settings."""
    die_with_parent(parent)
    settings = load(settings_file)
    log.configure(level=settings.log_level)
    bell = Doorbell(*os.pipe())
    house = House(settings, bell.ring)
    if switched is not None:
        house.__dict__["destinations"] = {"slow": Switched(switched / "away", switched / "asked")}
    house.__dict__["everywhere"] = {"main": AnyStudy()}

    worker = Worker(
        house.sharing,
        house.store,
        house.clock,
        bell.wait,
        threads=settings.work.threads,
        lease_s=settings.work.lease_s,
        poll_s=settings.work.poll_s,
        nudge=bell.nudge,
        gate=house.pace,
    )
    listener = Listener(settings.store.url, bell.ring) if settings.store.url.startswith("postgresql") else None
    if listener is not None:
        listener.start()
    _studies()
    # As the gateway's own worker does (serve.work_main).
    keep_what_is_made()

    def stop(*_: object) -> None:
        worker.stop()
        bell.nudge()

    signal.signal(signal.SIGTERM, stop)
    worker.run()
    if listener is not None:
        listener.close()
    house.close()


def study_of(number: int) -> DemoStudy:
    """The study that report *number* is about."""
    return named(f"w{number}")
