"""What a presentation state does with grey values: its modality, VOI and presentation LUT (PS3.4 N.2.1).

A state gives the whole of the way from stored values to what is seen. What it does not have is an identity, and what
the image has is not used, its Photometric Interpretation no more than its tables (N.2.1.1, N.2.1.3, N.2.1.4). A state
that names no presentation LUT at all, which each must (PS3.3 C.11.6), says of grey values nothing that can be relied
on: they stay the image's, under the state's window.

A table in JSON: ``first`` (the value that its first entry is for), ``bits`` (of each entry), ``entries`` (base64 of 16
bits each, the lower byte first).
"""

from __future__ import annotations

import base64
import sys
from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gateway.web.viewer.values import items, numbers, numeric, text

if TYPE_CHECKING:
    from pydicom import Dataset

_MOST_ENTRIES = 1 << 16
_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


class BrokenTable(Exception):
    """A table that the state names cannot be read: nothing may be shown in its place as though it were the state's."""


def greyscale(item: Dataset, images_of: Callable[[Dataset], list[str]]) -> dict[str, Any] | None:
    """``modalities`` (each a table, or slope and intercept; its ``units``; its ``images``, none for all of the state),
    ``presentation`` (a table, or None) and ``inverted``; None where the state says nothing of grey values.

    *images_of*: the places of the images that an item names. Raises BrokenTable.
    """
    shape, presentation = text(item, "PresentationLUTShape"), items(item, "PresentationLUTSequence")
    if not shape and not presentation:
        return None
    variable = items(item, "VariableModalityLUTSequence")
    found = [(_modality(one), images_of(one)) for one in variable] if variable else [(_modality(item), [])]
    return {
        # An item of a Variable Modality LUT is about images that it names: were none of them here, it would be for all.
        "modalities": [{**one, "images": images} for one, images in found if one and (images or not variable)],
        "presentation": _table(presentation[0]) if presentation else None,
        "inverted": shape == "INVERSE",
    }


def voi(item: Dataset) -> dict[str, Any] | None:
    """One item of a Softcopy VOI LUT as a table or as a window with its function (PS3.3 C.11.8); None for neither.

    Raises BrokenTable.
    """
    tables = items(item, "VOILUTSequence")
    table = _table(tables[0]) if tables else None
    centre, width = numbers(item, "WindowCenter"), numbers(item, "WindowWidth")
    if table is None and not (centre and width):
        return None
    function = text(item, "VOILUTFunction")
    window = {"centre": centre[0], "width": max(width[0], 1.0)} if centre and width else {}
    return {**window, "table": table, "function": function if function in _FUNCTIONS else "LINEAR"}


def _modality(item: Dataset) -> dict[str, Any] | None:
    tables = items(item, "ModalityLUTSequence")
    if tables:
        return {"table": _table(tables[0]), "units": text(tables[0], "ModalityLUTType")}
    slope, intercept = numbers(item, "RescaleSlope"), numbers(item, "RescaleIntercept")
    if len(slope) != 1 or len(intercept) != 1:
        return None
    return {"slope": slope[0], "intercept": intercept[0], "table": None, "units": text(item, "RescaleType")}


def _table(item: Dataset) -> dict[str, Any]:
    """The table of *item* (PS3.3 C.11.1.1)."""
    described = numbers(item, "LUTDescriptor")
    if len(described) != 3 or not all(one.is_integer() for one in described):
        raise BrokenTable
    told, first, bits = map(int, described)
    entries = _entries(item, told % _MOST_ENTRIES or _MOST_ENTRIES)
    if not 8 <= bits <= 16:
        raise BrokenTable
    if sys.byteorder == "big":
        entries.byteswap()
    return {"first": first, "bits": bits, "entries": base64.b64encode(entries.tobytes()).decode("ascii")}


def _entries(item: Dataset, count: int) -> array[int]:
    data = item.get("LUTData")
    if isinstance(data, bytes):
        # Entries of eight bits stand two in a word, or one in a word: both are met.
        if len(data) < 2 * count:
            if len(data) < count:
                raise BrokenTable
            return array("H", list(data[:count]))
        words = array("H", data[: 2 * count])
        _, is_little_endian = item.original_encoding
        if (sys.byteorder == "little") is (is_little_endian is False):
            words.byteswap()
        return words
    values = numeric(data)[:count]
    if len(values) < count or not all(one.is_integer() and 0 <= one <= 0xFFFF for one in values):
        raise BrokenTable
    return array("H", map(int, values))
