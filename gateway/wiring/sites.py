"""The sites, from the settings."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from gateway.errors import SettingsError
from gateway.model.codes import Code
from gateway.model.identifiers import ORGANIZATION_OID, Identifier
from gateway.model.people import Organization
from gateway.model.site import Site
from gateway.settings import Settings
from gateway.settings.sharing import CodeTable, SiteTable
from gateway.texts import sentence
from gateway.wiring.life import manifest_settings


def site(name: str, table: SiteTable, settings: Settings) -> Site:
    if not settings.public_url:
        words, words_fr = (f"public_url: {sentence('setting_public_url', None, language)}" for language in ("en", "fr"))
        raise SettingsError("settings_wrong", place="public_url", words=words, words_fr=words_fr)
    organization = Organization(
        identifiers=(Identifier(ORGANIZATION_OID, table.organization_id),),
        name=table.organization_name,
        sector=_code(table.practice_setting),
    )
    return Site(
        name=name,
        senders=frozenset(table.senders),
        custodians=frozenset(table.custodians),
        organization=organization,
        facility_type=_code(table.facility_type),
        patient_id_issuer=table.patient_id_issuer,
        accession_issuer=table.accession_issuer,
        order_issuer=table.order_issuer,
        time_zone=ZoneInfo(table.time_zone),
        pacs=order(table),
        destinations=table.destinations,
        publish=frozenset(table.publish),
        institution_name=table.institution_name or table.organization_name,
        imaging_source_uid=table.imaging_source_uid,
        retrieve_ae_title=table.retrieve_ae_title,
        retrieve_url=table.retrieve_url,
        manifest=manifest_settings(table.manifest),
        manifest_at={
            each: manifest_settings(table.manifest, own)
            for each in table.destinations
            if (own := settings.destination[each].manifest) is not None
        },
        public_url=settings.public_url,
        source_id=table.source_id,
        region_by_body_part={part: Code(c.code, c.system, c.display) for part, c in table.region_by_body_part.items()},
    )


def _code(table: CodeTable | None) -> Code | None:
    return Code(table.code, table.system, table.display) if table else None


def order(table: SiteTable) -> str:
    """In which order the PACS are asked for a site's studies, as one word; "*" where any may hold them."""
    return "+".join(table.pacs_names) or "*"
