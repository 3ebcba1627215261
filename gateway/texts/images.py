"""Sentences about the PACS and its images."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {}
