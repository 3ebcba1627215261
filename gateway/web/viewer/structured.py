"""Objects of a study that are no pictures, as the full viewer shows them: reports as rows, states as facts.

Structured reports (dose reports among them) become rows of depth, name and value (PS3.3 C.17.3). Of a grayscale
softcopy presentation state the grey values (:mod:`.greyscale`), the rotation and flip, the displayed area, the
shutters, the overlays (:mod:`.planes`), and the annotations with the images they belong to are told (PS3.3 A.33.1,
C.7.6.11, C.7.6.15, C.10.4 to C.10.6, C.11.7, C.11.8).
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

from gateway.errors import PeerMisbehaved
from gateway.model.image import StoredInstance
from gateway.web.viewer.greyscale import BrokenTable, greyscale, voi
from gateway.web.viewer.planes import bitmaps, shutter_colour
from gateway.web.viewer.values import items, numbers, text, texts, whole

if TYPE_CHECKING:
    from pydicom import Dataset

_IMPLICIT = "1.2.840.10008.1.2"
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_ROWS = 5000
_DEPTH = 40
_TEXT = 500
_MARKS = 500
_FRAMES = 10_000
_TABLES = frozenset({0x00283000, 0x00283010})
_LARGE_BYTES = 64 << 20
"""Above it pydicom would want an address for binary values; no instance that gets here is larger."""
_PIXEL_DATA = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})


def report(instance: StoredInstance) -> dict[str, Any]:
    """Title and rows of a structured report; raises PeerMisbehaved for what cannot be read."""
    item = _read(instance)
    rows = []
    for row in _rows(item, 0):
        rows.append(row)
        if len(rows) >= _ROWS:
            break
    return {"title": _meaning(item, "ConceptNameCodeSequence"), "rows": rows}


def state(instance: StoredInstance, places: dict[str, str]) -> dict[str, Any]:
    """What a presentation state asks for; *places*: SOP Instance UID to ``series/instance``; raises PeerMisbehaved.

    Images are named by their places, with ``/frame`` behind where single frames are named. A window, an area or an
    annotation without ``images`` is for all images of the state.
    """
    item = _read(instance)
    drawn = bitmaps(item)
    try:
        grey = _grey(item, places)
    except BrokenTable:
        grey = {"greyscale": None, "windows": []}
        drawn.broken.append({"group": "", "reason": "table"})
    annotations = [
        mark for one in _about(item, "GraphicAnnotationSequence", places) for mark in _annotation(one, places)
    ]
    return {
        "label": text(item, "ContentLabel"),
        "description": text(item, "ContentDescription"),
        "images": _referenced(items(item, "ReferencedSeriesSequence"), places) or _content(item, places, 0),
        **grey,
        "rotation": whole(item, "ImageRotation") % 360,
        "mirrored": text(item, "ImageHorizontalFlip") == "Y",
        "areas": [
            _area(one, places) for one in _about(item, "DisplayedAreaSelectionSequence", places) if _is_area(one)
        ],
        "shutters": [*_shutters(item), *({"shape": "bitmap", **one} for one in drawn.shutters)],
        "overlays": drawn.overlays,
        "image_overlays": drawn.image_overlays,
        "broken": drawn.broken,
        "annotations": annotations[:_MARKS],
    }


def layers(instance: StoredInstance) -> dict[str, Any]:
    """Overlay planes and lookup tables in the DICOM JSON model, their binary values inside; raises PeerMisbehaved."""
    item = _read(instance, until_pixels=True)
    kept = [
        element
        for element in item
        if (0x6000 <= element.tag.group <= 0x601E and element.tag.group % 2 == 0) or element.tag in _TABLES
    ]
    return {f"{element.tag:08X}": element.to_json_dict(None, _LARGE_BYTES) for element in kept}


def _read(instance: StoredInstance, *, until_pixels: bool = False) -> Dataset:
    from pydicom.filereader import read_dataset

    implicit = instance.transfer_syntax == _IMPLICIT
    try:
        item = read_dataset(
            BytesIO(instance.data),
            implicit,
            instance.transfer_syntax != _BIG_ENDIAN,
            stop_when=(lambda tag, vr, length: tag in _PIXEL_DATA) if until_pixels else None,
        )
        item.decode()
        return item
    except Exception as error:  # noqa: BLE001 - pydicom raises whatever it stumbles upon; mapped here once
        raise PeerMisbehaved("pacs_answer_malformed", pacs="", words=type(error).__name__) from None


def _rows(item: Dataset, depth: int) -> Iterator[dict[str, Any]]:
    for child in items(item, "ContentSequence"):
        kind = text(child, "ValueType")
        name = _meaning(child, "ConceptNameCodeSequence") or text(child, "RelationshipType").lower()
        yield {"depth": depth, "name": name[:_TEXT], "value": _value(child, kind)[:_TEXT]}
        if depth < _DEPTH:
            yield from _rows(child, depth + 1)


def _value(item: Dataset, kind: str) -> str:
    if kind == "NUM":
        measured = next(iter(items(item, "MeasuredValueSequence")), None)
        if measured is None:
            return _meaning(item, "NumericValueQualifierCodeSequence")
        unit = next(iter(items(measured, "MeasurementUnitsCodeSequence")), None)
        code = "" if unit is None else text(unit, "CodeValue")
        return f"{text(measured, 'NumericValue')} {'' if code in ('1', '{}') else code}".strip()
    if kind == "CODE":
        return _meaning(item, "ConceptCodeSequence")
    if kind == "PNAME":
        return " ".join(part for part in text(item, "PersonName").split("^") if part)
    if kind in ("DATE", "TIME", "DATETIME"):
        return _moment(text(item, {"DATE": "Date", "TIME": "Time", "DATETIME": "DateTime"}[kind]), kind)
    if kind == "UIDREF":
        return text(item, "UID")
    return text(item, "TextValue") if kind == "TEXT" else ""


def _moment(value: str, kind: str) -> str:
    date, time = ("", value) if kind == "TIME" else (value[:8], value[8:] if kind == "DATETIME" else "")
    told = f"{date[:4]}-{date[4:6]}-{date[6:8]}" if len(date) == 8 else date
    clock = ":".join(part for part in (time[:2], time[2:4], time[4:6]) if part)
    return f"{told} {clock}".strip()


def _meaning(item: Dataset, keyword: str) -> str:
    codes = items(item, keyword)
    return text(codes[0], "CodeMeaning") or text(codes[0], "CodeValue") if len(codes) else ""


def _grey(item: Dataset, places: dict[str, str]) -> dict[str, Any]:
    def images(one: Dataset) -> list[str]:
        return _images(items(one, "ReferencedImageSequence"), places)

    about = _about(item, "SoftcopyVOILUTSequence", places)
    windows = [{**found, "images": images(one)} for one in about if (found := voi(one))]
    return {"greyscale": greyscale(item, images), "windows": windows}


def _is_area(item: Dataset) -> bool:
    first, last = _corners(item)
    return len(first) == len(last) == 2 and all(one <= other for one, other in zip(first, last, strict=True))


def _area(item: Dataset, places: dict[str, str]) -> dict[str, Any]:
    """In pixels of the image, the corner of the first at 0, 0."""
    (left, top), (right, bottom) = _corners(item)
    images = _images(items(item, "ReferencedImageSequence"), places)
    return {"left": left - 1, "top": top - 1, "right": right, "bottom": bottom, "images": images}


def _corners(item: Dataset) -> tuple[list[float], list[float]]:
    """Columns and rows of the first and the last pixel that are shown."""
    names = ("DisplayedAreaTopLeftHandCorner", "DisplayedAreaBottomRightHandCorner")
    first, last = (numbers(item, name) for name in names)
    return first, last


def _shutters(item: Dataset) -> Iterator[dict[str, Any]]:
    """Shapes outside of which nothing is shown, as the viewer reads those of an image (``shutters`` in dicom.js)."""
    colour = shutter_colour(item)
    sides = ("LeftVertical", "RightVertical", "UpperHorizontal", "LowerHorizontal")
    edges = [numbers(item, f"Shutter{side}Edge") for side in sides]
    middle, vertices = numbers(item, "CenterOfCircularShutter"), numbers(item, "VerticesOfThePolygonalShutter")
    radius = whole(item, "RadiusOfCircularShutter")
    for shape in texts(item, "ShutterShape"):
        if shape == "RECTANGULAR" and all(len(one) == 1 for one in edges):
            left, right, upper, lower = (one[0] for one in edges)
            points = [left - 1, upper - 1, right, upper - 1, right, lower, left - 1, lower]
            yield {"shape": "polygonal", "points": points, "colour": colour}
        elif shape == "CIRCULAR" and len(middle) == 2 and radius > 0:
            points = [middle[1] - 0.5, middle[0] - 0.5]
            yield {"shape": "circular", "points": points, "radius": radius, "colour": colour}
        elif shape == "POLYGONAL" and len(vertices) >= 6 and len(vertices) % 2 == 0:
            pairs = zip(vertices[::2], vertices[1::2], strict=True)
            points = [place - 0.5 for row, column in pairs for place in (column, row)]
            yield {"shape": "polygonal", "points": points[:_MARKS], "colour": colour}


def _annotation(item: Dataset, places: dict[str, str]) -> Iterator[dict[str, Any]]:
    images = _images(items(item, "ReferencedImageSequence"), places)
    for one in items(item, "TextObjectSequence"):
        anchor = numbers(one, "AnchorPoint")
        box = numbers(one, "BoundingBoxTopLeftHandCorner")
        at, units = (anchor, "AnchorPointAnnotationUnits") if anchor else (box, "BoundingBoxAnnotationUnits")
        yield {
            "kind": "text",
            "text": text(one, "UnformattedTextValue")[:_TEXT],
            "points": at[:2],
            "display": text(one, units) == "DISPLAY",
            "images": images,
        }
    for one in items(item, "GraphicObjectSequence"):
        yield {
            "kind": text(one, "GraphicType").lower(),
            "text": "",
            "points": numbers(one, "GraphicData")[:2000],
            "display": text(one, "GraphicAnnotationUnits") == "DISPLAY",
            "images": images,
        }


def _referenced(series: list[Dataset], places: dict[str, str]) -> list[str]:
    return [key for one in series for key in _images(items(one, "ReferencedImageSequence"), places)]


def _content(item: Dataset, places: dict[str, str], depth: int) -> list[str]:
    """The images that a key object selection names in its content (PS3.16 TID 2010)."""
    found: list[str] = []
    for one in items(item, "ContentSequence"):
        found += _images(items(one, "ReferencedSOPSequence"), places)
        if depth < _DEPTH:
            found += _content(one, places, depth + 1)
    return found


def _about(item: Dataset, keyword: str, places: dict[str, str]) -> list[Dataset]:
    """The items of *keyword* but those that are for images none of which is here: on another they would be wrong."""
    found = ((one, items(one, "ReferencedImageSequence")) for one in items(item, keyword))
    return [one for one, named in found if not named or _images(named, places)]


def _images(references: list[Dataset], places: dict[str, str]) -> list[str]:
    """What is named and here; of an instance its frames where they are named (Referenced Frame Number, table 10-3)."""
    found = []
    for one in references:
        place = places.get(text(one, "ReferencedSOPInstanceUID"))
        if place is None:
            continue
        if texts(one, "ReferencedFrameNumber"):
            frames = [int(number) for number in numbers(one, "ReferencedFrameNumber")[:_FRAMES]]
            found += [f"{place}/{frame}" for frame in frames if frame > 0]
        else:
            found.append(place)
    return found
