"""PACS that break rules: an SCP whose answers a test writes, and bare sockets that misbehave below DICOM."""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.transport import AssociationServer, AssociationSocket

from gateway.dicom.settings import PacsSettings

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
GET = "1.2.840.10008.5.1.4.1.2.2.3"
VERIFICATION = "1.2.840.10008.1.1"
Answers = Iterator[tuple[int, Dataset | None]]


def _closed(self: AssociationSocket) -> None:
    """pynetdicom's own leaves the socket open when the other side has gone already."""
    leftover = self.socket
    if leftover is not None:
        with contextlib.suppress(OSError):
            leftover.shutdown(socket.SHUT_RDWR)
        leftover.close()


AssociationSocket._shutdown_socket = _closed  # type: ignore[method-assign]


def settle(entity: AE) -> None:
    """Wait while an association of *entity* awaits the end of its connection: pynetdicom's own trips over an abort."""
    ends = time.monotonic() + 5
    while time.monotonic() < ends and any(
        association.dul.state_machine.current_state == "Sta13" for association in entity.active_associations
    ):
        time.sleep(0.002)


def _shutdown(self: AE) -> None:
    settle(self)
    _AT_ONCE(self)


_AT_ONCE = AE.shutdown
AE.shutdown = _shutdown  # type: ignore[method-assign]
# A server looks twice a second whether it shall end; here it is told at once.
AssociationServer.serve_forever = functools.partialmethod(  # type: ignore[assignment, method-assign]
    AssociationServer.serve_forever, poll_interval=0.01
)


def settings(port: int, **others: Any) -> PacsSettings:
    """A PACS on loopback that is given up soon."""
    given = {"called_aet": "PACS", "response_timeout_s": 10.0, "connect_timeout_s": 10.0, **others}
    return PacsSettings(name="test", host="127.0.0.1", port=port, calling_aet="GATEWAY", **given)


@contextlib.contextmanager
def answering(
    find: Callable[[evt.Event], Answers] | None = None,
    contexts: tuple[str, ...] = (VERIFICATION, FIND, GET),
    tls: ssl.SSLContext | None = None,
) -> Iterator[int]:
    """An SCP that answers C-FIND by *find*; gives its port."""
    entity = AE(ae_title="PACS")
    for context in contexts:
        entity.add_supported_context(context, ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"])
    handlers: list[Any] = [(evt.EVT_C_FIND, find)] if find is not None else []
    handlers.append((evt.EVT_C_ECHO, lambda event: 0x0000))
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers, ssl_context=tls)
    assert server is not None
    try:
        yield int(server.server_address[1])
    finally:
        associations = entity.active_associations
        entity.shutdown()
        for association in associations:
            association.join(5)
            association.dul.join(5)


@contextlib.contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A bare TCP server; *serve* gets each connection, one after the other, and its end is ours."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.02)
    ended = threading.Event()

    def loop() -> None:
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(15)
                with contextlib.suppress(OSError):
                    serve(connection)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        ended.set()
        thread.join(20)
        listener.close()


def level(event: evt.Event) -> str:
    """The query level that was asked."""
    return str(event.identifier.QueryRetrieveLevel)


def filled(event: evt.Event, **values: Any) -> Dataset:
    """An answer with the keys of the request, and *values*."""
    answer = Dataset()
    answer.SpecificCharacterSet = "ISO_IR 192"
    answer.QueryRetrieveLevel = event.identifier.QueryRetrieveLevel
    answer.StudyInstanceUID = event.identifier.StudyInstanceUID
    for keyword, value in values.items():
        setattr(answer, keyword, value)
    return answer
