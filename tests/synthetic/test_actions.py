from __future__ import annotations

import math

import numpy as np
import pytest

from actionrec.synthetic.actions import ACTIONS, Motion, draw_motion

MOTION = Motion(frequency_hz=1, phase=0.0, amplitude=1, start_seconds=-0.45, hold=0.5, head_yaw=0)


def wrists(name, seconds, motion=MOTION):
    return np.array([ACTIONS[name].pose(motion, second).right.wrist for second in seconds])


def signed_area(points):
    x, y = points[:, 0], points[:, 1]
    return 0.5 * np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))


def test_six_classes():
    assert sorted(ACTIONS) == ["circle_ccw", "circle_cw", "clap", "raise_hold", "squat", "wave"]


def test_the_circles_turn_as_their_names_say():
    turn = np.linspace(0, 1, 40, endpoint=False)
    # y is up, so a positive area is counter-clockwise for the viewer.
    assert signed_area(wrists("circle_ccw", turn)) == pytest.approx(math.pi * 0.21**2, rel=0.01)
    assert signed_area(wrists("circle_cw", turn)) == pytest.approx(-math.pi * 0.21**2, rel=0.01)


def test_wave_swings_and_raise_hold_stays_within_its_stroke():
    seconds = np.linspace(0.2, 1.2, 50)
    waved, held = wrists("wave", seconds)[:, 0], wrists("raise_hold", seconds)[:, 0]
    assert np.ptp(waved) > 0.15
    assert np.ptp(held) < 0.03
    assert waved.min() < held.min() <= held.max() < waved.max()


def test_squat_goes_down_half_a_period_after_standing():
    poses = [ACTIONS["squat"].pose(MOTION, seconds) for seconds in (0.0, 0.5)]
    assert poses[0].drop == 0
    assert poses[1].drop == pytest.approx(0.36)


def test_clapping_hands_mirror_each_other():
    pose = ACTIONS["clap"].pose(MOTION, 1.0)
    np.testing.assert_allclose(pose.left.wrist, pose.right.wrist * (-1, 1, 1))


@pytest.mark.parametrize(("name", "cycles"), [("circle_cw", 1.3), ("circle_ccw", 1.3), ("wave", 1.5), ("clap", 1.5)])
@pytest.mark.parametrize("clip_seconds", [1.8, 2.5])
def test_every_clip_shows_its_movement(name, cycles, clip_seconds):
    for seed in range(50):
        motion = draw_motion(np.random.default_rng(seed), ACTIONS[name], clip_seconds=clip_seconds)
        first_up = motion.start_seconds + 0.45
        assert motion.raised(first_up) == 1
        assert motion.frequency_hz * (clip_seconds - first_up) >= cycles - 1e-9
        assert motion.frequency_hz <= max(2.0, 1.2 * ACTIONS[name].frequency_hz)


def test_a_clip_too_short_for_its_movement_is_bounded_in_speed():
    motion = draw_motion(np.random.default_rng(0), ACTIONS["circle_cw"], clip_seconds=0.2)
    assert motion.frequency_hz == 2.0
