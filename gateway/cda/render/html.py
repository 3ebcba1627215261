"""HTML as elements: every text and attribute goes through lxml, so that none can become markup."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from lxml import etree

Child = "etree._Element | str | None"
_SAFE_IN_URL = "%:/?#[]@!$&'()*+,;=-._~"
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Control characters, and those that turn the direction of what follows: a name must not rewrite its neighbours."""


def h(tag: str, *content: etree._Element | str | None, **attributes: str | None) -> etree._Element:
    """An HTML element; None is left out, ``class_`` is ``class``, and ``data_x`` is ``data-x``."""
    made = etree.Element(tag)
    for name, value in attributes.items():
        if value is not None:
            made.set(name.rstrip("_").replace("_", "-"), shown(value))
    for item in content:
        add(made, item)
    return made


def add(parent: etree._Element, item: etree._Element | str | None) -> None:
    """Put *item* after what *parent* has."""
    if item is None:
        return
    if not isinstance(item, str):
        parent.append(item)
        return
    text = shown(item)
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


def shown(text: str) -> str:
    """*text* without the characters that are not seen and change what is."""
    return _UNSEEN.sub("", text)


def web_address(value: str) -> str | None:
    """*value* as an address that a link may have: http or https with a host and no user name; else None.

    Blanks inside, which official examples have, are encoded.
    """
    value = shown(value.strip())
    try:
        parts = urlsplit(value)
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            return None
        _ = parts.port
    except ValueError:
        return None
    return quote(value, safe=_SAFE_IN_URL)


def link(href: str, *content: etree._Element | str | None, class_: str | None = None) -> etree._Element:
    """A link that leaves the page and tells the other side nothing of it."""
    return h("a", *content, href=href, class_=class_, target="_blank", rel="noopener noreferrer")
