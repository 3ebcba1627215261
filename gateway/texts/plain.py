"""What others wrote, where control characters would be obeyed: a terminal, a log, another message."""

from __future__ import annotations

from unicodedata import category

_LOST = "\N{REPLACEMENT CHARACTER}"


def shown(text: str) -> str:
    """*text* with every control character shown as lost, and each kind of space, which French writes before half of
    its signs (U+00A0, U+202F), as a space."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if category(c) == "Zs" else _LOST for c in text)


def is_writing(text: str) -> bool:
    """Whether *text* is what a person may write: lines and tabs, but no other control character and no half of a
    surrogate pair."""
    return text.isprintable() or all(c in "\t\r\n" or category(c) not in ("Cc", "Cs") for c in text)
