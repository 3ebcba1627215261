"""The provider's tokens, kept in the session's row under a key that only the browser's cookie gives.

AES-256-GCM; the key is HKDF-SHA-256 of the cookie's token, which the store never holds (it knows its digest): who
reads the database cannot act as its users at the provider.
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import asdict, dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a provider gave at a login or a refresh (RFC 6749 section 5.1)."""

    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)
    """The ID token, for ``id_token_hint`` at the logout."""
    life_s: float = 0.0
    """How long the access token is good for, from when it was given."""


def seal(tokens: Tokens, cookie: str) -> str:
    """*tokens* as text that :func:`unseal` opens with the same cookie."""
    nonce = os.urandom(_NONCE)
    sealed = _cipher(cookie).encrypt(nonce, json.dumps(asdict(tokens)).encode(), None)
    return base64.b64encode(nonce + sealed).decode()


def unseal(text: str, cookie: str) -> Tokens | None:
    """The tokens, or None when there are none or they are not this cookie's."""
    if not text:
        return None
    try:
        content = base64.b64decode(text)
        plain = _cipher(cookie).decrypt(content[:_NONCE], content[_NONCE:], None)
    except (ValueError, InvalidTag):
        return None
    return Tokens(**json.loads(plain))


def _cipher(cookie: str) -> AESGCM:
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=b"provider tokens").derive(cookie.encode()))
