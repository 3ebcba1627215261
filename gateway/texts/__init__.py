"""Every sentence that tells a person why something was refused, waits or is held, in French and in English.

One entry a code; the facts of a :class:`gateway.errors.GatewayError` fill the braces. Each sentence says what is
wrong and, where a person can act, what to do next. One module a field; this one joins them.
"""

from __future__ import annotations

from gateway.texts import (
    access,
    building,
    care,
    checking,
    demo,
    images,
    kos,
    life,
    looks,
    manifest,
    message,
    metadata,
    monitoring,
    pacs,
    registry,
    registry_server,
    relay,
    report,
    rights,
    runbook,
    seeing,
    serving,
    settings,
    share,
    store,
    study,
    valuesets,
    viewers,
    xds_client,
    xml,
)
from gateway.texts.text import Text

_MODULES = (
    access,
    building,
    care,
    checking,
    demo,
    images,
    life,
    looks,
    kos,
    manifest,
    message,
    metadata,
    pacs,
    registry,
    registry_server,
    relay,
    report,
    rights,
    runbook,
    seeing,
    serving,
    settings,
    share,
    store,
    study,
    valuesets,
    viewers,
    monitoring,
    xds_client,
    xml,
)
TEXTS: dict[str, Text] = {}
for _module in _MODULES:
    for _code, _text in _module.TEXTS.items():
        if _code in TEXTS:
            raise ValueError(f"two sentences for {_code}")
        TEXTS[_code] = _text


class _Facts(dict[str, str]):
    """Words of ours among the facts may stand in each language: ``words_fr`` is taken before ``words``."""

    def __init__(self, facts: dict[str, str], language: str) -> None:
        super().__init__(facts)
        self.update({name: facts[own] for name in facts if (own := f"{name}_{language}") in facts})

    def __missing__(self, key: str) -> str:
        return "?"


def sentence(code: str, facts: dict[str, str] | None = None, language: str = "fr") -> str:
    """The sentence of *code* with its facts, in *language* (``fr`` or ``en``); an unknown code is shown as it is."""
    text = TEXTS.get(code)
    if text is None:
        return code
    return (text.en if language == "en" else text.fr).format_map(_Facts(facts or {}, language))
