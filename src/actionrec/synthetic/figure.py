"""The skeleton: from a pose to about 75 round cones in metres, and the joints between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np

from actionrec.synthetic.actors import Actor
from actionrec.synthetic.geometry import (
    Matrix,
    Vector,
    cross,
    rotation_x,
    rotation_y,
    rotation_z,
    two_bone_ik,
    unit,
    vector,
)
from actionrec.synthetic.pose import Arm, Pose

UPPER_ARM = 0.285
FOREARM = 0.245
THIGH = 0.425
SHIN = 0.425
ANKLE_HEIGHT = 0.075

# Index, middle, ring and little finger, from the wrist: offset to the thumb's side and along the palm of
# the knuckle, length, radius.
_KNUCKLE_ASIDE = (0.033, 0.011, -0.011, -0.031)
_KNUCKLE_ALONG = (0.092, 0.096, 0.091, 0.083)
_FINGER_LENGTH = (0.074, 0.082, 0.075, 0.058)
_FINGER_RADIUS = (0.0092, 0.0095, 0.0090, 0.0080)
# The three bones of a finger: share of its length, share of the curl.
_PHALANGES = ((0.45, 0.9), (0.30, 1.1), (0.25, 0.8))


class Part(Enum):
    """What a cone belongs to; decides colour and shading."""

    SHIRT = "shirt"
    TROUSERS = "trousers"
    SHOE = "shoe"
    SKIN = "skin"
    NECK = "neck"
    EAR = "ear"
    HAND = "hand"
    HAIR = "hair"
    CAP_OF_HAIR = "cap_of_hair"
    HEAD = "head"


@dataclass(frozen=True)
class HeadFrame:
    """Head-local metres: ``point = centre + rotation @ (local * scale)``."""

    centre: Vector
    rotation: Matrix
    scale: float


@dataclass(frozen=True)
class Primitive:
    """A round cone in world metres."""

    start: Vector
    end: Vector
    start_radius: float
    end_radius: float
    part: Part
    flatten: Matrix | None = None


@dataclass(frozen=True)
class Figure:
    primitives: tuple[Primitive, ...]
    head: HeadFrame
    joints: dict[str, Vector]
    """World metres: nose, and for left_ and right_: shoulder, elbow, wrist, hip, knee, ankle (the person's left)."""


def build_figure(actor: Actor, pose: Pose) -> Figure:
    """The figure of ``actor`` in ``pose``, turned by the actor's yaw and scaled to the actor's height."""
    builder = _Builder(actor, pose)
    builder.torso()
    builder.head()
    for side, arm in ((1, pose.left), (-1, pose.right)):
        builder.arm(side, arm)
    for side in (1, -1):
        builder.leg(side)
    return builder.in_world()


class _Builder:
    def __init__(self, actor: Actor, pose: Pose) -> None:
        self.actor, self.pose = actor, pose
        body = actor.body
        self.thickness = 0.5 + 0.5 * body.girth
        self.thigh, self.shin = THIGH * body.leg_scale, SHIN * body.leg_scale
        hip_height = ANKLE_HEIGHT + self.thigh + self.shin - 0.012 - pose.drop
        self.pelvis = vector(pose.shift_x, hip_height, pose.shift_z)
        self.torso_rotation = rotation_x(pose.lean) @ rotation_z(pose.roll)
        self.shoulder_x, self.shoulder_y = 0.178 * body.shoulder_width, 0.50
        self.primitives: list[Primitive] = []
        self.joints: dict[str, Vector] = {}
        self.head_frame: HeadFrame

    def _cone(
        self,
        start: Vector,
        end: Vector,
        start_radius: float,
        end_radius: float,
        part: Part,
        *,
        flatten: Matrix | None = None,
    ) -> None:
        self.primitives.append(Primitive(start, end, start_radius, end_radius, part, flatten))

    def _on_torso(self, x: float, y: float, z: float = 0.0) -> Vector:
        return self.pelvis + self.torso_rotation @ vector(x, y, z)

    def torso(self) -> None:
        body, at = self.actor.body, self._on_torso
        rotation, wide = self.torso_rotation, self.thickness
        flat = rotation @ np.diag((1.0, 1.0, 0.64 * (0.9 + 0.1 * body.girth))) @ rotation.T
        waist = 0.128 * body.girth * (0.92 if body.female else 1.0)
        hip = 1.04 if body.female else 0.97
        self._cone(at(0, 0.36), at(0, 0.14), 0.150 * body.shoulder_width * wide, waist, Part.SHIRT, flatten=flat)
        self._cone(at(0, 0.14), at(0, 0.03), waist, 0.152 * wide * hip, Part.SHIRT, flatten=flat)
        self._cone(at(0, 0.50, -0.012), at(0, 0.43), 0.062, 0.072, Part.NECK, flatten=flat)
        self._cone(at(0, -0.01), at(0, -0.075), 0.157 * wide * hip, 0.145 * wide, Part.TROUSERS, flatten=flat)
        x, y = self.shoulder_x, self.shoulder_y
        for side in (-1, 1):
            self._cone(at(side * x * 0.62, 0.43), at(side * 0.055, 0.30), 0.075, 0.100 * wide, Part.SHIRT, flatten=flat)
            shoulder = at(side * x * 0.93, y + 0.005, -0.005)
            self._cone(at(side * 0.035, 0.560, -0.01), shoulder, 0.044, 0.052 * wide, Part.SHIRT)
            chest = at(side * 0.09, 0.36)
            self._cone(at(side * x * 0.93, y, -0.003), chest, 0.056 * wide, 0.085, Part.SHIRT, flatten=flat)

    def head(self) -> None:
        pose, body = self.pose, self.actor.body
        # The neck takes back most of a lean: people look ahead.
        rotation = (
            self.torso_rotation
            @ rotation_x(-pose.lean * 0.75)
            @ rotation_y(pose.head_yaw)
            @ rotation_x(pose.head_pitch)
        )
        neck_base, neck_top = self._on_torso(0, 0.50, -0.012), self._on_torso(0, 0.60, 0.008)
        scale = body.head_scale
        centre = neck_top + rotation @ vector(0, 0.085, 0.022) * scale
        self.head_frame = HeadFrame(centre, rotation, scale)
        neck = 0.88 if body.female else 1.0
        self._cone(neck_base, neck_top, 0.060 * neck, 0.053 * neck, Part.NECK)

        def at(x: float, y: float, z: float) -> Vector:
            point: Vector = centre + rotation @ vector(x, y, z) * scale
            return point

        def stretched(x: float, y: float, z: float) -> Matrix:
            shape: Matrix = rotation @ np.diag((x, y, z)) @ rotation.T
            return shape

        jaw = 0.046 * scale * (0.94 if body.female else 1.04)
        skull = stretched(1.0, 1.0, 1.20)
        self._cone(at(0, 0.034, -0.008), at(0, -0.064, 0.012), 0.0785 * scale, jaw, Part.HEAD, flatten=skull)
        cheeks = stretched(1.0, 1.0, 1.12)
        self._cone(at(0, -0.02, 0), at(0, -0.055, 0.004), 0.071 * scale, 0.056 * scale, Part.HEAD, flatten=cheeks)
        for side in (-1, 1):
            top, lobe = at(side * 0.077, 0.008, -0.012), at(side * 0.073, -0.022, -0.008)
            self._cone(top, lobe, 0.014 * scale, 0.009 * scale, Part.EAR, flatten=stretched(0.6, 1.2, 1.0))
        if not self.actor.face.bald:
            crown, nape = at(0, 0.042, -0.026), at(0, 0.010, -0.034)
            self._cone(crown, nape, 0.084 * scale, 0.080 * scale, Part.CAP_OF_HAIR, flatten=skull)
        if self.actor.long_hair:
            for side in (-1, 1):
                top, tip = at(side * 0.058, 0.02, -0.045), at(side * 0.075, -0.17, -0.05)
                self._cone(top, tip, 0.040 * scale, 0.026 * scale, Part.HAIR)
            self._cone(at(0, 0, -0.06), at(0, -0.16, -0.055), 0.07 * scale, 0.06 * scale, Part.HAIR)
        self.joints["nose"] = at(0, -0.036, 0.115)

    def arm(self, side: int, arm: Arm) -> None:
        """``side`` is 1 for the person's left, -1 for the right."""
        follow = self.torso_rotation if self.pose.arms_follow_torso else np.eye(3)
        shoulder = self._on_torso(side * self.shoulder_x, self.shoulder_y - 0.012, -0.003)
        elbow, wrist = two_bone_ik(
            shoulder, shoulder + follow @ arm.wrist,
            upper_length=UPPER_ARM, lower_length=FOREARM, pole=self.torso_rotation @ arm.elbow_pole,
        )  # fmt: skip
        name = "left" if side > 0 else "right"
        self.joints |= {f"{name}_shoulder": shoulder, f"{name}_elbow": elbow, f"{name}_wrist": wrist}
        wide = self.thickness
        middle, muscle = shoulder + (elbow - shoulder) * 0.5, elbow + (wrist - elbow) * 0.3
        self._limb(shoulder, middle, radii=(0.050 * wide, 0.047 * wide), places=(0.0, 0.5))
        self._limb(middle, elbow, radii=(0.047 * wide, 0.038 * wide), places=(0.5, 1.0))
        self._limb(elbow, muscle, radii=(0.038 * wide, 0.041 * wide), places=(1.0, 1.3))
        self._limb(muscle, wrist, radii=(0.041 * wide, 0.0265), places=(1.3, 2.0))
        along = unit(follow @ arm.fingers)
        facing = follow @ arm.palm
        facing = unit(facing - along * (facing @ along))
        self._hand(wrist, along, facing, cross(facing, along) * side, arm)

    def _limb(self, start: Vector, end: Vector, *, radii: tuple[float, float], places: tuple[float, float]) -> None:
        """A piece of the arm, clothed up to where the sleeve ends; ``places`` along the arm: 1 elbow, 2 wrist."""
        sleeve = self.actor.clothes.sleeve
        sleeve_end = 1.93 if sleeve >= 1 else sleeve
        puff = 0.010
        if places[1] <= sleeve_end:
            self._cone(start, end, radii[0] + puff, radii[1] + puff * 0.9, Part.SHIRT)
        elif places[0] >= sleeve_end:
            self._cone(start, end, *radii, Part.SKIN)
        else:
            share = (sleeve_end - places[0]) / (places[1] - places[0])
            hem = start + (end - start) * share
            radius = radii[0] + (radii[1] - radii[0]) * share
            self._cone(start, hem, radii[0] + puff, radius + puff * 1.1, Part.SHIRT)
            self._cone(hem, end, radius, radii[1], Part.SKIN)

    def _hand(self, wrist: Vector, along: Vector, facing: Vector, to_thumb: Vector, arm: Arm) -> None:
        scale = self.actor.body.hand_scale
        for finger in range(4):
            knuckle = wrist + (along * _KNUCKLE_ALONG[finger] + to_thumb * _KNUCKLE_ASIDE[finger]) * scale
            heel = wrist + (along * 0.012 + to_thumb * (_KNUCKLE_ASIDE[finger] * 0.55)) * scale
            self._cone(heel, knuckle, 0.0150 * scale, 0.0122 * scale, Part.HAND)
            angle = arm.spread * (1.5 - finger) * 0.9
            straight = unit(along * math.cos(angle) + to_thumb * math.sin(angle))
            joint, bent = knuckle, 0.0
            for bone, (share, bend) in enumerate(_PHALANGES):
                bent += arm.curl * (1 + 0.06 * finger) * bend
                direction = straight * math.cos(bent) + facing * math.sin(bent)
                following = joint + direction * (_FINGER_LENGTH[finger] * share * scale)
                radius = _FINGER_RADIUS[finger] * (1 - 0.10 * bone) * scale
                self._cone(joint, following, radius, radius * 0.90, Part.HAND)
                joint = following
        self._thumb(wrist, along, facing, to_thumb, arm)

    def _thumb(self, wrist: Vector, along: Vector, facing: Vector, to_thumb: Vector, arm: Arm) -> None:
        scale = self.actor.body.hand_scale
        base = wrist + (along * 0.022 + to_thumb * 0.026 + facing * 0.006) * scale
        direction = unit(along * 0.72 + to_thumb * (0.62 + 0.3 * arm.spread) + facing * 0.25)
        heel = wrist + (along * 0.012 + to_thumb * 0.012) * scale
        self._cone(heel, base + direction * (0.030 * scale), 0.0165 * scale, 0.0135 * scale, Part.HAND)
        knuckle = base + direction * (0.034 * scale)
        bent = unit(direction * 0.85 + along * 0.35 + facing * (0.25 * arm.curl))
        joint = knuckle + bent * (0.032 * scale)
        self._cone(knuckle, joint, 0.0115 * scale, 0.0102 * scale, Part.HAND)
        tip = joint + unit(bent + along * 0.2 + facing * (0.4 * arm.curl)) * (0.024 * scale)
        self._cone(joint, tip, 0.0102 * scale, 0.0082 * scale, Part.HAND)

    def leg(self, side: int) -> None:
        pose, wide = self.pose, self.thickness
        hip = self.pelvis + vector(side * 0.088 * wide, -0.02, 0)
        knee, ankle = two_bone_ik(
            hip, vector(side * pose.half_stance, ANKLE_HEIGHT, -0.02),
            upper_length=self.thigh, lower_length=self.shin, pole=vector(side * (0.10 + 0.9 * pose.drop), 0, 1.0),
        )  # fmt: skip
        name = "left" if side > 0 else "right"
        self.joints |= {f"{name}_hip": hip, f"{name}_knee": knee, f"{name}_ankle": ankle}
        middle, calf = hip + (knee - hip) * 0.45, knee + (ankle - knee) * 0.3
        self._cone(hip, middle, 0.090 * wide, 0.076 * wide, Part.TROUSERS)
        self._cone(middle, knee, 0.076 * wide, 0.060 * wide, Part.TROUSERS)
        self._cone(knee, calf, 0.060 * wide, 0.060 * wide, Part.TROUSERS)
        self._cone(calf, ankle, 0.060 * wide, 0.048, Part.TROUSERS)
        ahead = unit(vector(side * pose.toes_out, 0, 1))
        heel, toe = ankle + vector(0, -0.035, 0) - ahead * 0.03, ankle + vector(0, -0.042, 0) + ahead * 0.15
        self._cone(heel, toe, 0.042, 0.034, Part.SHOE, flatten=np.diag((1.0, 0.85, 1.0)))
        self._cone(ankle, ankle + vector(0, -0.03, 0) + ahead * 0.05, 0.044, 0.042, Part.SHOE)

    def in_world(self) -> Figure:
        scale, turn = self.actor.body.scale, rotation_y(self.actor.camera.yaw)
        placed = turn * scale
        primitives = tuple(
            Primitive(
                placed @ primitive.start,
                placed @ primitive.end,
                primitive.start_radius * scale,
                primitive.end_radius * scale,
                primitive.part,
                None if primitive.flatten is None else turn @ primitive.flatten @ turn.T,
            )
            for primitive in self.primitives
        )
        head = HeadFrame(
            placed @ self.head_frame.centre, turn @ self.head_frame.rotation, self.head_frame.scale * scale
        )
        return Figure(primitives, head, {name: placed @ joint for name, joint in self.joints.items()})
