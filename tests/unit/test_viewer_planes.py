"""Bitmaps of presentation states: overlay planes and shutters, right, broken, too large."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRBigEndian, ImplicitVRLittleEndian

from gateway.web.viewer import planes, structured
from gateway.web.viewer.colours import of_cielab, of_grey, of_rgb
from tests.support.presentation import RED_CIELAB, bitmap_state, layer, plane, shut_by_bits
from tests.support.viewing import MemoryPacs, plain_state

SQUARE = np.eye(9, 7)


def told(item: Dataset) -> dict[str, Any]:
    """What the viewer is told of the state; it must go through JSON."""
    found = structured.state(MemoryPacs([item]).held[str(item.SOPInstanceUID)], {})
    again: dict[str, Any] = json.loads(json.dumps(found, allow_nan=False))
    return again


def bits(found: dict[str, Any]) -> Any:
    """The plane as rows and columns of 0 and 1."""
    packed = np.frombuffer(base64.b64decode(found["bits"]), dtype=np.uint8)
    shape = (found["frames"] * found["rows"], found["columns"])
    return np.unpackbits(packed, bitorder="little")[: shape[0] * shape[1]].reshape(shape)


def active(**changes: Any) -> Dataset:
    """A state with one active plane of group 6000; *changes*: what is written there instead (``x0010=...``)."""
    item = plain_state()
    plane(item, 0x6000, SQUARE, top=-3, left=5, layer="ONE")
    for name, value in changes.items():
        tag = 0x60000000 | int(name[1:], 16)
        if value is None:
            del item[tag]
        else:
            vr, content = value
            item.add_new(tag, vr, content)
    return item


def test_a_plane_comes_with_its_bits_its_place_and_the_colour_of_its_layer() -> None:
    item = active()
    item.GraphicLayerSequence = [layer("ONE", 1, grey=0x8080)]
    found = told(item)
    (one,) = found["overlays"]
    assert {name: one[name] for name in one if name != "bits"} == {
        "group": "6000",
        "rows": 9,
        "columns": 7,
        "top": -3,
        "left": 5,
        "frames": 1,
        "first": 1,
        "colour": [128, 128, 128],
    }
    assert (bits(one) == SQUARE).all()
    assert found["image_overlays"] == {"6000": {"shown": False, "colour": None}}, "the state's own takes its place"
    assert found["shutters"] == found["broken"] == []


def test_a_state_without_bitmaps_tells_of_none() -> None:
    found = told(plain_state())
    assert [found[name] for name in ("overlays", "image_overlays", "broken", "shutters")] == [[], {}, [], []]


def test_planes_are_drawn_in_the_order_of_their_layers() -> None:
    item = plain_state()
    for group, name in ((0x6000, "TOP"), (0x6002, "LOW"), (0x601E, "LOW"), (0x6010, "UNKNOWN")):
        plane(item, group, SQUARE, layer=name)
    item.GraphicLayerSequence = [layer("TOP", 7, cielab=RED_CIELAB), layer("LOW", 3)]
    found = told(item)["overlays"]
    assert [one["group"] for one in found] == ["6010", "6002", "601E", "6000"]
    assert found[0]["colour"] is None
    assert found[1]["colour"] is None


def test_what_no_layer_activates_is_not_drawn_and_the_image_s_own_is_where_a_layer_says_so() -> None:
    item = plain_state()
    plane(item, 0x6000, SQUARE)
    plane(item, 0x6002, SQUARE, layer="")
    item.add_new(0x60041001, "CS", "MARKS")
    item.add_new(0x60061001, "CS", "")
    item.GraphicLayerSequence = [layer("MARKS", 1, grey=65_535)]
    found = told(item)
    assert found["overlays"] == found["broken"] == []
    hidden = {"shown": False, "colour": None}
    assert found["image_overlays"] == {
        "6000": hidden,
        "6002": hidden,
        "6004": {"shown": True, "colour": [255, 255, 255]},
        "6006": hidden,
    }


def test_a_bitmap_shutter_is_no_overlay_even_where_a_layer_activates_it() -> None:
    item = plain_state()
    shut_by_bits(item, 0x6000, SQUARE)
    item.add_new(0x60001001, "CS", "ONE")
    found = told(item)
    (shutter,) = found["shutters"]
    assert (shutter["shape"], shutter["colour"], shutter["group"]) == ("bitmap", [128, 128, 128], "6000")
    assert (bits(shutter) == SQUARE).all()
    assert found["overlays"] == found["broken"] == []
    item.ShutterPresentationColorCIELabValue = RED_CIELAB
    assert told(item)["shutters"][0]["colour"] == pytest.approx([255, 0, 0], abs=2)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"x3000": ("OB", b"\xff" * 6)}, "short"),
        ({"x3000": ("OB", b"")}, "malformed"),
        ({"x3000": None}, "absent"),
        ({"x3000": ("LO", "bits")}, "malformed"),
        ({"x0010": None}, "malformed"),
        ({"x0010": ("US", 0)}, "malformed"),
        ({"x0011": ("US", [7, 7])}, "malformed"),
        ({"x0011": ("DS", "7.5")}, "malformed"),
        ({"x0010": ("FD", float("nan"))}, "malformed"),
        ({"x0010": ("FD", float("inf"))}, "malformed"),
        ({"x0010": ("US", 65_535), "x0011": ("US", 65_535)}, "large"),
        ({"x0010": ("US", 1), "x0011": ("US", 40_000), "x3000": ("OB", b"\xff" * 5_000)}, "large"),
        ({"x0015": ("IS", "2")}, "short"),
        ({"x0015": ("IS", "0")}, "malformed"),
        ({"x0050": ("SS", [1])}, "malformed"),
        ({"x0050": ("LO", ["a", "b"])}, "malformed"),
        ({"x0100": ("US", 16)}, "malformed"),
        ({"x0102": ("US", 12)}, "malformed"),
    ],
)
def test_a_plane_that_is_broken_is_named_and_the_rest_is_told(changes: dict[str, Any], reason: str) -> None:
    item = active(**changes)
    plane(item, 0x6002, SQUARE, layer="ONE")
    found = told(item)
    assert found["broken"] == [{"group": "6000", "reason": reason}]
    assert [one["group"] for one in found["overlays"]] == ["6002"]


@pytest.mark.parametrize("group", [0, 0x5000, 0x6001, 0x6002, 0x6020])
def test_a_shutter_without_its_plane_is_named(group: int) -> None:
    item = active()
    item.ShutterShape, item.ShutterOverlayGroup = "BITMAP", group
    found = told(item)
    assert found["shutters"] == []
    assert found["broken"] == [{"group": f"{group:04X}", "reason": "absent"}]


def test_all_planes_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planes, "_MOST_BITS", 2 * SQUARE.size)
    item = plain_state()
    for group in range(0x6000, 0x6020, 2):
        plane(item, group, SQUARE, layer="ONE")
    found = told(item)
    assert len(found["overlays"]) == 2
    assert [one["reason"] for one in found["broken"]] == ["large"] * 14


def test_a_plane_of_several_frames_says_which_image_frames_it_is_of() -> None:
    item = plain_state()
    plane(item, 0x6000, np.vstack([SQUARE, 1 - SQUARE]), layer="ONE")
    item.add_new(0x60000010, "US", 9)
    item.add_new(0x60000015, "IS", "2")
    item.add_new(0x60000051, "US", 3)
    (one,) = told(item)["overlays"]
    assert (one["rows"], one["frames"], one["first"]) == (9, 2, 3)
    assert (bits(one) == np.vstack([SQUARE, 1 - SQUARE])).all()


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_bits_are_the_same_in_every_encoding(syntax: UID) -> None:
    item = active()
    whole = item[0x60003000]
    whole.VR = "OW"
    if syntax == ExplicitVRBigEndian:
        whole.value = np.frombuffer(whole.value, dtype="<u2").astype(">u2").tobytes()
    item.file_meta.TransferSyntaxUID = syntax
    (one,) = told(item)["overlays"]
    assert (bits(one) == SQUARE).all()


def test_sequences_that_are_none_are_passed_over() -> None:
    item = active()
    item.add_new("GraphicLayerSequence", "LO", "no layers")
    item.add_new("ShutterShape", "US", 5)
    item.add_new("DisplayedAreaSelectionSequence", "LO", "no area")
    assert told(item)["overlays"][0]["colour"] is None


def test_colours_become_the_screen_s() -> None:
    assert of_grey(0) == [0, 0, 0]
    assert of_grey(70_000) == of_rgb([65_535] * 3) == of_cielab([65_535, 128 * 257, 128 * 257]) == [255, 255, 255]
    assert of_rgb([65_535, 0, 32_896]) == [255, 0, 128]
    assert of_cielab(RED_CIELAB) == pytest.approx([255, 0, 0], abs=2)
    assert of_cielab([0, 128 * 257, 128 * 257]) == [0, 0, 0]


def test_the_state_of_the_browser_test_tells_its_broken_plane() -> None:
    found = told(bitmap_state())
    assert [one["group"] for one in found["overlays"]] == ["6004"]
    assert found["broken"] == [{"group": "6008", "reason": "short"}]
    assert found["image_overlays"]["6000"] == {"shown": True, "colour": [255, 255, 255]}
