"""Where the data that ships with the program lies: service descriptions, value sets, default configuration.

A wheel carries them under ``gateway/_data``; a checkout has the same folders at its top. A wheel may be built without
the value sets, whose terminologies have owners (``NOTICE``): ``GATEWAY_VALUESETS`` then names the folder that has them.
"""

from __future__ import annotations

import os
from pathlib import Path

from gateway.errors import SettingsError

VALUESETS_VARIABLE = "GATEWAY_VALUESETS"
"""The environment variable with a folder of tables that come before those that ship with the program."""

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


def valueset_path(name: str) -> Path:
    """The table *name*: in the folder that the environment names, else among those that ship with the program.

    The file may be absent. Raises SettingsError ``resource_missing`` when there is no folder to look in.
    """
    if given := os.environ.get(VALUESETS_VARIABLE):
        folder = Path(given)
        if not folder.is_dir():
            raise SettingsError("resource_missing", place=VALUESETS_VARIABLE, name=given)
        if (path := folder / f"{name}.json").is_file():
            return path
    return valuesets_path() / f"{name}.json"


def config_path() -> Path:
    """The folder of the commented default configuration; raises as :func:`wsdl_path`."""
    return _folder("config")
