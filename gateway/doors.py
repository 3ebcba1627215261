"""The listening ports: which may be in the clear, and which start is refused."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from gateway.errors import SettingsError
from gateway.settings import Settings


def is_loopback(host: str) -> bool:
    """Whether *host* is this machine and nothing else."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def plain_ports(settings: Settings) -> list[tuple[str, str, bool]]:
    """Every port that listens in the clear outside this machine: (name, host, whether the settings allow it)."""
    doors = [("web", settings.web.host, settings.web.allow_plain, settings.web.certificate is not None)]
    if settings.mllp.enabled:
        for name, port in settings.mllp.every_port.items():
            doors.append((name, port.host, port.allow_plain, port.certificate is not None))
    if settings.receive.enabled:
        table = settings.receive
        doors.append(("receive", table.host, table.allow_plain, table.certificate is not None))
    return [(name, host, allowed) for name, host, allowed, tls in doors if not tls and not is_loopback(host)]


def listening(settings: Settings, roles: Collection[str]) -> list[tuple[str, str, int]]:
    """The ports that *roles* listen on: (name, host, port)."""
    doors = [("web", settings.web.host, settings.web.port)] if "web" in roles else []
    if "intake" in roles and settings.mllp.enabled:
        doors += [(name, port.host, port.port) for name, port in settings.mllp.every_port.items()]
    if "receive" in roles and settings.receive.enabled:
        doors.append(("receive", settings.receive.host, settings.receive.port))
    return doors


def refuse_taken(name: str, host: str, port: int) -> None:
    """Raises SettingsError (``port_taken``) when somebody listens on *port* already, or *host* is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            words = error.strerror or type(error).__name__
            raise SettingsError("port_taken", place=f"{name}.port", host=host, port=port, words=words) from None


def guard(settings: Settings) -> None:
    """Refuse to start with an open door; raises SettingsError.

    A clear-text port outside loopback needs ``allow_plain``; the demonstration's identity provider goes with nothing
    but loopback.
    """
    for name, host, allowed in plain_ports(settings):
        if not allowed:
            raise SettingsError("plain_port", place=f"{name}.allow_plain", port=name, host=host)
    login = settings.login
    if login is None:
        raise SettingsError("login_missing", place="login")
    if login.demonstration:
        addresses = [settings.web.host, *(urlsplit(url).hostname or "" for url in (settings.public_url, login.issuer))]
        if settings.mllp.enabled:
            addresses += [port.host for port in settings.mllp.every_port.values()]
        if settings.environment == "production" or not all(is_loopback(address) for address in addresses):
            raise SettingsError("demonstration_provider", place="login.demonstration")
