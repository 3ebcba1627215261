"""HTTP to the identity provider, bounded in time and memory.

Every answer is read whole within a deadline and a size before anything looks at it, so that the libraries on top of
``requests`` cannot be made to wait or to swell. Redirects are not followed: no endpoint of the provider needs them.
"""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from gateway.trust.http import WholeInTime

ANSWER_BYTES = 512 * 1024
DEADLINE_S = 10.0
TIMEOUT_S = (4.0, 5.0)
"""To connect, and between two reads."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class _Bounded(WholeInTime):
    """Reads the body itself, at most ANSWER_BYTES within DEADLINE_S; raises requests.ConnectionError otherwise."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        options.update(stream=True, timeout=TIMEOUT_S)
        response = super().send(request, *args, **options)
        try:
            body = bytearray()
            for chunk in response.raw.stream(16 * 1024, decode_content=True):
                body += chunk
                if len(body) > ANSWER_BYTES:
                    raise requests.ConnectionError("answer too large", request=request)
        except urllib3.exceptions.HTTPError:
            raise requests.ConnectionError("answer broken off", request=request) from None
        finally:
            response.raw.close()
            response.raw.release_conn()
        response.raw = io.BytesIO(bytes(body))
        return response


def bound(session: requests.Session, *, authorities: str = "", certificate: str = "", key: str = "") -> None:
    """Put the limits on *session*.

    *authorities*: file of the CA certificates to trust, those of the system when empty; *certificate* and *key*:
    files of our own certificate where the provider knows its clients by it (RFC 8705).
    """
    adapter = _Bounded(DEADLINE_S, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    # Neither .netrc nor a proxy from the environment may see a client secret.
    session.trust_env = False
    session.max_redirects = 0
    session.verify = authorities or True
    if certificate:
        session.cert = (certificate, key) if key else certificate


def may_be_asked(url: str, issuer: str) -> bool:
    """Whether *url*, told by the provider, may be used: https, or loopback when the issuer is loopback itself."""
    try:
        parts = urlsplit(url)
        name = parts.hostname
    except ValueError:
        return False
    if not name or parts.username is not None or parts.fragment:
        return False
    if parts.scheme == "https":
        return True
    return parts.scheme == "http" and name in LOOPBACK and (urlsplit(issuer).hostname or "") in LOOPBACK
