"""The SOAP 1.2 envelope and its WS-Addressing header, for both sides.

Sources: SOAP 1.2 part 1 (W3C, 2007) sections 2.4 (mustUnderstand) and 5 (envelope); WS-Addressing 1.0 Core (W3C,
2006) section 3.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from lxml import etree

from gateway.errors import InputRejected

ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
ENVELOPE_11 = "http://schemas.xmlsoap.org/soap/envelope/"
WSA = "http://www.w3.org/2005/08/addressing"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
ANONYMOUS = f"{WSA}/anonymous"
MUST_UNDERSTAND = f"{{{ENVELOPE}}}mustUnderstand"

ADDRESSING = frozenset(
    f"{{{WSA}}}{name}" for name in ("Action", "MessageID", "To", "From", "ReplyTo", "FaultTo", "RelatesTo")
)
"""The header blocks of WS-Addressing, in Clark notation."""

_ROLES_OF_OURS = frozenset({"", f"{ENVELOPE}/role/next", f"{ENVELOPE}/role/ultimateReceiver"})


class EnvelopeRejected(InputRejected):
    """An envelope that is answered with a fault of its own.

    ``fault_code`` is a local name of SOAP 1.2 part 1 table 4 (``Sender``, ``MustUnderstand``, ``VersionMismatch``),
    ``subcodes`` local names of WS-Addressing from the outside in, ``problem`` what the fault names: an action, or the
    qualified names of header blocks.
    """

    def __init__(
        self,
        code: str,
        *,
        fault_code: str = "Sender",
        subcodes: tuple[str, ...] = (),
        problem: tuple[str, ...] = (),
        relates_to: str = "",
        **facts: str,
    ) -> None:
        super().__init__(code, **facts)
        self.fault_code = fault_code
        self.subcodes = subcodes
        self.problem = problem
        self.relates_to = relates_to


def qualified(namespace: str, name: str) -> str:
    """Clark notation."""
    return f"{{{namespace}}}{name}"


def message_id() -> str:
    """A new wsa:MessageID."""
    return f"urn:uuid:{uuid.uuid4()}"


@dataclass(frozen=True, slots=True)
class Envelope:
    """The two halves of an envelope: its header blocks, and the one element of its body (None when empty)."""

    root: etree._Element
    blocks: tuple[etree._Element, ...]
    body: etree._Element | None

    def addressing(self, name: str) -> str:
        """The text of a WS-Addressing header, or empty; raises EnvelopeRejected (``soap_addressing``) for two."""
        found = [block for block in self.blocks if block.tag == qualified(WSA, name)]
        if len(found) > 1:
            raise EnvelopeRejected(
                "soap_addressing",
                subcodes=("InvalidAddressingHeader", "InvalidCardinality"),
                problem=(qualified(WSA, name),),
                header=name,
            )
        return (found[0].text or "").strip() if found else ""

    def not_understood(self, understood: Collection[str]) -> tuple[str, ...]:
        """Names of the blocks meant for us that must be understood and are not (SOAP 1.2 part 1 section 2.4)."""
        return tuple(
            str(block.tag)
            for block in self.blocks
            if (block.get(MUST_UNDERSTAND) or "").strip() in ("1", "true")
            and (block.get(qualified(ENVELOPE, "role")) or "").strip() in _ROLES_OF_OURS
            and block.tag not in understood
        )


def read_envelope(root: etree._Element) -> Envelope:
    """The envelope of *root*; raises EnvelopeRejected (``soap_version``, ``soap_envelope``)."""
    if root.tag != qualified(ENVELOPE, "Envelope"):
        if root.tag == qualified(ENVELOPE_11, "Envelope"):
            raise EnvelopeRejected("soap_version", fault_code="VersionMismatch")
        raise EnvelopeRejected("soap_envelope")
    halves = list(root.iterchildren("*"))
    names = [str(half.tag) for half in halves]
    wanted = [qualified(ENVELOPE, "Header"), qualified(ENVELOPE, "Body")]
    if names not in (wanted, wanted[1:]):
        raise EnvelopeRejected("soap_envelope")
    blocks = tuple(halves[0].iterchildren("*")) if len(halves) == 2 else ()
    content = list(halves[-1].iterchildren("*"))
    if len(content) > 1:
        raise EnvelopeRejected("soap_envelope")
    return Envelope(root, blocks, content[0] if content else None)


def new_envelope(action: str, relates_to: str, body: etree._Element) -> etree._Element:
    """An answer to *relates_to* (or to nobody known): header and *body*, which is moved into it."""
    root = etree.Element(qualified(ENVELOPE, "Envelope"), nsmap={"env": ENVELOPE, "wsa": WSA})
    header = etree.SubElement(root, qualified(ENVELOPE, "Header"))
    named = etree.SubElement(header, qualified(WSA, "Action"))
    named.text = action
    named.set(MUST_UNDERSTAND, "1")
    etree.SubElement(header, qualified(WSA, "MessageID")).text = message_id()
    if relates_to:
        etree.SubElement(header, qualified(WSA, "RelatesTo")).text = relates_to
    etree.SubElement(root, qualified(ENVELOPE, "Body")).append(body)
    return root
