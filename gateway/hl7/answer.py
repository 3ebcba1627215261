"""One message in, one acknowledgement out: the step between the connection and the flow."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import structlog

from gateway.errors import GatewayError, InputRejected, InputTooLarge, Unavailable
from gateway.flow.events import Event
from gateway.hl7 import acknowledge, profiles
from gateway.hl7.intake import read_events
from gateway.hl7.mllp import Fault
from gateway.model.share import Receipt

Accept = Callable[[Event], Receipt]
"""Keeps what arrived, durably, before it returns; raises a GatewayError when it does not."""

_log = structlog.get_logger(__name__)


def answer(message: bytes, accept: Accept, *, processing_ids: frozenset[str] = profiles.PROCESSING_IDS) -> bytes | None:
    """The acknowledgement of *message*, after *accept* has returned or something has refused it.

    None for a message that is an acknowledgement itself: two programs that answer each other's answers never stop.
    """
    request = acknowledge.read_request(message)
    if request.is_answer:
        _log.warning("hl7.unexpected_answer", sender=request.sender)
        return None
    try:
        # Two documents are two events: should the second be refused, the first is a duplicate when both come again.
        receipts = [accept(event) for event in read_events(message, processing_ids=processing_ids)]
    except GatewayError as error:
        _log.info(
            "hl7.refused", code=error.code, place=error.place, answer=error.acknowledgement, sender=request.sender
        )
        return acknowledge.refused(request, error)
    except Exception as error:  # noqa: BLE001 - a fault of ours must still be answered, and must not print its values
        _log.error("hl7.internal_error", error=type(error).__name__, where=_where(error), sender=request.sender)
        return acknowledge.refused(request, Unavailable("hl7_internal_error"))
    for receipt in receipts:
        _log.info("hl7.accepted", report_id=receipt.report_id, duplicate=receipt.duplicate, sender=request.sender)
    return acknowledge.accepted(request)


def answer_fault(fault: Fault, limit_bytes: int) -> bytes | None:
    """The refusal of bytes that were no block, when their sender waits for one."""
    _log.warning("hl7.framing", code=fault.code, size_bytes=fault.size_bytes, answered=fault.answered)
    if not fault.answered:
        return None
    head = fault.head[max(fault.head.find(b"MSH"), 0) :]
    request = acknowledge.read_request(head)
    if request.is_answer:
        return None
    if fault.code == "mllp_too_large":
        return acknowledge.refused(request, InputTooLarge(fault.code, size=fault.size_bytes, limit=limit_bytes))
    return acknowledge.refused(request, InputRejected(fault.code, hl7_code="199"))


def _where(error: BaseException) -> str:
    """File and line of a fault, without the values that a traceback's text may quote."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
