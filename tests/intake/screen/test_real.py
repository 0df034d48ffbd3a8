from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import REPO
from tests.intake.extract.making import PARAMS as EXTRACT

from actionrec.intake.extract.decode import extract_video
from actionrec.intake.screen.videos import screen_video
from actionrec.params import load_params

SCREEN = load_params(REPO / "params.yaml").screen

ODD = [
    ("decord_corrupted.mp4", "decode_errors", 49),  # a frame of 50 is cut off, the decoder patches the last picture
    ("decord_flipping_a_pancake.mkv", "", 310),  # sound outlasts the video, whose own duration is 310 frames
    ("decord_unordered.mov", "too_short", 4),  # healthy, but of four frames
    ("decord_video_0.mov", "too_short", 3),
    ("decord_video_90.mov", "too_short", 3),
    ("decord_video_180.mov", "too_short", 3),
    ("decord_video_270.mov", "too_short", 3),
    ("torchcodec_av1_video.mkv", "", 125),
    ("torchcodec_discard_first_keyframe.mp4", "", 25),  # the edit list hides 5 of 30 frames, as its author wanted
    ("torchcodec_h264_10bits.mp4", "", 30),
    ("torchcodec_nasa_13013_rotated.mp4", "", 17),
    ("torchcodec_nasa_13013_vfr.mp4", "", 50),  # steps of 2 and 3 ticks: a variable rate without a hole
    ("torchcodec_sine_stereo_mp2.mpg", "", 100),  # named after its sound, but it has a video; counts no frames
    ("torchcodec_test_non_zero_start.mp4", "too_short", 12),  # starts at 8.3 s, which is no gap
    ("torchcodec_testsrc2_odd_height_and_width_mpeg2.mp4", "too_short", 10),
    ("torchcodec_testsrc2_vp8.webm", "", 30),
    ("torchcodec_var_fps_video.mp4", "timestamp_gap", 300),  # 30 and 15 frames a second, but 0.53 s without any between
]


@pytest.mark.real
@pytest.mark.parametrize(("name", "reason", "num_frames"), ODD)
def test_odd_files(real_clips: Path, tmp_path: Path, name: str, reason: str, num_frames: int) -> None:
    path = tmp_path / "frames.h5"
    extract_video(real_clips / "odd" / name, path, params=EXTRACT, fingerprint="test")
    verdict = screen_video(path, SCREEN)
    assert (verdict.reason, verdict.num_frames) == (reason, num_frames)


@pytest.mark.real
def test_the_list_of_odd_files_is_complete(real_clips: Path) -> None:
    assert sorted(name for name, *_ in ODD) == sorted(path.name for path in (real_clips / "odd").iterdir())


@pytest.mark.real
@pytest.mark.parametrize(
    "name",
    [
        "ucf101/UCF-101/JugglingBalls/v_JugglingBalls_g18_c02.avi",  # 8 packets say "as before"
        "ucf101/UCF-101/JumpingJack/v_JumpingJack_g20_c04.avi",  # 1 packet says "as before"
        "asl/videos/thin/thin_57947_22.mp4",  # 49 frames stored, 47 shown by the edit list, 46 of them decodable
        "weizmann/wave1/denis_wave1.avi",
    ],
)
def test_clips_that_look_suspicious_but_are_healthy_are_kept(real_clips: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "frames.h5"
    extract_video(real_clips / name, path, params=EXTRACT, fingerprint="test")
    assert screen_video(path, SCREEN).evidence == ""


@pytest.mark.real
@pytest.mark.slow
def test_every_healthy_clip_is_kept(real_clips: Path, tmp_path: Path) -> None:
    clips = [
        clip
        for folder in ("ucf101", "asl", "weizmann")
        for clip in sorted((real_clips / folder).rglob("*"))
        if clip.suffix in {".avi", ".mp4"}
    ]
    # Small frames: what rejects a healthy clip by mistake is its times and its decoder's messages, not its pixels.
    extract = EXTRACT.model_copy(update={"short_side": 64})
    rejected = {}
    for clip in clips:
        path = tmp_path / "frames.h5"
        extract_video(clip, path, params=extract, fingerprint="test")
        if evidence := screen_video(path, SCREEN).evidence:
            rejected[clip.name] = evidence
    assert len(clips) == 365
    assert rejected == {}
