"""Frames are stored as they are displayed: aspect, fields, dynamic range."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.intake.extract.making import PARAMS, encode, extracted, moving_bars, without_first_pictures, write_video

from actionrec.intake.extract import treatment
from actionrec.intake.extract.frames import FrameFile
from actionrec.intake.extract.section import ExtractParams
from actionrec.intake.extract.treatment import Stream, Treatment

MPEG2 = ("-c:v", "mpeg2video", "-q:v", "2", "-pix_fmt", "yuv420p")
H264 = ("-c:v", "libx264", "-crf", "4", "-pix_fmt", "yuv420p")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "h264 (High), 1 reference frame (avc1 / 0x31637661), yuv420p(progressive, left), 160x120 [SAR 1:1 DAR 4:3]",
            Stream("h264"),
        ),
        (
            "mpeg2video (Main), yuv420p(tv, top first, left), 720x576 [SAR 64:45 DAR 16:9], 25 fps",
            Stream("mpeg2video", "top first", "", "64:45"),
        ),
        ("dvvideo, yuv420p(bottom first), 720x480, SAR 8:9 DAR 4:3", Stream("dvvideo", "bottom first", "", "8:9")),
        ("h264, yuv420p(top coded first (swapped)), 64x48", Stream("h264", "top coded first", "", "")),
        (
            "hevc (Main 10) (hvc1 / 0x31637668), yuv420p10le(tv, bt2020nc/bt2020/arib-std-b67, progressive), 160x120",
            Stream("hevc", "", "HLG", ""),
        ),
        ("vp9 (Profile 2), yuv420p10le(tv, bt2020nc/bt2020/smpte2084), 64x48", Stream("vp9", "", "PQ", "")),
        ("h264, yuv420p(tv, bt709), 320x240 [SAR 321:320 DAR 107:80]", Stream("h264")),  # a rounding, as UCF101 has
        ("mpeg1video, yuv420p, 64x48 [SAR 9000:1 DAR 12000:1]", Stream("mpeg1video")),  # damage
        ("none", Stream("none")),
    ],
)
def test_a_stream_is_what_its_line_says(line: str, expected: Stream) -> None:
    assert Stream.described(line) == expected


@given(st.text(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_any_line_describes_a_stream(text: str, width: int, height: int) -> None:
    """Titles, languages and damaged numbers stand in it."""
    found = Stream.described(f"{text} [SAR {width}:{height} DAR 1:1]")
    if "SAR" not in text:
        low, high = sorted((width, height))
        is_applied = low > 0 and 1.02 <= high / low <= 4
        assert found.sample_aspect == (f"{width}:{height}" if is_applied else "")


def test_what_this_ffmpeg_cannot_do_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream("vp8", field_order="top first", transfer="PQ")
    monkeypatch.setattr(treatment, "ffmpeg_decoders", lambda: frozenset({"vp8"}))
    for can, expected in (
        ({"bwdif", "zscale", "tonemap"}, Treatment(deinterlaced=True, tone_mapped="PQ")),
        ({"bwdif", "tonemap"}, Treatment(deinterlaced=True)),
        ({"zscale", "tonemap"}, Treatment(tone_mapped="PQ")),
    ):
        monkeypatch.setattr(treatment, "ffmpeg_filters", lambda can=can: frozenset(can))
        assert Treatment.for_stream(stream) == expected


@pytest.mark.parametrize(
    ("aspect", "short_side", "stored"),
    [
        ("4/3", 256, (128, 64)),
        ("32/27", 32, (57, 32)),
        ("1/2", 256, (48, 64)),
        ("1/2", 32, (32, 43)),
        ("321/320", 256, (96, 64)),
        ("50/1", 256, (96, 64)),
    ],
)
def test_pixels_become_square(tmp_path: Path, aspect: str, short_side: int, stored: tuple[int, int]) -> None:
    name, coding = ("a.mpg", MPEG2) if aspect == "32/27" else ("a.mp4", H264)  # MPEG-2 knows but a few
    video = write_video(tmp_path / name, moving_bars(3), coding=coding, filters=f"setsar={aspect}")
    params = ExtractParams(short_side=short_side, jpeg_quality=2, timeout_seconds=60.0)
    with extracted(video, params) as frames:
        assert (frames.width, frames.height) == stored
        assert frames.decode([2]).shape[1:3] == stored[::-1]
        assert (frames.attributes["source_width"], frames.attributes["source_height"]) == (96, 64)
        assert bool(frames.attributes["sample_aspect"]) is (stored[0] / stored[1] != 96 / 64)


def _combing(frames: FrameFile) -> float:
    """How much neighbouring lines differ, against lines two apart."""
    grey = frames.decode_gray(np.arange(2, frames.num_frames - 2)).astype(float)
    near, far = (np.abs(grey[:, gap:] - grey[:, :-gap]).mean() for gap in (1, 2))
    return float(near / far)


def test_an_interlaced_stream_is_deinterlaced_at_its_rate(tmp_path: Path) -> None:
    fields = ("-flags", "+ilme+ildct")
    mixed = "tinterlace=interleave_top,setfield=tff"
    smooth = np.zeros((24, 64, 96, 3), np.uint8)
    smooth[:] = (128 + 100 * np.sin((np.arange(96) + 12 * np.arange(24)[:, None]) / 8))[:, None, :, None]
    frames = extracted(write_video(tmp_path / "a.mpg", smooth, coding=(*MPEG2, *fields), filters=mixed))
    assert (frames.attributes["field_order"], frames.attributes["deinterlaced"]) == ("top first", True)
    assert frames.num_frames == 12
    combed = tmp_path / "combed.mpg"
    write_video(combed, smooth, coding=MPEG2, filters=f"{mixed},setfield=prog")
    untouched = extracted(combed)
    assert untouched.attributes["deinterlaced"] is False
    np.testing.assert_array_equal(frames.timestamps, untouched.timestamps)
    assert _combing(untouched) > 2 > _combing(frames)


def _in_hdr(path: Path, transfer: str) -> Path:
    colours = ["-colorspace", "bt2020nc", "-color_primaries", "bt2020", "-color_trc", transfer, "-color_range", "tv"]
    back = f"zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt2020,zscale=t={transfer}:m=bt2020nc:r=tv:npl=100"
    tagged = "scale=out_color_matrix=bt709:out_range=tv,format=yuv444p,setparams=colorspace=bt709:color_primaries=bt709"
    filters = f"{tagged}:color_trc=bt709:range=tv,{back},format=yuv420p10le"
    coding = ("-c:v", "libx264", "-crf", "4", *colours)
    return write_video(path, moving_bars(3), coding=coding, filters=filters)


@pytest.mark.parametrize(("transfer", "name"), [("arib-std-b67", "HLG"), ("smpte2084", "PQ")])
def test_high_dynamic_range_is_tone_mapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transfer: str, name: str
) -> None:
    expected = moving_bars(3).astype(float)
    video = _in_hdr(tmp_path / "a.mp4", transfer)
    frames = extracted(video)
    assert (frames.attributes["transfer"], frames.attributes["tone_mapped"]) == (name, name)
    mapped = frames.decode(range(3))
    frames.close()
    monkeypatch.setattr(treatment, "ffmpeg_filters", lambda: frozenset({"bwdif"}))
    plain = extracted(video)
    assert (plain.attributes["transfer"], plain.attributes["tone_mapped"]) == (name, "")
    assert np.abs(mapped - expected).mean() < 20 < np.abs(plain.decode(range(3)) - expected).mean()


def test_a_stream_that_a_filter_refuses_is_stored_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(treatment, "_DEINTERLACER", "aperms")  # a filter of sound
    monkeypatch.setattr(treatment, "ffmpeg_filters", lambda: frozenset({"aperms"}))
    fields = ("-flags", "+ilme+ildct")
    frames = extracted(
        write_video(tmp_path / "a.mpg", moving_bars(4), coding=(*MPEG2, *fields), filters="setfield=tff")
    )
    assert (frames.num_frames, frames.attributes["deinterlaced"]) == (4, False)
    assert frames.attributes["field_order"] == "top first"


def test_damage_in_vp8_shows_no_memory(tmp_path: Path) -> None:
    """ffmpeg's own decoder gives most of such files other pixels each time, without a word."""
    good = write_video(tmp_path / "good.webm", moving_bars(12), coding=("-c:v", "libvpx", "-pix_fmt", "yuv420p"))
    content = good.read_bytes()
    num_complaints = 0
    for number in range(4):
        damaged = bytearray(content)
        place = len(content) // 3 + 97 * number
        damaged[place : place + 3] = b"\x5a\xa5\xff"
        video = tmp_path / f"{number}.webm"
        video.write_bytes(damaged)
        files = []
        for _ in range(2):
            with extracted(video) as frames:
                assert frames.attributes["decoded_by"] == "libvpx"
                num_complaints += frames.attributes["decode_errors"]
                files.append(frames.path.read_bytes())
        assert files[0] == files[1]
    assert num_complaints > 0


def test_a_recording_that_starts_between_key_frames_has_its_complaints_apart(tmp_path: Path) -> None:
    video = write_video(
        tmp_path / "a.ts", moving_bars(40), coding=("-c:v", "libx264", "-g", "10", "-bf", "0", "-sc_threshold", "0")
    )
    cut = tmp_path / "cut.ts"
    cut.write_bytes(without_first_pictures(video.read_bytes(), 3))
    frames = extracted(cut)
    assert frames.num_frames == 30
    assert frames.attributes["lead_in_errors"] > 0
    assert frames.attributes["decode_errors"] == 0
    assert extracted(video).attributes["lead_in_errors"] == 0


def test_damage_at_the_start_of_a_whole_video_is_damage(tmp_path: Path) -> None:
    video = write_video(
        tmp_path / "a.ts", moving_bars(20), coding=("-c:v", "libx264", "-g", "10", "-bf", "0", "-sc_threshold", "0")
    )
    content = bytearray(video.read_bytes())
    first = content.index(b"\x00\x00\x01\x65") + 20  # the first picture of its own
    content[first : first + 100] = b"\xff" * 100
    video.write_bytes(content)
    header = extracted(video).attributes
    assert (header["lead_in_errors"], header["decode_errors"] > 0) == (0, True)


@pytest.mark.parametrize("kind", ["cut.ts", "fields.mpg", "hdr.mp4", "vp8.webm", "open_gop.mp4"])
def test_a_kept_video_has_the_same_pixels_when_decoded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Whatever stood in the memory that the decoder gets: that of a damaged picture would show it."""
    video = tmp_path / kind
    match kind:
        case "cut.ts":
            write_video(video, moving_bars(40), coding=(*MPEG2, "-g", "10", "-bf", "2"))
            video.write_bytes(without_first_pictures(video.read_bytes(), 3))
        case "fields.mpg":
            write_video(video, moving_bars(12), coding=(*MPEG2, "-flags", "+ilme+ildct"), filters="setfield=tff")
        case "hdr.mp4":
            _in_hdr(video, "arib-std-b67")
        case "vp8.webm":
            write_video(video, moving_bars(12), coding=("-c:v", "libvpx", "-pix_fmt", "yuv420p"))
        case _:
            open_gop = ("-x264-params", "open-gop=1:keyint=10:bframes=2:min-keyint=5")
            whole = write_video(tmp_path / "whole.mp4", moving_bars(40), coding=(*H264, *open_gop))
            encode(["-ss", "0.5", "-i", str(whole), "-c", "copy", str(video)])
    files = []
    for poison in ("165", "90"):
        monkeypatch.setenv("MALLOC_PERTURB_", poison)
        with extracted(video, PARAMS) as frames:
            assert (frames.num_frames > 0, frames.attributes["decode_errors"]) == (True, 0)
            files.append(frames.path.read_bytes())
    assert files[0] == files[1]
