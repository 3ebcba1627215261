"""Colours that an object recommends, as the screen's: red, green and blue from 0 to 255."""

from __future__ import annotations

from collections.abc import Sequence

_WHITE_D50 = (0.9642, 1.0, 0.8249)
_TO_LINEAR_SRGB = (
    (3.1338561, -1.6168667, -0.4906146),
    (-0.9787684, 1.9161415, 0.0334540),
    (0.0719453, -0.2289914, 1.4052427),
)
"""From CIE XYZ under D50, adapted to the white of sRGB after Bradford."""


def of_grey(value: float) -> list[int]:
    """The grey of a P-value from 0 (black) to 65,535 (white)."""
    return [round(_held(value, 65_535) / 257)] * 3


def of_rgb(values: Sequence[float]) -> list[int]:
    """Three values from 0 to 65,535, as objects had them before CIELab (PS3.3 of 2004, C.10.7)."""
    return [of_grey(value)[0] for value in values]


def of_cielab(values: Sequence[float]) -> list[int]:
    """Lightness, a and b, each in 16 bits, under D50 (PS3.3 C.10.7.1.1)."""
    light, across, along = (_held(value, 65_535) / 65_535 for value in values)
    middle = (light * 100 + 16) / 116
    parts = (middle + (across * 255 - 128) / 500, middle, middle - (along * 255 - 128) / 200)
    xyz = [white * _uncurved(part) for white, part in zip(_WHITE_D50, parts, strict=True)]
    linear = [sum(factor * part for factor, part in zip(row, xyz, strict=True)) for row in _TO_LINEAR_SRGB]
    return [round(255 * _gamma(_held(part, 1))) for part in linear]


def _uncurved(part: float) -> float:
    """From a step of L*a*b* to the share of the white (CIE 15)."""
    return part**3 if part > 6 / 29 else 3 * (6 / 29) ** 2 * (part - 4 / 29)


def _gamma(part: float) -> float:
    """From light to the value that a screen wants (IEC 61966-2-1)."""
    return float(12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055)


def _held(value: float, most: float) -> float:
    return min(max(value, 0), most)
