"""The painted face: a colour texture and a relief, drawn at 4 pixels a millimetre and reduced.

MediaPipe finds a face by its shading and its lines; a plain or flat one is lost. Coordinates are metres in
the plane of the face, x to the viewer's right, y up, origin at the centre of the head.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from actionrec.synthetic.actors import Colour, Face
from actionrec.synthetic.randomness import fractal_noise, generator

HALF_WIDTH = 0.085
HALF_HEIGHT = 0.130
_PIXELS_PER_METRE = 4000.0
_REDUCTION = 4
"""Of the drawing before it is kept: 1 pixel a millimetre is three times what a clip samples."""
_SUBPIXEL_BITS = 4
_DARK: Colour = (0.07, 0.07, 0.08)

Plane = NDArray[np.float32]
Point = tuple[float, float]


@dataclass(frozen=True)
class FaceTexture:
    colour: NDArray[np.float32]
    """(h, w, 3), RGB 0-1."""
    slope_x: Plane
    """(h, w): rise of the relief, metre by metre, to the right."""
    slope_y: Plane
    """(h, w): upwards."""


def face_texture(face: Face, *, pixels_per_metre: float) -> FaceTexture:
    """The face at the resolution at which a clip samples it."""
    colour, relief = _paint(face)
    width = max(12, int(2 * HALF_WIDTH * pixels_per_metre))
    height = max(16, int(2 * HALF_HEIGHT * pixels_per_metre))
    colour = cv2.resize(colour, (width, height), interpolation=cv2.INTER_AREA)
    relief = cv2.resize(relief, (width, height), interpolation=cv2.INTER_AREA)
    # Sobel sums eight differences.
    slope_x = cv2.Sobel(relief, cv2.CV_32F, 1, 0, ksize=3) / 8 * (width / (2 * HALF_WIDTH))
    slope_y = -cv2.Sobel(relief, cv2.CV_32F, 0, 1, ksize=3) / 8 * (height / (2 * HALF_HEIGHT))
    return FaceTexture(colour, slope_x, slope_y)


@lru_cache(maxsize=64)
def _paint(face: Face) -> tuple[NDArray[np.float32], Plane]:
    """Colour and relief (metres) at 1 pixel a millimetre; kept, since each actor appears in many clips."""
    canvas = _Canvas(face)
    canvas.tones()
    for side in (-1, 1):
        canvas.eye(side)
        canvas.brow(side)
        canvas.nostril(side)
    canvas.mouth()
    canvas.beard()
    canvas.glasses()
    canvas.hair()
    size = (canvas.width // _REDUCTION, canvas.height // _REDUCTION)
    colour = cv2.resize(np.clip(canvas.image, 0, 1), size, interpolation=cv2.INTER_AREA)
    return colour, cv2.resize(canvas.relief(), size, interpolation=cv2.INTER_AREA)


def _bell(distance: Plane, width: float) -> Plane:
    bell: Plane = np.exp(-((distance / np.float32(width)) ** 2) / 2)
    return bell


def _logistic(values: Plane) -> Plane:
    return 1 / (1 + np.exp(-values))


class _Canvas:
    """One face in progress."""

    def __init__(self, face: Face) -> None:
        self.face = face
        self.width = int(2 * HALF_WIDTH * _PIXELS_PER_METRE)
        self.height = int(2 * HALF_HEIGHT * _PIXELS_PER_METRE)
        self.x: Plane = (np.arange(self.width, dtype=np.float32) / _PIXELS_PER_METRE - HALF_WIDTH)[None, :]
        self.y: Plane = (HALF_HEIGHT - np.arange(self.height, dtype=np.float32) / _PIXELS_PER_METRE)[:, None]
        self.aside: Plane = np.abs(self.x)
        self.skin = np.array(face.skin, np.float32)
        self.image = np.empty((self.height, self.width, 3), np.float32)
        self.image[:] = self.skin
        self.eye_y = 0.004
        self.mouth_y = -0.067

    def _add(self, weight: Plane, colour: NDArray[np.float32] | float) -> None:
        self.image += weight[..., None] * np.float32(1) * colour

    def _pixel(self, point: Point) -> tuple[int, int]:
        scale = _PIXELS_PER_METRE * (1 << _SUBPIXEL_BITS)
        return int((point[0] + HALF_WIDTH) * scale), int((HALF_HEIGHT - point[1]) * scale)

    def _pixels(self, points: Iterable[Point]) -> NDArray[np.int32]:
        return np.array([self._pixel(point) for point in points], np.int32)

    def _polygon(self, points: list[Point], colour: Iterable[float]) -> None:
        cv2.fillPoly(self.image, [self._pixels(points)], list(map(float, colour)), cv2.LINE_AA, _SUBPIXEL_BITS)

    def _line(self, points: list[Point], colour: Iterable[float], thickness: float) -> None:
        width = max(1, int(thickness * _PIXELS_PER_METRE))
        cv2.polylines(
            self.image, [self._pixels(points)], isClosed=False, color=list(map(float, colour)), thickness=width,
            lineType=cv2.LINE_AA, shift=_SUBPIXEL_BITS,
        )  # fmt: skip

    def _ellipse(
        self, centre: Point, radii: Point, colour: Iterable[float], *, angle: float = 0.0, thickness: int = -1
    ) -> None:
        scale = _PIXELS_PER_METRE * (1 << _SUBPIXEL_BITS)
        axes = int(radii[0] * scale), int(radii[1] * scale)
        cv2.ellipse(
            self.image, self._pixel(centre), axes, angle, 0, 360, list(map(float, colour)),
            thickness, cv2.LINE_AA, _SUBPIXEL_BITS,
        )  # fmt: skip

    def _noise(self, purpose: str, *, cells: int) -> Plane:
        rng = generator(self.face.noise_seed, purpose)
        return fractal_noise(rng, self.height, self.width, cells=cells, octaves=2)

    def tones(self) -> None:
        """Cheeks, eye sockets, the shading of nose, chin and jaw."""
        x, y, aside = self.x, self.y, self.aside
        dark = -self.skin * 0.45
        red = np.array([0.06, -0.04, -0.04], np.float32) * self.face.blush
        self._add(_bell(aside - 0.038, 0.014) * _bell(y + 0.03, 0.014), red)
        self._add(_bell(aside - self.face.eye_offset, 0.018) * _bell(y - self.eye_y - 0.004, 0.011), dark * 0.55)
        self._add(_bell(aside - 0.0125, 0.005) * _bell(y + 0.022, 0.018), dark * 0.30)
        self._add(_bell(x, 0.013) * _bell(y + 0.046, 0.0035), dark * 0.6)
        self._add(_bell(x, 0.004) * _bell(y + 0.016, 0.02), 0.07)
        self._add(_bell(x, 0.006) * _bell(y + 0.037, 0.005), 0.08)
        self._add(_bell(x, 0.017) * _bell(y + 0.088, 0.0045), dark * 0.35)
        self._add(_bell(aside - 0.060, 0.012) * _bell(y + 0.05, 0.04), dark * 0.25)
        folds = _bell(aside - 0.024 - 0.25 * (-0.045 - y), 0.0028) * _bell(y + 0.055, 0.012)
        self._add(folds, dark * 0.25)

    def eye(self, side: int) -> None:
        """Eyeball, iris, lids and crease."""
        centre = side * self.face.eye_offset
        half_width, half_height = self.face.eye_width / 2, self.face.eye_height / 2
        angles = np.linspace(0, math.pi, 24)
        upper = [
            (
                centre - half_width * math.cos(angle),
                self.eye_y + half_height * 1.15 * math.sin(angle) ** 0.8 + 0.0010 * side * math.cos(angle),
            )
            for angle in angles
        ]
        lower = [
            (centre + half_width * math.cos(angle), self.eye_y - half_height * 0.85 * math.sin(angle))
            for angle in angles
        ]
        opening = np.zeros((self.height, self.width), np.uint8)
        cv2.fillPoly(opening, [self._pixels(upper + lower)], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
        lids = self.image
        self.image = np.empty_like(lids)
        self.image[:] = (0.90, 0.88, 0.86)
        self._ellipse((centre, self.eye_y + 0.0006), (0.0062, 0.0062), self.face.iris)
        self._ellipse((centre, self.eye_y + 0.0006), (0.0030, 0.0030), (0.03, 0.03, 0.03))
        self._ellipse((centre + 0.0018, self.eye_y + 0.0025), (0.0010, 0.0010), (0.95, 0.95, 0.95))
        share = (opening[..., None] / 255.0).astype(np.float32)
        self.image = lids * (1 - share) + self.image * share
        self._line(upper, (0.08, 0.05, 0.04), 0.0018)
        self._line(lower, self.skin * 0.55, 0.0008)
        self._line([(x, y + 0.0045) for x, y in upper[3:-3]], self.skin * 0.62, 0.0010)

    def brow(self, side: int) -> None:
        top, bottom = [], []
        for outward in np.linspace(-0.019, 0.020, 14):
            x = side * (self.face.eye_offset + outward)
            middle = self.eye_y + 0.0175 + 0.006 * math.sin(math.pi * (outward + 0.019) / 0.05)
            half = self.face.brow_thickness / 2 * (1 - 0.5 * max(0.0, outward / 0.020))
            top.append((x, middle + half))
            bottom.append((x, middle - half))
        self._polygon(top + bottom[::-1], self.face.brow)

    def nostril(self, side: int) -> None:
        self._ellipse((side * 0.0072, -0.0425), (0.0036, 0.0018), self.skin * 0.25, angle=-20 * side)
        wing = [(side * 0.0155, -0.034), (side * 0.0168, -0.039), (side * 0.0145, -0.0435)]
        self._line(wing, self.skin * 0.55, 0.0011)

    def mouth(self) -> None:
        half, y = self.face.mouth_width / 2, self.mouth_y
        lip = np.array(self.face.lip, np.float32)
        steps = np.linspace(-1, 1, 31)
        upper = [(half * t, y + 0.0065 * (1 - t * t) ** 0.7 - 0.0022 * math.exp(-((t / 0.16) ** 2))) for t in steps]
        middle = [(half * t, y - 0.0006 - 0.0008 * math.cos(3 * t)) for t in steps]
        lower = [(half * t, y - 0.0095 * (1 - t * t) ** 0.75) for t in steps]
        self._polygon(upper + middle[::-1], lip * 0.88)
        self._polygon(middle + lower[::-1], lip)
        self._line(middle, lip * 0.35, 0.0014 + self.face.mouth_open)
        self._add(_bell(self.x, 0.008) * _bell(self.y - y + 0.005, 0.0018), 0.07)

    def beard(self) -> None:
        if not self.face.beard:
            return
        below = np.clip((-0.045 - self.y + 0.35 * np.maximum(self.aside - 0.03, 0)) / 0.012, 0, 1)
        off_lips = np.hypot(self.x, (self.y - self.mouth_y) / 0.55) - self.face.mouth_width / 2 * 0.92
        stubble = np.clip(0.75 + 0.25 * self._noise("beard", cells=40), 0, 1)
        share = (below * np.clip(off_lips / 0.006, 0, 1) * stubble * self.face.beard)[..., None].astype(np.float32)
        self.image = self.image * (1 - share) + np.array(self.face.hair, np.float32) * share

    def glasses(self) -> None:
        if not self.face.glasses:
            return
        rim = int(0.0022 * _PIXELS_PER_METRE)
        for side in (-1, 1):
            centre = (side * self.face.eye_offset, self.eye_y - 0.001)
            self._ellipse(centre, (0.0215, 0.0165), _DARK, thickness=rim)
            hinge = (side * (self.face.eye_offset + 0.021), self.eye_y + 0.003)
            self._line([hinge, (side * 0.083, self.eye_y + 0.006)], _DARK, 0.0022)
        self._line([(-0.0105, 0.006), (0.0, 0.008), (0.0105, 0.006)], _DARK, 0.0022)

    def hair(self) -> None:
        """Hairline and sideburns."""
        if self.face.bald:
            return
        face, aside = self.face, self.aside
        temples = 1.05 * np.maximum(aside - 0.045, 0) * face.hairline_curve + 6 * aside**2 * face.hairline_curve
        line = face.hairline - temples + face.parting * self.x
        cover = np.clip((self.y - line) / 0.003 + 0.5 * self._noise("hairline", cells=24), 0, 1)
        sideburn = np.clip((aside - 0.071) / 0.003, 0, 1) * np.clip((self.y + 0.035) / 0.004, 0, 1) * 0.9
        share = np.maximum(cover, sideburn)[..., None].astype(np.float32)
        strands = 1 + 0.22 * self._noise("strands", cells=60)[..., None]
        self.image = self.image * (1 - share) + np.array(face.hair, np.float32) * strands * share

    def relief(self) -> Plane:
        """Height above the plain head (metres): nose, sockets, eyeballs, brow, lips, chin, cheekbones."""
        x, y, aside = self.x, self.y, self.aside
        eye = self.face.eye_offset
        bridge = np.clip((0.012 - y) / 0.05, 0, 1) ** 1.1 * _logistic((y + 0.047) / np.float32(0.0022))
        height = 0.020 * _bell(x, 0.0075) * bridge
        height = height + 0.006 * _bell(aside - 0.0125, 0.0055) * _bell(y + 0.039, 0.0065)
        height -= 0.0065 * _bell(aside - eye, 0.017) * _bell(y - self.eye_y, 0.010)
        height += 0.0025 * _bell(aside - eye, 0.012) * _bell(y - self.eye_y, 0.007)
        height += 0.0030 * _bell(x, 0.04) * _bell(y - 0.026, 0.008)
        height += 0.0045 * _bell(x, 0.02) * _bell(y + 0.066, 0.011)
        height -= 0.0025 * _bell(x, 0.02) * _bell(y + 0.0855, 0.006)
        height += 0.0045 * _bell(x, 0.017) * _bell(y + 0.103, 0.011)
        height += 0.0030 * _bell(aside - 0.043, 0.014) * _bell(y + 0.022, 0.012)
        plane: Plane = height.astype(np.float32)
        return plane
