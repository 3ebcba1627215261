"""DIMSE messages as they arrive, put together from their fragments (DICOM PS3.7 sections 6.3.1 and 9.3, PS3.8 annex E).

pynetdicom does this with a pydicom data set for every command, which costs more than all the rest of an answer. A
command set is a dozen known elements in Implicit VR Little Endian; this reads those that are used.
"""

from __future__ import annotations

from enum import IntEnum

from gateway.dicom.guard import Limits
from gateway.dicom.values import Values, text
from gateway.errors import InputRejected

_COMMAND_LIMITS = Limits(size_bytes=64 * 1024, elements=200)
_NO_DATA_SET = 0x0101
_COMMAND_BIT, _LAST_BIT = 0x01, 0x02
_PREFIX_BYTES = 1


class Command(IntEnum):
    """Command Field (PS3.7 annex E.1), of the messages that a requestor may receive here."""

    C_STORE_REQUEST = 0x0001
    C_GET_RESPONSE = 0x8010
    C_FIND_RESPONSE = 0x8020
    C_ECHO_RESPONSE = 0x8030


class Message:
    """One received message."""

    __slots__ = ("command", "context_id", "data")

    def __init__(self, context_id: int, command: Values, data: bytearray | None) -> None:
        self.context_id = context_id
        self.command = command
        self.data = data
        """The encoded data set; None when the message has none."""

    @property
    def field(self) -> int:
        """Command Field."""
        return _number(self.command, 0x00000100)

    @property
    def message_id(self) -> int:
        return _number(self.command, 0x00000110)

    @property
    def responds_to(self) -> int:
        """Message ID Being Responded To."""
        return _number(self.command, 0x00000120)

    @property
    def status(self) -> int:
        return _number(self.command, 0x00000900)

    @property
    def sop_class_uid(self) -> str:
        return text(self.command, 0x00000002)

    @property
    def sop_instance_uid(self) -> str:
        return text(self.command, 0x00001000)


def _number(command: Values, tag: int) -> int:
    """A US of the command set; -1, which none can be, where it is absent."""
    value = text(command, tag)
    return int(value) if value.isascii() and value.isdigit() else -1


class Assembler:
    """Takes presentation data values in the order of arrival and gives whole messages."""

    def __init__(self) -> None:
        self._command_bytes = bytearray()
        self._message: Message | None = None

    def take(self, context_id: int, fragment: bytes) -> Message | None:
        """One presentation data value, its message control header first; the message it completes, if any.

        Raises InputRejected when it breaks PS3.8 annex E or the command set cannot be read.
        """
        if not fragment:
            raise InputRejected("dicom_truncated", offset=0)
        control = fragment[0]
        if control & _COMMAND_BIT:
            return self._take_command(context_id, fragment, last=bool(control & _LAST_BIT))
        message = self._message
        if message is None or message.data is None or message.context_id != context_id:
            raise InputRejected("dicom_malformed", offset=0, words="fragment")
        message.data += memoryview(fragment)[_PREFIX_BYTES:]
        if not control & _LAST_BIT:
            return None
        self._message = None
        return message

    def _take_command(self, context_id: int, fragment: bytes, *, last: bool) -> Message | None:
        if self._message is not None:
            raise InputRejected("dicom_malformed", offset=0, words="fragment")
        self._command_bytes += fragment[_PREFIX_BYTES:]
        if not last:
            if len(self._command_bytes) > _COMMAND_LIMITS.size_bytes:
                raise InputRejected("dicom_malformed", offset=0, words="command")
            return None
        command = Values.read(bytes(self._command_bytes), implicit=True, limits=_COMMAND_LIMITS)
        self._command_bytes.clear()
        has_data = _number(command, 0x00000800) != _NO_DATA_SET
        message = Message(context_id, command, bytearray() if has_data else None)
        if has_data:
            self._message = message
            return None
        return message
