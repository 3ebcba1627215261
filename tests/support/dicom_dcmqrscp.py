"""dcmtk's own PACS, and a receiver of ours for it to move to."""

from __future__ import annotations

import contextlib
import ipaddress
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from sqlalchemy import Engine

from gateway.dicom.incoming import Peer, Places
from gateway.dicom.receive import Receiver, ReceiverSettings
from gateway.dicom.spool import Spool
from gateway.model.exam import KeyObjectNote
from gateway.store.blobs import FileBlobs
from gateway.store.received import SqlReceived
from gateway.store.writer import Writer
from tests.fakes.clock import StoppedClock
from tests.support.dicom_objects import encoded
from tests.support.orthanc import free_port
from tests.support.store import stage

AE_TITLE = "DCMTK"
RECEIVER_TITLE = "GATEWAY-IN"
LOOPBACK = ipaddress.ip_network("127.0.0.0/8")
EVERYTHING = frozenset({"reject", "deliver", "announce", "import"})


@contextlib.contextmanager
def running(datasets: Iterable[Dataset], move_port: int = 0) -> Iterator[int]:
    """dcmqrscp with *datasets*, on a free port; it moves to RECEIVER_TITLE at *move_port*."""
    with tempfile.TemporaryDirectory(prefix="dcmqrscp.") as name:
        folder, port = Path(name), free_port()
        (folder / "db").mkdir()
        (folder / "cfg").write_text(
            f"NetworkTCPPort = {port}\nMaxPDUSize = 131072\nMaxAssociations = 16\n"
            f"HostTable BEGIN\nin = ({RECEIVER_TITLE}, 127.0.0.1, {move_port or 1})\nHostTable END\n"
            "VendorTable BEGIN\nVendorTable END\n"
            f"AETable BEGIN\n{AE_TITLE} {folder / 'db'} RW (100, 1024mb) ANY\nAETable END\n"
        )
        # Of the compressed syntaxes it accepts the one that is named here.
        command = ["dcmqrscp", "+xv", "-c", str(folder / "cfg")]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            await_echo(port, AE_TITLE)
            for number, dataset in enumerate(datasets):
                (folder / f"{number:05d}.dcm").write_bytes(encoded(dataset))
            files = sorted(map(str, folder.glob("*.dcm")))
            store = ["storescu", "-xv", "-nh", "-aec", AE_TITLE, "127.0.0.1", str(port)]
            subprocess.run([*store, *files], capture_output=True, timeout=60)
            yield port
        finally:
            server.terminate()
            server.wait(10)


def await_echo(port: int, title: str) -> None:
    """Until somebody answers there."""
    for _ in range(200):
        done = subprocess.run(["echoscu", "-aec", title, "127.0.0.1", str(port)], capture_output=True)
        if done.returncode == 0:
            return
        time.sleep(0.05)
    raise RuntimeError(done.stderr.decode(errors="replace"))


@contextlib.contextmanager
def receiving(
    folder: Path, *titles: str, may: frozenset[str] = EVERYTHING, **changes: object
) -> Iterator[tuple[Receiver, Places, list[str]]]:
    """A receiver of ours that knows *titles* on loopback; with its places and the studies it told of."""
    with stage(f"sqlite:///{folder}/received/gateway.db") as here:
        kept = ToldReceived(here.engine, here.writer, FileBlobs(folder / "received" / "blobs"))
        places = Places(Spool(folder / "spool"), kept, StoppedClock())
        yield from _receiving(titles, may, changes, places, kept.told)


class ToldReceived(SqlReceived):
    """The store's own, which remembers the studies that it was told of."""

    def __init__(self, engine: Engine, writer: Writer, blobs: FileBlobs) -> None:
        super().__init__(engine, writer, blobs)
        self.told: list[str] = []

    def keep_rejection(self, note: KeyObjectNote, study_uids: Sequence[str], *others: Any, **named: Any) -> bool:
        fresh = super().keep_rejection(note, study_uids, *others, **named)
        self.told += study_uids if fresh else ()
        return fresh

    def keep_import(self, study_uid: str, *others: Any, **named: Any) -> bool:
        fresh = super().keep_import(study_uid, *others, **named)
        self.told += [study_uid] if fresh else []
        return fresh

    def changed(self, study_uids: Sequence[str], **named: Any) -> int:
        found = super().changed(study_uids, **named)
        self.told += study_uids
        return found

    def end_step(self, sop_instance_uid: str, **named: Any) -> bool:
        ended = super().end_step(sop_instance_uid, **named)
        self.told += [f"step {sop_instance_uid}"] if ended else []
        return ended


def _receiving(
    titles: Sequence[str], may: frozenset[str], changes: dict[str, object], places: Places, told: list[str]
) -> Iterator[tuple[Receiver, Places, list[str]]]:
    settings = ReceiverSettings(
        host="127.0.0.1",
        port=0,
        ae_title=RECEIVER_TITLE,
        **{  # type: ignore[arg-type]
            "peers": tuple(Peer(ae_title=title, networks=(LOOPBACK,), may=may) for title in titles),
            "silence_s": 5.0,
            **changes,
        },
    )
    receiver = Receiver(settings, places)
    with serving(receiver):
        yield receiver, places, told


@contextlib.contextmanager
def serving(receiver: Receiver) -> Iterator[int]:
    """*receiver* in a thread of its own; its port."""
    thread = threading.Thread(target=receiver.run)
    thread.start()
    try:
        yield receiver.port
    finally:
        receiver.stop()
        thread.join(20)
