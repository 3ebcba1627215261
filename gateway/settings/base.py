"""What every table of the settings is made of: the base class, and the types of values."""

from __future__ import annotations

import ipaddress
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from gateway.model.identifiers import is_uid


def wrong(code: str, key: str = "", **facts: str) -> ValueError:
    """What a validator raises: *code* names the sentence in :mod:`gateway.texts.settings` that says what to do, *facts*
    fill it. *key*: the key meant, from where the validator stands (a table's, or the file's)."""
    return PydanticCustomError(code, code, {"key": key, **facts})


def _oid(value: str) -> str:
    if value and not is_uid(value):
        raise wrong("setting_oid")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise wrong("setting_time_zone") from None
    return value


def _url(value: str) -> str:
    if value and not value.startswith(("https://", "http://")):
        raise wrong("setting_url")
    return value.rstrip("/")


def _issuer(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise wrong("setting_issuer")
    return value


def _digest(value: str) -> str:
    if len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise wrong("setting_sha256")
    return value


def _certificate_name(value: str) -> str:
    from gateway.trust.tls import allowed_name

    try:
        allowed_name(value)
    except ValueError:
        raise wrong("setting_certificate_name") from None
    return value


def _ae_title(value: str) -> str:
    if not 0 < len(value) <= 16 or not value.isascii() or "\\" in value:
        raise wrong("setting_ae_title")
    return value


def _digest_or_none(value: str) -> str:
    return _digest(value.replace(":", "").lower()) if value else ""


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        raise wrong("setting_network") from None
    return value


Network = Annotated[str, AfterValidator(_network)]
Oid = Annotated[str, AfterValidator(_oid)]
Url = Annotated[str, AfterValidator(_url)]
Issuer = Annotated[str, AfterValidator(_issuer)]
Zone = Annotated[str, AfterValidator(_zone)]
AeTitle = Annotated[str, AfterValidator(_ae_title)]
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Sha256 = Annotated[str, AfterValidator(_digest)]
Sha256OrNone = Annotated[str, AfterValidator(_digest_or_none)]
CertificateName = Annotated[str, AfterValidator(_certificate_name)]


class Table(BaseModel):
    """A table of the file: no unknown key, no later change."""

    model_config = ConfigDict(extra="forbid", frozen=True)
