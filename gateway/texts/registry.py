"""Sentences about document registries and repositories."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {}
