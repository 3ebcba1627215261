"""How the viewers are set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from gateway.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewerSettings:
    """The site's choices; a bad one raises SettingsError with its name."""

    first: Literal["light", "full"] = "light"
    """The viewer that a link opens when it names none; phones get the light one whatever stands here."""
    not_for_diagnosis: bool = True
    """Whether the pages say that they are not for primary diagnosis."""
    ohif_url: str = ""
    """Address of an OHIF of the site, offered as a link; ``{study_uid}`` in it is replaced. Empty: none."""

    def __post_init__(self) -> None:
        if self.ohif_url:
            parts = urlsplit(self.ohif_url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise SettingsError("web_ohif_url", place="ohif_url")
