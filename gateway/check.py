"""``gateway check``: in one screen, what is wrong. It changes nothing and sends nothing but questions."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import requests

from gateway.doors import guard, listening, plain_ports
from gateway.errors import GatewayError
from gateway.monitoring.health import writable
from gateway.notify.notifier import Channel
from gateway.settings import Settings, load
from gateway.store.migrations import current, head
from gateway.texts import sentence
from gateway.trust.tls import days_left
from gateway.wiring.house import House

CERTIFICATE_WARNING_DAYS = 60
_PORT_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, whether it is good (``ok``, ``warning``, ``wrong``), and what to do."""

    subject: str
    state: str
    words: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def check(path: Path, *, language: str = "en") -> list[Finding]:
    """Look at everything; never raises for what it finds."""
    try:
        settings = load(path)
    except GatewayError as error:
        return [Finding("settings", "wrong", sentence(error.code, error.facts, language))]
    findings = [Finding("settings", "ok", str(path))]
    findings.extend(_doors(settings, language))
    house = House(settings)
    try:
        findings.append(_tried("store", language, lambda: _store(house)))
        for name in settings.pacs:
            findings.append(_tried(f"pacs {name}", language, lambda name=name: _echo(house, name)))  # type: ignore[misc]
            if settings.pacs[name].dicomweb_url:
                findings.append(_tried(f"dicomweb {name}", language, lambda name=name: _ask_web(house, name)))  # type: ignore[misc]
        for name in settings.destination:
            findings.append(_tried(f"destination {name}", language, lambda name=name: _ask(house, name)))  # type: ignore[misc]
            findings.append(_tried(f"repository {name}", language, lambda name=name: _ask_documents(house, name)))  # type: ignore[misc]
        findings.extend(_health(house, language))
        for channel in house.monitoring.channels():
            findings.append(_tried(f"notify {channel.name}", language, lambda channel=channel: _way(channel)))  # type: ignore[misc]
    finally:
        house.close()
    if settings.login:
        findings.append(_provider("login", settings.login.issuer, settings.login.ca_file))
    if settings.patient_login:
        findings.append(_provider("patient_login", settings.patient_login.issuer, settings.patient_login.ca_file))
    findings.extend(_ports(settings))
    findings.extend(_certificates(settings))
    return findings


def _tried(subject: str, language: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, "ok", look())
    except GatewayError as error:
        return Finding(subject, "wrong", sentence(error.code, error.facts, language))


def _doors(settings: Settings, language: str) -> Iterator[Finding]:
    try:
        guard(settings)
    except GatewayError as error:
        yield Finding("doors", "wrong", sentence(error.code, error.facts, language))
        return
    open_doors = plain_ports(settings)
    for name, host, _ in open_doors:
        yield Finding("doors", "warning", f"{name} listens in the clear on {host} (allow_plain = true)")
    if not open_doors:
        yield Finding("doors", "ok", "every port is on loopback or encrypted")


def _store(house: House) -> str:
    at, newest = current(house.engine), head()
    if at == newest:
        return f"{house.settings.store.url.partition('@')[2] or house.settings.store.url} (tables {at})"
    return f"tables {at or 'absent'}; gateway serve brings them to {newest}"


def _echo(house: House, name: str) -> str:
    house.pacs[name].echo()
    table = house.settings.pacs[name]
    return f"{table.called_aet}@{table.host}:{table.port} answers C-ECHO"


def _ask_web(house: House, name: str) -> str:
    """A QIDO-RS query for a study that nobody has."""
    house.pacs[name].ask_web()
    return f"{house.settings.pacs[name].dicomweb_url} answers QIDO-RS"


def _ask(house: House, name: str) -> str:
    """A query for documents that nobody has: the registry's way, addresses and certificates are proved by it."""
    house.destinations[name].ping()
    return f"{house.settings.destination[name].registry_url} answers queries"


def _ask_documents(house: House, name: str) -> str:
    """A retrieval of a document that nobody has (ITI-43); nothing is submitted."""
    house.destinations[name].ping_repository()
    return f"{house.settings.destination[name].repository_url} answers retrievals"


def _way(channel: Channel) -> str:
    """Mail: connected and signed in; webhook: a signed message of the kind ``check``."""
    return f"{channel.check()} answers"


def _health(house: House, language: str) -> Iterator[Finding]:
    """Disks, the folder of documents, and the processes of this machine, when any has said anything."""
    for look in house.monitoring.health(all_roles=True).looks:
        if look.name != "store":
            yield Finding(look.name, look.state, look.words(language) or "can be written")
    yield _tried("status folder", language, lambda: _status_folder(house))


def _status_folder(house: House) -> str:
    folder = house.settings.monitoring.folder
    if not folder.exists():
        return f"{folder} is made at the start"
    writable(folder)
    return f"{folder} can be written"


def _ports(settings: Settings) -> Iterator[Finding]:
    """Whether somebody listens where others come to us: nobody does before the service has started."""
    for name, host, port in listening(settings, ("web", "intake", "receive")):
        near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host.strip("[]"))  # noqa: S104 - not bound, asked
        try:
            socket.create_connection((near, port), timeout=_PORT_TIMEOUT_S).close()
        except OSError as error:
            words = error.strerror or type(error).__name__
            yield Finding(f"port {name}", "warning", f"nobody listens on {host}:{port} ({words}): not started?")
        else:
            yield Finding(f"port {name}", "ok", f"{host}:{port} is listened on")


def _provider(place: str, issuer: str, ca_file: Path | None) -> Finding:
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        session = requests.Session()
        session.trust_env = False
        answer = session.get(address, timeout=10, verify=str(ca_file) if ca_file else True, allow_redirects=False)
        answer.raise_for_status()
        found = answer.json().get("issuer")
    except (requests.RequestException, ValueError, AttributeError):
        return Finding(place, "wrong", f"{address} does not answer: nobody can sign in")
    if found != issuer:
        return Finding(place, "wrong", f"the provider calls itself {found!r}, and the settings say {issuer!r}")
    return Finding(place, "ok", f"{issuer} answers")


def _certificates(settings: Settings) -> Iterator[Finding]:
    files = [("web", settings.web.certificate)]
    files.append(("receive", settings.receive.certificate))
    files += [(name, port.certificate) for name, port in settings.mllp.every_port.items()]
    files += [(f"platform {name}", platform.certificate) for name, platform in settings.platform.items()]
    files += [(f"pacs {name}", pacs.certificate) for name, pacs in settings.pacs.items()]
    files += [(f"destination {name}", table.certificate) for name, table in settings.destination.items()]
    for name, file in files:
        if file is not None:
            yield _certificate(f"certificate {name}", file)


def _certificate(subject: str, file: Path) -> Finding:
    try:
        days, end = days_left(file)
    except (OSError, ValueError):
        return Finding(subject, "wrong", f"{file} cannot be read as a PEM certificate")
    until = f"{end:%Y-%m-%d}"
    if days < 0:
        return Finding(subject, "wrong", f"{file} expired on {until}")
    if days < CERTIFICATE_WARNING_DAYS:
        return Finding(subject, "warning", f"{file} expires on {until}, in {days} days: renew it")
    return Finding(subject, "ok", f"{file} is valid until {until}")
