"""The tables of the process itself: where it keeps, listens and works."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from gateway.settings.base import Network, Port, Positive, Seconds, Sha256, Table, wrong


class StoreTable(Table):
    """[store]"""

    url: str = "sqlite:///gateway.db"
    blobs: Path = Path("blobs")


class WebTable(Table):
    """[web]"""

    host: str = "127.0.0.1"
    port: Port = 8080
    allow_plain: bool = False
    certificate: Path | None = None
    key: Path | None = None
    threads: int = Field(default=16, ge=1, le=256)
    frame_ancestors: tuple[str, ...] = ()
    other_hosts: tuple[str, ...] = ()
    health_hosts: tuple[Network, ...] = ("127.0.0.0/8", "::1")
    max_report_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    image_cache_bytes: int = Field(default=256 * 1024 * 1024, ge=1024 * 1024)
    viewer: Literal["light", "full"] = "light"
    not_for_diagnosis: bool = True
    ohif_url: str = ""


class LimitsTable(Table):
    """[limits]: what may be asked in a minute without a session; 0 is any number."""

    logins: int = Field(default=600, ge=0)
    logins_in_all: int = Field(default=3000, ge=0)
    refused: int = Field(default=120, ge=0)
    refused_in_all: int = Field(default=1200, ge=0)
    proxies: tuple[Network, ...] = ("127.0.0.0/8", "::1")


class IntakeKeyTable(Table):
    """[[intake.key]]: of a site's system, or of a reading platform's."""

    name: str
    sha256: Sha256
    site: str = ""
    platform: str = ""

    @model_validator(mode="after")
    def _speaks_for_one(self) -> IntakeKeyTable:
        if bool(self.site) == bool(self.platform):
            raise wrong("setting_intake_key_ends", "site")
        return self


class IntakeTable(Table):
    """[intake]"""

    key: tuple[IntakeKeyTable, ...] = ()


class WorkTable(Table):
    """[work]"""

    processes: int = Field(default=1, ge=1, le=32)
    threads: int = Field(default=4, ge=1, le=64)
    lease_s: Positive = 120.0
    poll_s: Positive = 1.0


class PatienceTable(Table):
    """[patience]"""

    look_interval_s: Seconds = 60.0
    study_deadline_s: Positive = 259_200.0
    parent_deadline_s: Positive = 259_200.0
    peer_deadline_s: Positive = 2_592_000.0
    retry_first_s: Positive = 2.0
    retry_longest_s: Positive = 3_600.0
