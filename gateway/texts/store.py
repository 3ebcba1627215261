"""Sentences about store."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {}
