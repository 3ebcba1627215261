"""Sentences of pacs."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {}
