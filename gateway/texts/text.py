"""The value that every table of sentences holds."""

from typing import NamedTuple


class Text(NamedTuple):
    """One sentence in both languages; facts fill the braces."""

    fr: str
    en: str
