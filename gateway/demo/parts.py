"""Starting the demo's parts in their order, each ready before the next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydicom import dcmread
from pynetdicom import AE

from gateway.demo import identity, pacs, phantom
from gateway.demo.identity_provider import IdentityProviderSettings
from gateway.demo.identity_provider import run as run_identity_provider
from gateway.demo.world import CLIENT_ID, GATEWAY_AET, PATIENTS_CLIENT_ID, PacsAddress, World, write_settings
from gateway.errors import PeerUnreachable
from gateway.serve import serve, serve_registry

Tell = Callable[[str], None]


def start(world: World, slices: int, tell: Tell) -> None:
    """Make the sample study (*slices* images a CT series) and start everything.

    Raises Unavailable, PeerUnreachable when a part does not come up.
    """
    household = world.household
    tell("Making the sample examinations (a CT of two series, a chest radiograph, an earlier CT)")
    phantom.sample_studies(world.studies, slices=slices, prior_slices=max(1, slices // 3))
    write_settings(world)
    if world.own_pacs:
        household.start(
            "pacs",
            pacs.main,
            world.studies,
            world.pacs.aet,
            world.pacs.host,
            world.pacs.port,
            ready_port=world.pacs.port,
        )
        tell(f"PACS {world.pacs.aet} on port {world.pacs.port}")
    else:
        store(world.studies, world.pacs)
        tell(f"The sample examinations are stored in {world.pacs.aet}@{world.pacs.host}:{world.pacs.port}")
    if world.own_registry:
        household.start("registry", serve_registry, world.settings_file, ready_port=world.ports["registry"])
        tell(f"Document registry and repository on port {world.ports['registry']}")
    provider = identity_provider(world)
    household.start("identity provider", run_identity_provider, provider, ready_port=provider.port)
    names = " and ".join(f"{p.prefix} {p.family}" for p in (identity.REFERRER, identity.RADIOLOGIST))
    tell(f"Identity provider on port {provider.port}, for {names}, for their patient and who represents her")
    household.start("gateway", serve, world.settings_file, ready_port=world.ports["web"])
    household.wait_for("gateway", world.ports["mllp"])
    tell(f"Gateway: MLLP on port {world.ports['mllp']}, web on port {world.ports['web']}")


def identity_provider(world: World) -> IdentityProviderSettings:
    """The provider of the demo, for professionals and for patients."""
    back_channel = f"{world.public_url}/login/back-channel"
    return IdentityProviderSettings(
        port=world.ports["identity_provider"],
        client_id=CLIENT_ID,
        client_secret=Path(world.folder, "client-secret").read_text(encoding="utf-8"),
        redirect_uris=(f"{world.public_url}/login/callback",),
        signed_out_uris=(f"{world.public_url}/signed-out",),
        patients_client_id=PATIENTS_CLIENT_ID,
        logout_uris={CLIENT_ID: back_channel, PATIENTS_CLIENT_ID: f"{back_channel}/patients"},
    )


def store(folder: Path, address: PacsAddress) -> None:
    """C-STORE every file below *folder* to the PACS at *address*; raises PeerUnreachable (``demo_not_stored``)."""
    files = sorted(folder.rglob("*.dcm"))
    entity = AE(ae_title=GATEWAY_AET)
    for sop_class in {dcmread(file, specific_tags=["SOPClassUID"]).SOPClassUID for file in files}:
        entity.add_requested_context(sop_class, "1.2.840.10008.1.2.1")
    association = entity.associate(address.host, address.port, ae_title=address.aet)
    if not association.is_established:
        raise PeerUnreachable("demo_not_stored", pacs=address.aet, what="no association")
    try:
        for file in files:
            status = association.send_c_store(str(file))
            if not status or status.Status != 0x0000:
                what = f"0x{status.Status:04X}" if status else "no answer"
                raise PeerUnreachable("demo_not_stored", pacs=address.aet, what=what)
    finally:
        association.release()
