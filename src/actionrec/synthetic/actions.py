"""What the actors do: for each class, the pose at a time.

Speeds are in Hz, so they do not depend on the frame rate. wave / raise_hold and circle_cw / circle_ccw are
pairs that a single frame cannot tell apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from actionrec.synthetic.geometry import Vector, smoothstep, unit, vector
from actionrec.synthetic.pose import Arm, Pose

_RAISE_SECONDS = 0.45
_FASTEST_HZ = 2.0


@dataclass(frozen=True)
class Motion:
    """What makes one clip of a class differ from another."""

    frequency_hz: float
    phase: float
    """Radians, at second 0."""
    amplitude: float
    """About 1."""
    start_seconds: float
    """When the arm starts to rise; negative: before the clip."""
    hold: float
    """Where ``raise_hold`` holds, -1..1 of the stroke of ``wave``."""
    head_yaw: float
    """Radians."""

    def angle(self, seconds: float) -> float:
        return 2 * math.pi * self.frequency_hz * seconds + self.phase

    def raised(self, seconds: float) -> float:
        """0 before the arm rises, 1 when it is up."""
        return smoothstep((seconds - self.start_seconds) / _RAISE_SECONDS)


@dataclass(frozen=True)
class Action:
    pose: Callable[[Motion, float], Pose]
    """(motion, seconds since the clip began) -> pose."""
    frequency_hz: float
    """On average; clips differ by 15 % down and 20 % up."""
    min_cycles: float
    """Of the movement after the arm is up; short clips move faster to show them."""


def draw_motion(rng: np.random.Generator, action: Action, *, clip_seconds: float) -> Motion:
    """A motion for a clip of ``clip_seconds``, so that it shows at least ``action.min_cycles``, up to 2 Hz."""
    start_seconds = rng.uniform(-0.45, -0.15)
    frequency_hz = action.frequency_hz * rng.uniform(0.85, 1.2)
    shown_seconds = clip_seconds - (start_seconds + _RAISE_SECONDS)
    needed_hz = action.min_cycles / shown_seconds if shown_seconds > 0 else _FASTEST_HZ
    return Motion(
        frequency_hz=max(frequency_hz, min(needed_hz, _FASTEST_HZ)),
        phase=rng.uniform(0, 2 * math.pi),
        amplitude=rng.uniform(0.88, 1.1),
        start_seconds=start_seconds,
        hold=rng.uniform(-1, 1),
        head_yaw=rng.uniform(-0.1, 0.1),
    )


def standing(motion: Motion, seconds: float) -> Pose:
    """Arms down, with the sway and the glances of somebody who waits."""
    right = Arm(
        wrist=vector(-0.125, -0.50, 0.07), elbow_pole=vector(-0.5, 0, -0.6), fingers=vector(-0.08, -1, 0.1),
        palm=vector(0.65, 0, -0.75), curl=0.22, spread=0.10,
    )  # fmt: skip
    return Pose(
        left=_mirrored(right),
        right=right,
        shift_x=0.008 * math.sin(1.1 * seconds + motion.phase),
        roll=0.015 * math.sin(1.9 * seconds + motion.phase),
        head_yaw=0.10 * math.sin(0.9 * seconds + 2 * motion.phase) + motion.head_yaw,
        head_pitch=0.03 * math.sin(1.3 * seconds),
    )


def _mirrored(arm: Arm) -> Arm:
    across = vector(-1, 1, 1)
    return replace(
        arm,
        wrist=arm.wrist * across,
        elbow_pole=arm.elbow_pole * across,
        fingers=arm.fingers * across,
        palm=arm.palm * across,
    )


def _towards(arm: Arm, goal: Arm, share: float) -> Arm:
    """``share`` of the way from ``arm`` to ``goal``, on an arc in front of the body."""
    arc = math.sin(math.pi * share)

    def mix(first: Vector, second: Vector) -> Vector:
        return first * (1 - share) + second * share

    return Arm(
        wrist=mix(arm.wrist, goal.wrist) + vector(0, 0, 0.16 * arc),
        elbow_pole=mix(arm.elbow_pole, goal.elbow_pole),
        fingers=unit(mix(arm.fingers, goal.fingers) + vector(0, 0, 0.3 * arc)),
        palm=unit(mix(arm.palm, goal.palm)),
        curl=arm.curl * (1 - share) + goal.curl * share,
        spread=arm.spread * (1 - share) + goal.spread * share,
    )


def _greeting(motion: Motion, seconds: float, forearm_angle: float) -> Pose:
    """The right forearm up, ``forearm_angle`` radians off the vertical."""
    pose = standing(motion, seconds)
    forearm = vector(-0.18 - math.sin(forearm_angle), math.cos(forearm_angle), 0.10)
    elbow = vector(-0.16, -0.20, 0.10)
    goal = Arm(
        wrist=elbow + unit(forearm) * 0.245, elbow_pole=vector(-0.4, -1, -0.2),
        fingers=unit(forearm * vector(1.15, 1, 1)), palm=vector(0, 0, 1), curl=0.05, spread=0.22,
    )  # fmt: skip
    return replace(pose, right=_towards(pose.right, goal, motion.raised(seconds)))


def wave(motion: Motion, seconds: float) -> Pose:
    """The right forearm up, swinging."""
    return _greeting(motion, seconds, 0.45 * motion.amplitude * math.sin(motion.angle(seconds)))


def raise_hold(motion: Motion, seconds: float) -> Pose:
    """The right forearm up and still, anywhere within the stroke of ``wave``."""
    return _greeting(motion, seconds, 0.45 * motion.amplitude * motion.hold + 0.04 * math.sin(2 * seconds))


def clap(motion: Motion, seconds: float) -> Pose:
    """Both hands before the chest, apart and together, the palms half open to the viewer: flat ones are not found."""
    pose = standing(motion, seconds)
    apart = 0.5 + 0.5 * math.cos(motion.angle(seconds))
    gap = 0.055 + 0.20 * motion.amplitude * apart
    left = Arm(
        wrist=vector(-0.178 + gap, -0.13 + 0.02 * apart, 0.34), elbow_pole=vector(0.8, -1, -0.1),
        fingers=unit(vector(0.15 * apart - 0.1, 0.9, 0.35)), palm=unit(vector(-1, 0, 1.0 + 0.3 * apart)),
        curl=0.05, spread=0.16,
    )  # fmt: skip
    share = motion.raised(seconds)
    return replace(pose, left=_towards(pose.left, left, share), right=_towards(pose.right, _mirrored(left), share))


def squat(motion: Motion, seconds: float) -> Pose:
    """Down and up on wide feet, the arms stretched forwards as a counterweight."""
    pose = standing(motion, seconds)
    down = 0.5 - 0.5 * math.cos(motion.angle(seconds))
    depth = down * motion.amplitude
    lift = down * 1.35
    left = Arm(
        wrist=vector(0.09 - 0.05 * down, -math.cos(lift) * 0.47, 0.08 + math.sin(lift) * 0.44),
        elbow_pole=vector(0.7, -0.5, -0.3), fingers=unit(vector(-0.02, -math.cos(lift), math.sin(lift))),
        palm=unit(vector(-(0.65 - 0.5 * down), -0.9 * down, -0.75 * (1 - down))), curl=0.10, spread=0.14,
    )  # fmt: skip
    return replace(
        pose, left=left, right=_mirrored(left), arms_follow_torso=False,
        drop=0.36 * depth, lean=0.50 * depth, shift_z=-0.20 * depth, half_stance=0.19, toes_out=0.45,
    )  # fmt: skip


def _circle(motion: Motion, seconds: float, direction: int) -> Pose:
    """The right hand on a circle beside the head; ``direction`` 1 is counter-clockwise for the viewer."""
    pose = standing(motion, seconds)
    radius, angle = 0.21 * motion.amplitude, direction * motion.angle(seconds)
    x, y = radius * math.cos(angle), radius * math.sin(angle)
    goal = Arm(
        wrist=vector(-0.20 + x, 0.06 + y, 0.22), elbow_pole=vector(-0.7, -1, -0.1),
        fingers=unit(vector(-0.25 + 0.5 * x, 1, 0.25)), palm=vector(0, 0, 1), curl=0.06, spread=0.2,
    )  # fmt: skip
    return replace(pose, right=_towards(pose.right, goal, motion.raised(seconds)))


def circle_cw(motion: Motion, seconds: float) -> Pose:
    """The right hand circles clockwise, as the viewer sees it."""
    return _circle(motion, seconds, -1)


def circle_ccw(motion: Motion, seconds: float) -> Pose:
    """The right hand circles counter-clockwise, as the viewer sees it."""
    return _circle(motion, seconds, 1)


ACTIONS: dict[str, Action] = {
    "wave": Action(wave, frequency_hz=1.5, min_cycles=1.5),
    "raise_hold": Action(raise_hold, frequency_hz=1.0, min_cycles=0.0),
    "clap": Action(clap, frequency_hz=1.5, min_cycles=1.5),
    "squat": Action(squat, frequency_hz=0.6, min_cycles=0.8),
    "circle_cw": Action(circle_cw, frequency_hz=1.0, min_cycles=1.3),
    "circle_ccw": Action(circle_ccw, frequency_hz=1.0, min_cycles=1.3),
}
"""The classes; a name is a label of the data set."""
