"""Bitmaps of a presentation state: the overlay planes it carries, and the shutter made of one of them.

A plane is drawn in the layer that activates it; one that the state carries takes the place of the image's own of that
group, and without one the image's own is activated (PS3.3 C.9.2, C.10.7, C.11.7). The plane that the shutter names is
no overlay: it hides each pixel for which it has a bit (C.7.6.15).

A plane in JSON: ``group`` (in hexadecimal), ``rows``, ``columns``, ``top`` and ``left`` (of its first pixel in those of
the image, which begin at 1), ``frames``, ``first`` (the image's frame to which its first belongs), ``bits`` (base64 of
the bits as they are packed: the lowest of each byte first), ``colour`` (red, green and blue, or None).
"""

from __future__ import annotations

import base64
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.web.viewer.colours import of_cielab, of_grey, of_rgb
from gateway.web.viewer.values import items, numbers, numeric, text, texts, whole

if TYPE_CHECKING:
    from pydicom import Dataset

_GROUPS = range(0x6000, 0x6020, 2)
_MOST_BITS = 1 << 26
"""Of all planes of a state together, which is three of the largest mammograms; a browser takes four bytes for each."""
_MOST_SIDE = 32_767
"""Rows or columns that a browser's canvas takes."""


class _Part(IntEnum):
    """Element numbers in each group of overlays (PS3.3 C.9.2, C.9.3, C.11.7)."""

    ROWS = 0x0010
    COLUMNS = 0x0011
    FRAMES = 0x0015
    ORIGIN = 0x0050
    FIRST_FRAME = 0x0051
    BITS_ALLOCATED = 0x0100
    BIT_POSITION = 0x0102
    ACTIVATION_LAYER = 0x1001
    DATA = 0x3000


class Bitmaps(NamedTuple):
    """What a state does with bitmaps."""

    overlays: list[dict[str, Any]]
    """Planes in the order in which they are drawn."""
    shutters: list[dict[str, Any]]
    """The plane of the shutter, if there is one."""
    image_overlays: dict[str, dict[str, Any]]
    """Of the image's own planes those whose group the state speaks of: whether ``shown``, and their ``colour``."""
    broken: list[dict[str, str]]
    """Planes that should be drawn and cannot be: ``group`` and ``reason`` (absent, malformed, short, large)."""


class _Layer(NamedTuple):
    order: int
    colour: list[int] | None


class _Unusable(Exception):
    """A plane that cannot be drawn; its argument is the reason."""


def bitmaps(item: Dataset) -> Bitmaps:
    """The overlays and the bitmap shutter of a presentation state; what is broken is named and left out."""
    layers = {text(one, "GraphicLayer").strip(): _layer(one) for one in items(item, "GraphicLayerSequence")}
    parts = (_Part.ROWS, _Part.COLUMNS, _Part.DATA)
    carried = {group for group in _GROUPS if any(_tag(group, part) in item for part in parts)}
    named = {group: str(_value(item, group, _Part.ACTIVATION_LAYER) or "").strip() for group in _GROUPS}
    active = {group: layers.get(name, _Layer(0, None)) for group, name in named.items() if name}
    shutter = whole(item, "ShutterOverlayGroup") if "BITMAP" in texts(item, "ShutterShape") else None
    reader = _Reader(item)
    shutters = [] if shutter is None else reader.plane(shutter, shutter_colour(item))
    ordered = sorted(active.items(), key=lambda one: (one[1].order, one[0]))
    overlays = [
        plane
        for group, layer in ordered
        if group in carried and group != shutter
        for plane in reader.plane(group, layer.colour)
    ]
    image_overlays = {
        f"{group:04X}": _of_image(active.get(group) if group not in carried else None)
        for group in _GROUPS
        if group in carried or _tag(group, _Part.ACTIVATION_LAYER) in item
    }
    return Bitmaps(overlays, shutters, image_overlays, reader.broken)


def shutter_colour(item: Dataset) -> list[int]:
    """What is seen instead of the pixels that a shutter of any form hides (PS3.3 C.7.6.11, C.7.6.15)."""
    lab = numbers(item, "ShutterPresentationColorCIELabValue")
    return of_cielab(lab) if len(lab) == 3 else of_grey(whole(item, "ShutterPresentationValue"))


def _layer(item: Dataset) -> _Layer:
    lab = numbers(item, "GraphicLayerRecommendedDisplayCIELabValue")
    red_green_blue = numbers(item, "GraphicLayerRecommendedDisplayRGBValue")
    grey = numbers(item, "GraphicLayerRecommendedDisplayGrayscaleValue")
    order = whole(item, "GraphicLayerOrder")
    if len(lab) == 3:
        return _Layer(order, of_cielab(lab))
    if len(red_green_blue) == 3:
        return _Layer(order, of_rgb(red_green_blue))
    return _Layer(order, of_grey(grey[0]) if len(grey) == 1 else None)


def _of_image(layer: _Layer | None) -> dict[str, Any]:
    return {"shown": layer is not None, "colour": None if layer is None else layer.colour}


class _Reader:
    """Reads planes while there is room, and remembers those that it could not read."""

    def __init__(self, item: Dataset) -> None:
        self._item = item
        self._room_bits = _MOST_BITS
        self.broken: list[dict[str, str]] = []

    def plane(self, group: int, colour: list[int] | None) -> list[dict[str, Any]]:
        """The plane of *group*, or nothing."""
        name = f"{group:04X}"
        try:
            plane = _plane(self._item, group, self._room_bits)
        except _Unusable as unusable:
            self.broken.append({"group": name, "reason": str(unusable)})
            return []
        self._room_bits -= plane["rows"] * plane["columns"] * plane["frames"]
        return [{"group": name, **plane, "colour": colour}]


def _plane(item: Dataset, group: int, room_bits: int) -> dict[str, Any]:
    if group not in _GROUPS or _tag(group, _Part.DATA) not in item:
        raise _Unusable("absent")
    rows, columns = _count(item, group, _Part.ROWS), _count(item, group, _Part.COLUMNS)
    frames, first = _count(item, group, _Part.FRAMES, 1), _count(item, group, _Part.FIRST_FRAME, 1)
    top, left = _origin(item, group)
    data = _data(item, group)
    # A state has no pixel data in whose unused bits the plane could lie, as it could in retired objects.
    apart = numeric(_value(item, group, _Part.BIT_POSITION)) in ([], [0.0])
    if not apart or _count(item, group, _Part.BITS_ALLOCATED, 1) != 1 or not isinstance(data, bytes):
        raise _Unusable("malformed")
    bits = rows * columns * frames
    if bits > room_bits or max(rows, columns) > _MOST_SIDE:
        raise _Unusable("large")
    size_bytes = (bits + 7) // 8
    if len(data) < size_bytes:
        raise _Unusable("short")
    return {
        "rows": rows,
        "columns": columns,
        "top": top,
        "left": left,
        "frames": frames,
        "first": first,
        "bits": base64.b64encode(data[:size_bytes]).decode("ascii"),
    }


def _count(item: Dataset, group: int, element: int, absent: int | None = None) -> int:
    """A whole number from 1; *absent* where the attribute is not there or empty."""
    value = _value(item, group, element)
    if value is None and absent is not None:
        return absent
    found = numeric(value)
    if len(found) != 1 or found[0] < 1 or not found[0].is_integer():
        raise _Unusable("malformed")
    return int(found[0])


def _origin(item: Dataset, group: int) -> tuple[int, int]:
    """Row and column of the image at which the plane begins; may lie outside of the image (PS3.3 C.9.2)."""
    value = _value(item, group, _Part.ORIGIN)
    found = [1.0, 1.0] if value is None else numeric(value)
    if len(found) != 2 or not all(one.is_integer() for one in found):
        raise _Unusable("malformed")
    return int(found[0]), int(found[1])


def _data(item: Dataset, group: int) -> Any:
    """The bits as they are packed in a little-endian object."""
    data = _value(item, group, _Part.DATA)
    _, is_little_endian = item.original_encoding
    if is_little_endian is False and isinstance(data, bytes) and item[_tag(group, _Part.DATA)].VR == "OW":
        swapped = bytearray(data[: len(data) // 2 * 2])
        swapped[::2], swapped[1::2] = swapped[1::2], swapped[::2]
        return bytes(swapped)
    return data


def _value(item: Dataset, group: int, element: int) -> Any:
    """None where it is not there or empty."""
    found = item.get(_tag(group, element))
    return None if found is None or found.is_empty else found.value


def _tag(group: int, element: int) -> int:
    return group << 16 | element
