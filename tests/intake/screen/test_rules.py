from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from actionrec.intake.screen.quality import Quality
from actionrec.intake.screen.rules import RULES, Facts, ScreenParams, rejection
from actionrec.intake.screen.timing import Timing, timing_of

PARAMS = ScreenParams(
    min_frames=16,
    max_missing_frames=1,
    max_gap_steps=2.5,
    max_decode_errors=0,
    blank_contrast=2.0,
    max_blank_fraction=0.5,
)
FPS = 25.0


def header(**changes: Any) -> dict[str, Any]:
    """What a frame file says about a good AVI of 60 frames, 25 a second."""
    good = {
        "timestamps_known": True,
        "packets": 60,
        "declared_frames": 60,
        "stream_duration_seconds": 2.4,
        "duration_seconds": 2.4,
        "source_fps": FPS,
        "container": "avi",
        "num_streams": 1,
        "has_video": True,
        "probe_error": "",
        "codec": "mpeg4",
        "returncode": 0,
        "timed_out": False,
        "decode_errors": 0,
        "lead_in_errors": 0,
        "decoder_messages": "",
        "decoder": "ffmpeg 9",
    }
    assert set(changes) <= set(good)
    return {**good, **changes}


def even(num_frames: int) -> np.ndarray:
    return np.arange(num_frames) / FPS


def judge(timestamps: np.ndarray, blank_fraction: float = 0.0, **changes: Any) -> tuple[str, str]:
    found = header(**changes)
    facts = Facts(found, len(timestamps), timing_of(timestamps, found), Quality(blank_fraction=blank_fraction))
    return rejection(facts, PARAMS)


def test_a_good_video_is_kept() -> None:
    assert judge(even(60)) == ("", "")


def test_timing_of_a_good_video() -> None:
    timing = timing_of(even(60), header())
    assert timing.duration_seconds == pytest.approx(2.4)
    assert timing.fps == pytest.approx(25)
    assert (timing.expected_frames, timing.missing_frames, timing.steps_back) == (60, 0, 0)
    assert timing.largest_gap_steps == pytest.approx(1)


def test_timing_of_no_frame_and_of_one() -> None:
    assert timing_of(even(0), header(declared_frames=0, stream_duration_seconds=0.0, packets=0)) == Timing()
    assert timing_of(even(1), header()).duration_seconds == 0


@pytest.mark.parametrize(
    ("reason", "evidence", "timestamps", "changes"),
    [
        ("unreadable", "Invalid data", even(0), {"probe_error": "Invalid data", "has_video": False, "num_streams": 0}),
        ("unreadable", "extract.timeout_seconds", even(0), {"timed_out": True}),
        ("unreadable", "signal 11", even(0), {"returncode": -11, "probe_error": "not read"}),
        ("unreadable", "no frame of the mpeg4 stream", even(0), {}),
        ("unreadable", "no stream", even(0), {"has_video": False, "num_streams": 0}),
        ("no_video", "no video among the 1 stream(s) of the avi", even(0), {"has_video": False}),
        ("too_short", "15 of 60 declared frames decoded, fewer than 16", even(15), {"packets": 15}),
        ("decode_errors", "2 complaint(s) of the decoder (ffmpeg 9)", even(60), {"decode_errors": 2}),
        ("decode_errors", "1001 complaint(s) of the decoder", even(60), {"lead_in_errors": 1001}),
        ("decode_errors", "signal 6 after 40 frames", even(40), {"returncode": -6}),
        ("missing_frames", "41 of 60 declared frames decoded", even(41), {"packets": 41}),
        ("timestamp_gap", "0.240 s without a frame after frame 29: 6.0", np.delete(even(65), range(30, 35)), {}),
        ("timestamp_gap", "1 timestamp(s) do not come after", np.insert(even(59), 30, 29 / FPS), {}),
    ],
)
def test_each_defect_has_its_reason_and_evidence(
    reason: str, evidence: str, timestamps: np.ndarray, changes: dict[str, Any]
) -> None:
    found = judge(timestamps, **changes)
    assert found[0] == reason
    assert evidence in found[1]


def test_blank() -> None:
    assert judge(even(60), 0.6) == ("blank", "36 of 60 frames are of one colour")
    assert judge(even(60), 0.5) == ("", "")


def test_the_first_reason_in_order_wins() -> None:
    gap = np.delete(even(40), range(20, 25))
    facts = {"packets": 35, "decode_errors": 1}
    assert judge(gap, 1.0, **facts)[0] == "decode_errors"
    assert judge(gap, 1.0, packets=35)[0] == "missing_frames"
    assert judge(gap, 1.0, packets=35, declared_frames=35, stream_duration_seconds=0.0)[0] == "timestamp_gap"
    order = [rule.reason for rule in RULES]
    assert order.index("decode_errors") < order.index("missing_frames") < order.index("timestamp_gap")


@pytest.mark.parametrize(("num_frames", "is_kept"), [(59, True), (58, False)])
def test_one_lost_frame_is_tolerated(num_frames: int, is_kept: bool) -> None:
    assert (judge(even(num_frames), packets=num_frames)[0] == "") is is_kept


def test_packets_that_repeat_a_frame_are_neither_missing_nor_a_gap() -> None:
    # AVI files mark "as before" by a packet without a picture: UCF101 has some.
    timestamps = np.delete(even(60), range(30, 38))
    assert judge(timestamps, packets=60) == ("", "")
    assert judge(timestamps, packets=52)[0] == "missing_frames"
    assert judge(timestamps, packets=59)[0] == "timestamp_gap"


def test_an_edit_list_may_show_fewer_frames_than_are_stored() -> None:
    shown = {"declared_frames": 60, "stream_duration_seconds": 2.0, "packets": 50}
    assert judge(even(50), container="mov,mp4,m4a", **shown) == ("", "")
    assert judge(even(50), container="avi", **shown)[0] == "missing_frames"


class TestMatroska:
    """No count in the header, only a duration."""

    def judge(self, timestamps: np.ndarray, **changes: Any) -> str:
        facts = {"declared_frames": 0, "packets": len(timestamps), "container": "matroska,webm", **changes}
        return judge(timestamps, **facts)[0]

    def test_whole(self) -> None:
        assert self.judge(np.round(even(60), 3)) == ""

    def test_a_lost_tail_is_found(self) -> None:
        assert self.judge(even(57)) == "missing_frames"

    def test_one_frame_is_within_the_tolerance(self) -> None:
        assert self.judge(even(59)) == ""

    def test_a_duration_of_the_container_counts_without_other_streams_only(self) -> None:
        assert self.judge(even(50), stream_duration_seconds=0.0) == "missing_frames"
        assert self.judge(even(50), stream_duration_seconds=0.0, num_streams=2) == ""

    def test_a_variable_rate_promises_no_count(self) -> None:
        steps = np.where(np.arange(39) % 2, 0.04, 0.08)
        assert self.judge(np.concatenate([[0], np.cumsum(steps)]), stream_duration_seconds=9.0) == ""

    def test_estimated_durations_promise_nothing(self) -> None:
        assert self.judge(even(50), container="mpegts") == ""


def test_a_moderately_variable_rate_is_healthy() -> None:
    steps = np.where(np.arange(49) % 3, 2 / 30, 3 / 30)
    timestamps = np.concatenate([[0], np.cumsum(steps)])
    assert judge(timestamps, declared_frames=50, packets=50, stream_duration_seconds=0.0) == ("", "")


def test_unknown_timestamps_are_not_judged() -> None:
    assert judge(np.zeros(60), timestamps_known=False) == ("", "")


def test_evidence_stays_short() -> None:
    assert len(judge(even(60), decode_errors=1, decoder_messages="[error] " + "x" * 1000)[1]) <= 200
