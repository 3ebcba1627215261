"""What the web needs from the rest of the house, and how it is set."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from gateway.errors import SettingsError
from gateway.flow.consult import Consulting
from gateway.flow.events import Event
from gateway.flow.fetch import Fetching
from gateway.flow.overview import Overview
from gateway.flow.ports import Clock, Images, MessageLog, RelayStore, Sessions, Store
from gateway.model.exam import Exam
from gateway.model.identifiers import Identifier
from gateway.model.relay import Flow, RelayMessage
from gateway.model.share import Receipt, Share
from gateway.model.teleradiology import Exchange, Transmittal
from gateway.monitoring.door import HealthParts
from gateway.web.door_settings import ImageDoors
from gateway.web.limits import Limits
from gateway.web.openid.client import OpenIdConnect
from gateway.web.viewer_settings import ViewerSettings

if TYPE_CHECKING:
    from gateway.web.once import Once
    from gateway.web.relay_form import Form

_ANCESTOR = re.compile(r"'self'|https?://[A-Za-z0-9.*-]+(:[0-9]{1,5})?", re.ASCII)
_HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
LANGUAGES = frozenset({"fr", "en"})


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeKey:
    """A system that speaks over HTTP: it sends reports and teleradiology messages. Its key is known by digest alone."""

    name: str
    sha256_hex: str
    """SHA-256 of the key; the key itself is long and random, so no slow hash is needed."""
    site: str = ""
    """The site it speaks for; the states of that site's reports alone are shown to it."""
    platform: str = ""
    """The reading platform it speaks for, and then no site: it answers requests and sends reports back."""

    def __post_init__(self) -> None:
        if _DIGEST.fullmatch(self.sha256_hex) is None:
            raise SettingsError("web_intake_key", place=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """The web's own settings; a bad one raises SettingsError with its name."""

    public_url: str
    """Origin under which browsers reach this server: scheme, host and perhaps port, no path."""
    idle_s: float = 1800.0
    """A session ends after so long without a request."""
    hard_s: float = 14400.0
    """A session ends after so long, whatever happens (Pro Santé Connect allows four hours)."""
    handle_s: float = 1800.0
    """The images of one link stay open for so long."""
    attempt_s: float = 600.0
    """A login must come back from the provider within this time."""
    neutral_s: float = 0.06
    """A link that opens nothing is answered no sooner than after so long: what exists and is closed takes a few
    milliseconds more to look up than what does not."""
    intake_keys: tuple[IntakeKey, ...] = ()
    max_report_bytes: int = 64 * 1024 * 1024
    frame_ancestors: tuple[str, ...] = ()
    """Origins that may show our pages in a frame; nobody when empty."""
    languages: tuple[str, ...] = ("fr", "en")
    """Offered to the reader's ``Accept-Language``; the first is for everyone else."""
    other_hosts: tuple[str, ...] = ()
    """Further values of the Host header that are answered, such as the internal name that the RIS uses."""
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Paris"))
    """Of the times that the console shows."""
    frame_slots: int = 12
    """Frames that are fetched at one time; keep it below the server's threads, so that reports still come in."""
    viewer: ViewerSettings = field(default_factory=ViewerSettings)

    def __post_init__(self) -> None:
        parts = urlsplit(self.public_url)
        if (
            parts.scheme not in ("http", "https")
            or _HOST.fullmatch(parts.netloc) is None
            or self.public_url != f"{parts.scheme}://{parts.netloc}"
        ):
            raise SettingsError("web_public_url", place="public_url")
        if parts.scheme == "http" and not self.loopback:
            raise SettingsError("web_public_url_clear", place="public_url")
        if any(_ANCESTOR.fullmatch(origin) is None for origin in self.frame_ancestors):
            raise SettingsError("web_frame_ancestors", place="frame_ancestors")
        if any(_HOST.fullmatch(host) is None for host in self.other_hosts):
            raise SettingsError("web_other_hosts", place="other_hosts")
        if not self.languages or not LANGUAGES.issuperset(self.languages):
            raise SettingsError("web_languages", place="languages")

    @property
    def secure(self) -> bool:
        """Whether browsers come by https; cookies and headers follow."""
        return self.public_url.startswith("https://")

    @property
    def host(self) -> str:
        """Host, and port when it is not the scheme's own."""
        return urlsplit(self.public_url).netloc.lower()

    @property
    def loopback(self) -> bool:
        """Whether the public address is this machine's own."""
        return (urlsplit(self.public_url).hostname or "") in LOOPBACK_NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """A message that was built of JSON, and kept."""

    request_id: str
    left_out: tuple[str, ...] = ()
    """What the other end's messages have no place for, by its names in the JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayParts:
    """What the web needs of the teleradiology relay."""

    store: RelayStore
    submit: Callable[[IntakeKey, Form, Once | None], Submitted]
    """(who asks, what is said, as which request if that may come again) to what became of it; raises GatewayError."""
    fetching: Fetching
    """What the ends that do not read HL7 are given."""
    said: Callable[[bytes, Flow, Identifier], tuple[Exchange | Transmittal, ...]]
    """(a message, its flow, its order number) to what it says; raises InputRejected."""
    take_up: Callable[[str, str], RelayMessage]
    """(id of a held message, who) to the message; raises GatewayError."""
    give_up: Callable[[str, str], RelayMessage]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleParts:
    """What the console needs: to look, and to act on one share."""

    overview: Overview
    replay: Callable[[str, str], Share]
    """(id of a held share, who) to the share as it stands then; raises GatewayError, as the others do."""
    abandon: Callable[[str, str, str], Share]
    """(id, reason, who)."""
    withdraw: Callable[[str, str], Share]
    """(id, who) to the share that withdraws it, or to itself when it had not left."""
    correct: Callable[[str, Mapping[str, str], str], Share]
    """(id of a held share, values stated by hand, who)."""
    pacs: Mapping[str, str] = field(default_factory=dict)
    """The names of the PACS of each site, for people."""
    destinations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WebParts:
    """Everything the web talks to."""

    settings: WebSettings
    store: Store
    sessions: Sessions
    clock: Clock
    login: OpenIdConnect
    """The provider of professionals."""
    consulting: Consulting
    """Who may open what."""
    patient_login: OpenIdConnect | None = None
    """The provider of patients; None: patients do not log in here."""
    exams: Callable[[str, str], Exam | None]
    """(site, study UID) to the study as the PACS of that site has it; raises GatewayError."""
    images: Callable[[str], Images]
    """Site to where its frames come from."""
    accept: Callable[[Event], Receipt]
    """Takes responsibility for a report; raises GatewayError."""
    withdraw_report: Callable[[str, str], Receipt] | None = None
    """(id of an accepted report, name of the system that asks) to the receipt of its withdrawal; as ``accept``."""
    content: Callable[[str], bytes] | None = None
    """Digest to the bytes of an accepted report, for the console; raises GatewayError. None shows no stored report."""
    messages: MessageLog | None = None
    """Every message that was received, for the console."""
    message_again: Callable[[str], str] | None = None
    """(id of a message) to what it is answered when it is processed anew; raises GatewayError. None: not from here."""
    relay: RelayParts | None = None
    """The teleradiology relay; None where there is no platform."""
    health: HealthParts | None = None
    """What machines that watch are told; None tells nobody."""
    console: ConsoleParts | None = None
    """The console's shares; None leaves them out."""
    doors: ImageDoors | None = None
    """How other systems fetch images; None: they do not."""
    limits: Limits = field(default_factory=Limits)
    """How much may be asked without a session."""
