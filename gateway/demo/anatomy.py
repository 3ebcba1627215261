"""A trunk made of ellipsoids and tubes, in Hounsfield units: what the demo's CT and chest radiographs are made from.

Not a person, and no noise either: it has the organs that the demo's reports speak of, at plausible places, with the
density they have in the portal phase. Millimetres throughout: *x* to the patient's left, *y* to the back, *depth* from
the base of the neck down (so DICOM's z is minus the depth).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float32]]

HEIGHT_MM = 595.0
AIR, LUNG, FAT, WATER, MUSCLE, BLOOD, BONE = -1000.0, -860.0, -100.0, 5.0, 55.0, 165.0, 380.0


class Ellipsoid(NamedTuple):
    """An organ: density, centre, half axes, and its turn about the long axis in degrees."""

    hu: float
    x: float
    y: float
    depth: float
    a: float
    b: float
    c: float
    turn: float = 0.0


class Tube(NamedTuple):
    """A vessel or airway: density and its course, (depth, x, y, radius) each, from the top down."""

    hu: float
    course: tuple[tuple[float, float, float, float], ...]


_OUTLINE = np.array(
    # depth, half width, half thickness
    [
        (-40, 54, 56),
        (-15, 60, 58),
        (5, 92, 66),
        (22, 134, 76),
        (42, 154, 86),
        (80, 163, 98),
        (150, 163, 106),
        (230, 152, 104),
        (320, 140, 98),
        (380, 143, 98),
        (440, 160, 102),
        (520, 174, 108),
        (600, 176, 104),
    ],
    dtype=np.float32,
)
_ROUNDNESS = 2.4
_CAGE_TOP, _CAGE_BOTTOM = 18.0, 318.0
_THORAX = (
    Ellipsoid(LUNG, -68, 2, 168, 57, 80, 148),
    Ellipsoid(LUNG, 70, 4, 166, 53, 80, 146),
    Ellipsoid(-60, 0, -8, 150, 34, 58, 140),
    Ellipsoid(45, 0, 20, 140, 22, 40, 130),
    Ellipsoid(60, 20, -24, 212, 60, 44, 48, 28),
    Ellipsoid(110, 24, -22, 212, 54, 38, 43, 28),
    Ellipsoid(BLOOD, 8, -30, 205, 26, 22, 30, 20),
    Ellipsoid(BLOOD, 44, -14, 215, 24, 18, 32, 35),
    Ellipsoid(BLOOD, 4, 2, 190, 30, 17, 22),
    Ellipsoid(BLOOD, 4, -20, 150, 30, 12, 10, -25),
    Ellipsoid(BLOOD, 2, 6, 103, 36, 13, 12, 48),
    Ellipsoid(450, -74, -42, 195, 2.6, 2.6, 2.8),
)
_ABDOMEN = (
    Ellipsoid(112, -62, 2, 288, 80, 74, 72, -8),
    Ellipsoid(112, -58, 18, 340, 44, 46, 48, -10),
    Ellipsoid(112, -2, -42, 272, 66, 32, 42, -14),
    Ellipsoid(128, 102, 34, 282, 28, 44, 46, 22),
    Ellipsoid(60, 62, -26, 286, 46, 36, 46, 15),
    Ellipsoid(25, 62, -26, 286, 41, 31, 41, 15),
    Ellipsoid(-950, 60, -42, 284, 28, 13, 28, 10),
    Ellipsoid(WATER + 5, -44, -42, 342, 13, 18, 24, 20),
    Ellipsoid(98, 22, 0, 328, 48, 11, 13, -22),
    Ellipsoid(98, -22, 2, 345, 17, 15, 22),
    Ellipsoid(WATER, -82, 36, 335, 4.5, 4.5, 4.5),
)
_KIDNEYS = tuple(
    Ellipsoid(hu, side * 62, 46, 362 - side * 6, a, b, c, side * 35)
    for side in (-1, 1)
    for hu, a, b, c in ((-100, 38, 38, 66), (178, 26, 30, 54), (140, 19, 22, 46), (-70, 10, 15, 30), (20, 5, 9, 16))
)
_PELVIS = (
    Ellipsoid(95, 2, 14, 528, 30, 23, 26),
    Ellipsoid(70, 2, 14, 528, 8, 5, 14),
    Ellipsoid(60, 0, -24, 556, 40, 33, 32),
    Ellipsoid(WATER, 0, -24, 556, 36, 29, 28),
    Ellipsoid(50, 0, 56, 545, 18, 16, 60),
    Ellipsoid(-900, 0, 52, 535, 9, 7, 30),
)
_PELVIC_BONES = tuple(
    part
    for side in (-1, 1)
    for part in (
        Ellipsoid(BONE, side * 92, 34, 455, 12, 52, 44, side * -38),
        Ellipsoid(210, side * 92, 34, 455, 7, 46, 38, side * -38),
        Ellipsoid(BONE, side * 98, 8, 552, 34, 36, 34),
        Ellipsoid(-20, side * 96, 8, 555, 28, 28, 28),
        Ellipsoid(BONE, side * 92, 8, 560, 24, 24, 25),
        Ellipsoid(260, side * 92, 8, 560, 20, 20, 21),
        Ellipsoid(BONE, side * 24, -52, 590, 26, 11, 16, side * 18),
        Ellipsoid(BONE, side * 58, 52, 585, 14, 22, 24, side * 25),
    )
)
_SACRUM = (Ellipsoid(BONE, 0, 74, 480, 48, 20, 62), Ellipsoid(200, 0, 73, 480, 42, 15, 56))
_AIRWAYS = (
    Tube(AIR, ((0, 0, 8, 8), (112, 2, 14, 8.5), (120, 4, 15, 8.5))),
    Tube(AIR, ((116, -4, 14, 7), (150, -30, 18, 6), (175, -42, 22, 4))),
    Tube(AIR, ((116, 10, 15, 7), (155, 36, 20, 5.5), (180, 48, 24, 4))),
)
_VESSELS = (
    Tube(BLOOD, ((112, -8, -16, 15), (170, -10, -14, 15), (190, 2, -14, 14))),
    Tube(BLOOD, ((100, 24, 32, 12), (150, 33, 32, 12), (250, 28, 26, 12), (300, 7, 14, 10.5), (425, 2, 20, 8.5))),
    Tube(BLOOD, ((425, 6, 20, 7), (500, 42, 16, 6), (595, 78, -46, 5))),
    Tube(BLOOD, ((425, -3, 20, 7), (500, -42, 16, 6), (595, -78, -46, 5))),
    Tube(BLOOD, ((30, -22, -4, 8), (165, -26, -4, 10), (185, -22, -4, 14))),
    Tube(BLOOD, ((230, -20, 8, 13), (300, -22, 14, 12), (430, -18, 22, 10))),
    Tube(BLOOD, ((430, -12, 22, 8), (500, -48, 24, 7), (595, -70, -40, 6))),
    Tube(BLOOD, ((430, -20, 22, 8), (500, 46, 26, 7), (595, 70, -40, 6))),
    Tube(175, ((292, -70, 0, 6), (312, -40, 6, 7), (330, -12, 8, 6), (420, -8, 2, 5))),
    Tube(160, ((245, -30, 8, 5), (285, -95, 0, 3))),
    Tube(160, ((245, -26, 6, 5), (275, -50, -30, 3))),
    Tube(40, ((0, 6, 24, 6), (230, 12, 30, 6), (270, 30, 10, 7))),
    Tube(BLOOD, ((0, -20, 4, 4), (95, -12, 0, 6))),
    Tube(BLOOD, ((0, 20, 6, 4), (95, 14, 6, 5))),
)


def _spread(seed: int, count: int) -> Array:
    return np.random.default_rng(seed).uniform(-1, 1, (count, 3)).astype(np.float32)


def _lung_vessels() -> Array:
    """Beads (x, y, depth, radius) along branches that run from each hilum to the surface of its lung."""
    beads: list[tuple[float, float, float, float]] = []
    for side, lung in ((-1, _THORAX[0]), (1, _THORAX[1])):
        hilum = np.array([side * 38, 14, 158])
        for direction in _spread(17 + side, 110):
            unit = direction / max(0.2, float(np.linalg.norm(direction)))
            end = np.array([lung.x, lung.y, lung.depth]) + unit * np.array([lung.a, lung.b, lung.c]) * 0.94
            bend = (hilum + end) / 2 + direction[::-1] * 9
            for t in np.linspace(0.06, 1.0, 46):
                point = (1 - t) ** 2 * hilum + 2 * t * (1 - t) * bend + t**2 * end
                beads.append((point[0], point[1], point[2], 4.4 * (1 - t) ** 1.4 + 0.75))
    return np.array(beads, dtype=np.float32)


_LUNG_VESSELS = _lung_vessels()


def _bowel() -> tuple[Ellipsoid, ...]:
    """Small bowel loops, and colon on its frame, some of it holding gas."""
    loops: list[Ellipsoid] = []
    for index, (u, v, w) in enumerate(_spread(5, 130)):
        x, y, depth = 84 * float(u), -24 + 40 * float(v), 428 + 80 * float(w)
        turn = float(90 * v)
        loops.append(Ellipsoid(98, x, y, depth, 23, 12, 13, turn))
        loops.append(Ellipsoid(25 if index % 7 else -700, x, y, depth, 20, 9, 10, turn))
    frame = [(112 - 6 * (i % 2), 20 + i, 320 + 19 * i) for i in range(9)] + [
        (-100 + 24 * i, -58, 368) for i in range(9)
    ]
    for index, (x, y, depth) in enumerate(frame):
        loops.append(Ellipsoid(80, x, y, depth, 18, 18, 15))
        loops.append(Ellipsoid(-40, x, y, depth, 15.5, 15.5, 13))
        loops.append(Ellipsoid(-880 if index % 3 else -300, x, y - 5, depth, 13, 9, 11))
    return tuple(loops)


_BOWEL = _bowel()
_CLAVICLES = tuple(
    Ellipsoid(BONE + 80, side * (20 + 98 * t), -56 + 46 * t + 22 * t * (1 - t), 38 - 20 * t, 8, 6, 5.5)
    for side in (-1, 1)
    for t in (index / 24 for index in range(25))
)
"""Beads on a line: they lie nearly in the plane."""


class Slice:
    """One axial plane: *size* pixels square, *field_mm* wide, centred on the patient."""

    def __init__(self, size: int, field_mm: float, depth: float) -> None:
        self.depth = depth
        self.pixel_mm = field_mm / size
        self.axis = ((np.arange(size) - (size - 1) / 2) * self.pixel_mm).astype(np.float32)
        self.hu: Array = np.full((size, size), AIR, dtype=np.float32)

    def _cover(self, radius: Array, scale_mm: float) -> Array:
        """How much of each pixel is inside, from a radius that is 1 at the edge: edges are as soft as a pixel."""
        cover: Array = np.clip((1 - radius) * np.float32(scale_mm / self.pixel_mm) + np.float32(0.5), 0, 1)
        return cover

    def ellipse(
        self, hu: float, x: float, y: float, a: float, b: float, turn: float = 0.0, within: Array | None = None
    ) -> None:
        """Paint an ellipse, where *within* (0 to 1) lets it."""
        reach = max(a, b) + self.pixel_mm
        left, right = np.searchsorted(self.axis, (x - reach, x + reach))
        top, bottom = np.searchsorted(self.axis, (y - reach, y + reach))
        if left == right or top == bottom:
            return
        dx = self.axis[None, left:right] - np.float32(x)
        dy = self.axis[top:bottom, None] - np.float32(y)
        if turn:
            cosine, sine = np.float32(np.cos(np.radians(turn))), np.float32(np.sin(np.radians(turn)))
            dx, dy = dx * cosine + dy * sine, dy * cosine - dx * sine
        cover = self._cover(np.sqrt((dx / np.float32(a)) ** 2 + (dy / np.float32(b)) ** 2), min(a, b))
        if within is not None:
            cover *= within[top:bottom, left:right]
        window = self.hu[top:bottom, left:right]
        window += (np.float32(hu) - window) * cover

    def ellipsoids(self, organs: Iterable[Ellipsoid], within: Array | None = None) -> None:
        """Paint what this plane cuts of each."""
        for organ in organs:
            offset = (self.depth - organ.depth) / organ.c
            if abs(offset) < 1:
                scale = max(0.05, float(np.sqrt(1 - offset * offset)))
                self.ellipse(organ.hu, organ.x, organ.y, organ.a * scale, organ.b * scale, organ.turn, within)

    def tubes(self, tubes: Iterable[Tube], within: Array | None = None) -> None:
        """Paint what this plane cuts of each."""
        for tube in tubes:
            depths = [point[0] for point in tube.course]
            if depths[0] <= self.depth <= depths[-1]:
                x, y, radius = (
                    float(np.interp(self.depth, depths, [point[axis] for point in tube.course])) for axis in (1, 2, 3)
                )
                self.ellipse(tube.hu, x, y, radius * 1.05, radius, 0.0, within)

    def outline(self, shrink_mm: float, floor_mm: float = 0.0) -> Array:
        """How much of each pixel is inside the body, *shrink_mm* below the skin."""
        width, thickness = self._half_axes()
        a, b = max(10.0, width - shrink_mm), max(10.0, thickness - shrink_mm * 0.8 - floor_mm)
        across = np.power(np.abs(self.axis / np.float32(a)), np.float32(_ROUNDNESS))
        along = np.power(np.abs(self.axis / np.float32(b)), np.float32(_ROUNDNESS))
        # Near the edge the sum grows by the exponent times the distance: enough for a soft edge, and no root.
        scale = np.float32(min(a, b) / self.pixel_mm / _ROUNDNESS)
        cover: Array = (scale + np.float32(0.5) - scale * along)[:, None] - (scale * across)[None, :]
        np.clip(cover, 0, 1, out=cover)
        return cover

    def _half_axes(self) -> tuple[float, float]:
        return (
            float(np.interp(self.depth, _OUTLINE[:, 0], _OUTLINE[:, 1])),
            float(np.interp(self.depth, _OUTLINE[:, 0], _OUTLINE[:, 2])),
        )

    def fill(self, hu: float, cover: Array) -> None:
        """Paint the whole of *cover*."""
        self.hu += (np.float32(hu) - self.hu) * cover

    def ribs(self) -> None:
        """Pairs of ribs, each lower in front than behind, as a shell of bone that this plane cuts here and there."""
        if not _CAGE_TOP < self.depth < _CAGE_BOTTOM + 20:
            return
        width, thickness = self._half_axes()
        a = (width - 24) * min(1.0, 0.62 + (self.depth - _CAGE_TOP) / 160)
        b = (thickness - 19) * min(1.0, 0.8 + (self.depth - _CAGE_TOP) / 200)
        columns, rows = (slice(*np.searchsorted(self.axis, (-reach - 6, reach + 6))) for reach in (a, b))
        x, y = self.axis[None, columns], self.axis[rows, None]
        distance = np.sqrt((x / np.float32(a)) ** 2 + (y / np.float32(b)) ** 2)
        distance = np.abs(distance - 1) * np.float32(min(a, b))
        front = np.clip(0.5 - y / np.float32(2 * b), 0, 1)
        from_middle = np.abs(np.mod(np.float32(self.depth + 300) - 62 * front, 26) - 13)
        last = np.clip((_CAGE_BOTTOM - np.float32(self.depth) - 70 * front) / 4 + 8 * (1 - front), 0, 1)
        before_sternum = np.clip((y + np.float32(b) * 0.74) / 4, 0, 1)
        rib = np.clip((5.2 - from_middle) / 1.2, 0, 1) * last * before_sternum
        beside_spine = np.clip((np.abs(x) - 20) / 3, 0, 1)
        shell = np.clip((4.2 - distance) / self.pixel_mm + 0.5, 0, 1) * (rib * beside_spine)
        window = self.hu[rows, columns]
        window += (np.float32(BONE + 120) - window) * shell
        marrow = np.clip((2.4 - distance) / self.pixel_mm, 0, 1) * shell * np.clip(3.4 - from_middle, 0, 1)
        window += (np.float32(260) - window) * marrow

    def spine(self) -> None:
        """Vertebrae with discs between them, the canal, the arch and the spinous process."""
        if self.depth > 450:
            return
        y = 44 - 6 * float(np.sin(np.pi * min(self.depth, 450) / 300)) - 0.55 * max(0.0, 40 - self.depth)
        size = 13 + 6 * self.depth / 450
        period = 21 + 12 * self.depth / 450
        place = (self.depth % period) / period
        disc = place < 0.2
        self.ellipse(95 if disc else BONE, 0, y, size * 1.3, size)
        if not disc:
            self.ellipse(215, 0, y, size * 1.12, size * 0.84)
            for side in (-1, 1):
                self.ellipse(BONE, side * (size + 2), y + size + 4, 5, 9, side * -20)
                self.ellipse(BONE + 40, side * (size + 12), y + size + 9, 15, 4.5, side * 14)
        self.ellipse(BONE, 0, y + size + 20, 3.5, 11)
        self.ellipse(BONE + 60, 0, y + size + 8, 13, 11)
        self.ellipse(30, 0, y + size + 6, 9.5, 8)

    def lung_vessels(self) -> None:
        """Dots, each brighter where the plane cuts it nearer to its middle; stamped all at once."""
        near = _LUNG_VESSELS[np.abs(_LUNG_VESSELS[:, 2] - self.depth) < _LUNG_VESSELS[:, 3] + 1.5]
        if not len(near):
            return
        size = len(self.axis)
        middle = (near[:, :2] / self.pixel_mm + (size - 1) / 2)[:, :, None]
        reach = int(np.ceil(5 / self.pixel_mm)) + 1
        places = np.rint(middle) + np.arange(-reach, reach + 1)
        columns, rows = places[:, 0, None, :], places[:, 1, :, None]
        off = np.hypot(columns - middle[:, 0, None, :], rows - middle[:, 1, :, None])
        cover = np.clip(np.maximum(near[:, 3], 0.9)[:, None, None] / self.pixel_mm - off + 0.5, 0, 1)
        bright = 40 - 90 * np.abs(near[:, 2] - self.depth) - LUNG
        stamped = (LUNG + bright[:, None, None] * cover).astype(np.float32)
        inside = (columns >= 0) & (columns < size) & (rows >= 0) & (rows < size) & (cover > 0)
        columns, rows = (np.broadcast_to(place, cover.shape)[inside].astype(np.intp) for place in (columns, rows))
        np.maximum.at(self.hu, (rows, columns), stamped[inside])

    def shoulders(self) -> None:
        """Clavicles, shoulder blades and sternum."""
        self.ellipsoids(_CLAVICLES)
        for side in (-1, 1):
            self.ellipsoids((Ellipsoid(BONE, side * 112, 62, 95, 5, 34, 62, side * 52),))
        if 30 < self.depth < 215:
            thickness = self._half_axes()[1]
            self.ellipse(BONE - 40, 0, -(thickness - 20) * min(1.0, 0.78 + self.depth / 500), 16, 6)


@functools.lru_cache(maxsize=4)
def _table(size: int, field_mm: float) -> Array:
    """Air, and the curved table under the patient."""
    plane = Slice(size, field_mm, 0.0)
    plane.ellipse(-250, 0, -330, 455, 455)
    plane.ellipse(-930, 0, -330, 450, 450)
    plane.ellipse(-985, 0, -342, 440, 440)
    plane.hu[plane.axis < 60, :] = AIR
    return plane.hu


def paint(size: int, field_mm: float, depth: float, *, table: bool = True) -> Array:
    """The plane at *depth* in Hounsfield units, with the table under the patient where *table*."""
    plane = Slice(size, field_mm, depth)
    if table:
        plane.hu = _table(size, field_mm).copy()
    _body_wall(plane)
    cavity = plane.outline(29, 4)
    plane.ellipsoids(_THORAX[:4])
    if depth < 330:
        plane.lung_vessels()
    plane.ellipsoids(_THORAX[4:])
    plane.tubes(_AIRWAYS)
    if depth > 205:
        plane.ellipsoids(_KIDNEYS, cavity)
        plane.ellipsoids(_BOWEL, cavity)
        plane.ellipsoids(_ABDOMEN, cavity)
        plane.ellipsoids(_PELVIS, cavity)
    plane.tubes(_VESSELS)
    plane.ribs()
    plane.shoulders()
    plane.spine()
    if depth > 400:
        plane.ellipsoids(_SACRUM)
        plane.ellipsoids(_PELVIC_BONES)
    return plane.hu


def _body_wall(plane: Slice) -> None:
    """Skin, fat, muscle, and the fat that the organs lie in."""
    depth = plane.depth
    for side in (-1, 1):
        plane.ellipsoids((Ellipsoid(10, side * 78, -98, 158, 54, 34, 46),))
    plane.fill(15, plane.outline(0))
    under_skin = plane.outline(2)
    plane.fill(FAT, under_skin)
    for side in (-1, 1):
        plane.ellipsoids(
            (
                Ellipsoid(FAT, side * 78, -98, 158, 52, 32, 44),
                Ellipsoid(25, side * 80, -100, 162, 26, 20, 26, side * 20),
            )
        )
    plane.fill(MUSCLE, plane.outline(float(np.interp(depth, [0, 60, 250, 420, 595], [6, 10, 13, 19, 24]))))
    inner = float(np.interp(depth, [0, 400, 470, 595], [27, 27, 46, 58]))
    plane.fill(FAT, plane.outline(inner, 3) * np.float32(np.clip((depth - 190) / 40, 0, 1)))
    deep = plane.outline(9)
    for side in (-1, 1):
        if depth > 320:
            grown = min(1.0, (depth - 320) / 90)
            y = 52 - max(0.0, depth - 470) / 3
            plane.ellipse(62, side * (34 + depth / 40), y, 10 + 12 * grown, 12 + 12 * grown)
        plane.ellipse(58, side * 34, 72, 30, 17, side * 12, deep)
        if depth > 440:
            plane.ellipse(58, side * 84, 74, 68, 34, side * 16, deep)
    plane.ellipse(FAT, 0, 100, 3, 18, 0, deep)
