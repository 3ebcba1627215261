"""pynetdicom's socket, with limits and without delays.

Its own read waits without any time limit and takes whatever length a PDU declares; Nagle's algorithm and delayed
acknowledgements make a small C-FIND cost 88 ms instead of 3. Both are put right by overriding the socket class, through
``AE._create_socket``, the one private name of pynetdicom that is used here.
"""

from __future__ import annotations

import logging
import queue
import socket
import ssl
import time

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import P_DATA
from pynetdicom.transport import AddressInformation, AssociationSocket

from gateway.dicom.messages import Assembler, Message
from gateway.dicom.settings import PacsSettings
from gateway.errors import InputRejected

# Every failure is told by a named error; the library's own lines would repeat it, with stack traces.
logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)

PDU_LIMIT_BYTES = 1 << 20
"""Above what is announced: some peers ignore the maximum length they were told."""


class Connection(AssociationSocket):
    """The socket of one association."""

    def __init__(self, association: Association, address: AddressInformation, silence_s: float) -> None:
        super().__init__(association, address=address)
        self._silence_s = silence_s
        self.budget_bytes = PDU_LIMIT_BYTES
        """What the operation under way may still receive."""
        self.heard_at = 0.0
        """When the last bytes came (``time.monotonic``)."""
        self.exceeded = False
        """The peer sent more than it may: the connection was ended for that."""
        self.malformed = False
        """The peer sent fragments that make no message: the connection was ended for that."""
        self.messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self.opened: socket.socket | None = None
        """The connected socket; None when no connection came about."""

    def open(self) -> None:
        """The connection stands: bound it and speed it up."""
        self.opened = self.socket
        if self.opened is not None:
            self.opened.settimeout(self._silence_s)
            self.opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rearm()

    def rearm(self) -> None:
        """Acknowledge at once what comes next: Linux forgets TCP_QUICKACK, so it is set before each wait."""
        if self.opened is not None and hasattr(socket, "TCP_QUICKACK"):
            try:
                self.opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            except OSError:
                return  # a closed socket is found out by whoever reads it

    def recv(self, nr_bytes: int) -> bytearray:
        """*nr_bytes* bytes, fewer at the end of the stream (pynetdicom's reader thread calls this).

        Raises OSError when the peer is silent for too long or sends more than it may; the association ends then.
        """
        connection = self.opened
        if connection is None:
            raise OSError("not connected")
        if nr_bytes > PDU_LIMIT_BYTES or nr_bytes > self.budget_bytes:
            self.exceeded = True
            raise OSError("more than any answer may hold")
        self.budget_bytes -= nr_bytes
        buffer = bytearray(nr_bytes)
        view = memoryview(buffer)
        got = 0
        deadline = time.monotonic() + self._silence_s
        while got < nr_bytes:
            self.rearm()
            received = connection.recv_into(view[got:])
            if not received:
                return buffer[:got]
            got += received
            self.heard_at = time.monotonic()
            if self.heard_at > deadline:
                raise TimeoutError
        return buffer

    def cut(self) -> None:
        """End the connection in both directions; whoever reads it wakes up."""
        if self.opened is not None:
            try:
                self.opened.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # ended already

    def free(self) -> None:
        """Close what is still open; nobody reads any more."""
        for leftover in (self.opened, self.socket):
            if leftover is not None:
                leftover.close()

    def _shutdown_socket(self) -> None:
        """pynetdicom's own leaves the socket open when it was never connected."""
        leftover = self.socket
        if leftover is None:
            return
        try:
            leftover.shutdown(socket.SHUT_RDWR)
        except OSError:
            leftover.close()
            return
        leftover.close()


class Entity(AE):
    """This side of one association."""

    def __init__(self, settings: PacsSettings) -> None:
        super().__init__(ae_title=settings.calling_aet)
        self.connection_timeout = settings.connect_timeout_s
        self.acse_timeout = settings.connect_timeout_s
        self.dimse_timeout = settings.response_timeout_s
        self.network_timeout = None
        self._silence_s = settings.response_timeout_s
        self.connection: Connection | None = None

    def _create_socket(
        self, assoc: Association, address: AddressInformation, tls_args: tuple[ssl.SSLContext, str] | None
    ) -> AssociationSocket:
        self.connection = Connection(assoc, address, self._silence_s)
        self.connection.tls_args = tls_args
        return self.connection


def opened(event: evt.Event) -> None:
    """EVT_CONN_OPEN: speed up and bound the socket, and take the messages before pynetdicom does.

    Its reactor thread would take some of them, too, and lose them; from now on it is given none.
    """
    association = event.assoc
    connection = association.dul.socket
    if not isinstance(connection, Connection):
        raise TypeError("not a connection of ours")
    connection.open()
    assembler = Assembler()

    def receive(primitive: P_DATA) -> None:
        for context_id, fragment in primitive.presentation_data_value_list:
            try:
                message = assembler.take(context_id, fragment)
            except InputRejected:
                connection.malformed = True
                connection.cut()
                return
            if message is not None:
                connection.messages.put(message)

    association.dimse.receive_primitive = receive  # type: ignore[method-assign]
    association.dimse.get_msg = _nothing  # type: ignore[method-assign]


def _nothing(block: bool = False) -> tuple[None, None]:
    return None, None


def rearm(event: evt.Event) -> None:
    """EVT_DATA_SENT."""
    if isinstance(event.assoc.dul.socket, Connection):
        event.assoc.dul.socket.rearm()
