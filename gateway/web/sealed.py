"""Values that stand in a URL and that nobody but the session reads: neither a log, nor a proxy, nor a neighbour.

AES-GCM under a key made of the session's own secret: the value ends with the session, and nothing has to be kept.
"""

from __future__ import annotations

import base64
import json
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.model.access import Session

_NONCE = 12
_LENGTH = 4096


def seal(session: Session, purpose: str, value: dict[str, str]) -> str:
    """*value* as letters for a URL."""
    nonce = os.urandom(_NONCE)
    sealed = _cipher(session).encrypt(nonce, json.dumps(value, ensure_ascii=False).encode(), purpose.encode())
    return base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")


def opened(session: Session, purpose: str, token: str) -> dict[str, str] | None:
    """What was sealed for this purpose in this session; None for anything else."""
    if not token.isascii() or len(token) > _LENGTH:
        return None
    try:
        content = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        plain = _cipher(session).decrypt(content[:_NONCE], content[_NONCE:], purpose.encode())
    except (ValueError, InvalidTag):
        return None
    return {str(name): str(one) for name, one in json.loads(plain).items()}


def _cipher(session: Session) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=session.id.encode(), info=b"gateway sealed value")
    return AESGCM(derived.derive(session.csrf_token.encode()))
