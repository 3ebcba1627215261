"""Notices by webhook: a JSON POST, signed.

``Gateway-Signature: t=<seconds since 1970>,v1=<hexadecimal HMAC-SHA256>`` of the moment, a full stop and the body,
with the shared secret (RFC 2104): whoever has the secret can tell that the message is ours, whole, and not an old one
played again. ``Gateway-Notice`` is the id of the notice: a message that is sent again after a lost answer has the same.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from gateway import __version__
from gateway.errors import PeerRefused, PeerUnreachable
from gateway.model.notice import Notice
from gateway.notify import LONGEST_S
from gateway.notify.secret import read_secret
from gateway.notify.words import body, subject
from gateway.trust.http import WholeInTime

NAME = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """Where notices are posted."""

    url: str
    secret_file: Path
    language: str
    console_url: str
    ca_file: Path | None = None
    timeout_s: float = 30.0


class Webhook:
    """Sends notices by webhook."""

    name = NAME

    def __init__(self, settings: WebhookSettings, now: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._now = now

    def send(self, notice: Notice) -> None:
        """Returns when the receiver has answered 2xx.

        Raises PeerUnreachable (``notice_webhook_unreachable``), PeerRefused (``notice_webhook_refused``),
        SettingsError (``notice_secret``).
        """
        settings = self._settings
        text = body(notice, settings.language, settings.console_url)
        told = {
            "kind": "held",
            "id": notice.id,
            "made_at": notice.made_at.isoformat(),
            "subject": subject(notice, settings.language),
            "text": text,
            **notice.as_json(),
        }
        self._post(notice.id, told)

    def check(self) -> str:
        """Post a signed message of the kind ``check``, which tells nothing; who took it. Raises as :meth:`send`."""
        self._post("check", {"kind": "check"})
        return _host(self._settings.url)

    def _post(self, notice_id: str, told: dict[str, object]) -> None:
        settings = self._settings
        content = json.dumps(told, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"drim-gateway/{__version__}",
            "Gateway-Notice": notice_id,
            "Gateway-Signature": signature(read_secret(settings.secret_file), content, int(self._now())),
        }
        host = _host(settings.url)
        try:
            with requests.Session() as session:
                session.trust_env = False
                for scheme in ("http://", "https://"):
                    session.mount(scheme, WholeInTime(LONGEST_S))
                answer = session.post(
                    settings.url,
                    data=content,
                    headers=headers,
                    timeout=settings.timeout_s,
                    verify=str(settings.ca_file) if settings.ca_file else True,
                    allow_redirects=False,
                    stream=True,
                )
                answer.close()
        except (requests.RequestException, OSError) as error:
            raise PeerUnreachable("notice_webhook_unreachable", host=host, words=type(error).__name__) from None
        if answer.status_code == 429 or answer.status_code >= 500:
            raise PeerUnreachable("notice_webhook_unreachable", host=host, words=f"HTTP {answer.status_code}")
        if not 200 <= answer.status_code < 300:
            raise PeerRefused("notice_webhook_refused", host=host, status=answer.status_code)


def signature(secret: str, content: bytes, moment: int) -> str:
    """The header that proves *content*."""
    made = hmac.new(secret.encode(), f"{moment}.".encode() + content, hashlib.sha256)
    return f"t={moment},v1={made.hexdigest()}"


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]
