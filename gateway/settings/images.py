"""``[images]``: how other systems fetch the images that are shared (RAD-107, RAD-69)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from gateway.settings.base import Positive, Sha256OrNone, Table, Url, wrong


class ImagePeerTable(Table):
    """[[images.peer]]"""

    name: str
    key_sha256: Sha256OrNone = ""
    certificate_sha256: Sha256OrNone = ""

    @model_validator(mode="after")
    def _known_by_something(self) -> ImagePeerTable:
        if not self.key_sha256 and not self.certificate_sha256:
            raise wrong("setting_images_peer")
        return self


class ImagesTable(Table):
    """[images]"""

    wado: bool = True
    rad69: bool = False
    introspection_url: Url = ""
    client_id: str = ""
    client_secret_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    ca_file: Path | None = None
    userinfo_url: Url = ""
    identifier_claims: tuple[str, ...] = ("SubjectNameID", "preferred_username")
    profession_claims: tuple[str, ...] = ("SubjectRole", "profession")
    remember_s: Positive = 30.0
    client_ca_file: Path | None = None
    manifest_header: bool = True
    add_identity: bool = False
    streams: int = Field(default=8, ge=1, le=256)
    peer: tuple[ImagePeerTable, ...] = ()

    @model_validator(mode="after")
    def _introspection_is_whole(self) -> ImagesTable:
        if self.introspection_url and not self.client_id:
            raise wrong("setting_introspection", "client_id")
        return self
