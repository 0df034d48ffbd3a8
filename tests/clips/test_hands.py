"""Keypoints as those of a signer."""

from __future__ import annotations

import numpy as np
import pytest

from actionrec.clips.hands import NUM_HAND_VALUES, NUM_SHAPE_VALUES, HandAugment, hand_shape, hand_values
from actionrec.clips.keypoints import keypoint_features, num_values
from actionrec.clips.landmarks import LEFT_HAND, POSE, RIGHT_HAND, flip_keypoints
from actionrec.clips.sampling import generator_for
from actionrec.keypoints import layout
from actionrec.keypoints.layout import ClipKeypoints

FRAMES = 4
WRISTS, FIRST, SECOND = slice(0, 4), slice(4, 40), slice(40, 76)
"""Wrists, the left one first; the leading hand (33 of shape, 2 of place, found); the other one."""
BENDS, FROM_WRIST, BETWEEN, AHEAD, NORMAL = slice(0, 15), slice(15, 20), slice(20, 27), slice(27, 30), slice(30, 33)
"""What the values of a shape are."""


def clip(*, right_seen: tuple[int, ...] = (0, 1, 2, 3), aspect: float = 2.0) -> ClipKeypoints:
    """Shoulders half a height wide about (0.5, 0.3), the left wrist below them; the right one comes down; the right
    palm is 0.1 heights long."""
    values = np.zeros((FRAMES, layout.NUM_VALUES), np.float32)
    presence = np.zeros((FRAMES, 4), bool)
    presence[:, POSE] = True
    presence[list(right_seen), RIGHT_HAND] = True
    pose = np.zeros((FRAMES, 33, 4), np.float32)
    pose[..., :2] = (0.5, 0.3)
    pose[:, layout.LEFT_SHOULDER, 0] = 0.5 + 0.25 / aspect
    pose[:, layout.RIGHT_SHOULDER, 0] = 0.5 - 0.25 / aspect
    pose[:, layout.NOSE, 1] = 0.2
    pose[:, layout.LEFT_WRIST, 1] = 0.6
    pose[:, layout.RIGHT_WRIST, 1] = 0.3 + 0.05 * np.arange(FRAMES)
    values[:, layout.POSE] = pose.reshape(FRAMES, -1)
    hand = np.zeros((FRAMES, 21, 3), np.float32)
    hand[:, 0] = (0.5, 0.5, 0)
    hand[:, 1:] = (0.5, 0.4, 0)
    hand[..., 1] += 0.1 * np.arange(FRAMES)[:, None]
    values[:, layout.RIGHT_HAND] = hand.reshape(FRAMES, -1) * presence[:, RIGHT_HAND, None]
    return ClipKeypoints(values, presence, aspect)


def open_hand(*, bend: float = 0.0) -> np.ndarray:
    """(21, 3): the wrist at 0, knuckles one palm above it at x = -0.4 to 0.4, segments of half a palm straight up, of
    which those from the middle joint on are turned towards the viewer by ``bend``."""
    points = np.zeros((21, 3))
    for finger, x in enumerate((-0.4, -0.2, 0, 0.2, 0.4)):
        first = 1 + 4 * finger
        points[first] = (x, -1, 0)
        points[first + 1] = points[first] + (0, -0.5, 0)
        for joint in (first + 2, first + 3):
            points[joint] = points[joint - 1] + 0.5 * np.array([0, -np.cos(bend), -np.sin(bend)])
    return points


def test_a_hand_is_its_bends_its_distances_and_the_way_it_points():
    [straight, bent] = hand_shape(np.stack([open_hand(), open_hand(bend=np.pi / 3)]).astype(np.float32))
    assert len(straight) == NUM_SHAPE_VALUES == 33
    spread = 1 / np.hypot(1, np.array([-0.4, -0.2, 0, 0.2, 0.4]))  # a knuckle seen from the wrist
    assert straight[BENDS].reshape(5, 3) == pytest.approx(np.stack([spread, np.ones(5), np.ones(5)], axis=1), abs=1e-6)
    assert bent[BENDS].reshape(5, 3) == pytest.approx(np.stack([spread, np.full(5, 0.5), np.ones(5)], axis=1), abs=1e-6)
    assert straight[FROM_WRIST] == pytest.approx(np.hypot(2.5, [-0.4, -0.2, 0, 0.2, 0.4]), abs=1e-6)
    assert straight[BETWEEN] == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.2, 0.2, 0.2], abs=1e-6)
    assert bent[FROM_WRIST][2] == pytest.approx(np.hypot(2, np.sqrt(0.75)), abs=1e-6)
    for shape in (straight, bent):
        assert shape[AHEAD] == pytest.approx([0, -1, 0], abs=1e-6)
        assert shape[NORMAL] == pytest.approx([0, 0, -1], abs=1e-6)  # (0, -1, 0) x (-0.6, 0, 0)


def test_turning_a_hand_changes_only_the_way_it_points():
    points = open_hand(bend=0.7)[None].astype(np.float32)
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]], np.float32)  # x to y, y to -x
    before, after = hand_shape(points), hand_shape(points @ turn.T)
    assert after[:, : AHEAD.start] == pytest.approx(before[:, : AHEAD.start], abs=1e-6)
    assert after[0, AHEAD] == pytest.approx([1, 0, 0], abs=1e-6)
    assert after[0, NORMAL] == pytest.approx(before[0, NORMAL], abs=1e-6)


def test_places_are_shoulder_widths_and_shapes_are_palms():
    values = keypoint_features(clip(), kind="hands")
    assert values.shape == (FRAMES, num_values("hands")) == (FRAMES, NUM_HAND_VALUES) == (FRAMES, 76)
    assert values[0, WRISTS] == pytest.approx([0, 0.6, 0, 0], abs=1e-6)
    assert values[:, 3] == pytest.approx([0, 0.1, 0.2, 0.3], abs=1e-6)  # the right wrist goes down
    # All landmarks but the wrist are in one point, a palm above it.
    shape = [*[0] * 15, *[1] * 5, *[0] * 7, 0, -1, 0, 0, 0, 0]
    assert values[:, FIRST][:, :33] == pytest.approx(np.tile(shape, (FRAMES, 1)), abs=1e-5)
    assert values[:, FIRST][:, 33:35] == pytest.approx(np.array([[0, 0.2], [0, 0.4], [0, 0.6], [0, 0.8]]), abs=1e-5)
    assert values[:, FIRST][:, 35].tolist() == [1] * FRAMES


def test_a_hand_that_was_not_found_is_zero():
    assert not hand_values(clip(), generator=generator_for(0))[:, SECOND].any()


def test_a_hand_moves_evenly_while_it_is_not_found_and_rests_before_and_after():
    places = hand_values(clip(right_seen=(1, 3)))[:, FIRST]
    assert places[:, 34] == pytest.approx([0.4, 0.4, 0.6, 0.8], abs=1e-5)
    assert places[:, 35].tolist() == [0, 1, 0, 1]


def with_hand(points: np.ndarray) -> ClipKeypoints:
    """:func:`clip` with ``points`` (21, 3) in palms as its right hand, its wrist at (0.5, 0.5)."""
    found = clip()
    in_frame = 0.1 * points / np.array([found.aspect, 1, found.aspect]) + np.array([0.5, 0.5, 0])
    found.keypoints[:, layout.RIGHT_HAND] = in_frame.reshape(-1)
    return found


def test_a_mirrored_clip_gives_the_same_values():
    found = with_hand(open_hand(bend=0.7) + np.linspace(0, 0.3, 21)[:, None])
    assert hand_values(flip_keypoints(found)) == pytest.approx(hand_values(found), abs=1e-4)


def test_the_right_hand_leads_unless_the_left_one_is_held_clearly_higher():
    """A fifth of the shoulders' width is 0.1 of the frame's height."""
    found = clip()
    pose = found.keypoints[:, layout.POSE].reshape(FRAMES, 33, 4)
    mean_right = 0.375
    for height, leads in ((mean_right - 0.09, "right"), (mean_right - 0.11, "left")):
        pose[:, layout.LEFT_WRIST, 1] = height
        found.keypoints[:, layout.POSE] = pose.reshape(FRAMES, -1)
        seen = hand_values(found)[0, [FIRST.stop - 1, SECOND.stop - 1]]
        assert seen.tolist() == ([1, 0] if leads == "right" else [0, 1])


def test_size_and_place_of_the_signer_do_not_show():
    small = with_hand(open_hand(bend=0.7))
    for columns, width in ((layout.POSE, 4), (layout.RIGHT_HAND, 3)):
        points = small.keypoints[:, columns].reshape(FRAMES, -1, width).copy()
        points[..., :3] = points[..., :3] * 0.5 + np.array([0.1, 0.2, 0])
        small.keypoints[:, columns] = points.reshape(FRAMES, -1)
    assert hand_values(small) == pytest.approx(hand_values(with_hand(open_hand(bend=0.7))), abs=1e-3)


def test_a_clip_without_a_pose_is_finite():
    found = clip()
    found.presence[:, POSE] = False
    values = hand_values(found)
    assert np.isfinite(values).all()
    assert not values[:, WRISTS].any()
    assert values[0, FIRST][33:35] == pytest.approx([0, (0.4 - 0.5) / 0.25], abs=1e-5)


def test_a_clip_without_anything_is_zero():
    nothing = ClipKeypoints(np.zeros((3, layout.NUM_VALUES), np.float32), np.zeros((3, 4), bool), 1.5)
    assert not hand_values(nothing, generator=generator_for(0)).any()


def test_augmentation_turns_hands_and_keeps_what_was_found():
    found = with_hand(open_hand(bend=0.7))
    plain = hand_values(found)
    nothing = HandAugment(turn=0, size=0, shift=0, jitter=0)
    assert hand_values(found, generator=generator_for(0), augment=nothing) == pytest.approx(plain, abs=1e-6)
    turned = hand_values(found, generator=generator_for(0), augment=HandAugment(turn=0.3, size=0, shift=0, jitter=0))
    assert turned[:, FIRST][:, : AHEAD.start] == pytest.approx(plain[:, FIRST][:, : AHEAD.start], abs=1e-4)
    assert not np.allclose(turned[:, FIRST][:, AHEAD], plain[:, FIRST][:, AHEAD], atol=0.01)
    varied = [hand_values(found, generator=generator_for(1)) for _ in range(2)]
    assert np.array_equal(*varied)
    assert np.array_equal(varied[0][:, [39, 75]], plain[:, [39, 75]])


def test_only_the_hand_columns_know_the_left_hand():
    """A left hand beside the leading right one fills the second block alone."""
    found = clip()
    found.presence[:, LEFT_HAND] = True
    found.keypoints[:, layout.LEFT_HAND] = found.keypoints[:, layout.RIGHT_HAND]
    values, before = hand_values(found), hand_values(clip())
    assert np.array_equal(values[:, : SECOND.start], before[:, : SECOND.start])
    assert np.array_equal(values[:, SECOND], values[:, FIRST])
