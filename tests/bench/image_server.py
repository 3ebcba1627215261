"""The web over a PACS under its production server, in a process of its own: what the images' benchmark measures."""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests

from gateway.demo.processes import die_with_parent
from gateway.dicom.fetch import FrameSource
from gateway.dicom.network.pool import Pool
from gateway.dicom.query import PacsClient
from gateway.dicom.settings import PacsSettings
from gateway.model.access import Handle, ShownStudy
from gateway.web.app import create_app
from gateway.web.door_settings import ImageDoors, ImagePeer
from gateway.web.serve import WebServerSettings, run
from tests.support.image_site import KEY, SharedList
from tests.support.orthanc import free_port
from tests.support.web import build, known, sign_in

HANDLE = "h" * 43


@dataclass(frozen=True)
class Server:
    """A running one."""

    url: str
    pid: int
    cookie: str

    def cpu_s(self) -> float:
        """Processor time that it and its children have used."""
        return sum(_cpu_s(pid) for pid in _family(self.pid))

    def resident_bytes(self) -> int:
        """Memory that it and its children hold, file pages left out."""
        total = 0
        for pid in _family(self.pid):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("RssAnon:"):
                    total += int(line.split()[1]) * 1024
        return total


def _family(pid: int) -> list[int]:
    """*pid* and its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread that has ended
            for child in (task / "children").read_text().split():
                found += _family(int(child))
    return found


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _serve(parent: int, folder: str, port: int, settings: dict[str, Any], studies: tuple[str, ...], cache: int,
           cookies: Any) -> None:  # fmt: skip
    die_with_parent(parent)
    from gateway import log

    log.configure(level="error")
    pacs = PacsSettings(**settings)
    url = f"http://127.0.0.1:{port}"

    def application() -> Any:
        pool = Pool(pacs)
        client, source = PacsClient(pacs, pool), FrameSource(pacs, cache_bytes=cache, pool=pool)
        site = build(Path(folder), url, "http://127.0.0.1:1")
        shared = SharedList()
        for study in studies:
            shared.add(study)
            found = client.study(study)
            assert found is not None
            shared.listed[study] = found  # as the manifest lists it
        site.store.exams += [known(study) for study in studies]
        token = sign_in(site)
        site.sessions.name(
            Handle(
                id=hashlib.sha256(HANDLE.encode()).hexdigest(),
                session_id=hashlib.sha256(token.encode()).hexdigest(),
                exams=(ShownStudy(site="nord", study_uid=studies[0], report_id="report-1"),),
                created_at=site.parts.clock.now(),
            ),
            [],
        )
        cookies.put(token)
        peer = ImagePeer(name="box", key_sha256=hashlib.sha256(KEY.encode()).hexdigest())
        return create_app(
            replace(
                site.parts,
                doors=ImageDoors(shared=shared, peers=(peer,), streams=32),
                images=lambda name: source,
                exams=lambda name, study_uid: client.study(study_uid),
            )
        )

    run(application, WebServerSettings(port=port, threads=32, socket_timeout_s=60))


@contextmanager
def serving(settings: dict[str, Any], studies: tuple[str, ...], cache_bytes: int) -> Iterator[Server]:
    """The web of *studies*, with so much memory for images."""
    port = free_port()
    context = multiprocessing.get_context("spawn")
    cookies = context.Queue()
    with tempfile.TemporaryDirectory() as folder:
        process = context.Process(
            target=_serve, args=(os.getpid(), folder, port, settings, studies, cache_bytes, cookies)
        )
        process.start()
        try:
            cookie = cookies.get(timeout=60)
            _wait(f"http://127.0.0.1:{port}/")
            yield Server(f"http://127.0.0.1:{port}", process.pid or 0, cookie)
        finally:
            process.terminate()
            process.join(30)
            if process.is_alive():
                process.kill()
                process.join()


def _wait(url: str) -> None:
    ends = time.monotonic() + 30
    with requests.Session() as session:
        session.trust_env = False
        while True:
            try:
                session.get(url, timeout=5)
                return
            except requests.ConnectionError:
                if time.monotonic() > ends:
                    raise
                time.sleep(0.05)


def own_cpu_s() -> float:
    """Processor time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
