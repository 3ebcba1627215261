"""How much somebody without a session may ask: logins begun, and answers and tokens that turn out to be nobody's.

Each login that is begun is a row, each answer that is looked up a write, each token that is not known a question to the
identity provider: whoever invents them by the thousand fills the disk or keeps others waiting. So there are so many of
each in a minute, all at once or one after the other, for one address and for all together. What asks for nothing but a
comparison in memory (keys of systems, links that are none) is not counted, and neither is anybody who has a session.

A hospital is one address for thousands of clinicians. A login that is carried through gives back what it took, so that
only those count that come to nothing; and an address from which somebody has come through is not held up when strangers
elsewhere have used what there is for all.

Counted in this process, in bounded memory: addresses that were not seen for longest are forgotten first, and what is
for all together holds then. An IPv6 address counts with its /64, which one subscriber has.
"""

from __future__ import annotations

import ipaddress
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from wsgiref.types import WSGIEnvironment

import structlog

from gateway.errors import Unavailable

_ADDRESSES = 4096
"""Remembered at one time of each kind: about a megabyte."""
_MINUTE_S = 60.0
_LOGGED_S = 60.0
"""One line of the log in so long: whoever asks too often must not fill that either."""
_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]+)?|([0-9.]+):[0-9]+", re.ASCII)

log = structlog.get_logger(__name__)


class Asked(StrEnum):
    """What is counted."""

    LOGIN = "login"
    """A login that is begun: a link or a page that is opened without a session."""
    ANSWER = "answer"
    """An answer to a login that nobody has begun."""
    TOKEN = "token"  # noqa: S105 - a word for the metric
    """A bearer token that the identity provider does not know."""


class TooMany(Unavailable):
    """There have been too many for now; after ``wait_s`` seconds there may be one more."""

    http_status = 429

    def __init__(self, wait_s: int) -> None:
        super().__init__("web_too_many")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """How many in a minute; 0: any number.

    A login that is begun costs 1.5 ms of a processor and 0.9 kB, which are given back after an hour (measured on
    SQLite): as many as ``logins_in_all`` allows take a twelfth of a processor and 155 MB.
    """

    logins: int = 600
    """Of one address, begun and not carried through."""
    logins_in_all: int = 3000
    refused: int = 120
    """Answers, and as many tokens, of one address that were nobody's."""
    refused_in_all: int = 1200
    proxies: tuple[IPv4Network | IPv6Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1"))
    """Whose word on the address behind them (``X-Forwarded-For``) is taken."""


class Limits:
    """What is left of each kind. Safe for many threads."""

    def __init__(
        self,
        settings: LimitSettings | None = None,
        *,
        told: Callable[[str], None] = lambda kind: None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """*told* is given the kind of each request that is refused; *now_s*: a clock that is never put back."""
        known = settings or LimitSettings()
        self._proxies = known.proxies
        self._told = told
        self._now_s = now_s
        self._lock = threading.Lock()
        self._logged_s = float("-inf")
        self._trusted: OrderedDict[str, None] = OrderedDict()
        self._kinds = {
            Asked.LOGIN: _Kind(known.logins, known.logins_in_all),
            Asked.ANSWER: _Kind(known.refused, known.refused_in_all),
            Asked.TOKEN: _Kind(known.refused, known.refused_in_all),
        }

    def check(self, kind: Asked, environ: WSGIEnvironment) -> None:
        """Raises TooMany where nothing is left for who asks."""
        address, now_s = address_of(environ, self._proxies), self._now_s()
        with self._lock:
            wait_s = self._kinds[kind].wait_s(address, now_s, trusted=address in self._trusted)
            loud = wait_s > 0 and now_s - self._logged_s >= _LOGGED_S
            self._logged_s = now_s if loud else self._logged_s
        if wait_s > 0:
            self._told(kind.value)
            if loud:
                # Without the address: at home it is a patient's own.
                log.warning("web.too_many", kind=kind.value, wait_s=round(wait_s, 1))
            raise TooMany(int(wait_s) + 1)

    def take(self, kind: Asked, environ: WSGIEnvironment) -> None:
        """Count one."""
        address = address_of(environ, self._proxies)
        with self._lock:
            self._kinds[kind].take(address, self._now_s())

    def came_through(self, environ: WSGIEnvironment, kind: Asked | None = None) -> None:
        """Somebody at this address is known now; what they took of *kind* is given back."""
        address = address_of(environ, self._proxies)
        with self._lock:
            self._trusted[address] = None
            self._trusted.move_to_end(address)
            if len(self._trusted) > _ADDRESSES:
                self._trusted.popitem(last=False)
            if kind is not None:
                self._kinds[kind].take(address, self._now_s(), -1.0)


class _Kind:
    """What is left of one kind: for each address, and for all together under no address."""

    def __init__(self, each: int, in_all: int) -> None:
        self._each = each
        self._in_all = in_all
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Of each address what was left, and when."""
        self._left_in_all = (float(in_all), float("-inf"))

    def wait_s(self, address: str, now_s: float, *, trusted: bool) -> float:
        """Until there is one for *address*; 0 where there is one now."""
        own = _wait_s(self._left.get(address), self._each, now_s)
        return own if trusted else max(own, _wait_s(self._left_in_all, self._in_all, now_s))

    def take(self, address: str, now_s: float, count: float = 1.0) -> None:
        self._left[address] = _after(self._left.get(address), self._each, now_s, count)
        self._left.move_to_end(address)
        if len(self._left) > _ADDRESSES:
            self._left.popitem(last=False)
        self._left_in_all = _after(self._left_in_all, self._in_all, now_s, count)


def _left(known: tuple[float, float] | None, most: int, now_s: float) -> float:
    """What there is now where there was *known*, and as many as *most* come back in a minute."""
    if known is None:
        return float(most)
    return min(float(most), known[0] + (now_s - known[1]) * most / _MINUTE_S)


def _wait_s(known: tuple[float, float] | None, most: int, now_s: float) -> float:
    return max(0.0, 1.0 - _left(known, most, now_s)) * _MINUTE_S / most if most else 0.0


def _after(known: tuple[float, float] | None, most: int, now_s: float, count: float) -> tuple[float, float]:
    # Those who were let in at the same time may take more than there was: never so much that it is long in coming back.
    return min(float(most), max(0.0, _left(known, most, now_s) - count)), now_s


def address_of(environ: WSGIEnvironment, proxies: Iterable[IPv4Network | IPv6Network]) -> str:
    """From where a request comes: of the addresses that it has passed the last that is none of *proxies*.

    What stands before that one in ``X-Forwarded-For`` was written by whoever asks. Empty where there is no address (a
    socket of the file system).
    """
    known = tuple(proxies)
    address = _address(environ.get("REMOTE_ADDR", ""))
    passed = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while passed and address is not None and any(address in one for one in known):
        before = _address(passed.pop())
        if before is None:
            break
        address = before
    if isinstance(address, IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return "" if address is None else str(address)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    written = text.strip()
    match = _WITH_PORT.fullmatch(written)
    try:
        address = ipaddress.ip_address((match[1] or match[2]) if match else written)
    except ValueError:
        return None
    # A port that listens on both families shows the older one's addresses inside the newer one's.
    return getattr(address, "ipv4_mapped", None) or address
