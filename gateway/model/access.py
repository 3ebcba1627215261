"""Who is looking: sessions, login transactions, handles. All are rows; a browser holds opaque tokens alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A professional as the identity provider names them."""

    subject: str
    """``sub`` of the ID token."""
    issuer: str
    identifier: str = ""
    """National identifier of the professional, when given."""
    name: str = ""
    profession: str = ""
    roles: frozenset[str] = frozenset()
    """``administrator`` opens the console."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A login. ``id`` is the SHA-256 of the token in the cookie: the store cannot open a session."""

    id: str
    person: Person
    csrf_token: str
    created_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginAttempt:
    """An authorization request under way (OpenID Connect Core 3.1.2), found by its ``state``, usable once."""

    state: str
    browser: str
    """SHA-256 of the token in the attempt's own cookie: the answer must come from the browser that asked."""
    nonce: str
    code_verifier: str
    next_url: str = field(repr=False)
    """Where to go then; kept here so that no identifier travels through the provider."""
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """An opaque name of one examination for one session: what stands in viewer URLs instead of identifiers.

    ``id`` is the SHA-256 of the token in the URL.
    """

    id: str
    session_id: str
    site: str
    study_uid: str
    report_id: str
    created_at: datetime
