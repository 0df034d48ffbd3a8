from __future__ import annotations

import math

import numpy as np
import pytest

from actionrec.synthetic.actions import ACTIONS, Motion, standing
from actionrec.synthetic.actors import make_actor
from actionrec.synthetic.figure import FOREARM, SHIN, THIGH, UPPER_ARM, Part, build_figure

MOTION = Motion(frequency_hz=1, phase=0.3, amplitude=1, start_seconds=-0.45, hold=0, head_yaw=0)


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("seconds", [0.0, 0.6, 1.3])
def test_bones_keep_their_lengths_in_every_pose(name, seconds):
    actor = make_actor(2, 0)
    joints = build_figure(actor, ACTIONS[name].pose(MOTION, seconds)).joints
    scale = actor.body.scale
    for side in ("left", "right"):
        bones = {
            ("shoulder", "elbow"): UPPER_ARM, ("elbow", "wrist"): FOREARM,
            ("hip", "knee"): THIGH * actor.body.leg_scale, ("knee", "ankle"): SHIN * actor.body.leg_scale,
        }  # fmt: skip
        for (upper, lower), metres in bones.items():
            length = math.dist(joints[f"{side}_{upper}"], joints[f"{side}_{lower}"])
            assert length == pytest.approx(metres * scale)


def test_the_persons_left_is_on_the_viewers_right():
    joints = build_figure(make_actor(1, 0), standing(MOTION, 0.0)).joints
    assert joints["left_shoulder"][0] > 0 > joints["right_shoulder"][0]
    assert joints["nose"][1] > joints["left_shoulder"][1] > joints["left_hip"][1] > joints["left_knee"][1]


def test_parts_of_the_figure():
    primitives = build_figure(make_actor(1, 0), standing(MOTION, 0.0)).primitives
    parts = [primitive.part for primitive in primitives]
    assert parts.count(Part.HAND) == 2 * (4 * 4 + 3)
    assert parts.count(Part.HEAD) == 2
    assert Part.CAP_OF_HAIR in parts
    bald = build_figure(make_actor(9, 0), standing(MOTION, 0.0)).primitives
    assert Part.CAP_OF_HAIR not in [primitive.part for primitive in bald]


def test_short_sleeves_end_on_the_upper_arm_and_long_ones_at_the_wrist():
    def skin_on_arms(group):
        primitives = build_figure(make_actor(group, 0), standing(MOTION, 0.0)).primitives
        return sum(primitive.part is Part.SKIN for primitive in primitives)

    assert make_actor(1, 0).clothes.sleeve == 0.55
    assert skin_on_arms(1) == 2 * 3  # the rest of the upper arm, the forearm's two pieces
    assert make_actor(3, 0).clothes.sleeve == 1.0
    assert skin_on_arms(3) == 2 * 1  # a strip at the wrist


def test_the_body_is_scaled_and_turned_with_the_actor():
    actor = make_actor(4, 0)
    joints = build_figure(actor, standing(MOTION, 0.0)).joints
    across = joints["left_shoulder"] - joints["right_shoulder"]
    assert np.linalg.norm(across) == pytest.approx(2 * 0.178 * actor.body.shoulder_width * actor.body.scale)
