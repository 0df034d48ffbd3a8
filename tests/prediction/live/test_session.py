"""Time stamps, the one slot and the speed, without a server."""

from __future__ import annotations

import math

import numpy as np
import pytest

from actionrec.core.errors import ActionrecError
from actionrec.keypoints import layout
from actionrec.prediction.live.session import (
    FrameMessage,
    RollingBuffer,
    Seen,
    Slot,
    Speed,
    drawn_points,
    even_times,
    nearest,
)


def seen(seconds: float, value: int = 0, *, size: tuple[int, int] = (4, 6)) -> Seen:
    keypoints = np.full(layout.NUM_VALUES, value, np.float32)
    return Seen(seconds, np.full((*size, 3), value, np.uint8), keypoints, np.ones(4, np.bool_), size[1] / size[0])


def buffer_of(*seconds: float, window: float = 1.0, rate: float = 10.0) -> RollingBuffer:
    buffer = RollingBuffer(window_seconds=window, rate=rate)
    for value, at in enumerate(seconds):
        buffer.add(seen(at, value))
    return buffer


def test_a_message_is_read_as_it_was_written() -> None:
    message = FrameMessage(7, 3, 1.25, 80.5, b"\xff\xd8")
    assert message.written() == b"\7\0\0\0\3\0\0\0" + b"\0\0\0\0\0\0\xf4?" + b"\0\0\0\0\0\x20T@" + b"\xff\xd8"
    assert FrameMessage.read(message.written()) == message


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(ActionrecError, match="24 bytes: expected 24 and a JPEG"):
        FrameMessage.read(bytes(24))
    with pytest.raises(ActionrecError, match="expected finite numbers"):
        FrameMessage.read(FrameMessage(0, 0, math.nan, 0, b"x").written())


def test_the_latest_frame_wins() -> None:
    slot: Slot[str] = Slot()
    assert slot.take() is None
    for name in "abc":
        slot.put(name)
    assert (slot.take(), slot.num_dropped) == ("c", 2)
    assert slot.take() is None
    slot.put("d")
    assert (slot.take(), slot.num_dropped) == ("d", 2)


def test_speed_is_of_the_last_seconds() -> None:
    speed = Speed()
    assert (speed.percentile(50), speed.per_second) == (None, None)
    speed.add(None, now=0)
    assert (speed.percentile(50), speed.per_second) == (None, None)
    for place in range(1, 21):
        speed.add(10.0 * place, now=10 + place / 4)
    assert speed.percentile(50) == 100
    assert speed.percentile(95) == 190
    assert speed.per_second == pytest.approx(4)
    for _ in range(200):
        speed.add(5.0, now=20)
    assert speed.percentile(95) == 5


def test_only_the_window_is_kept() -> None:
    buffer = buffer_of(0, 0.5, 1.0)
    assert len(buffer) == 3
    buffer.add(seen(1.25))
    assert len(buffer) == 3
    buffer.add(seen(2.0))
    assert len(buffer) == 3
    assert buffer.share == 1


@pytest.mark.parametrize("later", [seen(0.1), seen(1.7), seen(0.6, size=(4, 8))], ids=["back", "gap", "size"])
def test_another_video_starts_anew(later: Seen) -> None:
    buffer = buffer_of(0.2, 0.5)
    buffer.add(later)
    assert len(buffer) == 1


def test_no_clip_before_half_the_window() -> None:
    buffer = buffer_of()
    assert (buffer.share, buffer.clip()) == (0, None)
    buffer = buffer_of(0, 0.3)
    assert buffer.share == pytest.approx(0.4)
    assert buffer.clip() is None
    buffer.add(seen(0.4, 2))
    assert buffer.clip() is not None


def test_a_clip_has_the_rate_of_training_whatever_the_camera_does() -> None:
    clip = buffer_of(0, 0.31, 0.42, 0.8).clip()
    assert clip is not None
    np.testing.assert_allclose(clip.timestamps, np.arange(9) / 10, atol=1e-9)
    assert clip.frames[:, 0, 0, 0].tolist() == [0, 0, 1, 1, 2, 2, 2, 3, 3]
    assert clip.keypoints.keypoints[:, 0].tolist() == [0, 0, 1, 1, 2, 2, 2, 3, 3]
    assert clip.keypoints.presence.shape == (9, 4)
    assert clip.keypoints.aspect == 1.5
    faster = buffer_of(*np.arange(21) / 20).clip()
    assert faster is not None
    assert faster.frames[:, 0, 0, 0].tolist() == list(range(0, 21, 2))


def test_even_times_and_the_nearest() -> None:
    np.testing.assert_allclose(even_times(0.05, 1.0, rate=10), np.arange(1, 11) / 10)
    np.testing.assert_allclose(even_times(0.9, 1.0, rate=10), [0.6, 0.7, 0.8, 0.9, 1.0])
    assert nearest(np.array([3.0]), np.array([0.0, 9.0])).tolist() == [0, 0]
    assert nearest(np.array([0.0, 1.0, 4.0]), np.array([-1, 0.5, 0.6, 2.5, 2.6, 9])).tolist() == [0, 0, 1, 1, 2, 2]


def test_points_of_parts_that_were_found() -> None:
    keypoints = np.zeros(layout.NUM_VALUES, np.float32)
    keypoints[:4] = 0.25, 0.5, 9, 0.875
    keypoints[layout.RIGHT_HAND][:3] = 0.123456, 0.75, 9
    found = drawn_points(keypoints, np.array([True, True, False, True]))
    assert {name: len(points) for name, points in found.items()} == {"pose": 33, "left_hand": 0, "right_hand": 21}
    assert found["pose"][0] == (0.25, 0.5, 0.88)
    assert found["right_hand"][0] == (0.1235, 0.75, 1.0)
