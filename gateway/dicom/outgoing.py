"""Instances made ready to leave: in a transfer syntax that the other side takes, with the national identity if asked.

Sources: DICOM PS3.18 section 8.7.3.5 (transfer syntaxes), PS3.3 table C.2-3 (Other Patient IDs Sequence) and table
10-18 (issuers), PS3.5 sections 7.1 and 7.5.
"""

from __future__ import annotations

import io
from collections.abc import Container
from dataclasses import replace

import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.filewriter import dcmwrite

from gateway.dicom import glance, part10
from gateway.dicom.guard import DEFLATED, EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, Limits, examine
from gateway.dicom.pixels.decode import DECODABLE, NATIVE, plugin
from gateway.errors import GatewayError, InputRejected, NotSupportedYet
from gateway.model.identifiers import Identifier
from gateway.model.image import StoredInstance

_OTHER_IDS, _PATIENT_ID, _ID_TYPE, _QUALIFIERS = 0x00101002, 0x00100020, 0x00100022, 0x00100024
_UNIVERSAL_ID, _UNIVERSAL_TYPE = 0x00400032, 0x00400033
_DELIMITER_BYTES = 8
# What pydicom raises for a data set that it cannot read, decompress or write again: the guard has walked its structure
# before, not its values. All of it means one thing here, that the instance cannot be had in another syntax.
_BROKEN = (
    InvalidDicomError,
    ValueError,
    KeyError,
    IndexError,
    EOFError,
    AttributeError,
    TypeError,
    RuntimeError,
    OSError,
)


def in_syntax(instance: StoredInstance, acceptable: Container[str]) -> StoredInstance:
    """*instance* in one of the transfer syntaxes *acceptable*, as it is kept where that is one of them.

    Raises NotSupportedYet ``image_codec`` where it is not and cannot be made Explicit VR Little Endian, or that is not
    acceptable either.
    """
    if instance.transfer_syntax in acceptable:
        return instance
    if EXPLICIT_LITTLE not in acceptable or instance.transfer_syntax not in NATIVE | DECODABLE:
        raise NotSupportedYet("image_codec", syntax=instance.transfer_syntax)
    try:
        examine(memoryview(instance.data), instance.transfer_syntax, Limits(size_bytes=len(instance.data)))
        dataset = pydicom.dcmread(io.BytesIO(b"".join((instance.head, instance.data))))
        if instance.transfer_syntax in DECODABLE:
            codec = plugin(instance.transfer_syntax, int(dataset.get("BitsStored") or 0))
            dataset.decompress(decoding_plugin=codec, generate_instance_uid=False)
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        out = io.BytesIO()
        dcmwrite(out, dataset, implicit_vr=False, little_endian=True, enforce_file_format=True)
    except (GatewayError, *_BROKEN):
        raise NotSupportedYet("image_codec", syntax=instance.transfer_syntax) from None
    syntax, data = part10.unwrap(out.getvalue())
    head = part10.head(instance.sop_class_uid, instance.sop_instance_uid, syntax)
    return replace(instance, transfer_syntax=syntax, head=head, data=bytes(data))


def with_identity(instance: StoredInstance, identity: Identifier) -> StoredInstance:
    """*instance* with *identity* among its Other Patient IDs, with the OID of its issuer; the rest stays as it is.

    What says so already, and what is deflated or big endian, comes back as it is.
    """
    if instance.transfer_syntax in (DEFLATED, EXPLICIT_BIG):
        return instance
    implicit = instance.transfer_syntax == IMPLICIT_LITTLE
    value = (identity.extension or "").encode("ascii", "replace")
    data = memoryview(instance.data)
    try:
        after = next((one for one in glance.elements(data, instance.transfer_syntax) if one.tag >= _OTHER_IDS), None)
    except InputRejected:
        return instance
    position = len(data) if after is None else after.position
    known, rest = b"", position
    if after is not None and after.tag == _OTHER_IDS:
        undefined = bytes(data[after.start - 4 : after.start]) == b"\xff\xff\xff\xff"
        known, rest = bytes(data[after.start : after.end - (_DELIMITER_BYTES if undefined else 0)]), after.end
        if value in known and identity.root.encode("ascii", "replace") in known:
            return instance
    added = _element(_OTHER_IDS, b"SQ", known + _item(value, identity.root, implicit), implicit)
    return replace(instance, data=b"".join((data[:position], added, data[rest:])))


def _item(value: bytes, root: str, implicit: bool) -> bytes:
    entity = _element(_UNIVERSAL_ID, b"UT", root.encode("ascii", "replace"), implicit)
    entity += _element(_UNIVERSAL_TYPE, b"CS", b"ISO", implicit)
    content = (
        _element(_PATIENT_ID, b"LO", value, implicit)
        + _element(_ID_TYPE, b"CS", b"TEXT", implicit)
        + _element(_QUALIFIERS, b"SQ", b"\xfe\xff\x00\xe0" + len(entity).to_bytes(4, "little") + entity, implicit)
    )
    return b"\xfe\xff\x00\xe0" + len(content).to_bytes(4, "little") + content


def _element(tag: int, vr: bytes, value: bytes, implicit: bool) -> bytes:
    value += b" " * (len(value) % 2)
    head = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")
    if implicit:
        return head + len(value).to_bytes(4, "little") + value
    if vr in (b"SQ", b"UT"):
        return head + vr + b"\0\0" + len(value).to_bytes(4, "little") + value
    return head + vr + len(value).to_bytes(2, "little") + value
