"""What the checks ask of codes and value sets."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from lxml import etree

from gateway import valuesets
from gateway.cda.elements import attribute
from gateway.cda.rules.engine import Context


@lru_cache(maxsize=256)
def letters(name: str) -> str:
    """The letters of a person's name, without accents, case, spaces and hyphens."""
    return "".join(one for one in unicodedata.normalize("NFD", name.casefold()) if one.isalpha())


def known(name: str, code: str, system: str = "") -> bool:
    """Whether the value set *name* has *code*, of *system* when one is given."""
    return valuesets.load(name).has(code, system)


def allowed(name: str, element: etree._Element, context: Context) -> bool:
    """Whether the code of *element* is of the value set: by code and system, or as ``official`` by its code alone."""
    code, system = attribute(element, "code"), attribute(element, "codeSystem")
    return bool(code) and known(name, code, "" if context.official else system)


def shown(element: etree._Element) -> str:
    """A code as findings show it: ``code (system)``."""
    code, system = attribute(element, "code"), attribute(element, "codeSystem")
    return f"{code} ({system})" if system else code


def set_shown(name: str) -> str:
    """A value set as findings show it: its name and its OID."""
    return f"{name} ({valuesets.load(name).oid})"


def is_null(element: etree._Element | None) -> bool:
    """Whether *element* says by a nullFlavor why it has nothing."""
    return element is not None and element.get("nullFlavor") is not None
