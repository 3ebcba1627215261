"""Documents and films inside instances: the PDF of an Encapsulated Document, the stream of a video.

Sources: DICOM PS3.3 C.24.2 (Encapsulated Document), PS3.5 section 8.2.5 and following (MPEG, HEVC: one frame's worth of
fragments is the whole stream).
"""

from __future__ import annotations

from pydicom.encaps import generate_fragments

from gateway.dicom import glance
from gateway.errors import InputRejected
from gateway.model.image import RenderedFrame, StoredInstance

_DOCUMENT, _MEDIA_TYPE, _LENGTH = 0x00420011, 0x00420012, 0x00420015
_VIDEO = "1.2.840.10008.1.2.4.10"
"""What the transfer syntaxes of MPEG-2, MPEG-4 and HEVC begin with (.100 to .108)."""
_MPEG_2 = frozenset({f"{_VIDEO}0", f"{_VIDEO}0.1", f"{_VIDEO}1", f"{_VIDEO}1.1"})
_GIVEN = frozenset({"application/pdf", "model/stl", "model/obj", "model/mtl", "text/xml"})


def content(instance: StoredInstance) -> RenderedFrame:
    """The document or the film of *instance*; raises InputRejected (``image_no_document``, as of a broken data set)."""
    if instance.transfer_syntax.startswith(_VIDEO):
        return _film(instance)
    found = {
        one.tag: instance.data[one.start : one.end]
        for one in glance.elements(instance.data, instance.transfer_syntax, into_pixels=False)
        if one.tag in (_DOCUMENT, _MEDIA_TYPE, _LENGTH)
    }
    if not found.get(_DOCUMENT):
        raise InputRejected("image_no_document")
    stated = bytes(found.get(_MEDIA_TYPE, b"")).decode("ascii", "replace").strip(" \0").lower()
    document = bytes(found[_DOCUMENT])
    length = int.from_bytes(bytes(found.get(_LENGTH, b""))[:4], "little")
    if 0 < length <= len(document):
        document = document[:length]
    media_type = stated if stated in _GIVEN else "application/octet-stream"
    return RenderedFrame(media_type=media_type, content=document)


def _film(instance: StoredInstance) -> RenderedFrame:
    found = glance.pixel_data(instance.data, instance.transfer_syntax)
    if found is None or found.tag != glance.PIXEL_DATA:
        raise InputRejected("image_no_document")
    try:
        fragments = list(generate_fragments(bytes(instance.data[found.start :])))
    except (ValueError, EOFError, IndexError):
        raise InputRejected("dicom_malformed", offset=found.position, words="encapsulation") from None
    # The first is the Basic Offset Table.
    stream = b"".join(fragments[1:])
    return RenderedFrame(
        media_type="video/mpeg" if instance.transfer_syntax in _MPEG_2 else "video/mp4",
        content=stream,
    )
