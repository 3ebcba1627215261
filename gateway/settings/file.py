"""Reads the settings file: what is wrong is named by its key, relative paths are taken from the file's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway.errors import SettingsError
from gateway.settings.toml import parse
from gateway.settings.whole import Settings
from gateway.settings.words import told, why_unreadable

_TLS_FILES = ("certificate", "key", "ca_file")


def load(path: Path) -> Settings:
    """Read *path*; raises SettingsError (``settings_unreadable``, those of :func:`gateway.settings.toml.parse`, or
    ``settings_wrong`` with the key in ``place``)."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError("settings_unreadable", place=str(path), **why_unreadable(error)) from None
    document = parse(content, str(path))
    try:
        settings = Settings.model_validate(document)
    except ValidationError as error:
        raise SettingsError("settings_wrong", **told(error, Settings)) from None
    return _resolved(settings, path.resolve().parent)


def _resolved(settings: Settings, folder: Path) -> Settings:
    """Relative paths and SQLite files are taken from *folder*."""

    def at(path: Path | None) -> Path | None:
        return None if path is None else folder / path

    def database(url: str) -> str:
        prefix = "sqlite:///"
        if url.startswith(prefix) and not url.startswith(prefix + "/"):
            return f"{prefix}{folder / url.removeprefix(prefix)}"
        return url

    def table(value: Any, *names: str) -> Any:
        return value.model_copy(update={name: at(getattr(value, name)) for name in names})

    login, patients = settings.login, settings.patient_login
    return settings.model_copy(
        update={
            "store": table(settings.store, "blobs").model_copy(update={"url": database(settings.store.url)}),
            "registry": table(settings.registry, "blobs").model_copy(update={"url": database(settings.registry.url)}),
            "mllp": table(settings.mllp, *_TLS_FILES).model_copy(
                update={"ports": {name: table(port, *_TLS_FILES) for name, port in settings.mllp.ports.items()}}
            ),
            "platform": {name: table(value, *_TLS_FILES) for name, value in settings.platform.items()},
            "site": {
                name: value.model_copy(update={"ris": value.ris and table(value.ris, *_TLS_FILES)})
                for name, value in settings.site.items()
            },
            "web": table(settings.web, "certificate", "key"),
            "images": table(settings.images, "client_secret_file", "client_ca_file", *_TLS_FILES),
            "monitoring": table(settings.monitoring, "folder", "metrics_token_file"),
            "notify": settings.notify.model_copy(
                update={
                    "mail": settings.notify.mail and table(settings.notify.mail, "ca_file", "password_file"),
                    "webhook": settings.notify.webhook and table(settings.notify.webhook, "ca_file", "secret_file"),
                }
            ),
            "login": login and table(login, "client_secret_file", *_TLS_FILES),
            "patient_login": patients and table(patients, "client_secret_file", *_TLS_FILES),
            "rights": settings.rights if isinstance(settings.rights.matrix, str) else table(settings.rights, "matrix"),
            "receive": table(settings.receive, "folder", "certificate", "key", "ca_file"),
            "pacs": {name: table(value, "ca_file", "certificate", "key") for name, value in settings.pacs.items()},
            "destination": {
                name: table(value, "ca_file", "certificate", "key", "proxy_credentials_file", "record")
                for name, value in settings.destination.items()
            },
        }
    )
