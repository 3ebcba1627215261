"""A site: one imaging structure that this gateway publishes for, with every constant that is its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from gateway.model.codes import Code
from gateway.model.people import Organization


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestSettings:
    """How a site's manifests are made (``[site.NAME.manifest]``)."""

    retrieval: frozenset[str] = frozenset({"ae-title", "location", "url"})
    """Which retrieval attributes each series carries, of those the site has a value for."""
    presentation_states: bool = True
    structured_reports: bool = True
    private_classes: bool = False
    """Objects of classes that only one vendor knows: another site's viewer cannot show them."""
    description: str = "flavour"
    """Of the text 113012: ``drim`` (the lines that consumers of DRIM-M parse), ``study`` (Study Description), ``none``;
    ``flavour`` is ``drim`` for the DMP and ``study`` elsewhere."""
    mado: str = "none"
    """The manifest with description (IHE MADO): ``none``, ``extra`` beside the other or ``instead`` of it."""
    manufacturer: str = "drim-gateway"
    model_name: str = ""
    station_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One ``[site.NAME]`` table of the settings."""

    name: str
    senders: frozenset[str]
    """``application|facility`` (MSH-3, MSH-4) of the systems that speak for this site."""
    custodians: frozenset[str]
    """``root^extension`` of the custodian organisations whose reports are this site's."""
    organization: Organization
    """The structure that publishes: identifiers (FINESS), name, practice setting."""
    facility_type: Code | None = None
    """healthcareFacilityTypeCode where a report lacks one."""
    patient_id_issuer: str = ""
    """OID of local patient ids where the PACS names none."""
    accession_issuer: str = ""
    """OID of accession numbers where the PACS names none."""
    order_issuer: str = ""
    """OID of placer order numbers where a source names none."""
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Paris"))
    pacs: str = ""
    """Name of the ``[pacs.NAME]`` table."""
    destinations: tuple[str, ...] = ()
    """Names of the ``[destination.NAME]`` tables."""
    publish: frozenset[str] = frozenset({"report", "kos"})
    institution_name: str = ""
    """Institution Name of the manifests."""
    imaging_source_uid: str = ""
    """Retrieve Location UID (0040,E011) of the manifests: the OID of this gateway as imaging source."""
    retrieve_ae_title: str = ""
    """Retrieve AE Title (0008,0054) of the manifests."""
    retrieve_url: str = ""
    """Base of the Retrieve URLs (0008,1190) of the manifests, without a slash at its end."""
    public_url: str = ""
    """Base of the link in published reports, without a slash at its end."""
    manifest: ManifestSettings = field(default_factory=ManifestSettings)
    manifest_at: Mapping[str, ManifestSettings] = field(default_factory=dict)
    """Of the destinations that want their manifests otherwise."""
    source_id: str = ""
    """sourceId of submission sets: OID of this gateway as document source."""
    region_by_body_part: dict[str, Code] = field(default_factory=dict)
    """The site's own mapping of DICOM Body Part Examined to an anatomical region."""

    def at(self, destination: str) -> Site:
        """This site as it publishes to *destination*."""
        return replace(self, manifest=self.manifest_at[destination]) if destination in self.manifest_at else self
