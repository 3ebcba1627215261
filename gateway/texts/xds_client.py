"""Sentences of xds_client."""

from gateway.texts.text import Text

TEXTS: dict[str, Text] = {}
