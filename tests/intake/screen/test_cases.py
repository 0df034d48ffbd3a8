"""Healthy files of unusual kinds, made small: what people's cameras, browsers and editors write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.conftest import REPO
from tests.intake.extract.making import encode, extracted, moving_bars, without_first_pictures, write_video

from actionrec.intake.screen.rules import ScreenParams
from actionrec.intake.screen.videos import Verdict, screen_video
from actionrec.params import load_params

PARAMS = load_params(REPO / "params.yaml").screen
H264 = ("-c:v", "libx264", "-crf", "10", "-pix_fmt", "yuv420p")


def _judge(video: Path, **changes: float) -> Verdict:
    return screen_video(extracted(video).path, ScreenParams(**{**PARAMS.model_dump(), **changes}))


@pytest.fixture(scope="module")
def dropped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds, 25 a second, without frames 20 to 22, as a phone drops them."""
    path = tmp_path_factory.mktemp("dropped") / "phone.mp4"
    return write_video(path, moving_bars(50), coding=H264, filters="select='not(between(n,20,22))'")


def test_a_phone_that_dropped_three_frames_is_kept(dropped: Path) -> None:
    verdict = _judge(dropped)
    assert (verdict.reason, verdict.num_frames) == ("", 47)
    assert verdict.timing.largest_gap_steps == pytest.approx(4, abs=0.01)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"max_gap_seconds": 0.15}, "timestamp_gap"),
        ({"max_gap_share": 0.07}, "timestamp_gap"),
        ({"max_gap_share": 0.09}, ""),
        ({"max_gap_seconds": 0.15, "max_gap_steps": 4.5}, ""),
    ],
)
def test_a_gap_counts_by_seconds_and_by_its_share(dropped: Path, changes: dict[str, float], reason: str) -> None:
    verdict = _judge(dropped, **changes)
    assert verdict.reason == reason
    assert not reason or verdict.evidence.endswith("4.0 median steps, 8 % of the duration")


def test_a_jittery_browser_recording_is_kept(tmp_path: Path) -> None:
    filters = "settb=1/1000,setpts='33*N+if(N,100,0)+mod(7*N,11)'"
    video = write_video(
        tmp_path / "a.webm", moving_bars(40), coding=("-c:v", "libvpx", "-enc_time_base", "1/1000"), filters=filters
    )
    verdict = _judge(video)
    assert (verdict.reason, verdict.num_frames) == ("", 40)
    assert verdict.timing.largest_gap_steps > PARAMS.max_gap_steps


def test_a_screen_recording_is_judged_by_duration(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mp4", moving_bars(8), coding=H264, filters="setpts=17*PTS")
    assert _judge(video).reason == "too_short"
    verdict = _judge(video, min_seconds=1.0)
    assert (verdict.reason, verdict.num_frames) == ("", 8)
    assert verdict.timing.duration_seconds == pytest.approx(8 * 0.68, abs=0.01)
    short = _judge(video, min_seconds=6.0)
    assert (short.reason, short.evidence) == ("too_short", "5.44 s in 8 frames, less than 6 s")


def test_one_picture_has_no_duration(tmp_path: Path) -> None:
    assert _judge(write_video(tmp_path / "a.mkv", moving_bars(1)), min_seconds=0.01).reason == "too_short"


def test_a_reference_to_a_chapter_track_that_is_not_there_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "chapters").write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle=a\n")
    plain = write_video(tmp_path / "plain.mp4", moving_bars(20), coding=H264)
    video = tmp_path / "a.mp4"
    encode(["-i", str(plain), "-i", str(tmp_path / "chapters"), "-map_metadata", "1", "-c", "copy", str(video)])
    content = video.read_bytes()
    reference = content.index(b"chap", content.index(b"tref")) + 4
    video.write_bytes(content[:reference] + (9).to_bytes(4, "big") + content[reference + 4 :])
    frames = extracted(video)
    assert "chapter track not found" in frames.attributes["decoder_messages"]
    assert screen_video(frames.path, PARAMS).reason == ""


@pytest.mark.parametrize(("count", "is_believed"), [("200", False), ("20", True), ("21", True)])
def test_a_count_that_contradicts_the_duration_is_not_believed(tmp_path: Path, count: str, is_believed: bool) -> None:
    tag = ("-metadata:s:v", f"NUMBER_OF_FRAMES={count}")
    frames = extracted(write_video(tmp_path / "a.mkv", moving_bars(20), coding=(*H264, *tag)))
    assert frames.attributes["declared_frames"] == (int(count) if is_believed else 0)
    verdict = screen_video(frames.path, PARAMS)
    assert (verdict.reason, verdict.timing.expected_frames) == ("", int(count) if is_believed else 20)


def test_a_lost_tail_is_found_although_the_count_is_stale(tmp_path: Path) -> None:
    tag = ("-metadata:s:v", "NUMBER_OF_FRAMES=200")
    coding = ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", *tag)
    video = write_video(tmp_path / "a.mkv", moving_bars(40), coding=coding)
    content = video.read_bytes()
    video.write_bytes(content[: len(content) * 7 // 10])
    assert _judge(video, max_decode_errors=9).reason == "missing_frames"


def test_what_was_done_with_the_pictures_is_in_the_remarks(tmp_path: Path) -> None:
    fields = ("-c:v", "mpeg2video", "-q:v", "2", "-flags", "+ilme+ildct")
    video = write_video(tmp_path / "a.mpg", moving_bars(20), coding=fields, filters="setfield=tff,setsar=32/27")
    verdict = _judge(video)
    assert verdict.reason == ""
    assert verdict.remarks == "interlaced, top first: deinterlaced; pixels of 32:27: stored as displayed"
    assert np.isclose(verdict.width / verdict.height, 16 / 9, atol=0.01)


def test_a_recording_that_starts_between_key_frames_is_kept_and_said(tmp_path: Path) -> None:
    coding = ("-c:v", "libx264", "-g", "10", "-bf", "0", "-sc_threshold", "0", "-pix_fmt", "yuv420p")
    video = write_video(tmp_path / "a.ts", moving_bars(40), coding=coding)
    video.write_bytes(without_first_pictures(video.read_bytes(), 3))
    verdict = _judge(video)
    assert verdict.reason == ""
    assert verdict.remarks.startswith("starts between key frames: ")
    refused = _judge(video, max_lead_in_errors=0)
    assert (refused.reason, "before the first picture" in refused.evidence) == ("decode_errors", True)


CASES = [
    ("browser_jitter.webm", 115),
    ("phone_dropped3.mp4", 147),
    ("chapter_track_absent.mp4", 50),
    ("trimmed_reencoded.mkv", 50),
    ("sar_dvd.mpg", 30),
    ("sar_hdv.mp4", 25),
    ("hdr_hlg.mov", 25),
    ("recording_starts_midgop.mpg", 55),
    ("camcorder_interlaced.mpg", 25),
]


@pytest.mark.real
@pytest.mark.parametrize(("name", "num_frames"), CASES)
def test_cases_from_outside_are_kept(real_clips: Path, tmp_path: Path, name: str, num_frames: int) -> None:
    video = real_clips.parent / "cases" / name
    if not video.exists():
        pytest.skip(f"{video} is not there")
    (tmp_path / name).symlink_to(video)
    verdict = _judge(tmp_path / name)
    assert (verdict.reason, verdict.num_frames) == ("", num_frames)
