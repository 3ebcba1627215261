"""``gateway check``: in one screen, what is wrong. It changes nothing and sends nothing but questions."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import requests
import sqlalchemy as sa

from gateway.doors import guard, listening, plain_ports
from gateway.errors import GatewayError, SettingsError, Unavailable
from gateway.model.relay import Direction, End
from gateway.monitoring.health import writable
from gateway.monitoring.status import read_all
from gateway.notify.notifier import Channel
from gateway.settings import Settings, load
from gateway.settings.hl7 import PeerTable
from gateway.store.engine import is_there
from gateway.store.migrations import current, head
from gateway.texts import sentence
from gateway.trust.tls import server_context, validity
from gateway.wiring.house import House

CERTIFICATE_WARNING_DAYS = 60
_PORT_TIMEOUT_S = 2.0
_CLOCK_TOLERANCE_S = 60.0
"""ID tokens and leases bear this much."""
_UNFETCHED = timedelta(hours=1)
"""Who fetches its messages asks more often."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, whether it is good (``ok``, ``warning``, ``wrong``), and what to do."""

    subject: str
    state: str
    words: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of :mod:`gateway.texts` with its facts, not yet in a language."""

    code: str
    facts: dict[str, str]
    state: str = "ok"

    def about(self, subject: str, language: str) -> Finding:
        return Finding(subject, self.state, sentence(self.code, self.facts, language))


def _ok(code: str, **facts: object) -> Said:
    return Said(code, {name: str(value) for name, value in facts.items()})


def _warning(code: str, **facts: object) -> Said:
    return Said(code, {name: str(value) for name, value in facts.items()}, "warning")


def _wrong(code: str, **facts: object) -> Said:
    return Said(code, {name: str(value) for name, value in facts.items()}, "wrong")


def check(path: Path, *, language: str = "en") -> list[Finding]:
    """Look at everything, told in *language* (``fr`` or ``en``); never raises for what it finds."""
    try:
        settings = load(path)
    except GatewayError as error:
        return [_failure(error).about("settings", language)]
    findings = [Finding("settings", "ok", str(path))]
    house = House(settings)
    try:
        findings += [_tried(subject, language, look) for subject, look in _looks(house)]
        findings += _health(house, language)
    finally:
        house.close()
    findings += [said.about(subject, language) for subject, said in _outside(settings)]
    return findings


def _failure(error: GatewayError) -> Said:
    return Said(error.code, error.facts, "wrong")


def _tried(subject: str, language: str, look: Callable[[], Said]) -> Finding:
    try:
        return look().about(subject, language)
    except GatewayError as error:
        return _failure(error).about(subject, language)


def _looks(house: House) -> Iterator[tuple[str, Callable[[], Said]]]:
    """What is asked through the parts of the gateway: each look answers, or raises GatewayError."""
    settings = house.settings
    yield from _doors(settings)
    yield "store", partial(_store, house)
    for name, pacs in settings.pacs.items():
        yield f"pacs {name}", partial(_echo, house, name)
        if pacs.dicomweb_url:
            yield f"dicomweb {name}", partial(_ask_web, house, name)
    for name in settings.destination:
        yield f"destination {name}", partial(_ask, house, name)
        yield f"repository {name}", partial(_ask_documents, house, name)
    for name, end, table in _ends(settings):
        yield name, partial(_fetches, house, end) if table.fetches else partial(_connects, table.host, table.port)
    for channel in house.monitoring.channels():
        yield f"notify {channel.name}", partial(_way, channel)
    yield "status folder", partial(_status_folder, house)


def _doors(settings: Settings) -> Iterator[tuple[str, Callable[[], Said]]]:
    """Each port that is in the clear because the settings allow it, and the guard of the start."""
    plain = plain_ports(settings)
    for name, host, allowed in plain:
        if allowed:
            yield "doors", partial(_warning, "look_door_plain", name=name, host=host)
    yield "doors", partial(_guarded, settings)


def _guarded(settings: Settings) -> Said:
    guard(settings)
    return _ok("look_doors")


def _store(house: House) -> Said:
    url = sa.make_url(house.settings.store.url)
    if not is_there(house.settings.store.url):
        # To open it would make it, in the name of whoever checks.
        return _to_be_made(Path(url.database or ""))
    place = f"PostgreSQL ({url.database})" if url.get_backend_name() == "postgresql" else url.database
    try:
        house.engine.connect().close()
    except sa.exc.SQLAlchemyError as error:
        # Said at the opening, before any row: who may not come in, or that nobody is there.
        words = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0]
        raise Unavailable("look_store_away", words=words) from None
    at, newest = current(house.engine), head()
    if at == newest:
        return _ok("look_store", place=place, at=at)
    return _ok("look_store_tables", place=place, at=at or "-", newest=newest)


def _echo(house: House, name: str) -> Said:
    house.pacs[name].echo()
    table = house.settings.pacs[name]
    return _ok("look_pacs", aet=table.called_aet, host=table.host, port=table.port)


def _ask_web(house: House, name: str) -> Said:
    """A QIDO-RS query for a study that nobody has."""
    house.pacs[name].ask_web()
    return _ok("look_dicomweb", url=house.settings.pacs[name].dicomweb_url)


def _ask(house: House, name: str) -> Said:
    """A query for documents that nobody has: the registry's way, addresses and certificates are proved by it."""
    house.destinations[name].ping()
    return _ok("look_registry", url=house.settings.destination[name].registry_url)


def _ask_documents(house: House, name: str) -> Said:
    """A retrieval of a document that nobody has (ITI-43); nothing is submitted."""
    house.destinations[name].ping_repository()
    return _ok("look_repository", url=house.settings.destination[name].repository_url)


def _ends(settings: Settings) -> Iterator[tuple[str, End, PeerTable]]:
    """The ends of the relay that messages go to."""
    for name, platform in settings.platform.items():
        yield f"platform {name}", End(Direction.TO_PLATFORM, name), platform
    for name, site in settings.site.items():
        if site.ris is not None:
            yield f"ris {name}", End(Direction.TO_SITE, name), site.ris


def _connects(host: str, port: int) -> Said:
    """A connection alone: a receiver of messages is asked no question."""
    try:
        socket.create_connection((host, port), timeout=_PORT_TIMEOUT_S).close()
    except OSError as error:
        return _warning("look_peer_silent", host=host, port=port, words=error.strerror or type(error).__name__)
    return _ok("look_peer", host=host, port=port)


def _fetches(house: House, end: End) -> Said:
    """Whether who fetches its messages does so, by the one that has waited longest."""
    of_end = "platform" if end.direction is Direction.TO_PLATFORM else "site"
    keys = ", ".join(key.name for key in house.settings.intake.key if getattr(key, of_end) == end.name)
    # Before the first start there are no tables to ask.
    asked = is_there(house.settings.store.url) and current(house.engine) == head()
    waiting = house.relay.store.offered(end, limit=1) if asked else ()
    if waiting and house.clock.now() - waiting[0][1].created_at > _UNFETCHED:
        since = waiting[0][1].created_at.astimezone(house.sites[waiting[0][0].site].time_zone)
        return _warning("look_unfetched", keys=keys, since=f"{since:%Y-%m-%d %H:%M}")
    return _ok("look_fetches", keys=keys)


def _way(channel: Channel) -> Said:
    """Mail: connected and signed in; webhook: a signed message of the kind ``check``."""
    return _ok("look_notices", place=channel.check())


def _to_be_made(path: Path) -> Said:
    """Whether this user can make *path*, which is not there. Raises Unavailable."""
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not os.access(above, os.W_OK | os.X_OK):
        raise Unavailable("health_not_writable", folder=str(above), words=os.strerror(errno.EACCES))
    return _ok("look_new", place=path)


def _status_folder(house: House) -> Said:
    folder = house.settings.monitoring.folder
    if not folder.exists():
        # Under /run it is systemd that makes it, for a user who could not.
        return _ok("look_new", place=folder)
    writable(folder)
    return _ok("look_status_folder", folder=folder)


def _documents_to_be(folder: Path) -> Said:
    """Of a store that is not there yet."""
    if not folder.exists():
        return _to_be_made(folder)
    writable(folder)
    return _ok("look_writable")


def _health(house: House, language: str) -> Iterator[Finding]:
    """Disks, the folder of documents, and the processes of this machine, when any has said anything."""
    if is_there(house.settings.store.url):
        looks = house.monitoring.health(all_roles=True).looks
    else:
        yield _tried("documents", language, partial(_documents_to_be, house.settings.store.blobs))
        looks = house.monitoring.disks()
    for look in looks:
        if look.name != "store":
            yield Finding(look.name, look.state, look.words(language) or sentence("look_writable", {}, language))


def _outside(settings: Settings) -> Iterator[tuple[str, Said]]:
    """What is asked without the gateway's parts: who signs in, ports, certificates, secrets."""
    for name, login in (("login", settings.login), ("patient_login", settings.patient_login)):
        if login:
            for said in _provider(login.issuer, login.ca_file):
                yield name, said
    yield from _ports(settings)
    yield from _certificates(settings)
    yield from _secrets(settings)


def _provider(issuer: str, ca_file: Path | None) -> Iterator[Said]:
    """Whether the identity provider answers under its name; and, by its clock, whether ours is right."""
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        session = requests.Session()
        session.trust_env = False
        answer = session.get(address, timeout=10, verify=str(ca_file) if ca_file else True, allow_redirects=False)
        answer.raise_for_status()
        found = answer.json().get("issuer")
    except (requests.RequestException, ValueError, AttributeError, OSError):
        yield _wrong("look_provider_away", address=address)
        return
    if found != issuer:
        yield _wrong("look_provider_other", found=found, issuer=issuer)
        return
    away_s = _seconds_away(answer.headers.get("Date", ""))
    if away_s > _CLOCK_TOLERANCE_S:
        yield _warning("look_clock", seconds=f"{away_s:.0f}", issuer=issuer)
    else:
        yield _ok("look_provider", issuer=issuer)


def _seconds_away(date: str) -> float:
    """How far our clock is from *date*, an HTTP date of this moment; 0 when it says none."""
    try:
        return abs(time.time() - parsedate_to_datetime(date).timestamp())
    except (ValueError, TypeError):
        return 0.0


def _ports(settings: Settings) -> Iterator[tuple[str, Said]]:
    """Whether somebody listens where others come to us, and whether that can be us."""
    living = {status.role for status in read_all(settings.monitoring.folder) if not status.silent(time.time())}
    for role in ("web", "intake", "receive"):
        for name, host, port in listening(settings, (role,)):
            near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host.strip("[]"))  # noqa: S104 - not bound, asked
            try:
                socket.create_connection((near, port), timeout=_PORT_TIMEOUT_S).close()
            except OSError as error:
                words = error.strerror or type(error).__name__
                yield f"port {name}", _warning("look_port_silent", host=host, port=port, words=words)
                continue
            if role in living:
                yield f"port {name}", _ok("look_port", host=host, port=port)
            else:
                yield f"port {name}", _warning("look_port_other", host=host, port=port, role=role)


def _certificates(settings: Settings) -> Iterator[tuple[str, Said]]:
    """Every certificate of ours: its dates, its key, and for the web its name."""
    shown: list[tuple[str, Path | None, Path | None]] = [("web", settings.web.certificate, settings.web.key)]
    tables = [
        ("receive", settings.receive),
        ("login", settings.login),
        ("patient_login", settings.patient_login),
        ("images", settings.images),
        *settings.mllp.every_port.items(),
        *((f"platform {name}", table) for name, table in settings.platform.items()),
        *((f"pacs {name}", table) for name, table in settings.pacs.items()),
        *((f"destination {name}", table) for name, table in settings.destination.items()),
        *((f"ris {name}", table.ris) for name, table in settings.site.items()),
    ]
    shown += [(name, table.certificate, table.key) for name, table in tables if table is not None]
    for name, file, key in shown:
        if file is not None:
            host = (urlsplit(settings.public_url).hostname or "") if name == "web" else ""
            yield f"certificate {name}", _certificate(file, key, host)


def _certificate(file: Path, key: Path | None, host: str) -> Said:
    """*host* is the name that it should bear; empty where nobody asks for one."""
    try:
        found = validity(file)
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or type(error).__name__
        return _wrong("look_certificate_unreadable", file=file, words=words)
    since, until, days = f"{found.since:%Y-%m-%d}", f"{found.until:%Y-%m-%d}", found.days_left()
    if days < 0:
        return _wrong("look_certificate_ended", file=file, until=until)
    if found.since > datetime.now(UTC):
        return _wrong("look_certificate_early", file=file, since=since)
    try:
        server_context(file, key, None, place="")
    except SettingsError as error:
        return _wrong("look_certificate_key", file=file, key=key or file, words=error.facts["words"])
    if host and not found.bears(host):
        return _warning("look_certificate_name", file=file, names=", ".join(sorted(found.names)) or "-", host=host)
    if days < CERTIFICATE_WARNING_DAYS:
        return _warning("look_certificate_soon", file=file, until=until, days=days)
    return _ok("look_certificate", file=file, until=until)


def _secrets(settings: Settings) -> Iterator[tuple[str, Said]]:
    """The files of secrets that this user cannot read; nothing is said of those that it can."""
    login, patients, notify = settings.login, settings.patient_login, settings.notify
    files: list[tuple[str, Path | None]] = [
        ("login", login.client_secret_file if login else None),
        ("patient_login", patients.client_secret_file if patients else None),
        ("images", settings.images.client_secret_file),
        ("metrics", settings.monitoring.metrics_token_file),
        ("mail", notify.mail.password_file if notify.mail else None),
        ("webhook", notify.webhook.secret_file if notify.webhook else None),
        *((f"destination {name}", table.proxy_credentials_file) for name, table in settings.destination.items()),
    ]
    for name, file in files:
        if file is None:
            continue
        try:
            file.read_bytes()
        except OSError as error:
            yield f"secret {name}", _wrong("look_secret", path=file, words=error.strerror or type(error).__name__)
