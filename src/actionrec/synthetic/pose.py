"""How somebody stands: where the arms, the trunk, the head and the feet are."""

from __future__ import annotations

from dataclasses import dataclass

from actionrec.synthetic.geometry import Vector


@dataclass(frozen=True)
class Arm:
    """Where an arm and its hand are, in the frame of the torso (or of the room, see ``Pose.arms_follow_torso``)."""

    wrist: Vector
    """From the shoulder, metres."""
    elbow_pole: Vector
    """Direction to which the elbow bends."""
    fingers: Vector
    """Direction of the fingers."""
    palm: Vector
    """Direction to which the palm faces."""
    curl: float
    """Of each finger joint, radians, about."""
    spread: float
    """Between neighbouring fingers, radians, about."""


@dataclass(frozen=True)
class Pose:
    """Metres and radians, for a person of 1.75 m who faces the viewer."""

    left: Arm
    right: Arm
    drop: float = 0.0
    """Of the hips."""
    shift_x: float = 0.0
    shift_z: float = 0.0
    lean: float = 0.0
    """Of the torso, forwards."""
    roll: float = 0.0
    head_yaw: float = 0.0
    head_pitch: float = 0.0
    half_stance: float = 0.11
    """Of each foot from the middle."""
    toes_out: float = 0.25
    arms_follow_torso: bool = True
