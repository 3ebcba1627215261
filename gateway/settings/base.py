"""What every table of the settings is made of: the base class, and the types of values."""

from __future__ import annotations

import ipaddress
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gateway.model.identifiers import is_uid


def _oid(value: str) -> str:
    if value and not is_uid(value):
        raise ValueError("must be an OID, such as 1.2.250.1.999.1")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("must be a time zone, such as Europe/Paris") from None
    return value


def _url(value: str) -> str:
    if value and not value.startswith(("https://", "http://")):
        raise ValueError("must be a URL that begins with https:// (or http:// on loopback)")
    return value.rstrip("/")


def _issuer(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise ValueError("must be the provider's issuer, a URL, exactly as the provider writes it")
    return value


def _digest(value: str) -> str:
    if len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise ValueError("must be a SHA-256 in 64 lower-case hexadecimal digits (gateway key makes one)")
    return value


def _certificate_name(value: str) -> str:
    from gateway.trust.tls import allowed_name

    allowed_name(value)
    return value


def _ae_title(value: str) -> str:
    if not 0 < len(value) <= 16 or not value.isascii() or "\\" in value:
        raise ValueError("must be an AE title of 1 to 16 ASCII characters without a backslash")
    return value


def _digest_or_none(value: str) -> str:
    return _digest(value.replace(":", "").lower()) if value else ""


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        raise ValueError("must be an IP address or network, such as 10.1.2.3 or 10.1.2.0/24") from None
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
