"""What is sent again after a lost answer has no second effect: the header ``Idempotency-Key``.

Source: draft-ietf-httpapi-idempotency-key-header-07: a structured field's string (RFC 9651 section 3.3.3), chosen by
the client, anew for each request; the same one with another content is refused with 422.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from gateway.errors import InputRejected

HEADER = "Idempotency-Key"
_VALUE = re.compile(r'"(?P<quoted>[\x21\x23-\x5b\x5d-\x7e]{1,255})"|(?P<bare>[A-Za-z0-9._:/+=~-]{1,255})', re.ASCII)


@dataclass(frozen=True, slots=True)
class Once:
    """A request of a client, which it may send as often as it likes."""

    key: str
    body_sha256: str


def once(header: str | None, body: bytes) -> Once | None:
    """The request that *header* names, with its *body*; None without the header. The quotes may be missing.

    Raises InputRejected (``idempotency_key``).
    """
    if header is None:
        return None
    match = _VALUE.fullmatch(header.strip())
    if match is None:
        raise InputRejected("idempotency_key", place=HEADER)
    return Once(match["quoted"] or match["bare"], hashlib.sha256(body).hexdigest())
