"""Sentences about HL7 v2 messages."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {}
