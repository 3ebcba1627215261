"""The demo's world: which parts, on which ports, with which settings.

Everything stands on loopback and in one folder that goes with the demo.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway import resources
from gateway.demo import identity
from gateway.demo.processes import Household, free_port
from gateway.errors import SettingsError
from gateway.settings.base import Port, Seconds, Table
from gateway.settings.toml import parse
from gateway.settings.words import told, why_unreadable

PACS_AET = "PACSDEMO"
GATEWAY_AET = "GATEWAY"
CLIENT_ID = "demo-gateway"
PATIENTS_CLIENT_ID = f"{CLIENT_ID}-patients"


class _Ports(Table):
    """[ports]: 0 takes a free one."""

    web: Port
    mllp: Port
    registry: Port
    identity_provider: Port
    pacs: Port


class _Study(Table):
    """[study]"""

    look_interval_s: Seconds


class _DemoTable(Table):
    """The demo's own settings file, ``config/demo.toml``."""

    ports: _Ports
    study: _Study


@dataclass(frozen=True, slots=True)
class PacsAddress:
    """Where a PACS is: ``AET@HOST:PORT``."""

    aet: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> PacsAddress:
        """Raises SettingsError (``demo_pacs_address``)."""
        aet, _, rest = text.partition("@")
        host, _, port = rest.rpartition(":")
        if not aet or not host or not port.isdigit():
            raise SettingsError("demo_pacs_address", place="--pacs", value=text)
        return cls(aet, host, int(port))


@dataclass(frozen=True, kw_only=True)
class World:
    """What was decided before anything starts."""

    folder: Path
    ports: dict[str, int]
    replaced: dict[str, tuple[int, int]]
    """Ports that were busy: (wanted, taken instead), by name."""
    pacs: PacsAddress
    own_pacs: bool
    registry_url: str
    repository_url: str
    own_registry: bool
    look_interval_s: float
    record: Path | None
    household: Household = field(default_factory=Household)

    @property
    def public_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['web']}"

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.ports['identity_provider']}"

    @property
    def settings_file(self) -> Path:
        return self.folder / "gateway.toml"

    @property
    def studies(self) -> Path:
        return self.folder / "studies"


def plan(
    folder: Path,
    *,
    config: Path | None,
    any_ports: bool,
    pacs: str,
    registry: str,
    repository: str,
    record: Path | None,
) -> World:
    """Choose ports and addresses. Raises SettingsError for a wrong address or settings file."""
    table = _read(config or resources.config_path() / "demo.toml")
    if bool(registry) != bool(repository):
        raise SettingsError("demo_registry_address", place="--registry")
    taken: set[int] = set()
    wanted = {name: 0 if any_ports else port for name, port in table.ports.model_dump().items()}
    ports = {name: free_port(port, taken) for name, port in wanted.items()}
    own = f"http://127.0.0.1:{ports['registry']}"
    return World(
        folder=folder,
        ports=ports,
        replaced={n: (wanted[n], ports[n]) for n in ports if wanted[n] not in (0, ports[n])},
        pacs=PacsAddress.parse(pacs) if pacs else PacsAddress(PACS_AET, "127.0.0.1", ports["pacs"]),
        own_pacs=not pacs,
        registry_url=registry or f"{own}/registry",
        repository_url=repository or f"{own}/repository",
        own_registry=not registry,
        look_interval_s=table.study.look_interval_s,
        record=record,
    )


def _read(path: Path) -> _DemoTable:
    try:
        return _DemoTable.model_validate(parse(path.read_bytes(), str(path)))
    except OSError as error:
        raise SettingsError("settings_unreadable", place=str(path), **why_unreadable(error)) from None
    except ValidationError as error:
        raise SettingsError("settings_wrong", **told(error, _DemoTable)) from None


def write_settings(world: World) -> None:
    """Write the gateway's settings file of this demo, and the secret it names."""
    secret = world.folder / "client-secret"
    secret.touch(mode=0o600)
    secret.write_text(secrets.token_urlsafe(24), encoding="utf-8")
    site, organization = identity.SITE, identity.ORGANIZATION
    lines = [
        f"public_url = {_s(world.public_url)}",
        'log_level = "warning"',
        "[store]",
        'url = "sqlite:///gateway.db"',
        "[mllp]",
        f"port = {world.ports['mllp']}",
        "[web]",
        f"port = {world.ports['web']}",
        "[login]",
        f"issuer = {_s(world.issuer)}",
        f"client_id = {_s(CLIENT_ID)}",
        'client_secret_file = "client-secret"',
        'profile = "pro-sante-connect"',
        f"administrators = [{_s(identity.RADIOLOGIST.identifiers[0].extension or '')}]",
        "demonstration = true",
        "[patient_login]",
        f"issuer = {_s(world.issuer)}",
        f"client_id = {_s(PATIENTS_CLIENT_ID)}",
        'client_secret_file = "client-secret"',
        "refresh = true",
        "[work]",
        "poll_s = 0.5",
        "[patience]",
        f"look_interval_s = {world.look_interval_s}",
        "study_deadline_s = 3600.0",
        "[pacs.demo]",
        f"host = {_s(world.pacs.host)}",
        f"port = {world.pacs.port}",
        f"called_aet = {_s(world.pacs.aet)}",
        f"calling_aet = {_s(GATEWAY_AET)}",
        "[destination.demo]",
        # Our own registry takes the French values; another one gets what every XDS-I registry knows.
        f"flavour = {_s('dmp' if world.own_registry else 'ihe')}",
        # The demo shows a link, and its report comes without one.
        'link = "missing"',
        f"registry_url = {_s(world.registry_url)}",
        f"repository_url = {_s(world.repository_url)}",
        *([f"record = {_s(str(world.record))}"] if world.record else []),
        f"[site.{site.name}]",
        f"senders = {_list(site.senders)}",
        f"custodians = {_list(site.custodians)}",
        f"organization_id = {_s(organization.identifiers[0].extension or '')}",
        f"organization_name = {_s(organization.name)}",
        f"facility_type = {_code(identity.FACILITY_TYPE)}",
        f"practice_setting = {_code(identity.SECTOR)}",
        f"patient_id_issuer = {_s(site.patient_id_issuer)}",
        f"accession_issuer = {_s(site.accession_issuer)}",
        f"order_issuer = {_s(site.order_issuer)}",
        'pacs = "demo"',
        'destinations = ["demo"]',
        f"imaging_source_uid = {_s(site.imaging_source_uid)}",
        f"retrieve_ae_title = {_s(world.pacs.aet)}",
        f"retrieve_url = {_s(world.public_url + '/dicom-web')}",
        f"source_id = {_s(site.source_id)}",
        "[registry]",
        f"port = {world.ports['registry']}",
        f"repository_unique_id = {_s(identity.REPOSITORY)}",
    ]
    world.settings_file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _s(value: str) -> str:
    """A TOML basic string."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _list(values: frozenset[str]) -> str:
    return "[" + ", ".join(_s(value) for value in sorted(values)) + "]"


def _code(code: Any) -> str:
    return f"{{ code = {_s(code.code)}, system = {_s(code.system)}, display = {_s(code.display)} }}"
