"""Making messages (ER7): values are escaped and encoded here and nowhere else.

Sources: HL7 v2.5 sections 2.6 and 2.7.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.errors import InputRejected
from gateway.hl7 import charset as charsets
from gateway.hl7.charset import Charset
from gateway.hl7.delimiters import STANDARD, Delimiters, escapes

Component = str | tuple[str, ...]
"""A value, or its subcomponents."""


class Writer:
    """Makes messages in one character set with one set of delimiters."""

    def __init__(self, charset: Charset = charsets.UTF_8, delimiters: Delimiters = STANDARD) -> None:
        self.charset = charset
        self.delimiters = delimiters
        self._escapes = escapes(delimiters)

    def text(self, value: str) -> bytes:
        """*value* escaped and encoded; raises InputRejected (``hl7_not_encodable``) outside the character set."""
        try:
            return value.translate(self._escapes).encode(self.charset.codec)
        except UnicodeEncodeError:
            raise InputRejected("hl7_not_encodable", place=charsets.PLACE, charset=self.charset.name) from None

    def field(self, *components: Component | bytes) -> bytes:
        """One repetition of a field; bytes are taken as they are, empty components at the end are left out."""
        parts = [self._component(component) for component in components]
        while parts and not parts[-1]:
            parts.pop()
        return self.delimiters.component.join(parts)

    def repeated(self, *repetitions: bytes) -> bytes:
        """A field of several repetitions."""
        return self.delimiters.repetition.join(repetitions)

    def segment(self, name: str, fields: Mapping[int, bytes | str]) -> bytes:
        """A segment without its end, from the numbers of its fields; MSH-1 and MSH-2 are put in here."""
        offset = 1 if name == "MSH" else 0
        row = [b""] * (max(fields, default=0) - offset)
        for number, value in fields.items():
            row[number - 1 - offset] = self.text(value) if isinstance(value, str) else value
        if offset:
            row[0] = self.delimiters.encoding_characters
        return self.delimiters.field.join([name.encode("ascii"), *row])

    def message(self, *segments: bytes) -> bytes:
        """A message; every segment ends in CR."""
        return b"\r".join([*segments, b""])

    def _component(self, component: Component | bytes) -> bytes:
        if isinstance(component, bytes):
            return component
        if isinstance(component, str):
            return self.text(component)
        return self.delimiters.subcomponent.join(self.text(part) for part in component).rstrip(
            self.delimiters.subcomponent or b"&"
        )
