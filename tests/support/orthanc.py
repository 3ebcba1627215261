"""Orthanc in a temporary folder, on loopback and free ports, without a login."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

DICOMWEB = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"
AE_TITLE = "ORTHANC"
START_LIMIT_S = 30.0


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Orthanc:
    """A running one."""

    dicom_port: int
    http_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def dicomweb_url(self) -> str:
        return f"{self.url}/dicom-web"

    def store(self, files: Iterable[bytes]) -> None:
        """Put Part 10 files in by its REST interface."""
        with requests.Session() as session:
            session.trust_env = False
            for content in files:
                answer = session.post(f"{self.url}/instances", data=content, timeout=60)
                answer.raise_for_status()


def _configuration(folder: Path, orthanc: Orthanc) -> dict[str, object]:
    return {
        "Name": "test",
        "Plugins": [DICOMWEB],
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "HttpPort": orthanc.http_port,
        "HttpBindAddresses": ["127.0.0.1"],
        "DicomPort": orthanc.dicom_port,
        "DicomAet": AE_TITLE,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomCheckCalledAet": True,
        "DicomCheckModalityHost": False,
        "DicomAlwaysAllowEcho": True,
        "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "DefaultEncoding": "Utf8",
        "UnknownSopClassAccepted": True,
        "LimitFindResults": 0,
        "LimitFindInstances": 0,
        "HttpThreadsCount": 8,
        "KeepAlive": True,
        "TcpNoDelay": True,
        "MaximumPduLength": 131072,
        "MaximumStorageCacheSize": 128,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "StudiesMetadata": "Full", "SeriesMetadata": "Full"},
    }


@contextlib.contextmanager
def running() -> Iterator[Orthanc]:
    """Start one; it is ended by its own process id, and its folder wiped, on the way out."""
    with tempfile.TemporaryDirectory(prefix="orthanc.") as name:
        folder = Path(name)
        orthanc = Orthanc(free_port(), free_port())
        configuration = folder / "orthanc.json"
        configuration.write_text(json.dumps(_configuration(folder, orthanc)))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(["Orthanc", str(configuration)], stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(process, orthanc, folder / "log")
            yield orthanc
        finally:
            # Told to stop it waits for seconds; nothing of what it holds is kept.
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], orthanc: Orthanc, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if session.get(f"{orthanc.dicomweb_url}/studies", params={"limit": "1"}, timeout=5).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.05)
    raise RuntimeError(f"Orthanc did not start: {log.read_text(errors='replace')[-2000:]}")
