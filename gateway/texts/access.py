"""Sentences about who may see what: links, logins, pages."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {}
