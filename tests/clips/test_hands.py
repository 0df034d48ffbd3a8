"""Keypoints as those of a signer."""

from __future__ import annotations

import numpy as np
import pytest

from actionrec.clips.hands import NUM_HAND_VALUES, HandAugment, hand_values
from actionrec.clips.keypoints import keypoint_features, num_values
from actionrec.clips.landmarks import LEFT_HAND, POSE, RIGHT_HAND, flip_keypoints
from actionrec.clips.sampling import generator_for
from actionrec.keypoints import layout
from actionrec.keypoints.layout import ClipKeypoints

FRAMES = 4
BODY, FIRST, SECOND = slice(0, 10), slice(10, 73), slice(73, 136)
"""Nose, elbows and wrists; the leading hand (60 of shape, 2 of place, found); the other one."""


def clip(*, right_seen: tuple[int, ...] = (0, 1, 2, 3), aspect: float = 2.0) -> ClipKeypoints:
    """Shoulders half a height wide about (0.5, 0.3); only the right wrist moves; the right palm is 0.1 heights long."""
    values = np.zeros((FRAMES, layout.NUM_VALUES), np.float32)
    presence = np.zeros((FRAMES, 4), bool)
    presence[:, POSE] = True
    presence[list(right_seen), RIGHT_HAND] = True
    pose = np.zeros((FRAMES, 33, 4), np.float32)
    pose[..., :2] = (0.5, 0.3)
    pose[:, layout.LEFT_SHOULDER, 0] = 0.5 + 0.25 / aspect
    pose[:, layout.RIGHT_SHOULDER, 0] = 0.5 - 0.25 / aspect
    pose[:, layout.NOSE, 1] = 0.2
    pose[:, layout.RIGHT_WRIST, 1] = 0.3 + 0.05 * np.arange(FRAMES)
    values[:, layout.POSE] = pose.reshape(FRAMES, -1)
    hand = np.zeros((FRAMES, 21, 3), np.float32)
    hand[:, 0] = (0.5, 0.5, 0)
    hand[:, 1:] = (0.5, 0.4, 0)
    hand[..., 1] += 0.1 * np.arange(FRAMES)[:, None]
    values[:, layout.RIGHT_HAND] = hand.reshape(FRAMES, -1) * presence[:, RIGHT_HAND, None]
    return ClipKeypoints(values, presence, aspect)


def test_places_are_shoulder_widths_and_shapes_are_palms():
    values = keypoint_features(clip(), kind="hands")
    assert values.shape == (FRAMES, num_values("hands")) == (FRAMES, NUM_HAND_VALUES) == (FRAMES, 136)
    assert values[0, BODY] == pytest.approx([0, -0.2, 0, 0, 0, 0, 0, 0, 0, 0], abs=1e-6)
    assert values[:, 9] == pytest.approx([0, 0.1, 0.2, 0.3], abs=1e-6)  # the right wrist goes down
    assert values[:, FIRST][:, :60].reshape(FRAMES, 20, 3) == pytest.approx(
        np.tile([0, -1, 0], (FRAMES, 20, 1)), abs=1e-5
    )
    assert values[:, FIRST][:, 60:62] == pytest.approx(np.array([[0, 0.2], [0, 0.4], [0, 0.6], [0, 0.8]]), abs=1e-5)
    assert values[:, FIRST][:, 62].tolist() == [1] * FRAMES


def test_a_hand_that_was_not_found_is_zero():
    assert not hand_values(clip(), generator=generator_for(0))[:, SECOND].any()


def test_a_hand_moves_evenly_while_it_is_not_found_and_rests_before_and_after():
    places = hand_values(clip(right_seen=(1, 3)))[:, FIRST]
    assert places[:, 61] == pytest.approx([0.4, 0.4, 0.6, 0.8], abs=1e-5)
    assert places[:, 62].tolist() == [0, 1, 0, 1]


def test_a_mirrored_clip_gives_the_same_values():
    """But for hands whose palms point up here, so that mirroring does not show in their shape."""
    assert hand_values(flip_keypoints(clip())) == pytest.approx(hand_values(clip()), abs=1e-5)


def test_size_and_place_of_the_signer_do_not_show():
    small = clip()
    for columns, width in ((layout.POSE, 4), (layout.RIGHT_HAND, 3)):
        points = small.keypoints[:, columns].reshape(FRAMES, -1, width).copy()
        points[..., :3] = points[..., :3] * 0.5 + np.array([0.1, 0.2, 0])
        small.keypoints[:, columns] = points.reshape(FRAMES, -1)
    assert hand_values(small) == pytest.approx(hand_values(clip()), abs=1e-4)


def test_a_clip_without_a_pose_is_finite():
    found = clip()
    found.presence[:, POSE] = False
    values = hand_values(found)
    assert np.isfinite(values).all()
    assert not values[:, BODY].any()
    assert values[0, FIRST][60:62] == pytest.approx([0, (0.4 - 0.5) / 0.25], abs=1e-5)


def test_a_clip_without_anything_is_zero():
    nothing = ClipKeypoints(np.zeros((3, layout.NUM_VALUES), np.float32), np.zeros((3, 4), bool), 1.5)
    assert not hand_values(nothing, generator=generator_for(0)).any()


def test_augmentation_turns_hands_and_keeps_what_was_found():
    plain, found = hand_values(clip()), clip()
    nothing = HandAugment(turn=0, size=0, shift=0, jitter=0)
    assert hand_values(found, generator=generator_for(0), augment=nothing) == pytest.approx(plain, abs=1e-6)
    turned = hand_values(found, generator=generator_for(0), augment=HandAugment(turn=0.3, size=0, shift=0, jitter=0))
    lengths = np.linalg.norm(turned[:, FIRST][:, :60].reshape(FRAMES, 20, 3), axis=-1)
    assert lengths == pytest.approx(np.ones((FRAMES, 20)), abs=1e-5)
    assert not np.allclose(turned[:, FIRST][:, :60], plain[:, FIRST][:, :60])
    varied = [hand_values(found, generator=generator_for(1)) for _ in range(2)]
    assert np.array_equal(*varied)
    assert np.array_equal(varied[0][:, [72, 135]], plain[:, [72, 135]])


def test_only_the_hand_columns_know_the_left_hand():
    """A left hand beside the leading right one fills the second block alone."""
    found = clip()
    found.presence[:, LEFT_HAND] = True
    found.keypoints[:, layout.LEFT_HAND] = found.keypoints[:, layout.RIGHT_HAND]
    values, before = hand_values(found), hand_values(clip())
    assert np.array_equal(values[:, : SECOND.start], before[:, : SECOND.start])
    assert np.array_equal(values[:, SECOND], values[:, FIRST])
