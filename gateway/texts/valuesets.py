"""Sentences of valuesets."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {}
