"""Sentences of relay."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {}
