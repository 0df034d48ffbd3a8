from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from actionrec.synthetic.geometry import (
    cross,
    rotation_x,
    rotation_y,
    rotation_z,
    smoothstep,
    two_bone_ik,
    unit,
    vector,
)

X, Y, Z = np.eye(3)
coordinates = st.floats(-2, 2, allow_nan=False)


@pytest.mark.parametrize(("rotation", "source", "target"), [(rotation_x, Y, Z), (rotation_y, Z, X), (rotation_z, X, Y)])
def test_quarter_turns_are_right_handed(rotation, source, target):
    np.testing.assert_allclose(rotation(math.pi / 2) @ source, target, atol=1e-15)


def test_cross_of_axes():
    np.testing.assert_array_equal(cross(X, Y), Z)
    np.testing.assert_array_equal(cross(Y, X), -Z)


def test_unit_keeps_direction_and_survives_zero():
    np.testing.assert_allclose(unit(vector(0, 3, 4)), (0, 0.6, 0.8))
    np.testing.assert_array_equal(unit(vector(0, 0, 0)), (0, 0, 0))


@pytest.mark.parametrize(("t", "value"), [(-1, 0), (0, 0), (0.25, 0.15625), (0.5, 0.5), (1, 1), (7, 1)])
def test_smoothstep(t, value):
    assert smoothstep(t) == value


def test_ik_of_a_right_angle():
    # 3-4-5: the joint lies 1.8 along and 2.4 aside of the line to the target.
    joint, end = two_bone_ik(vector(0, 0, 0), vector(5, 0, 0), upper_length=3, lower_length=4, pole=vector(0, 1, 0))
    np.testing.assert_allclose(joint, (1.8, 2.4, 0), atol=1e-12)
    np.testing.assert_allclose(end, (5, 0, 0), atol=1e-12)


def test_ik_bends_towards_the_pole_whatever_its_part_along_the_limb():
    joint, _ = two_bone_ik(vector(0, 0, 0), vector(5, 0, 0), upper_length=3, lower_length=4, pole=vector(9, 0, -1))
    np.testing.assert_allclose(joint, (1.8, 0, -2.4), atol=1e-12)


def test_ik_stretches_towards_a_target_out_of_reach():
    _, end = two_bone_ik(vector(0, 1, 0), vector(0, 11, 0), upper_length=1, lower_length=1, pole=vector(1, 0, 0))
    np.testing.assert_allclose(end, (0, 1 + 1.998, 0), atol=1e-12)


@given(st.tuples(coordinates, coordinates, coordinates), st.tuples(coordinates, coordinates, coordinates))
def test_ik_keeps_the_bones_lengths(target, pole):
    root = vector(0.1, 0.2, 0.3)
    # Else there is no direction, or no side to bend to.
    assume(math.dist(root, target) > 0.05)
    assume(np.linalg.norm(np.cross(unit(np.subtract(target, root)), pole)) > 1e-3)
    joint, end = two_bone_ik(root, vector(*target), upper_length=0.285, lower_length=0.245, pole=vector(*pole))
    assert math.dist(root, joint) == pytest.approx(0.285)
    assert math.dist(joint, end) == pytest.approx(0.245)
