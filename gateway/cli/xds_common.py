"""What the commands of ``gateway xds`` share: which destination and site, the audit trail, values as they are typed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import house_of

if TYPE_CHECKING:
    from gateway.model.codes import Code
    from gateway.model.document import DocumentEntry
    from gateway.model.site import Site
    from gateway.wiring.house import House
    from gateway.xds.client import RegistryClient, Submitter

destination = click.option(
    "--destination", "-d", default="", help="Which destination of the settings; the only one by default."
)
site = click.option("--site", default="", help="In whose name, when there are several sites.")


@contextmanager
def client_of(config: Path, name: str) -> Iterator[tuple[House, RegistryClient]]:
    from gateway.errors import InputRejected

    with house_of(config) as house:
        known = ", ".join(house.settings.destination) or "-"
        if name and name not in house.settings.destination:
            raise InputRejected("xds_destination_unknown", place="--destination", name=name, known=known)
        if not name and len(house.settings.destination) != 1:
            raise InputRejected("xds_destination_needed", place="--destination", known=known)
        _ready(house)
        yield house, house.destinations[name or next(iter(house.settings.destination))]


def _ready(house: House) -> None:
    """The audit trail can be written: what cannot be recorded is not done. Raises SettingsError, Unavailable."""
    from gateway.store import migrations

    if migrations.current(house.engine) is None:
        migrations.upgrade(house.engine)
    else:
        migrations.check(house.engine)


def site_of(house: House, name: str) -> Site:
    from gateway.errors import InputRejected

    if name and name not in house.sites:
        raise InputRejected("search_site_unknown", place="--site", site=name)
    if not name and len(house.sites) != 1:
        raise InputRejected("search_site_needed", place="--site", sites=", ".join(house.sites))
    return house.sites[name or next(iter(house.sites))]


def submitter_of(house: House, client: RegistryClient, site: str) -> Submitter:
    from gateway.xds import updates

    return updates.submitter_of(site_of(house, site), client.settings.metadata)


def record(house: House, action: str, patient: str, document: str, *, failed: bool = False) -> None:
    """The audit trail names who typed the command."""
    import getpass

    from gateway.model.audit import AuditEvent, Outcome

    outcome = Outcome.MINOR_FAILURE if failed else Outcome.SUCCESS
    actor = f"command line ({getpass.getuser()})"
    house.store.record(AuditEvent(action=action, actor=actor, patient=patient, document=document, outcome=outcome))


def registered(client: RegistryClient, unique_ids: Sequence[str]) -> dict[str, DocumentEntry]:
    from gateway.errors import PeerRefused

    found = client.registered(unique_ids)
    if absent := [one for one in unique_ids if one not in found]:
        raise PeerRefused("xds_document_unknown", unique_id=", ".join(absent), words="")
    return found


def code_of(option: str, text: str) -> Code:
    """``CODE^^SYSTEM`` or ``CODE^^SYSTEM^^LABEL``."""
    from gateway.errors import InputRejected
    from gateway.model.codes import Code

    parts = text.split("^^")
    if not 2 <= len(parts) <= 3 or not all(parts[:2]):
        raise InputRejected("xds_option", option=option, words="CODE^^SYSTEM")
    return Code(parts[0], parts[1], parts[2] if len(parts) == 3 else parts[0])
