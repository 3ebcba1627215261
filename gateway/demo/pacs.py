"""The demo's PACS: DICOM files of a folder, on loopback.

Verification, C-FIND, C-GET and C-MOVE (Study Root) and storage (DICOM PS3.4 annexes A, B and C). The index is in
memory and holds headers only. It is small on purpose: enough to be queried, looked at and added to.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE, AllStoragePresentationContexts, _config, build_context, evt
from pynetdicom.transport import ThreadedAssociationServer

from gateway.demo.matching import HEADER_KEYWORDS, answer, answers_study, matches
from gateway.process import when_told_to_end

_config.LOG_HANDLER_LEVEL = "none"
_config.LOG_REQUEST_IDENTIFIERS = False
_config.LOG_RESPONSE_IDENTIFIERS = False

LOOPBACK = "127.0.0.1"
_VERIFICATION = UID("1.2.840.10008.1.1")
_FIND = UID("1.2.840.10008.5.1.4.1.2.2.1")
_MOVE = UID("1.2.840.10008.5.1.4.1.2.2.2")
_GET = UID("1.2.840.10008.5.1.4.1.2.2.3")
_UNCOMPRESSED = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]
_COMPRESSED = [
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
]
_SUCCESS, _PENDING, _CANCELLED = 0x0000, 0xFF00, 0xFE00
_OUT_OF_RESOURCES, _CANNOT_UNDERSTAND, _BAD_IDENTIFIER = 0xA700, 0xC000, 0xA900


class _Stored:
    """One instance: its header and where it lies."""

    __slots__ = ("header", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header = dcmread(path, stop_before_pixels=True, specific_tags=HEADER_KEYWORDS)


class DemoPacs:
    """The files ``*.dcm`` below *folder*, served as *ae_title* on *port* (0: any free one, see :attr:`port`).

    *destinations*: where C-MOVE may send to, by AE title, as (host, port). Associations that call another AE title
    are rejected.
    """

    def __init__(
        self,
        folder: Path,
        ae_title: str,
        port: int = 0,
        *,
        destinations: Mapping[str, tuple[str, int]] | None = None,
    ) -> None:
        self.folder = folder
        self.ae_title = ae_title
        self.port = port
        self._destinations = dict(destinations or {})
        self._lock = threading.Lock()
        self._studies: dict[str, dict[str, dict[str, _Stored]]] = {}
        self._entity = self._make_entity()
        self._server: ThreadedAssociationServer | None = None

    def _make_entity(self) -> AE:
        entity = AE(ae_title=self.ae_title)
        entity.require_called_aet = True
        entity.maximum_pdu_size = 131_072
        entity.maximum_associations = 50
        for model in (_VERIFICATION, _FIND, _MOVE, _GET):
            entity.add_supported_context(model, _UNCOMPRESSED)
        for context in AllStoragePresentationContexts:
            if context.abstract_syntax is not None:
                syntaxes = _UNCOMPRESSED + _COMPRESSED
                entity.add_supported_context(context.abstract_syntax, syntaxes, scu_role=True, scp_role=True)
        return entity

    def start(self) -> None:
        """Index the folder and listen; raises OSError when the port is taken."""
        for path in sorted(self.folder.rglob("*.dcm")):
            self._index(_Stored(path))
        server = self._entity.start_server(
            (LOOPBACK, self.port),
            block=False,
            evt_handlers=[
                (evt.EVT_CONN_OPEN, _opened),
                (evt.EVT_DATA_SENT, _rearm),
                (evt.EVT_C_ECHO, _echo),
                (evt.EVT_C_FIND, self._find),
                (evt.EVT_C_GET, self._get),
                (evt.EVT_C_MOVE, self._move),
                (evt.EVT_C_STORE, self._store),
            ],
        )
        if server is None:
            raise OSError("the server did not start")
        self._server = server
        self.port = int(server.server_address[1])

    def stop(self) -> None:
        """Abort what is open and stop listening; no thread is left."""
        associations = self._entity.active_associations
        self._entity.shutdown()
        for association in associations:
            association.join(5)
            association.dul.join(5)
        self._server = None

    def _index(self, stored: _Stored) -> None:
        header = stored.header
        with self._lock:
            series = self._studies.setdefault(str(header.StudyInstanceUID), {})
            series.setdefault(str(header.SeriesInstanceUID), {})[str(header.SOPInstanceUID)] = stored

    def _selected(self, identifier: Dataset) -> list[list[list[_Stored]]]:
        """Studies of series of instances that the unique keys of *identifier* name; all where a key is empty."""

        def wanted(level: Mapping[str, Any], keyword: str) -> list[Any]:
            value = identifier.get(keyword)
            if not value:
                return list(level.values())
            uids = [value] if isinstance(value, str) else value
            return [level[str(uid)] for uid in uids if str(uid) in level]

        with self._lock:
            return [
                [wanted(series, "SOPInstanceUID") for series in wanted(study, "SeriesInstanceUID")]
                for study in wanted(self._studies, "StudyInstanceUID")
            ]

    def _find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        identifier = event.identifier
        level = identifier.get("QueryRetrieveLevel", "")
        if level not in ("STUDY", "SERIES", "IMAGE"):
            yield _BAD_IDENTIFIER, None
            return
        for found in self._rows(level, identifier):
            if event.is_cancelled:
                yield _CANCELLED, None
                return
            yield _PENDING, found

    def _rows(self, level: str, identifier: Dataset) -> Iterator[Dataset]:
        for study in self._selected(identifier):
            headers = [[stored.header for stored in series] for series in study if series]
            if not headers:
                continue
            if level == "STUDY":
                if answers_study(identifier, headers):
                    yield answer(identifier, headers[0][0], self.ae_title, study=headers)
                continue
            for series in headers:
                for header in series[:1] if level == "SERIES" else series:
                    if matches(identifier, header):
                        yield answer(identifier, header, self.ae_title, series=series)

    def _instances(self, identifier: Dataset) -> list[_Stored]:
        return [stored for study in self._selected(identifier) for series in study for stored in series]

    def _get(self, event: evt.Event) -> Iterator[Any]:
        chosen = self._chosen(event)
        if chosen is None:
            yield 0
            yield _BAD_IDENTIFIER, None
            return
        yield len(chosen)
        yield from self._sent(event, chosen)

    def _move(self, event: evt.Event) -> Iterator[Any]:
        destination = self._destinations.get(str(event.move_destination).strip())
        if destination is None:
            yield None, None
            return
        chosen = self._chosen(event) or []
        classes = sorted({str(stored.header.SOPClassUID) for stored in chosen})
        # An association needs a context, even to move nothing.
        contexts = [build_context(uid, _UNCOMPRESSED) for uid in [_VERIFICATION, *classes][:128]]
        yield *destination, {"contexts": contexts}
        yield len(chosen)
        yield from self._sent(event, chosen)

    def _chosen(self, event: evt.Event) -> list[_Stored] | None:
        """What a retrieval names; None when it names no study (never the whole archive)."""
        identifier = event.identifier
        return self._instances(identifier) if identifier.get("StudyInstanceUID") else None

    def _sent(self, event: evt.Event, chosen: list[_Stored]) -> Iterator[tuple[int, Dataset | None]]:
        for stored in chosen:
            if event.is_cancelled:
                yield _CANCELLED, None
                return
            yield _PENDING, dcmread(stored.path)

    def _store(self, event: evt.Event) -> int:
        """C-STORE: written, synced and renamed before Success is answered."""
        content = event.encoded_dataset()
        path = self.folder / f"{getattr(event.request, 'AffectedSOPInstanceUID', '')}.dcm"
        if not all(character in "0123456789." for character in path.stem):
            return _CANNOT_UNDERSTAND
        temporary = path.with_suffix(f".{threading.get_ident()}.part")
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(path)
            folder = os.open(self.folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError:
            temporary.unlink(missing_ok=True)
            return _OUT_OF_RESOURCES
        self._index(_Stored(path))
        return _SUCCESS


def _opened(event: evt.Event) -> None:
    connection = _connection(event)
    if connection is not None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _rearm(event)


def _rearm(event: evt.Event) -> None:
    connection = _connection(event)
    if connection is not None and hasattr(socket, "TCP_QUICKACK"):
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        except OSError:
            return  # closed: the reader finds out


def _connection(event: evt.Event) -> socket.socket | None:
    wrapped = event.assoc.dul.socket
    return wrapped.socket if wrapped is not None else None


def _echo(event: evt.Event) -> int:
    return _SUCCESS


def main(folder: str, ae_title: str, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT: the target of a child process. *host* must be loopback."""
    if host not in (LOOPBACK, "localhost"):
        raise ValueError("the demo's PACS listens on loopback only")
    ended = threading.Event()
    when_told_to_end(ended.set, signals=(signal.SIGTERM, signal.SIGINT))
    pacs = DemoPacs(Path(folder), ae_title, port)
    pacs.start()
    try:
        ended.wait()
    finally:
        pacs.stop()
