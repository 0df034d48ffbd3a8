"""Vectors, rotations and inverse kinematics; right-handed, x to the viewer's right, y up, z to the viewer."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
"""float64 (3,)."""
Matrix = NDArray[np.float64]
"""float64 (3, 3)."""


def vector(x: float, y: float, z: float) -> Vector:
    return np.array((x, y, z), np.float64)


def unit(direction: Vector) -> Vector:
    """``direction`` at length 1; the zero vector stays zero."""
    return direction / (math.sqrt(direction @ direction) + 1e-12)


def cross(first: Vector, second: Vector) -> Vector:
    """Cross product; ten times quicker than ``np.cross`` for single vectors."""
    ax, ay, az = first
    bx, by, bz = second
    return vector(ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)


def rotation_x(radians: float) -> Matrix:
    """Rotation about x: y towards z."""
    cos, sin = math.cos(radians), math.sin(radians)
    return np.array(((1.0, 0.0, 0.0), (0.0, cos, -sin), (0.0, sin, cos)))


def rotation_y(radians: float) -> Matrix:
    """Rotation about y: z towards x."""
    cos, sin = math.cos(radians), math.sin(radians)
    return np.array(((cos, 0.0, sin), (0.0, 1.0, 0.0), (-sin, 0.0, cos)))


def rotation_z(radians: float) -> Matrix:
    """Rotation about z: x towards y."""
    cos, sin = math.cos(radians), math.sin(radians)
    return np.array(((cos, -sin, 0.0), (sin, cos, 0.0), (0.0, 0.0, 1.0)))


def smoothstep(t: float) -> float:
    """0 below 0, 1 above 1, with level ends between."""
    t = min(max(t, 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


def two_bone_ik(
    root: Vector, target: Vector, *, upper_length: float, lower_length: float, pole: Vector
) -> tuple[Vector, Vector]:
    """Middle joint and end of a limb from ``root`` towards ``target``; the joint bends towards ``pole``.

    A target out of reach is approached along the straight line to it (to 99.9 % of the limb's length, which
    keeps the joint's side defined).
    """
    reach = target - root
    distance = math.sqrt(reach @ reach)
    distance = min(max(distance, abs(upper_length - lower_length) + 1e-3), (upper_length + lower_length) * 0.999)
    direction = unit(reach)
    along = (upper_length**2 - lower_length**2 + distance**2) / (2.0 * distance)
    aside = math.sqrt(max(upper_length**2 - along**2, 0.0))
    bend = unit(pole - direction * (pole @ direction))
    return root + direction * along + bend * aside, root + direction * distance
