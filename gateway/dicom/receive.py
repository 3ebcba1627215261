"""The C-STORE SCP's door: it listens, and serves so many associations at a time (DICOM PS3.4 annexes B and R).

What comes through it is the affair of :mod:`gateway.dicom.incoming`.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
from dataclasses import dataclass, field

import structlog

from gateway.dicom.incoming import Intake, Peer, Places
from gateway.dicom.network.acceptor import REQUEST_S, Acceptor
from gateway.dicom.network.wire import Wire

_log = structlog.get_logger(__name__)

_SWEEP_S = 60.0
_AGAIN_S = 0.25
_STRANGER_S = 5.0
"""For who comes from nowhere that a peer can be: to hear that they are not known, not to hold a place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverSettings:
    """Where and from whom."""

    host: str
    port: int
    ae_title: str
    peers: tuple[Peer, ...]
    tls: ssl.SSLContext | None = field(default=None, compare=False, repr=False)
    max_associations: int = 16
    silence_s: float = 60.0
    association_limit_s: float = 3600.0
    instance_limit_bytes: int = 1 << 30


class Receiver:
    """Listens, and gives each connection a thread, at most so many at a time."""

    def __init__(self, settings: ReceiverSettings, places: Places) -> None:
        """Binds the port; raises OSError when it is taken."""
        self._settings = settings
        self._places = places
        self._slots = threading.BoundedSemaphore(settings.max_associations)
        self._ended = threading.Event()
        self._open: dict[threading.Thread, socket.socket] = {}
        self._lock = threading.Lock()
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        self._listener = socket.create_server((settings.host.strip("[]"), settings.port), family=family, backlog=64)
        self._listener.settimeout(0.25)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def run(self) -> None:
        """Serve until :meth:`stop`; returns when every connection has ended."""
        _log.info("receive.listening", host=self._settings.host, port=self.port, tls=self._settings.tls is not None)
        sweeping = threading.Thread(target=self._sweep, name="receive-sweep")
        sweeping.start()
        try:
            while not self._ended.is_set():
                self._accept_one()
        finally:
            self._ended.set()
            self._listener.close()
            with self._lock:
                left = dict(self._open)
            for thread, connection in left.items():
                _cut(connection)
                thread.join()
            sweeping.join()

    def stop(self) -> None:
        """Ask :meth:`run` to end."""
        self._ended.set()

    def _accept_one(self) -> None:
        try:
            connection, address = self._listener.accept()
        except TimeoutError:
            return
        except OSError as error:
            # Out of files or memory, or a peer that left while it stood in line: of this one connection, not of ours.
            _log.warning("receive.not_accepted", words=error.strerror or type(error).__name__)
            self._ended.wait(_AGAIN_S)
            return
        if not self._slots.acquire(blocking=False):
            _log.warning("receive.too_many")
            connection.close()
            return
        thread = threading.Thread(target=self._serve, args=(connection, str(address[0])), name="receive")
        with self._lock:
            self._open[thread] = connection
            try:
                thread.start()
            except RuntimeError:
                _log.warning("receive.too_many")
                del self._open[thread]
                self._slots.release()
                connection.close()

    def _sweep(self) -> None:
        while not self._ended.wait(_SWEEP_S):
            try:
                self._places.spool.sweep()
            except OSError as error:
                # Out of files, a disk that is away for a while: without the next round the folder would fill up.
                _log.warning("receive.not_swept", words=error.strerror or type(error).__name__)

    def _serve(self, connection: socket.socket, address: str) -> None:
        settings = self._settings
        try:
            connection.settimeout(settings.silence_s)
            digest = ""
            if settings.tls is not None:
                connection = settings.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                with self._lock:
                    self._open[threading.current_thread()] = connection  # the one that can be cut from now on
                if self._ended.is_set():
                    return
                # The whole of it has this time, not each byte.
                connection.settimeout(min(settings.silence_s, REQUEST_S))
                connection.do_handshake()
                certificate = connection.getpeercert(binary_form=True)
                digest = hashlib.sha256(certificate).hexdigest() if certificate else ""
            known = tuple(peer for peer in settings.peers if peer.is_at(address, digest))
            wire = Wire(connection, settings.silence_s)
            Acceptor(
                wire,
                settings.ae_title,
                Intake(known, self._places),
                instance_limit_bytes=settings.instance_limit_bytes,
                association_limit_s=settings.association_limit_s,
                request_limit_s=REQUEST_S if known else _STRANGER_S,
            ).serve()
        except OSError as error:
            _log.info("receive.connection_lost", words=error.strerror or type(error).__name__)
        finally:
            connection.close()
            with self._lock:
                self._open.pop(threading.current_thread(), None)
            self._slots.release()


def _cut(connection: socket.socket) -> None:
    try:
        # Of the socket beneath: that of a TLS socket takes the session away from the thread that is using it.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        return  # it has ended already
