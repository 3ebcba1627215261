"""DIMSE messages: command sets read and written, fragments put together (DICOM PS3.7 sections 6.3 and 9.3, PS3.8
annex E).

What others send is read here, and answers are written: the hot path. Requests are pynetdicom's, see
:mod:`gateway.dicom.network.dimse`. A command set is a dozen known elements in Implicit VR Little Endian. The answers to
one query have one and the same command set, byte for byte, so the last one that was read is remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from gateway.dicom.guard import Limits
from gateway.dicom.network.pdu import COMMAND_BIT, LAST_BIT
from gateway.dicom.values import Values, text
from gateway.errors import InputRejected

_COMMAND_LIMITS = Limits(size_bytes=64 * 1024, elements=200)
_NO_DATA_SET = 0x0101

SOP_CLASS, FIELD, MESSAGE_ID, RESPONDS_TO = 0x00000002, 0x00000100, 0x00000110, 0x00000120
DATA_SET_TYPE, STATUS, SOP_INSTANCE = 0x00000800, 0x00000900, 0x00001000
REQUESTED_CLASS, REQUESTED_INSTANCE = 0x00000003, 0x00001001
"""What an N-SET is about; other requests have the affected ones (PS3.7 section 10.3.3)."""
COMPLETED, FAILED = 0x00001021, 0x00001022
RESPONSE_BIT = 0x8000


class Command(IntEnum):
    """Command Field (PS3.7 annex E.1) of what is received and answered."""

    C_STORE_REQUEST = 0x0001
    C_STORE_RESPONSE = 0x8001
    C_GET_RESPONSE = 0x8010
    C_FIND_RESPONSE = 0x8020
    C_MOVE_RESPONSE = 0x8021
    C_ECHO_REQUEST = 0x0030
    C_ECHO_RESPONSE = 0x8030
    N_SET_REQUEST = 0x0120
    N_CREATE_REQUEST = 0x0140
    C_CANCEL_REQUEST = 0x0FFF


class Message:
    """One received message."""

    __slots__ = ("command", "context_id", "data", "field")

    def __init__(self, context_id: int, command: Values, field: int, data: bytes | None) -> None:
        self.context_id = context_id
        self.command = command
        self.field = field
        """Command Field; -1, which none can be, where it is absent."""
        self.data = data
        """The encoded data set; None when the message has none."""

    @property
    def message_id(self) -> int:
        return _number(self.command, MESSAGE_ID)

    @property
    def responds_to(self) -> int:
        """Message ID Being Responded To."""
        return _number(self.command, RESPONDS_TO)

    @property
    def status(self) -> int:
        return _number(self.command, STATUS)

    @property
    def sop_class_uid(self) -> str:
        return text(self.command, SOP_CLASS) or text(self.command, REQUESTED_CLASS)

    @property
    def sop_instance_uid(self) -> str:
        return text(self.command, SOP_INSTANCE) or text(self.command, REQUESTED_INSTANCE)

    def count(self, tag: int) -> int:
        """A number of sub-operations (PS3.7 section 9.3.3.2); 0 where it is absent."""
        return max(0, _number(self.command, tag))


def _number(command: Values, tag: int) -> int:
    """A US of the command set; -1, which none can be, where it is absent."""
    value = text(command, tag)
    return int(value) if value.isascii() and value.isdigit() else -1


def answer_set(elements: Mapping[int, int | str]) -> bytes:
    """The command set of an answer without a data set: numbers are US, text is UI; group length and type are added."""
    whole = {**elements, DATA_SET_TYPE: _NO_DATA_SET}
    body = b"".join(_element(tag, whole[tag]) for tag in sorted(whole))
    return _element_bytes(0, len(body).to_bytes(4, "little")) + body


def _element(tag: int, value: int | str) -> bytes:
    if isinstance(value, int):
        return _element_bytes(tag, value.to_bytes(2, "little"))
    content = value.encode("ascii", "replace")
    return _element_bytes(tag, content + b"\0" * (len(content) % 2))


def _element_bytes(tag: int, content: bytes) -> bytes:
    head = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")
    return head + len(content).to_bytes(4, "little") + content


class Assembler:
    """Takes presentation data values in the order of arrival and gives whole messages."""

    def __init__(self) -> None:
        self._command_bytes = bytearray()
        self._fragments: list[bytes] = []
        self._message: Message | None = None
        self._known: tuple[bytes, Values, int, bool] = (b"", Values(), -1, False)

    def take(self, context_id: int, control: int, fragment: bytes | memoryview) -> Message | None:
        """One presentation data value with its message control header; the message it completes, if any.

        Raises InputRejected when it breaks PS3.8 annex E or the command set cannot be read.
        """
        if control & COMMAND_BIT:
            return self._take_command(context_id, fragment, last=bool(control & LAST_BIT))
        message = self._message
        if message is None or message.data is None or message.context_id != context_id:
            raise InputRejected("dicom_malformed", offset=0, words="fragment")
        # Put together once: a buffer that grows would be copied as it does, and again when it is whole.
        self._fragments.append(bytes(fragment))
        if not control & LAST_BIT:
            return None
        message.data = b"".join(self._fragments)
        self._fragments.clear()
        self._message = None
        return message

    def _take_command(self, context_id: int, fragment: bytes | memoryview, *, last: bool) -> Message | None:
        if self._message is not None:
            raise InputRejected("dicom_malformed", offset=0, words="fragment")
        self._command_bytes += fragment
        if not last:
            if len(self._command_bytes) > _COMMAND_LIMITS.size_bytes:
                raise InputRejected("dicom_malformed", offset=0, words="command")
            return None
        encoded = bytes(self._command_bytes)
        self._command_bytes.clear()
        if encoded != self._known[0]:
            command = Values.read(encoded, implicit=True, limits=_COMMAND_LIMITS)
            has_data = _number(command, DATA_SET_TYPE) != _NO_DATA_SET
            self._known = (encoded, command, _number(command, FIELD), has_data)
        _, command, field, has_data = self._known
        message = Message(context_id, command, field, b"" if has_data else None)
        if has_data:
            self._message = message
            return None
        return message
