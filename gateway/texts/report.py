"""Sentences about CDA reports."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {}
