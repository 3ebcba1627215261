"""A one-page PDF with text in Latin letters, enough for a report that a practice would print.

PDF 1.4 (ISO 32000-1 sections 7.3 to 7.5, 9.4 and annex D.2): one page of A4, two of the fourteen standard fonts in
WinAnsiEncoding, no compression, so that the file is the same in every run and readable with any editor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_WIDTH, _HEIGHT = 595, 842
"""A4 in points of 1/72 inch."""
_MARGIN = 56
_FONTS = {False: b"F1", True: b"F2"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text; *size* in points. An empty text is a gap."""

    text: str = ""
    size: int = 11
    bold: bool = False


def page(title: str, lines: Sequence[Line]) -> bytes:
    """A document of one page with *lines* from the top; lines beyond the foot of the page are the caller's fault."""
    content = _content(lines)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (fr-FR) >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 6 0 R"
        b" /Resources << /Font << /F1 4 0 R /F2 5 0 R >> >> >>" % (_WIDTH, _HEIGHT),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Title %s >>" % _string(title),
    ]
    return _file(objects)


def _content(lines: Sequence[Line]) -> bytes:
    """The marks of the page: each line is placed from its own foot."""
    parts = [b"BT"]
    height = _HEIGHT - _MARGIN
    for line in lines:
        height -= round(line.size * 1.4)
        if line.text:
            parts.append(b"/%s %d Tf" % (_FONTS[line.bold], line.size))
            parts.append(b"1 0 0 1 %d %d Tm %s Tj" % (_MARGIN, height, _string(line.text)))
    return b"\n".join([*parts, b"ET"])


def _string(text: str) -> bytes:
    """A literal string in WinAnsiEncoding; a character that it lacks becomes a question mark."""
    value = text.encode("cp1252", "replace")
    for special in (b"\\", b"(", b")"):
        value = value.replace(special, b"\\" + special)
    return b"(" + value + b")"


def _file(objects: Sequence[bytes]) -> bytes:
    """Header, objects, cross-reference table of twenty bytes a line, trailer."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, value in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        len(objects),
        table,
    )
    return bytes(out)
