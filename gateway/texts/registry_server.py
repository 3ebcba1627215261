"""Sentences about registry_server."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {}
