"""Builds the doors by which other systems fetch images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import SettingsError
from gateway.model.exam import Exam, Series

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gateway.model.rights import Policy
    from gateway.settings import Settings
    from gateway.settings.images import ImagesTable
    from gateway.web.door_settings import ImageDoors
    from gateway.web.doors.askers import Introspection


def image_doors(
    settings: Settings, engine: Engine, policy: Policy, content: Callable[[str], bytes]
) -> ImageDoors | None:
    """How other systems fetch images; None where both doors are shut. *content*: the bytes of a digest.

    Raises SettingsError (``images_secret``, ``images_repository``).
    """
    from gateway.store.shared import SqlShared
    from gateway.web.door_settings import ImageDoors, ImagePeer

    table = settings.images
    if not table.wado and not table.rad69:
        return None
    repositories = {site.imaging_source_uid: name for name, site in settings.site.items() if site.imaging_source_uid}
    if table.rad69 and not repositories:
        raise SettingsError("images_repository", place="images.rad69")
    introspection = _introspection(table) if table.introspection_url else None
    return ImageDoors(
        shared=SqlShared(engine, lambda digest, study_uid: _listed(content(digest), study_uid)),
        peers=tuple(
            ImagePeer(name=one.name, key_sha256=one.key_sha256, certificate_sha256=one.certificate_sha256)
            for one in table.peer
        ),
        introspect=introspection,
        remembered=introspection.remembered if introspection else lambda token: None,
        policy=policy,
        needs_manifest=table.manifest_header,
        adds_identity=table.add_identity,
        wado=table.wado,
        rad69=table.rad69,
        repositories=repositories,
        streams=min(table.streams, max(1, settings.web.threads // 2)),
    )


def _listed(content: bytes, study_uid: str) -> Exam | None:
    """The instances of one study that a manifest names."""
    from gateway.kos.read import read

    manifest = read(content)
    for study in manifest.studies:
        if study.study_uid == study_uid:
            return Exam(
                study_uid=study_uid,
                patient_name=manifest.patient_name,
                patient_birth_date=manifest.patient_birth_date,
                patient_sex=manifest.patient_sex,
                study_date=manifest.study_date,
                study_time=manifest.study_time,
                description=manifest.study_description,
                series=tuple(
                    Series(series_uid=one.series_uid, number=one.number, instances=one.instances)
                    for one in study.series
                ),
            )
    return None


def _introspection(table: ImagesTable) -> Introspection:
    from gateway.web.doors.askers import Introspection, IntrospectionSettings

    return Introspection(
        IntrospectionSettings(
            url=table.introspection_url,
            client_id=table.client_id,
            client_secret=_secret(table.client_secret_file),
            certificate=_text(table.certificate),
            key=_text(table.key),
            authorities=_text(table.ca_file),
            userinfo_url=table.userinfo_url,
            identifier_claims=table.identifier_claims,
            profession_claims=table.profession_claims,
            remember_s=table.remember_s,
        )
    )


def _secret(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError("images_secret", place="images.client_secret_file") from None


def _text(path: Path | None) -> str:
    return "" if path is None else str(path)
