"""The settings of watching: status files, metrics, and who is told of what is held."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from gateway.settings.base import Port, Positive, Table, Url, wrong


def _address(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if not (at and local and domain) or not value.isascii() or any(c in value for c in " \r\n\t,;<>"):
        raise wrong("setting_mail_address")
    return value


Address = Annotated[str, AfterValidator(_address)]


class MonitoringTable(Table):
    """[monitoring]: where each process says that it lives, and what is too little."""

    folder: Path = Path("status")
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    metrics_token_file: Path | None = None
    disk_warning_bytes: int = Field(default=5 * 1024**3, ge=0)
    disk_minimum_bytes: int = Field(default=256 * 1024**2, ge=0)


class MailTable(Table):
    """[notify.mail]"""

    host: str = Field(min_length=1)
    port: Port = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: Path | None = None
    username: str = ""
    password_file: Path | None = None
    sender: Address
    recipients: tuple[Address, ...] = Field(min_length=1)
    timeout_s: Positive = 30.0

    @model_validator(mode="after")
    def _is_safe(self) -> MailTable:
        if bool(self.username) != (self.password_file is not None):
            raise wrong("setting_mail_password", "password_file" if self.username else "username")
        if self.username and self.tls == "none":
            raise wrong("setting_mail_in_the_clear", "tls")
        return self


class WebhookTable(Table):
    """[notify.webhook]"""

    url: Url = Field(min_length=1)
    secret_file: Path
    ca_file: Path | None = None
    timeout_s: Positive = 30.0


class NotifyTable(Table):
    """[notify]: who is told of what is held."""

    language: Literal["fr", "en"] = "fr"
    interval_s: Annotated[float, Field(ge=1)] = 900.0
    mail: MailTable | None = None
    webhook: WebhookTable | None = None
