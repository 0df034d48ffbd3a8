"""The actors: one group of the data set each, with a body, a face, clothes, a room, a camera and a light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from actionrec.synthetic.geometry import unit, vector
from actionrec.synthetic.randomness import generator

Colour = tuple[float, float, float]
"""RGB, 0-1."""

SKINS: tuple[Colour, ...] = (
    (0.93, 0.76, 0.66), (0.87, 0.68, 0.56), (0.78, 0.58, 0.45),
    (0.66, 0.46, 0.34), (0.52, 0.35, 0.25), (0.45, 0.31, 0.23),
)  # fmt: skip
HAIRS: tuple[Colour, ...] = (
    (0.08, 0.06, 0.05), (0.20, 0.13, 0.08), (0.35, 0.22, 0.12),
    (0.58, 0.42, 0.22), (0.42, 0.16, 0.08), (0.55, 0.53, 0.50),
)  # fmt: skip
SHIRTS: tuple[Colour, ...] = (
    (0.15, 0.30, 0.60), (0.70, 0.18, 0.16), (0.20, 0.50, 0.30), (0.85, 0.80, 0.72),
    (0.25, 0.25, 0.28), (0.80, 0.55, 0.15), (0.45, 0.25, 0.55), (0.12, 0.45, 0.50),
    (0.90, 0.90, 0.92), (0.55, 0.10, 0.25), (0.35, 0.40, 0.20), (0.60, 0.70, 0.85),
)  # fmt: skip
TROUSERS: tuple[Colour, ...] = (
    (0.12, 0.14, 0.22), (0.25, 0.22, 0.18), (0.10, 0.10, 0.11),
    (0.40, 0.38, 0.34), (0.20, 0.28, 0.42), (0.30, 0.12, 0.12),
)  # fmt: skip
SHOES: tuple[Colour, ...] = ((0.10, 0.10, 0.10), (0.75, 0.75, 0.75), (0.35, 0.20, 0.12))
IRISES: tuple[Colour, ...] = ((0.25, 0.14, 0.07), (0.20, 0.35, 0.55), (0.25, 0.38, 0.22))
WALLS: tuple[Colour, ...] = (
    (0.62, 0.66, 0.70), (0.75, 0.70, 0.60), (0.50, 0.58, 0.52),
    (0.70, 0.72, 0.74), (0.42, 0.46, 0.55), (0.66, 0.58, 0.56),
)  # fmt: skip
FLOORS: tuple[Colour, ...] = ((0.42, 0.33, 0.25), (0.35, 0.36, 0.38), (0.50, 0.46, 0.40), (0.28, 0.33, 0.30))
DECORATIONS = ("picture", "panels", "window", "shelves")
PATTERNS: tuple[Literal["plain", "rows", "columns"], ...] = ("plain", "rows", "columns", "plain", "plain")
SLEEVES = (0.55, 1.0, 0.42, 1.0)

_WARDROBE = 12
"""After so many actors the tables start again, shifted and tinted."""
_BALD_INDEX = 8
_HAIR_CONTRAST = 0.15


@dataclass(frozen=True)
class Body:
    female: bool
    scale: float
    """Height against the 1.75 m for which the figure's constants hold."""
    girth: float
    shoulder_width: float
    head_scale: float
    hand_scale: float
    leg_scale: float


@dataclass(frozen=True)
class Face:
    """Lengths in metres at ``head_scale`` 1."""

    skin: Colour
    hair: Colour
    brow: Colour
    iris: Colour
    lip: Colour
    eye_offset: float
    eye_width: float
    eye_height: float
    brow_thickness: float
    mouth_width: float
    mouth_open: float
    blush: float
    beard: float
    glasses: bool
    bald: bool
    hairline: float
    hairline_curve: float
    parting: float
    noise_seed: int


@dataclass(frozen=True)
class Clothes:
    shirt: Colour
    second_shirt: Colour
    pattern: Literal["plain", "rows", "columns"]
    sleeve: float
    """Where the sleeve ends: 1 at the wrist, below that as a share of the upper arm."""
    trousers: Colour
    shoes: Colour


@dataclass(frozen=True)
class Light:
    direction: tuple[float, float, float]
    """Unit vector towards the key light."""
    colour: Colour
    ambient: float
    key: float


@dataclass(frozen=True)
class Room:
    wall: Colour
    floor: Colour
    decoration: str


@dataclass(frozen=True)
class CameraHabit:
    """How this actor is filmed; offsets are shares of the frame."""

    yaw: float
    """Turn of the body against the camera, radians."""
    offset_x: float
    offset_y: float
    zoom: float
    pitch: float
    """Radians."""


@dataclass(frozen=True)
class Actor:
    group: int
    """1-based."""
    seed: int
    body: Body
    face: Face
    palm: Colour
    long_hair: bool
    clothes: Clothes
    light: Light
    room: Room
    camera: CameraHabit


def make_actor(group: int, seed: int) -> Actor:
    """The actor of a 1-based ``group``; actors differ for any number of groups, and one alone is bald."""
    index = group - 1
    cycle = index // _WARDROBE
    female = index % 2 == 1
    rng = generator(seed, "actor", group)
    face = _make_face(rng, index, female=female)
    return Actor(
        group=group,
        seed=seed,
        body=Body(
            female=female,
            scale=(1.66 if female else 1.78) * rng.uniform(0.95, 1.05) / 1.75,
            girth=rng.uniform(0.9, 1.18),
            shoulder_width=rng.uniform(0.94, 1.06) * (0.92 if female else 1.0),
            head_scale=rng.uniform(1.0, 1.06),
            hand_scale=rng.uniform(1.05, 1.15),
            leg_scale=rng.uniform(0.97, 1.03),
        ),
        face=face,
        palm=_palm(face.skin),
        long_hair=female and index % 4 == 1,
        clothes=Clothes(
            shirt=_tinted(SHIRTS[(index + 7 * cycle) % len(SHIRTS)], rng, cycle),
            second_shirt=SHIRTS[(index + 5 + 8 * cycle) % len(SHIRTS)],
            pattern=PATTERNS[index % len(PATTERNS)],
            sleeve=SLEEVES[(index // 2) % len(SLEEVES)],
            trousers=_tinted(TROUSERS[(index + cycle) % len(TROUSERS)], rng, cycle),
            shoes=SHOES[index % len(SHOES)],
        ),
        light=_make_light(rng),
        room=Room(
            wall=_tinted(WALLS[(index * 5 + 2 + cycle) % len(WALLS)], rng, cycle, spread=0.12),
            floor=FLOORS[index % len(FLOORS)],
            decoration=DECORATIONS[index % len(DECORATIONS)],
        ),
        camera=CameraHabit(
            yaw=rng.uniform(-0.18, 0.18),
            offset_x=rng.uniform(-0.05, 0.05),
            offset_y=rng.uniform(-0.03, 0.03),
            zoom=rng.uniform(0.92, 1.06),
            pitch=rng.uniform(-0.05, 0.06),
        ),
    )


def _make_face(rng: np.random.Generator, index: int, *, female: bool) -> Face:
    cycle = index // _WARDROBE
    skin = _scaled(SKINS[(index + cycle) % len(SKINS)], rng.uniform(0.96, 1.04))
    hair = _hair(index * 5 + index // 6, skin)
    rouge = (0.08, -0.04, -0.03) if female else (0.0, 0.0, 0.0)
    return Face(
        skin=skin,
        hair=hair,
        brow=_scaled(hair, 0.7),
        iris=IRISES[index % len(IRISES)],
        lip=_colour(np.multiply(skin, (0.86, 0.58, 0.58)) + rouge),
        eye_offset=rng.uniform(0.0305, 0.0335),
        eye_width=rng.uniform(0.028, 0.032),
        eye_height=rng.uniform(0.0105, 0.0130),
        brow_thickness=(0.0040 if female else 0.0058) * rng.uniform(0.9, 1.1),
        mouth_width=rng.uniform(0.047, 0.053),
        mouth_open=0.003 if index % 3 == 2 else 0.0,
        blush=rng.uniform(0.5, 1.0),
        beard=0.55 if not female and index % 4 == 2 else 0.0,
        glasses=index % 5 == 3,
        bald=index == _BALD_INDEX,
        hairline=rng.uniform(0.070, 0.080),
        hairline_curve=rng.uniform(0.8, 1.3),
        parting=rng.uniform(-0.15, 0.15),
        noise_seed=int(rng.integers(2**31)),
    )


def _make_light(rng: np.random.Generator) -> Light:
    direction = unit(vector(rng.uniform(-0.7, 0.7), rng.uniform(0.45, 0.9), 1.0))
    return Light(
        direction=(float(direction[0]), float(direction[1]), float(direction[2])),
        colour=(1.0, rng.uniform(0.93, 1.0), rng.uniform(0.84, 1.0)),
        ambient=rng.uniform(0.36, 0.50),
        key=rng.uniform(0.62, 0.78),
    )


def _hair(wanted: int, skin: Colour) -> Colour:
    """The wanted hair, or the next that stands out: fair hair on tan skin looks like no hair at all."""
    turns = (HAIRS[(wanted + turn) % len(HAIRS)] for turn in range(len(HAIRS)))
    return next(hair for hair in turns if np.abs(np.subtract(hair, skin)).max() > _HAIR_CONTRAST)


def _palm(skin: Colour) -> Colour:
    # Palms of dark skin are lighter than the face; without that MediaPipe loses dark hands.
    share = float(np.clip((0.80 - skin[0]) * 0.75, 0.0, 0.3))
    return _colour(np.multiply(skin, 1.0 - share) + np.multiply((0.80, 0.60, 0.50), share))


def _tinted(colour: Colour, rng: np.random.Generator, cycle: int, *, spread: float = 0.25) -> Colour:
    """The colour itself the first time round the tables, a tint of it later; always draws three numbers."""
    factors = rng.uniform(1.0 - spread, 1.0 + spread, 3)
    return _colour(np.multiply(colour, factors)) if cycle else colour


def _scaled(colour: Colour, factor: float) -> Colour:
    return _colour(np.multiply(colour, factor))


def _colour(values: np.ndarray) -> Colour:
    red, green, blue = np.clip(values, 0.0, 1.0)
    return float(red), float(green), float(blue)
