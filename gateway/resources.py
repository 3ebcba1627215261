"""Where the data that ships with the program lies: service descriptions, value sets, default configuration.

A wheel carries them under ``gateway/_data``; a checkout has the same folders at its top.
"""

from __future__ import annotations

from pathlib import Path

from gateway.errors import SettingsError

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    for root in (_PACKAGE / "_data", _PACKAGE.parent):
        if (root / name).is_dir():
            return root / name
    raise SettingsError("resource_missing", place=name, name=name)


def wsdl_path(name: str) -> Path:
    """The service description *name* (``registry`` gives ``wsdl/registry.wsdl``).

    Raises SettingsError with ``resource_missing`` when the installation lacks it.
    """
    path = _folder("wsdl") / f"{name}.wsdl"
    if not path.is_file():
        raise SettingsError("resource_missing", place=path.name, name=path.name)
    return path


def valuesets_path() -> Path:
    """The folder of the value sets; raises as :func:`wsdl_path`."""
    return _folder("valuesets")


def config_path() -> Path:
    """The folder of the commented default configuration; raises as :func:`wsdl_path`."""
    return _folder("config")
