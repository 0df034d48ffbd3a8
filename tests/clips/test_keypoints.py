"""Keypoint features and their augmentation."""

from __future__ import annotations

import numpy as np
import pytest

from actionrec.clips.keypoints import (
    NUM_BODY_VALUES,
    KeypointAugment,
    augment_keypoints,
    joint_features,
    keypoint_features,
    normalise_by_body,
    num_values,
)
from actionrec.clips.landmarks import flip_keypoints
from actionrec.clips.sampling import generator_for
from actionrec.keypoints import layout
from actionrec.keypoints.layout import ClipKeypoints

ALL_PRESENT = np.ones((3, 4), bool)


@pytest.fixture
def keypoints() -> np.ndarray:
    """(3, 1662): a body whose torso is 0.25 heights long, in frames twice as wide as high."""
    values = generator_for("keypoints").uniform(0.2, 0.8, (3, layout.NUM_VALUES)).astype(np.float32)
    pose = values[:, layout.POSE].reshape(3, 33, 4)  # a view: a contiguous slice of a row would be copied
    for landmark, place in {
        layout.LEFT_SHOULDER: (0.55, 0.3),
        layout.RIGHT_SHOULDER: (0.45, 0.3),
        layout.LEFT_HIP: (0.54, 0.55),
        layout.RIGHT_HIP: (0.46, 0.55),
    }.items():
        pose[:, landmark, :2] = place
    values[:, layout.POSE] = pose.reshape(3, -1)
    return values


def pose_of(keypoints: np.ndarray) -> np.ndarray:
    return keypoints[:, layout.POSE].reshape(len(keypoints), 33, 4)


def test_raw_is_what_mediapipe_gave(keypoints):
    features = keypoint_features(ClipKeypoints(keypoints, ALL_PRESENT, 2.0), kind="raw")
    assert features.shape == (3, num_values("raw")) == (3, 1662)
    assert np.array_equal(features, keypoints)


def test_body_coordinates_are_torso_lengths_from_the_shoulders(keypoints):
    body = pose_of(normalise_by_body(keypoints, ALL_PRESENT, aspect=2.0))
    # x: (0.55 - 0.50) widths = 0.1 heights = 0.4 torsos.
    assert body[:, layout.LEFT_SHOULDER, :2] == pytest.approx(np.tile([0.4, 0.0], (3, 1)), abs=1e-5)
    assert body[:, layout.RIGHT_HIP, :2] == pytest.approx(np.tile([-0.32, 1.0], (3, 1)), abs=1e-5)
    assert np.array_equal(body[..., 3], pose_of(keypoints)[..., 3])


def test_body_coordinates_do_not_depend_on_place_and_size(keypoints):
    moved = keypoints.copy()
    for columns, width in ((layout.POSE, 4), (layout.LEFT_HAND, 3), (layout.RIGHT_HAND, 3), (layout.FACE, 3)):
        points = moved[:, columns].reshape(3, -1, width)
        points[..., :3] = points[..., :3] * 0.5 + np.array([0.1, 0.2, 0])
        moved[:, columns] = points.reshape(3, -1)
    expected = keypoint_features(ClipKeypoints(keypoints, ALL_PRESENT, 2.0), kind="body")
    assert keypoint_features(ClipKeypoints(moved, ALL_PRESENT, 2.0), kind="body") == pytest.approx(expected, abs=1e-4)


def test_moving_through_the_clip_is_kept(keypoints):
    pose = pose_of(keypoints).copy()
    pose[2, :, 1] += 0.25  # one torso lower in the last frame
    keypoints[:, layout.POSE] = pose.reshape(3, -1)
    body = pose_of(normalise_by_body(keypoints, ALL_PRESENT, aspect=2.0))
    assert body[:, layout.LEFT_HIP, 1] == pytest.approx([1, 1, 2], abs=1e-5)


def test_absent_parts_are_zero_and_flagged(keypoints):
    presence = ALL_PRESENT.copy()
    presence[1, 2] = False  # left hand
    presence[2, 0] = False  # pose
    features = keypoint_features(ClipKeypoints(keypoints, presence, 2.0), kind="body", generator=generator_for(0))
    assert features.shape == (3, NUM_BODY_VALUES) == (3, 261)
    assert features[:, -3:].tolist() == [[1, 1, 1], [1, 0, 1], [0, 1, 1]]
    assert not features[1, 132:195].any()
    assert not features[2, :132].any()
    assert features[0, 132:195].all()


def test_a_clip_without_any_pose_is_centred_on_the_frame(keypoints):
    presence = ALL_PRESENT.copy()
    presence[:, 0] = False
    keypoints[:, layout.LEFT_HAND] = np.tile([0.5, 0.8, 0.0], 21)
    features = keypoint_features(ClipKeypoints(keypoints, presence, 2.0), kind="body")
    assert features[0, 132:135] == pytest.approx([0, 1, 0], abs=1e-5)
    assert np.isfinite(features).all()


def test_fingers_are_relative_to_the_wrist_and_the_wrist_to_the_body(keypoints):
    hand = np.zeros((3, 21, 3), np.float32)
    hand[:, 0] = (0.5, 0.8, 0)
    hand[:, 1:] = (0.5, 0.75, 0)
    keypoints[:, layout.RIGHT_HAND] = hand.reshape(3, -1)
    features = keypoint_features(ClipKeypoints(keypoints, ALL_PRESENT, 2.0), kind="body")[:, 195:258].reshape(3, 21, 3)
    assert features[:, 0] == pytest.approx(np.tile([0, 2, 0], (3, 1)), abs=1e-5)
    assert features[:, 5] == pytest.approx(np.tile([0, -0.6, 0], (3, 1)), abs=1e-5)


def test_augmentation_without_strength_changes_nothing(keypoints):
    nothing = KeypointAugment(scale=0, shift=0, jitter=0)
    same = augment_keypoints(keypoints, ALL_PRESENT, generator=generator_for(0), augment=nothing)
    assert np.array_equal(same, keypoints)


def test_augmentation_is_one_scale_and_shift_for_the_clip(keypoints):
    augment = KeypointAugment(scale=0.2, shift=0.3, jitter=0)
    changed = pose_of(augment_keypoints(keypoints, ALL_PRESENT, generator=generator_for(1), augment=augment))
    before = pose_of(keypoints)
    scale = (changed[0, 0, :2] - changed[0, 1, :2]) / (before[0, 0, :2] - before[0, 1, :2])
    shift = changed[0, 0, :2] - before[0, 0, :2] * scale
    assert (np.abs(scale - 1) <= 0.2).all()
    assert (np.abs(shift) <= 0.3).all()
    assert changed[..., :2] == pytest.approx(before[..., :2] * scale + shift, abs=1e-3)
    assert np.array_equal(changed[..., 2:], before[..., 2:])


def test_augmentation_repeats_with_its_generator(keypoints):
    first, second = (
        keypoint_features(ClipKeypoints(keypoints, ALL_PRESENT, 1.0), kind="body", generator=generator_for(5))
        for _ in range(2)
    )
    assert np.array_equal(first, second)


def test_flip_swaps_left_and_right(keypoints):
    presence = np.array([[1, 1, 1, 0]] * 3, bool)
    keypoints[:, layout.RIGHT_HAND] = 0
    mirrored = flip_keypoints(ClipKeypoints(keypoints, presence, 2.0))
    flipped = mirrored.keypoints
    assert mirrored.aspect == 2.0
    assert mirrored.presence.tolist() == [[True, True, False, True]] * 3
    assert not flipped[:, layout.LEFT_HAND].any()
    left = keypoints[:, layout.LEFT_HAND].reshape(3, 21, 3)
    right = flipped[:, layout.RIGHT_HAND].reshape(3, 21, 3)
    assert right[..., 0] == pytest.approx(1 - left[..., 0])
    assert np.array_equal(right[..., 1:], left[..., 1:])
    before, after = pose_of(keypoints)[:, layout.LEFT_WRIST], pose_of(flipped)[:, layout.RIGHT_WRIST]
    assert after[:, 0] == pytest.approx(1 - before[:, 0])
    assert np.array_equal(after[:, 1:], before[:, 1:])


def test_flip_twice_is_the_original(keypoints):
    twice = flip_keypoints(flip_keypoints(ClipKeypoints(keypoints, ALL_PRESENT, 2.0)))
    assert twice.keypoints == pytest.approx(keypoints, abs=1e-6)
    assert np.array_equal(twice.presence, ALL_PRESENT)


def test_joints_are_pose_and_hands_with_confidence(keypoints):
    presence = ALL_PRESENT.copy()
    presence[1, 3] = False  # right hand
    joints = joint_features(ClipKeypoints(keypoints, presence, 2.0))
    body = normalise_by_body(keypoints, presence, aspect=2.0)
    assert joints.shape == (3, 75, 3)
    assert np.array_equal(joints[:, :33], pose_of(body)[..., [0, 1, 3]])
    left = body[:, layout.LEFT_HAND].reshape(3, 21, 3)
    assert np.array_equal(joints[:, 33:54, :2], left[..., :2])
    assert joints[:, 33:54, 2].tolist() == [[1.0] * 21] * 3
    assert not joints[1, 54:].any()
    assert joints[0, 54:, 2].tolist() == [1.0] * 21


def test_joints_are_augmented_but_for_their_confidence(keypoints):
    plain = joint_features(ClipKeypoints(keypoints, ALL_PRESENT, 2.0))
    changed = joint_features(ClipKeypoints(keypoints, ALL_PRESENT, 2.0), generator=generator_for(1))
    assert not np.allclose(changed[..., :2], plain[..., :2])
    assert np.array_equal(changed[..., 2], plain[..., 2])
