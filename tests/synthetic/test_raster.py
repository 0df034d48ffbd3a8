from __future__ import annotations

import math

import numpy as np
import pytest

from actionrec.synthetic.geometry import rotation_x, rotation_z, vector
from actionrec.synthetic.raster import NO_DEPTH, GBuffer, RoundCone, split_index

RED, GREEN = vector(1, 0, 0), vector(0, 1, 0)


def cone(start, end, start_radius, end_radius, *, material=1, colour=RED, flatten=None):
    return RoundCone(vector(*start), vector(*end), start_radius, end_radius, material, colour, flatten)


def drawn(*cones, width=64, height=48):
    buffer = GBuffer(width, height)
    buffer.draw(cones)
    return buffer


def grid(buffer):
    """Pixel centres: x right, y up."""
    return np.arange(buffer.width) + 0.5, -(np.arange(buffer.height) + 0.5)[:, None]


def envelope(buffer, cone_):
    """Depth by brute force: the highest of many balls between the ends."""
    x, y = grid(buffer)
    best = np.full((buffer.height, buffer.width), -np.inf)
    for s in np.linspace(0, 1, 2001):
        centre = cone_.start + s * (cone_.end - cone_.start)
        radius = cone_.start_radius + s * (cone_.end_radius - cone_.start_radius)
        squared = radius**2 - (x - centre[0]) ** 2 - (y - centre[1]) ** 2
        best = np.maximum(best, np.where(squared > 0, centre[2] + np.sqrt(np.maximum(squared, 0)), -np.inf))
    return best


def test_ball_has_the_depth_and_normal_of_a_sphere():
    buffer = drawn(cone((30, -20, 5), (30, -20, 5), 10, 10))
    x, y = grid(buffer)
    squared = 100 - (x - 30) ** 2 - (y + 20) ** 2
    inside = squared > 0
    np.testing.assert_array_equal(buffer.material > 0, inside)
    np.testing.assert_allclose(buffer.depth[inside], 5 + np.sqrt(squared[inside]), atol=1e-3)
    normal = np.stack(np.broadcast_arrays((x - 30) / 10, (y + 20) / 10, np.sqrt(np.maximum(squared, 0)) / 10), axis=-1)
    np.testing.assert_allclose(buffer.normal[inside], normal[inside], atol=1e-3)
    assert (buffer.depth[~inside] == NO_DEPTH).all()


@pytest.mark.parametrize(
    "shape",
    [
        cone((15, -15, 0), (45, -30, 0), 6, 6),
        cone((15, -15, 0), (45, -30, 20), 9, 3),
        cone((40, -30, 8), (18, -12, -25), 4, 8),
        cone((30, -20, 0), (33, -21, 40), 9, 5),
        cone((30, -20, 0), (30, -20, 30), 5, 9),
        cone((30, -20, 0), (34, -20, 1), 4, 12),
        cone((30, -20, 0), (35, -24, 0), 4, 4 + math.hypot(5, 4)),
    ],
    ids=["capsule", "cone", "cone_away", "almost_end_on", "end_on", "one_ball_in_the_other", "tangent"],
)
def test_cone_is_the_envelope_of_its_balls(shape):
    buffer = drawn(shape)
    expected = envelope(buffer, shape)
    np.testing.assert_array_equal(buffer.material > 0, np.isfinite(expected))
    inside = np.isfinite(expected)
    np.testing.assert_allclose(buffer.depth[inside], expected[inside], atol=0.01)


def test_normals_of_a_lying_cylinder_point_across_it():
    buffer = drawn(cone((5, -20, 0), (60, -20, 0), 8, 8))
    # Row 14: 5.5 above the axis.
    np.testing.assert_allclose(buffer.normal[14, 30], (0, 5.5 / 8, math.sqrt(1 - (5.5 / 8) ** 2)), atol=1e-5)


def test_flattened_ball_is_the_ellipsoid():
    turn = rotation_x(0.7) @ rotation_z(0.4)
    flatten = turn @ np.diag((1.0, 0.6, 1.3)) @ turn.T
    buffer = drawn(cone((30, -20, 2), (30, -20, 2), 10, 10, flatten=flatten))
    rows, columns = np.nonzero(buffer.material)
    points = np.stack((columns + 0.5, -(rows + 0.5), buffer.depth[rows, columns]), axis=1) - (30, -20, 2)
    on_ball = points @ np.linalg.inv(flatten).T
    np.testing.assert_allclose(np.linalg.norm(on_ball, axis=1), 10, atol=2e-3)
    gradient = on_ball @ np.linalg.inv(flatten)
    gradient /= np.linalg.norm(gradient, axis=1, keepdims=True)
    np.testing.assert_allclose(buffer.normal[rows, columns], gradient, atol=2e-3)
    assert (buffer.depth[rows, columns] >= 2 - 10 * 1.3).all()


def test_the_nearest_surface_stays_whatever_the_order():
    near = cone((30, -20, 9), (34, -22, 9), 4, 4, material=2, colour=GREEN)
    far = cone((28, -20, 0), (36, -20, 0), 5, 5)
    first, second = drawn(near, far), drawn(far, near)
    for plane in ("depth", "normal", "albedo", "material"):
        np.testing.assert_array_equal(getattr(first, plane), getattr(second, plane))
    assert first.material[20, 30] == 2
    np.testing.assert_array_equal(first.albedo[20, 30], GREEN)


def test_small_cones_drawn_together_equal_cones_drawn_alone():
    rng = np.random.default_rng(0)
    cones = [
        cone(start, start + rng.normal(0, 8, 3), *rng.uniform(2, 9, 2), material=number + 1)
        for number, start in enumerate(rng.uniform((5, -45, -9), (60, -5, 9), (20, 3)))
    ]
    together, alone = drawn(*cones), GBuffer(64, 48)
    for single in cones:
        alone.draw([single])
    np.testing.assert_array_equal(together.material, alone.material)
    np.testing.assert_allclose(together.depth, alone.depth, atol=1e-4)


def test_cones_are_clipped_at_the_image_and_left_out_beyond_it():
    buffer = drawn(cone((-3, 3, 0), (-3, 3, 0), 10, 10), cone((200, -20, 0), (200, -20, 0), 10, 10))
    assert buffer.material[0, 0] == 1
    assert buffer.material[:, 20:].sum() == 0


def test_shader_colours_and_drops_pixels():
    def left_half(points, normals):
        colours = np.full((len(points), 3), 0.25, np.float32)
        return colours, normals, points[:, 0] < 30

    buffer = drawn(cone((30, -20, 0), (30, -20, 0), 10, 10, colour=left_half))
    assert buffer.material[20, 25] == 1
    assert buffer.material[20, 35] == 0
    np.testing.assert_array_equal(buffer.albedo[20, 25], (0.25, 0.25, 0.25))


def test_clear_forgets_the_figure():
    buffer = drawn(cone((30, -20, 0), (30, -20, 0), 10, 10))
    buffer.clear()
    assert not buffer.material.any()
    assert (buffer.depth == NO_DEPTH).all()


def test_split_index():
    row, column = split_index(np.array([0, 4, 5, 14]), 5)
    np.testing.assert_array_equal(row, (0, 0, 1, 2))
    np.testing.assert_array_equal(column, (0, 4, 0, 4))
