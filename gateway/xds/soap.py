"""SOAP 1.2 with WS-Addressing, the side that answers.

:func:`read_request` reads a request or raises what :func:`write_fault` turns into a fault; :func:`write_response`
makes the answer. The side that asks is ``caller.py``.

Sources: SOAP 1.2 part 1 (W3C, 2007) sections 2.4 and 5; WS-Addressing 1.0 SOAP Binding (W3C, 2006) section 6; IHE ITI
TF-2 appendix V.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from lxml import etree

from gateway.errors import InputRejected
from gateway.trust import safexml
from gateway.xds import mtom
from gateway.xds.envelope import (
    ADDRESSING,
    ANONYMOUS,
    ENVELOPE,
    ENVELOPE_11,
    MUST_UNDERSTAND,
    WSA,
    WSSE,
    Envelope,
    EnvelopeRejected,
    message_id,
    new_envelope,
    qualified,
    read_envelope,
)
from gateway.xds.faults import FaultAnswer, write_fault

__all__ = [
    "ADDRESSING",
    "ANONYMOUS",
    "ENVELOPE",
    "ENVELOPE_11",
    "MUST_UNDERSTAND",
    "WSA",
    "WSSE",
    "Envelope",
    "EnvelopeRejected",
    "FaultAnswer",
    "Readable",
    "Request",
    "message_id",
    "qualified",
    "read_envelope",
    "read_request",
    "write_fault",
    "write_response",
]


_CHUNK_BYTES = 256 * 1024


class Readable(Protocol):
    """A body as a server gives it (``wsgi.input``)."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """A request; close it when it is answered, for its documents may be in a temporary file."""

    action: str
    message_id: str
    body: etree._Element
    """The one element of the SOAP body."""
    blocks: tuple[etree._Element, ...]
    """The header blocks, for who reads an assertion."""
    parts: Mapping[etree._Element, mtom.Part] = field(repr=False)
    """Documents by the element that they stand in; ``mtom.content(element, parts)`` reads inline ones too."""
    incoming: mtom.Incoming = field(repr=False)

    @property
    def unused(self) -> bool:
        """Whether there are parts that no element names."""
        return len(self.parts) < len(self.incoming.parts)

    def documents(self) -> dict[str, mtom.Part]:
        """The documents of an ITI-41 request by their ids; raises as :func:`mtom.documents_by_id`."""
        return mtom.documents_by_id(self.body, self.parts)

    def close(self) -> None:
        self.incoming.close()

    def __enter__(self) -> Request:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_request(
    content_type: str,
    stream: Readable,
    limits: mtom.Limits = mtom.DEFAULT,
    *,
    actions: Collection[str] | None = None,
    understood: Collection[str] = (),
    all_used: bool = True,
) -> Request:
    """Read a request from an HTTP body.

    *actions* are those that are answered (all when None); *understood* are header blocks, in Clark notation, that the
    caller processes beside WS-Addressing. Not *all_used*: a part that no element names is for the caller to judge
    (``Request.unused``). Raises EnvelopeRejected, and what ``mtom.Reader``, ``mtom.resolve`` and
    ``safexml.parse`` raise; all of it can be given to :func:`write_fault`.
    """
    incoming = _read_all(mtom.Reader(content_type, limits), stream)
    try:
        envelope = read_envelope(safexml.parse(incoming.root.read()))
        action, identifier = _addressed(envelope, incoming.action, actions, understood)
        if envelope.body is None:
            raise EnvelopeRejected("soap_envelope", relates_to=identifier)
        parts = mtom.resolve(envelope.root, incoming, all_used=all_used)
        return Request(action, identifier, envelope.body, envelope.blocks, parts, incoming)
    except Exception:
        incoming.close()
        raise


def _read_all(reader: mtom.Reader, stream: Readable) -> mtom.Incoming:
    try:
        while chunk := stream.read(_CHUNK_BYTES):
            reader.feed(chunk)
        return reader.finish()
    except OSError as error:
        reader.close()
        raise InputRejected("mtom_truncated") from error
    except BaseException:  # whatever a server raises for a client that has gone
        reader.close()
        raise


def _addressed(
    envelope: Envelope, declared_action: str, actions: Collection[str] | None, understood: Collection[str]
) -> tuple[str, str]:
    """The action and the message id, once the header is one that may be answered."""
    identifier = envelope.addressing("MessageID")
    missing = envelope.not_understood({*ADDRESSING, *understood})
    if missing:
        raise EnvelopeRejected(
            "soap_must_understand",
            fault_code="MustUnderstand",
            problem=missing,
            relates_to=identifier,
            header=etree.QName(missing[0]).localname,
        )
    action = envelope.addressing("Action")
    for name, value in (("Action", action), ("MessageID", identifier)):
        if not value:
            raise EnvelopeRejected(
                "soap_addressing",
                subcodes=("MessageAddressingHeaderRequired",),
                problem=(qualified(WSA, name),),
                relates_to=identifier,
                header=name,
            )
    if declared_action and declared_action != action:
        raise EnvelopeRejected(
            "soap_addressing",
            subcodes=("InvalidAddressingHeader", "ActionMismatch"),
            problem=(qualified(WSA, "Action"),),
            relates_to=identifier,
            header="Action",
        )
    if actions is not None and action not in actions:
        raise EnvelopeRejected(
            "soap_action", subcodes=("ActionNotSupported",), problem=(action,), relates_to=identifier, action=action
        )
    _anonymous_only(envelope, identifier)
    return action, identifier


def _anonymous_only(envelope: Envelope, identifier: str) -> None:
    for name in ("ReplyTo", "FaultTo"):
        for block in envelope.blocks:
            if block.tag == qualified(WSA, name):
                address = (block.findtext(qualified(WSA, "Address")) or "").strip()
                if address != ANONYMOUS:
                    raise EnvelopeRejected(
                        "soap_addressing",
                        subcodes=("InvalidAddressingHeader", "OnlyAnonymousAddressSupported"),
                        problem=(block.tag,),
                        relates_to=identifier,
                        header=name,
                    )


def write_response(
    action: str,
    relates_to: str,
    body: etree._Element,
    attachments: Sequence[mtom.Attachment] = (),
    *,
    multipart: bool = False,
) -> mtom.Outgoing:
    """The answer to *relates_to*, to be sent with HTTP 200 under its ``content_type``.

    It is multipart when there are attachments or when *multipart* asks for it (ITI-41 and ITI-43 answer in MTOM even
    without documents). *body* is moved into the envelope.
    """
    root = new_envelope(action, relates_to, body)
    xml = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    if attachments or multipart:
        return mtom.write(xml, attachments, action)
    return mtom.plain(xml, action)
