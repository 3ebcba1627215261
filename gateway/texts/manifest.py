"""Sentences of manifest."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {}
