"""The camera and the room behind the actor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from actionrec.synthetic.actors import Actor
from actionrec.synthetic.geometry import Matrix, rotation_x
from actionrec.synthetic.randomness import fractal_noise, generator

WIDTH = 320
HEIGHT = 240
SUPERSAMPLING = 2
"""1.5 is a quarter cheaper, but cost 1.6 points of the faces found."""

Framing = Literal["mid", "full"]
# Metres seen vertically, height of the centre, both at 1.75 m.
_FRAMINGS: dict[Framing, tuple[float, float]] = {"mid": (1.72, 1.28), "full": (2.34, 1.06)}
_SHADOW_STRENGTH = 0.45


@dataclass(frozen=True)
class Camera:
    """Perspective camera before the actor; pixels are supersampled ones."""

    width: int
    height: int
    focal: float
    """Pixels."""
    distance: float
    """Metres to the actor."""
    centre_x: float
    centre_y: float
    """Pixel on which the optical axis falls."""
    centre_height: float
    """Metres above the floor there."""
    pitch: float
    """Radians."""
    pixels_per_metre: float
    """At the actor."""
    shows_floor: bool

    @property
    def rotation(self) -> Matrix:
        """World directions to camera directions."""
        return rotation_x(self.pitch)

    @property
    def floor_row(self) -> float:
        """Row at which wall and floor meet."""
        return self.centre_y + (self.centre_height + 0.02) * self.pixels_per_metre * 0.90

    def project(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """World metres (N, 3) -> pixels (N, 3), y up (minus the row), z to the camera; and pixels a metre (N,)."""
        seen = (points - (0.0, self.centre_height, 0.0)) @ self.rotation.T
        scale = self.focal / (self.distance - seen[:, 2])
        pixels = np.empty_like(seen)
        pixels[:, 0] = self.centre_x + scale * seen[:, 0]
        pixels[:, 1] = scale * seen[:, 1] - self.centre_y
        pixels[:, 2] = seen[:, 2] * self.pixels_per_metre
        return pixels, scale


def make_camera(actor: Actor, framing: Framing, rng: np.random.Generator) -> Camera:
    """The actor's camera, moved a little by ``rng`` for this clip."""
    width, height = WIDTH * SUPERSAMPLING, HEIGHT * SUPERSAMPLING
    habit, scale = actor.camera, actor.body.scale
    span, centre_height = _FRAMINGS[framing]
    zoom, move_x, move_y = rng.uniform(0.97, 1.03), rng.uniform(-0.02, 0.02), rng.uniform(-0.01, 0.01)
    span *= scale / (habit.zoom * zoom)
    distance = 4.0 * math.sqrt(span / 2.4) + 1.2
    return Camera(
        width=width,
        height=height,
        focal=height * distance / span,
        distance=distance,
        centre_x=width * (0.5 + habit.offset_x + move_x),
        centre_y=height * (0.5 + habit.offset_y + move_y),
        centre_height=centre_height * scale,
        pitch=habit.pitch,
        pixels_per_metre=height / span,
        shows_floor=framing == "full",
    )


def paint_room(actor: Actor, camera: Camera) -> NDArray[np.float32]:
    """The empty room, (height, width, 3) RGB 0-1."""
    rng = generator(actor.seed, "room", actor.group)
    width, height = camera.width, camera.height
    across = (np.arange(width, dtype=np.float32) / width - 0.5)[None, :]
    up = (0.5 - np.arange(height, dtype=np.float32) / height)[:, None]
    brightness = 1.0 + 0.22 * (across * actor.light.direction[0] * 1.5 + up * 0.6)
    brightness = brightness * (1 + 0.05 * fractal_noise(rng, height, width, cells=6, octaves=5))
    room: NDArray[np.float32] = np.array(actor.room.wall, np.float32) * brightness[..., None].astype(np.float32)
    _decorate(room, actor.room.decoration, rng)
    floor_row = int(camera.floor_row)
    if camera.shows_floor and floor_row < height:
        rows = height - floor_row
        depth = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
        shade = (0.8 + 0.35 * depth) * (1 + 0.07 * fractal_noise(rng, rows, width, cells=8, octaves=5))
        room[floor_row:] = np.array(actor.room.floor, np.float32) * shade[..., None]
        room[max(0, floor_row - 4) : floor_row] *= 0.7
    blurred: NDArray[np.float32] = cv2.GaussianBlur(room, (0, 0), SUPERSAMPLING * 0.8)
    return np.clip(blurred, 0, 1)


def _decorate(room: NDArray[np.float32], decoration: str, rng: np.random.Generator) -> None:
    height, width = room.shape[:2]

    def box(
        left: float, top: float, right: float, bottom: float, colour: tuple[float, ...] | NDArray[np.float64]
    ) -> None:
        corners = (int(left * width), int(top * height)), (int(right * width), int(bottom * height))
        cv2.rectangle(room, *corners, [float(value) for value in colour], -1)

    match decoration:
        case "picture":
            x = rng.uniform(0.03, 0.1)
            box(x, 0.08, x + 0.18, 0.42, (0.30, 0.22, 0.15))
            box(x + 0.015, 0.10, x + 0.165, 0.40, rng.uniform(0.3, 0.8, 3))
        case "panels":
            for panel in range(9):
                column = int(panel * width / 9)
                room[:, column : column + 3] *= 0.86
        case "window":
            x = rng.uniform(0.72, 0.8)
            box(x, 0.05, x + 0.2, 0.5, (0.80, 0.86, 0.95))
            box(x + 0.095, 0.05, x + 0.105, 0.5, (0.5, 0.5, 0.5))
            box(x, 0.27, x + 0.2, 0.285, (0.5, 0.5, 0.5))
        case "shelves":
            for shelf in range(4):
                box(0.02, 0.1 + 0.13 * shelf, 0.2, 0.115 + 0.13 * shelf, (0.3, 0.24, 0.2))
            for book in range(16):
                x = 0.03 + 0.04 * (book % 4) + rng.uniform(0, 0.01)
                y = 0.1 + 0.13 * (book // 4)
                box(x, y - 0.09 * rng.uniform(0.6, 1), x + 0.025, y, rng.uniform(0.15, 0.8, 3))


def cast_foot_shadows(room: NDArray[np.float32], camera: Camera, feet: NDArray[np.float64]) -> None:
    """Darken the floor of ``room``, in place, around ``feet`` (N, 3) in world metres."""
    per_metre = camera.pixels_per_metre
    spots, _ = camera.project(feet * (1.0, 0.0, 1.0))
    for x, y, _ in spots:
        shadow = np.zeros(room.shape[:2], np.float32)
        axes = int(0.22 * per_metre), int(0.05 * per_metre)
        cv2.ellipse(shadow, (int(x), int(-y + 0.03 * per_metre)), axes, 0, 0, 360, _SHADOW_STRENGTH, -1)
        room *= 1 - cv2.GaussianBlur(shadow, (0, 0), 0.035 * per_metre)[..., None]
