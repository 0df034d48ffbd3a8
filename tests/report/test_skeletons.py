from __future__ import annotations

import numpy as np

from actionrec.keypoints.layout import FACE, LEFT_HAND, LEFT_SHOULDER, NUM_VALUES, POSE, RIGHT_SHOULDER
from actionrec.report.skeletons import draw_frame

RGB = np.full((48, 64, 3), 90, np.uint8)


def test_only_parts_that_are_there_are_drawn_and_in_pixels() -> None:
    keypoints = np.zeros(NUM_VALUES, np.float32)
    pose = keypoints[POSE].reshape(33, 4)
    pose[LEFT_SHOULDER] = (0.75, 0.5, 0, 1)
    pose[RIGHT_SHOULDER] = (0.25, 0.5, 0, 1)
    svg = draw_frame(RGB, keypoints, np.array([True, False, False, False]), alt="one")
    assert '<path class="pose" d="M48.0 24.0L16.0 24.0"/>' in svg
    assert svg.count("<path") == 1
    assert 'viewBox="0 0 64 48"' in svg
    assert "data:image/jpeg;base64," in svg


def test_face_and_hands() -> None:
    keypoints = np.full(NUM_VALUES, 0.5, np.float32)
    svg = draw_frame(RGB, keypoints, np.array([False, True, True, True]), alt="")
    assert svg.count("h0") == (FACE.stop - FACE.start) // 3 // 4
    assert svg.count('class="left-hand"') == svg.count('class="right-hand"') == 1
    assert svg.count("L32.0 24.0") == 2 * 20
    assert LEFT_HAND.stop - LEFT_HAND.start == 63


def test_large_frames_are_shrunk_and_text_is_escaped() -> None:
    svg = draw_frame(
        np.zeros((480, 640, 3), np.uint8), np.zeros(NUM_VALUES, np.float32), np.zeros(4, np.bool_), alt='"><script>'
    )
    assert 'viewBox="0 0 320 240"' in svg
    assert "<script>" not in svg
