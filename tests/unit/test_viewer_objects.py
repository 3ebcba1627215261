"""Objects that are no pictures: dose reports, presentation states, overlays, as the full viewer is told of them."""

from __future__ import annotations

import base64
import json
from array import array
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from gateway.errors import PeerMisbehaved
from gateway.model.access import ViewOptions
from gateway.web.exams import shown
from gateway.web.viewer import structured
from gateway.web.viewer.assets import assets
from gateway.web.viewer.identity import identity
from gateway.web.viewer.page import described, instance_places, key_images, kind
from tests.support.dicom_objects import CT as CT_CLASS
from tests.support.presentation import grey_state, look_up_table, loop_state, window
from tests.support.viewing import MemoryPacs, ct, dose, presentation_state, prior, study, with_overlay
from tests.support.web import STUDY


@pytest.fixture(scope="module")
def pacs() -> MemoryPacs:
    return MemoryPacs(study() + prior())


def test_a_dose_report_becomes_rows(pacs: MemoryPacs) -> None:
    told = structured.report(pacs.held[str(dose().SOPInstanceUID)])
    assert told["title"] == "X-Ray Radiation Dose Report"
    assert told["rows"] == [
        {"depth": 0, "name": "CT Acquisition", "value": ""},
        {"depth": 1, "name": "DLP", "value": "412.7 mGy.cm"},
    ]


def test_a_presentation_state_names_its_images_by_their_places(pacs: MemoryPacs) -> None:
    exam = pacs.exam(STUDY)
    assert exam is not None
    told = structured.state(pacs.held[str(presentation_state().SOPInstanceUID)], instance_places(shown(exam)))
    assert told["images"] == ["0/2"]
    assert told["windows"] == [{"centre": -600.0, "width": 1500.0, "function": "LINEAR", "table": None, "images": []}]
    assert told["greyscale"] is None, "a state that names no presentation LUT says nothing of grey values"
    assert told["mirrored"] is True
    assert [mark["kind"] for mark in told["annotations"]] == ["text", "polyline"]
    assert told["annotations"][0]["text"] == "Nodule 4 mm"
    assert told["annotations"][1]["points"] == [50.0, 50.0, 70.0, 50.0]
    assert told["areas"] == [{"left": 32.0, "top": 16.0, "right": 112.0, "bottom": 96.0, "images": ["0/2"]}]
    assert told["shutters"] == [
        {"shape": "polygonal", "points": [40.0, 24.0, 104.0, 24.0, 104.0, 88.0, 40.0, 88.0], "colour": [0, 0, 0]},
        {"shape": "circular", "points": [72.5, 56.5], "radius": 30, "colour": [0, 0, 0]},
    ]
    assert STUDY not in json.dumps(told)


def test_what_a_state_says_of_images_that_are_not_here_is_said_of_no_other() -> None:
    item = presentation_state()
    (window,), (area,), (mark,) = (
        item.SoftcopyVOILUTSequence,
        item.DisplayedAreaSelectionSequence,
        item.GraphicAnnotationSequence,
    )
    elsewhere = Dataset()
    elsewhere.ReferencedSOPClassUID, elsewhere.ReferencedSOPInstanceUID = CT_CLASS, f"{STUDY}.1.99"
    window.ReferencedImageSequence = area.ReferencedImageSequence = mark.ReferencedImageSequence = [elsewhere]
    told = structured.state(MemoryPacs([item]).held[str(item.SOPInstanceUID)], {f"{STUDY}.1.3": "0/2"})
    assert told["images"] == ["0/2"]
    assert (told["windows"], told["areas"], told["annotations"]) == ([], [], [])


@pytest.mark.parametrize(
    ("named", "images"),
    [
        ("3", ["4/0/3"]),
        (["2", "5"], ["4/0/2", "4/0/5"]),
        ("0", []),
        (None, ["4/0"]),
    ],
)
def test_a_state_of_single_frames_is_of_these_alone(named: object, images: list[str]) -> None:
    item = loop_state()
    item.ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedFrameNumber = named
    told = structured.state(MemoryPacs([item]).held[str(item.SOPInstanceUID)], {f"{STUDY}.5.1": "4/0"})
    assert told["images"] == images


def test_key_images_are_the_frames_that_are_marked(pacs: MemoryPacs) -> None:
    exam = pacs.exam(STUDY)
    assert exam is not None
    loop, other, wanted = f"{STUDY}.5.1", f"{STUDY}.1.7", shown(exam)
    places = instance_places(wanted)
    names = (f"{loop}/3", f"{loop}/8", f"{loop}/9", f"{loop}/0", f"{other}/2", f"{other}/1")
    assert key_images(wanted, ViewOptions(key_images=names)) == [
        f"{places[loop]}/3",
        f"{places[loop]}/8",
        f"{places[other]}/1",
    ]
    assert key_images(wanted, ViewOptions(key_images=(loop,))) == [f"{places[loop]}/1"]
    alone = ViewOptions(key_images=(loop,), key_images_only=True)
    assert key_images(wanted, alone) == [f"{places[loop]}/{frame}" for frame in range(1, 9)]


def test_shutters_and_areas_that_say_nothing_are_passed_over() -> None:
    item = presentation_state()
    item.ShutterShape, item.VerticesOfThePolygonalShutter = "POLYGONAL", [1, 1, 1, 40, 40, 40]
    item.ShutterPresentationValue = 65_535
    item.DisplayedAreaSelectionSequence[0].DisplayedAreaBottomRightHandCorner = [10, 10]
    told = structured.state(MemoryPacs([item]).held[str(item.SOPInstanceUID)], {})
    assert told["areas"] == []
    points = [0.5, 0.5, 39.5, 0.5, 39.5, 39.5]
    assert told["shutters"] == [{"shape": "polygonal", "points": points, "colour": [255, 255, 255]}]
    item.VerticesOfThePolygonalShutter = [1, 1]
    assert structured.state(MemoryPacs([item]).held[str(item.SOPInstanceUID)], {})["shutters"] == []


def test_overlays_come_whole_whatever_their_size(pacs: MemoryPacs) -> None:
    told = structured.layers(MemoryPacs([with_overlay(ct(2))]).held[f"{STUDY}.1.2"])
    assert told["60000010"]["Value"] == [128]
    assert len(told["60003000"]["InlineBinary"]) == 4 * -(-128 * 128 // 8 // 3)
    assert "7FE00010" not in told


def test_an_object_that_is_broken_is_refused_by_name(pacs: MemoryPacs) -> None:
    whole = pacs.held[str(dose().SOPInstanceUID)]
    broken = bytes(whole.data).replace(b"\x40\x00\x43\xa0", b"\x40\x00\x43\xa0ZZ\xff\xff")
    with pytest.raises(PeerMisbehaved, match="pacs_answer_malformed"):
        structured.report(replace(whole, data=broken))


def test_every_series_is_told_of_with_how_it_is_looked_at(pacs: MemoryPacs) -> None:
    exam = pacs.exam(STUDY)
    assert exam is not None
    told = described(shown(exam), ViewOptions(key_images=(f"{STUDY}.1.7", "1.2.3")), identity(exam, None))
    kinds = [(one["modality"], one["kind"]) for one in told["series"]]
    assert kinds[:4] == [("CT", "images")] * 4
    assert kinds[-3:] == [("DOC", "document"), ("SR", "report"), ("PR", "state")]
    assert told["key_images"] == ["0/6/1"]
    assert STUDY not in json.dumps(told)


def test_a_film_is_a_film() -> None:
    exam = MemoryPacs([ct(1)]).exam(STUDY)
    assert exam is not None
    series = shown(exam).series[0]
    film = replace(series.instances[0], sop_class_uid="1.2.840.10008.5.1.4.1.1.77.1.1.1")
    assert kind(replace(series, instances=(film,))) == "video"
    assert kind(replace(series, instances=(film, series.instances[0]))) == "images"


def test_a_viewer_that_is_half_built_is_none(tmp_path: Path) -> None:
    assert assets(tmp_path) is None
    (tmp_path / "manifest.json").write_text('{"script": "viewer-AAAAAAAA.js", "style": "viewer-AAAAAAAA.css"}')
    assert assets(tmp_path) is None
    (tmp_path / "viewer-AAAAAAAA.js").touch()
    (tmp_path / "viewer-AAAAAAAA.css").touch()
    assert assets(tmp_path) is not None
    (tmp_path / "manifest.json").write_text('{"script": "../viewer.js", "style": "viewer-AAAAAAAA.css"}')
    assert assets(tmp_path) is None
    (tmp_path / "manifest.json").write_text("[]")
    assert assets(tmp_path) is None


def _grey(**grey: Any) -> dict[str, Any]:
    item = grey_state(20, ct(3), **grey)
    return structured.state(MemoryPacs([item]).held[str(item.SOPInstanceUID)], {f"{STUDY}.1.3": "0/2"})


def _entries(table: dict[str, Any]) -> list[int]:
    return list(array("H", base64.b64decode(table["entries"])))


def test_a_state_that_has_no_table_is_an_identity_and_none_of_the_image() -> None:
    told = _grey(PresentationLUTShape="IDENTITY")
    assert told["greyscale"] == {"modalities": [], "presentation": None, "inverted": False}
    assert told["windows"] == []


def test_a_state_gives_its_rescale_with_its_units() -> None:
    rescale = {"RescaleSlope": "2", "RescaleIntercept": "-5.5", "RescaleType": "HU"}
    told = _grey(PresentationLUTShape="INVERSE", SoftcopyVOILUTSequence=[window(1, 0.5, "SIGMOID")], **rescale)
    (modality,) = told["greyscale"]["modalities"]
    assert modality == {"slope": 2.0, "intercept": -5.5, "table": None, "units": "HU", "images": []}
    assert told["greyscale"]["inverted"] is True
    assert told["windows"] == [{"centre": 1.0, "width": 1.0, "function": "SIGMOID", "table": None, "images": []}]


def test_a_state_gives_its_tables() -> None:
    table, voi_lut = look_up_table([9, 8, 7], first=-1), Dataset()
    voi_lut.VOILUTSequence = [look_up_table(range(256), bits=8)]
    table.ModalityLUTType = "OD"
    told = _grey(
        ModalityLUTSequence=[table],
        SoftcopyVOILUTSequence=[voi_lut],
        PresentationLUTSequence=[look_up_table([0, 65535], bits=16)],
    )
    (modality,) = told["greyscale"]["modalities"]
    assert (modality["table"]["first"], modality["table"]["bits"], modality["units"]) == (-1, 12, "OD")
    assert _entries(modality["table"]) == [9, 8, 7]
    assert _entries(told["windows"][0]["table"]) == list(range(256))
    assert _entries(told["greyscale"]["presentation"]) == [0, 65535]


@pytest.mark.parametrize("named", [f"{STUDY}.1.3", f"{STUDY}.1.99"])
def test_a_modality_lut_of_single_images_is_of_these_alone(named: str) -> None:
    one, reference = Dataset(), Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = CT_CLASS, named
    one.ReferencedImageSequence, one.RescaleSlope, one.RescaleIntercept = [reference], "1", "0"
    told = _grey(PresentationLUTShape="IDENTITY", VariableModalityLUTSequence=[one])
    assert [found["images"] for found in told["greyscale"]["modalities"]] == ([["0/2"]] if named[-1] == "3" else [])


def _words(count: int, data: bytes, bits: int = 8) -> Dataset:
    item = look_up_table([0], bits=bits)
    item.LUTDescriptor, item.LUTData = [count, 0, bits], data
    return item


def test_entries_of_eight_bits_stand_one_or_two_in_a_word() -> None:
    for data in (bytes([1, 2, 3, 4]), bytes([1, 0, 2, 0, 3, 0, 4, 0])):
        (modality,) = _grey(PresentationLUTShape="IDENTITY", ModalityLUTSequence=[_words(4, data)])["greyscale"][
            "modalities"
        ]
        assert _entries(modality["table"]) == [1, 2, 3, 4]


@pytest.mark.parametrize("table", [_words(8, bytes(4)), _words(0, bytes(512)), _words(2, bytes(4), bits=7)])
def test_a_broken_table_is_named_and_the_grey_values_are_left_alone(table: Dataset) -> None:
    told = _grey(PresentationLUTShape="IDENTITY", ModalityLUTSequence=[table])
    assert (told["greyscale"], told["windows"]) == (None, [])
    assert told["broken"] == [{"group": "", "reason": "table"}]
