"""Round cones ray-cast into a G-buffer by orthographic rays: depth, normal, albedo and material a pixel.

A round cone is the convex hull of two balls. Seen along z its surface is the upper envelope of the balls
between: the ball at ``s`` in [0, 1] has its centre at ``s`` of the axis and its radius between the two, and
reaches the height ``z(s) = s * axis_z + sqrt(radius(s)^2 - distance(s)^2)``. That is concave in ``s``, so the
highest ball follows in closed form and is clamped to the ends. A flattened cone (the image of one under a
linear map) becomes a plain one in coordinates that shear along z, which leave the rays as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionrec.synthetic.geometry import Matrix, Vector

Floats = NDArray[np.float32]
Shader = Callable[[Floats, Floats], tuple[Floats, Floats, NDArray[np.bool_] | None]]
"""(points (N, 3), normals (N, 3)) -> (colours (N, 3), normals (N, 3), which of them to draw or None for all)."""

NO_DEPTH = np.float32(-1e9)
# Cones this small (pixels) share one array operation: numpy's cost per call outweighs the pixels.
_BATCH_SIDES = (20, 36, 56)


def split_index(flat: NDArray[np.int64], width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of flat indices; several times quicker than ``np.divmod``, which is not vectorised."""
    row = flat // width
    return row, flat - row * width


@dataclass(frozen=True)
class RoundCone:
    """Pixel units: x right, y **up** (minus the row), z to the camera."""

    start: Vector
    end: Vector
    start_radius: float
    end_radius: float
    material: int
    colour: Vector | Shader
    flatten: Matrix | None = None
    """Linear map of the shape about ``start``; the end stays where it is."""


class GBuffer:
    """What is seen at each pixel (row-major), nearest surface first."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.depth = np.full((height, width), NO_DEPTH, np.float32)
        self.normal = np.zeros((height, width, 3), np.float32)
        self.albedo = np.zeros((height, width, 3), np.float32)
        self.material = np.zeros((height, width), np.uint8)

    def clear(self) -> None:
        """Forget what was drawn; normals and albedo are left where nothing is drawn now."""
        self.depth.fill(NO_DEPTH)
        self.material.fill(0)

    def draw(self, cones: Sequence[RoundCone]) -> None:
        """Draw ``cones``; what each hides does not depend on their order."""
        prepared = _prepare(cones, self.width, self.height)
        sides = (prepared.boxes[:, 2:] - prepared.boxes[:, :2]).max(axis=1)
        shaded = np.array([callable(cone.colour) for cone in cones])
        visible = (prepared.boxes[:, 2:] > prepared.boxes[:, :2]).all(axis=1)
        smallest = 0
        for side in _BATCH_SIDES:
            members = np.flatnonzero(visible & ~shaded & (sides > smallest) & (sides <= side))
            smallest = side
            if members.size:
                self._draw_batch([cones[i] for i in members], prepared.subset(members))
        for i in np.flatnonzero(visible & (shaded | (sides > smallest))):
            self._draw_batch([cones[i]], prepared.subset(np.array([i])))

    def _draw_batch(self, cones: Sequence[RoundCone], batch: _Prepared) -> None:
        """Cast all cones over tiles of one size, (K, h, w)."""
        tile = (batch.boxes[:, 2:] - batch.boxes[:, :2]).max(axis=0)  # (w, h)
        limits = np.array((self.width, self.height))
        corner = np.minimum(batch.boxes[:, :2], limits - tile)  # (K, 2): tiles stay inside the image
        columns: NDArray[np.int64] = np.add(corner[:, :1], np.arange(tile[0]))  # (K, w)
        rows: NDArray[np.int64] = np.add(corner[:, 1:], np.arange(tile[1]))  # (K, h)
        x = (columns + 0.5 - batch.start[:, :1]).astype(np.float32)[:, None, :]  # (K, 1, w)
        y = (-(rows + 0.5) - batch.start[:, 1:2]).astype(np.float32)[:, :, None]  # (K, h, 1)
        rays = _cast(x, y, batch)
        depth = _depth(rays.height, x, y, batch)  # (K, h, w)

        hits = np.flatnonzero((rays.squared > 0) & (depth > self._seen_depth(rows, columns)))
        if hits.size == 0:
            return
        depth = depth.ravel()[hits]
        if len(cones) > 1:
            # Of a pixel's hits the last one written stays: the nearest.
            order = np.argsort(depth)
            hits, depth = hits[order], depth[order]
        which, inside = split_index(hits, int(tile[0] * tile[1]))
        row, column = split_index(inside, int(tile[0]))
        pixels = (row + corner[which, 1]) * self.width + column + corner[which, 0]
        normal = _normals(rays, hits, which, batch)
        shader = cones[0].colour
        if callable(shader):
            row, column = split_index(pixels, self.width)
            points = np.stack((column + 0.5, -(row + 0.5), depth), axis=1).astype(np.float32)
            colours, normal, keep = shader(points, normal)
            if keep is not None:
                which, pixels, depth = which[keep], pixels[keep], depth[keep]
                colours, normal = colours[keep], normal[keep]
        else:
            colours = np.array([cone.colour for cone in cones], np.float32)[which]
        self.depth.ravel()[pixels] = depth
        self.normal.reshape(-1, 3)[pixels] = normal
        self.albedo.reshape(-1, 3)[pixels] = colours
        self.material.ravel()[pixels] = np.array([cone.material for cone in cones], np.uint8)[which]

    def _seen_depth(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Floats:
        """(K, h, w): depth drawn so far at each tile."""
        if len(rows) == 1:
            return self.depth[None, rows[0, 0] : rows[0, -1] + 1, columns[0, 0] : columns[0, -1] + 1]
        return self.depth.ravel()[rows[:, :, None] * self.width + columns[:, None, :]]


@dataclass(frozen=True)
class _Prepared:
    """Cones in ray coordinates, in which each is plain and its axis lies along the first one."""

    boxes: NDArray[np.int64]
    """(K, 4): first column, first row, past-the-end column and row."""
    start: NDArray[np.float64]
    """(K, 3)."""
    to_ray: NDArray[np.float32]
    """(K, 3, 3): pixel coordinates about ``start`` to ray coordinates; z stays along z."""
    length: Floats
    """(K,): of the axis across the rays."""
    rise: Floats
    """(K,): of the axis along the rays."""
    start_radius: Floats
    growth: Floats
    """(K,): end radius minus start radius."""

    def subset(self, members: NDArray[np.int64]) -> _Prepared:
        return _Prepared(
            self.boxes[members], self.start[members], self.to_ray[members], self.length[members],
            self.rise[members], self.start_radius[members], self.growth[members],
        )  # fmt: skip


def _prepare(cones: Sequence[RoundCone], width: int, height: int) -> _Prepared:
    start = np.array([cone.start for cone in cones])  # (K, 3)
    end = np.array([cone.end for cone in cones])
    radii = np.array([(cone.start_radius, cone.end_radius) for cone in cones])  # (K, 2)
    identity = np.eye(3)
    flatten = np.array([identity if cone.flatten is None else cone.flatten for cone in cones])  # (K, 3, 3)

    reach = np.linalg.norm(flatten, axis=2)[:, None, :2] * radii[:, :, None]  # (K, ends, xy)
    ends = np.stack((start[:, :2], end[:, :2]), axis=1)  # (K, ends, xy)
    low, high = (ends - reach).min(axis=1), (ends + reach).max(axis=1)  # (K, 2)
    first = np.maximum(np.floor(np.stack((low[:, 0], -high[:, 1]), axis=1)), 0)
    last = np.minimum(np.ceil(np.stack((high[:, 0], -low[:, 1]), axis=1)), (width, height))

    to_ray = _ray_coordinates(flatten)
    axis = np.einsum("kij,kj->ki", to_ray, end - start)
    length = np.hypot(axis[:, 0], axis[:, 1])
    cos = np.where(length > 0, axis[:, 0] / np.maximum(length, 1e-12), 1.0)
    sin = axis[:, 1] / np.maximum(length, 1e-12)
    across_x, across_y = to_ray[:, 0].copy(), to_ray[:, 1].copy()
    to_ray[:, 0] = cos[:, None] * across_x + sin[:, None] * across_y
    to_ray[:, 1] = cos[:, None] * across_y - sin[:, None] * across_x
    return _Prepared(
        boxes=np.concatenate((first, last), axis=1).astype(np.int64),
        start=start,
        to_ray=to_ray.astype(np.float32),
        length=length.astype(np.float32),
        rise=axis[:, 2].astype(np.float32),
        start_radius=radii[:, 0].astype(np.float32),
        growth=(radii[:, 1] - radii[:, 0]).astype(np.float32),
    )


def _ray_coordinates(flatten: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K, 3, 3) maps B with ``|B p| = |flatten^-1 p|`` whose first two rows ignore z: a Cholesky factor."""
    inverse = np.linalg.inv(flatten)
    metric = np.einsum("kji,kjl->kil", inverse, inverse)
    factor: NDArray[np.float64] = np.zeros_like(metric)
    factor[:, 2, 2] = np.sqrt(metric[:, 2, 2])
    factor[:, 2, :2] = metric[:, 2, :2] / factor[:, 2, 2, None]
    flat = metric[:, :2, :2] - factor[:, 2, :2, None] * factor[:, 2, None, :2]
    factor[:, 0, 0] = np.sqrt(flat[:, 0, 0])
    factor[:, 0, 1] = flat[:, 0, 1] / factor[:, 0, 0]
    factor[:, 1, 1] = np.sqrt(flat[:, 1, 1] - factor[:, 0, 1] ** 2)
    return factor


@dataclass(frozen=True)
class _Rays:
    """Where rays meet a batch of cones, all (K, h, w) in ray coordinates."""

    along: Floats
    across: Floats
    height: Floats
    position: Floats
    """``s`` of the highest ball, 0-1."""
    radius: Floats
    """Of that ball."""
    squared: Floats
    """Radius squared minus distance squared: a pixel is hit where it is positive."""


def _cast(x: Floats, y: Floats, batch: _Prepared) -> _Rays:
    b, length, rise = batch.to_ray[:, :, :, None, None], batch.length[:, None, None], batch.rise[:, None, None]
    start_radius, growth = batch.start_radius[:, None, None], batch.growth[:, None, None]
    along = b[:, 0, 0] * x + b[:, 0, 1] * y
    across = b[:, 1, 0] * x + b[:, 1, 1] * y
    slope = growth * growth - length * length
    # Seen along its axis (slope >= 0) a cone may be highest at an end instead; never divide by 0 there.
    smallest = 1e-4 * np.maximum(start_radius, start_radius + growth) ** 2
    usable = np.where(np.abs(slope) < smallest, -smallest, slope)
    steepness = np.maximum(rise * rise - usable, smallest)
    reach = start_radius * length + growth * along
    across_squared: Floats = np.square(across)
    spread = np.sqrt(np.maximum(reach * reach + slope * across_squared, 0))
    position = (start_radius * growth + length * along + (rise / np.sqrt(steepness)) * spread) * (-1 / usable)
    np.clip(position, 0, 1, out=position)
    end_on = (slope > -smallest).ravel()
    if end_on.any():
        position[end_on] = _highest_ball(position, along, across_squared, batch)[end_on]
    offset = along - position * length
    radius = start_radius + position * growth
    squared = radius * radius - offset * offset - across_squared
    height = position * rise + np.sqrt(np.maximum(squared, 0))
    return _Rays(along, across, height, position, radius, squared)


def _highest_ball(position: Floats, along: Floats, across_squared: Floats, batch: _Prepared) -> Floats:
    """Of the balls at both ends and at ``position``, the one nearest the camera: its position."""
    length, rise = batch.length[:, None, None], batch.rise[:, None, None]
    best, highest = position, np.full(along.shape, -np.inf, np.float32)
    for candidate in (position, np.zeros_like(position), np.ones_like(position)):
        offset = along - candidate * length
        radius = batch.start_radius[:, None, None] + candidate * batch.growth[:, None, None]
        squared = radius * radius - offset * offset - across_squared
        height = np.where(squared > 0, candidate * rise + np.sqrt(np.maximum(squared, 0)), -np.inf)
        best = np.where(height > highest, candidate, best)
        highest = np.maximum(height, highest)
    return best


def _depth(height: Floats, x: Floats, y: Floats, batch: _Prepared) -> Floats:
    b = batch.to_ray[:, :, :, None, None]
    shear = b[:, 2, 0] * x + b[:, 2, 1] * y
    return batch.start[:, 2].astype(np.float32)[:, None, None] + (height - shear) / b[:, 2, 2]


def _normals(rays: _Rays, hits: NDArray[np.int64], which: NDArray[np.int64], batch: _Prepared) -> Floats:
    """(N, 3) unit normals in pixel coordinates: from the ball's centre outwards, mapped back."""
    position = rays.position.ravel()[hits]
    along = rays.along.ravel()[hits] - position * batch.length[which]
    height = rays.height.ravel()[hits] - position * batch.rise[which]
    outward = np.stack((along, rays.across.ravel()[hits], height), axis=1)
    outward /= np.maximum(rays.radius.ravel()[hits], np.float32(1e-6))[:, None]
    if len(batch.boxes) == 1:
        normal: Floats = outward @ batch.to_ray[0]
    else:
        normal = np.einsum("ni,nij->nj", outward, batch.to_ray[which])
    normal /= np.sqrt(np.einsum("ni,ni->n", normal, normal))[:, None] + np.float32(1e-9)
    return normal
