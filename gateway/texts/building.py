"""Sentences of building."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {}
