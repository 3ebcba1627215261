"""Random names and their digests: a browser holds the token, the store holds the digest."""

from __future__ import annotations

import hashlib
import re
import secrets

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def new_token() -> str:
    """256 random bits in 43 characters that are safe in URLs and cookies."""
    return secrets.token_urlsafe(32)


def is_token(value: str) -> bool:
    """Whether *value* has the shape of :func:`new_token`."""
    return _TOKEN.fullmatch(value) is not None


def digest(token: str) -> str:
    """SHA-256 of a token, in hexadecimal: what the store knows it by."""
    return hashlib.sha256(token.encode()).hexdigest()
