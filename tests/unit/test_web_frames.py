"""A frame as it is sent."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.viewer.frames import PATH, attributes, is_whole
from tests.support.web import drawn


def test_the_attributes_say_what_is_needed_to_draw() -> None:
    assert json.loads(attributes(drawn(1))) == {
        "rows": 128,
        "columns": 128,
        "samples": 1,
        "photometric": "MONOCHROME2",
        "allocated": 16,
        "stored": 16,
        "signed": True,
        "slope": 1.0,
        "intercept": -1024.0,
        "windows": [[40.0, 400.0]],
        "spacing": [0.7, 0.7],
    }


@given(
    st.text(max_size=60),
    st.lists(st.tuples(st.floats(), st.floats()), max_size=12),
    st.none() | st.tuples(st.floats(), st.floats()),
)
def test_whatever_a_pacs_says_the_header_is_one_line_of_json(
    photometric: str, windows: list[tuple[float, float]], spacing: tuple[float, float] | None
) -> None:
    frame = replace(drawn(1), photometric_interpretation=photometric, windows=tuple(windows), pixel_spacing=spacing)
    header = attributes(frame)
    assert header.isascii()
    assert header.isprintable()
    assert len(header) < 2048
    told = json.loads(header)
    assert all(width > 0 for _, width in told["windows"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"pixels": b""},
        {"rows": 127},
        {"bits_allocated": 1},
        {"rows": 0, "pixels": b""},
        {"rescale_slope": float("nan")},
        {"rescale_intercept": float("inf")},
        {"samples_per_pixel": 3},
    ],
)
def test_pixels_that_do_not_fit_their_attributes_are_not_sent(wrong: dict[str, object]) -> None:
    assert is_whole(drawn(1))
    assert not is_whole(replace(drawn(1), **wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path",
    [
        "/viewer/short/frames/0/0",
        f"/viewer/{'a' * 43}/frames/0",
        f"/viewer/{'a' * 43}/frames/0/-1",
        f"/viewer/{'a' * 43}/frames/0/0/0/0",
        f"/viewer/{'a' * 43}/frames/0/٣",
        f"/viewer/{'a' * 43}/frames/0/0\n",
    ],
)
def test_only_exact_addresses_are_frames(path: str) -> None:
    assert PATH.fullmatch(path) is None
