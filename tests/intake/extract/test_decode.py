from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.intake.extract.making import FPS, LOSSLESS, PARAMS, encode, extracted, moving_bars, write_video

from actionrec.core.compute import ComputeParams
from actionrec.core.errors import ActionrecError
from actionrec.core.files import digest_file
from actionrec.core.itemcache import ItemCache
from actionrec.core.tables import ManifestRow
from actionrec.intake import ffmpeg
from actionrec.intake.extract import videos
from actionrec.intake.extract.frames import open_frames
from actionrec.intake.extract.section import ExtractParams
from actionrec.intake.extract.videos import extract_videos

ONE_PROCESS = ComputeParams(backend="local", workers=1)


@pytest.mark.parametrize(
    ("name", "coding"),
    [
        ("a.mkv", LOSSLESS),
        ("a.avi", ("-c:v", "rawvideo", "-pix_fmt", "bgr24")),
        ("a.avi", ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "2")),
        ("a.mp4", ("-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv444p")),
        ("a.mp4", ("-c:v", "libx264", "-crf", "4", "-pix_fmt", "yuv420p10le")),
        ("full_range.mp4", ("-c:v", "libx264", "-crf", "4", "-pix_fmt", "yuvj420p")),
    ],
)
def test_every_frame_is_extracted_in_order(tmp_path: Path, name: str, coding: tuple[str, ...]) -> None:
    expected = moving_bars(30)
    frames = extracted(write_video(tmp_path / name, expected, coding=coding))
    assert frames.num_frames == 30
    np.testing.assert_allclose(frames.timestamps, np.arange(30) / FPS, atol=0.0006)
    decoded = frames.decode(np.arange(30))
    assert decoded.shape == expected.shape
    # JPEG rings at the edges of the bars, never by as much as one bar differs from the next.
    difference = np.abs(decoded.astype(int) - expected)
    assert difference.mean() < 3
    assert np.median(difference) <= 1
    header = frames.attributes
    assert (header["packets"], header["decode_errors"], header["returncode"]) == (30, 0, 0)
    assert header["timestamps_known"] is True
    assert header["decoder_messages"] == ""


def test_colours_of_a_bt709_video_are_right(tmp_path: Path) -> None:
    frames = np.zeros((4, 64, 96, 3), np.uint8)
    frames[:] = (200, 60, 30)
    conversion = "scale=out_color_matrix=bt709:out_range=limited"
    coding = ("-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv444p", "-colorspace", "bt709", "-color_range", "tv")
    decoded = extracted(write_video(tmp_path / "a.mp4", frames, coding=coding, filters=conversion)).decode([0, 3])
    assert np.abs(decoded.astype(int) - (200, 60, 30)).max() <= 3


@pytest.mark.parametrize(
    ("width", "height", "short_side", "stored"),
    [
        (96, 64, 256, (96, 64)),
        (96, 64, 32, (48, 32)),
        (64, 96, 32, (32, 48)),
        (121, 81, 40, (60, 40)),
        (33, 35, 32, (32, 34)),
    ],
)
def test_short_side_is_a_limit_and_never_enlarges(
    tmp_path: Path, width: int, height: int, short_side: int, stored: tuple[int, int]
) -> None:
    params = ExtractParams(short_side=short_side, jpeg_quality=2, timeout_seconds=60.0)
    video = write_video(tmp_path / "a.mkv", moving_bars(3, width=width, height=height))
    with extracted(video, params) as frames:
        assert (frames.width, frames.height) == stored
        assert (frames.attributes["source_width"], frames.attributes["source_height"]) == (width, height)
        assert frames.decode([0]).shape == (1, stored[1], stored[0], 3)


def test_rotation_is_applied_and_told(tmp_path: Path) -> None:
    upright = np.zeros((5, 64, 96, 3), np.uint8)
    upright[:, :, :48] = 220
    video = write_video(tmp_path / "lying.mp4", upright, coding=("-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv444p"))
    turned = tmp_path / "turned.mp4"
    encode(["-display_rotation", "-90", "-i", str(video), "-c", "copy", str(turned)])
    frames = extracted(turned)
    assert frames.attributes["rotation"] == 90
    assert (frames.width, frames.height) == (64, 96)
    picture = frames.decode([2])[0]
    assert picture[:40].mean() > 210  # what was left is on top after a quarter turn clockwise
    assert picture[56:].mean() < 10


def test_variable_rate_keeps_its_times(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mkv", moving_bars(30), filters="select='not(between(n,10,14))'")
    frames = extracted(video)
    kept = [index for index in range(30) if not 10 <= index <= 14]
    np.testing.assert_allclose(frames.timestamps, np.asarray(kept) / FPS, atol=0.0006)


def test_frames_that_come_faster_than_the_declared_rate_are_all_there(tmp_path: Path) -> None:
    times = np.cumsum([0, *[40, 4, 76, 13, 7] * 5]) / 1000
    steps = "40*floor(N/5)*3.5+if(mod(N,5),40)+if(gt(mod(N,5),1),4)+if(gt(mod(N,5),2),76)+if(gt(mod(N,5),3),13)"
    video = write_video(
        tmp_path / "a.mkv",
        moving_bars(26),
        coding=(*LOSSLESS, "-enc_time_base", "1/1000"),
        filters=f"settb=1/1000,setpts='{steps}'",
    )
    frames = extracted(video)
    np.testing.assert_allclose(frames.timestamps, times, atol=0.0006)
    assert frames.attributes["decode_errors"] == 0
    assert np.abs(frames.decode(range(26)).astype(int) - moving_bars(26)).mean() < 3


def test_a_change_of_resolution_keeps_every_frame_at_the_first_size(tmp_path: Path) -> None:
    mpeg = ("-c:v", "mpeg2video", "-q:v", "2", "-pix_fmt", "yuv420p")
    small = write_video(tmp_path / "a.ts", moving_bars(10), coding=mpeg)
    large = write_video(tmp_path / "b.ts", moving_bars(10, width=192, height=128), coding=mpeg)
    both = tmp_path / "both.ts"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    frames = extracted(both)
    assert frames.num_frames > 12
    assert frames.decode(range(frames.num_frames)).shape[1:] == (64, 96, 3)


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html>\n<html><h1>404 Not Found</h1></html>\n" * 64, bytes(4096)])
def test_a_file_that_is_no_video_becomes_a_complete_file_without_frames(tmp_path: Path, content: bytes) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(content)
    frames = extracted(video)
    assert (frames.num_frames, frames.width, frames.height) == (0, 0, 0)
    assert frames.jpegs(0, 0) == []
    assert frames.attributes["probe_error"]
    assert str(tmp_path) not in str(frames.attributes)


def test_a_cut_avi_keeps_what_is_left_and_what_was_declared(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.avi", moving_bars(40), coding=("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"))
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    frames = extracted(video)
    assert 0 < frames.num_frames < 30
    assert frames.attributes["declared_frames"] == 40
    assert frames.attributes["packets"] <= frames.num_frames + 1


def test_time_that_runs_out_leaves_no_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "slow"
    slow.write_text(f'#!/bin/sh\n"{ffmpeg.ffmpeg_program()}" "$@"\nsleep 600\n')
    slow.chmod(slow.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(ffmpeg, "ffmpeg_program", lambda: str(slow))
    video = write_slowly(tmp_path)
    frames = extracted(video, ExtractParams(short_side=256, jpeg_quality=2, timeout_seconds=2.0))
    assert frames.num_frames == 0
    assert frames.timestamps.shape == (0,)
    assert frames.attributes["timed_out"] is True
    assert frames.attributes["decoder_messages"] == ""


def write_slowly(tmp_path: Path) -> Path:
    """A good video copied as bytes, for where the program that would write it is replaced."""
    path = tmp_path / "good.ppm"
    path.write_bytes(b"P6 8 8 255\n" + bytes(192))
    return path


def test_a_decoder_that_crashes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crashing = tmp_path / "crash"
    crashing.write_text("#!/bin/sh\nkill -SEGV $$\n")
    crashing.chmod(0o755)
    monkeypatch.setattr(ffmpeg, "ffmpeg_program", lambda: str(crashing))
    frames = extracted(write_slowly(tmp_path))
    assert frames.num_frames == 0
    assert frames.attributes["returncode"] == -11
    assert "did not survive" in frames.attributes["probe_error"]


def test_rebuilt_files_are_bit_identical(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mp4", moving_bars(20), coding=("-c:v", "libx264", "-pix_fmt", "yuv420p"))
    content = bytearray(video.read_bytes())
    start = len(content) // 3
    content[start : start + 200] = b"\xff" * 200
    video.write_bytes(content)
    first = extracted(video).path.read_bytes()
    (tmp_path / "elsewhere").mkdir()
    copy = tmp_path / "elsewhere" / "b.mp4"
    copy.write_bytes(content)
    assert extracted(copy).path.read_bytes() == first


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[ManifestRow]:
    """Three videos below ``raw/``: two good ones, one of them in a folder, and an empty file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    write_video(tmp_path / "raw/wave/a.mkv", moving_bars(5))
    write_video(tmp_path / "raw/b.mkv", moving_bars(6))
    (tmp_path / "raw/c.mkv").touch()
    return [_row(tmp_path / "raw", name) for name in ("b.mkv", "c.mkv", "wave/a.mkv")]


def _row(root: Path, name: str) -> ManifestRow:
    path = root / name
    return ManifestRow(
        video_id=name.rsplit(".", 1)[0],
        path=name,
        label="wave",
        group="g",
        official_subset="",
        bytes=path.stat().st_size,
        digest=digest_file(path),
    )


def _run(rows: list[ManifestRow], *, params: ExtractParams = PARAMS) -> int:
    return extract_videos(rows, root=Path("raw"), out_dir=Path("frames"), params=params, compute=ONE_PROCESS)


def _contents() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path("frames").rglob("*.h5"))}


def test_every_video_gets_its_file(data: list[ManifestRow]) -> None:
    assert _run(data) == 3
    assert list(_contents()) == ["frames/b.h5", "frames/c.h5", "frames/wave/a.h5"]
    assert [open_frames(Path(name)).num_frames for name in _contents()] == [6, 0, 5]


def test_a_second_run_decodes_nothing_and_changes_nothing(data: list[ManifestRow]) -> None:
    _run(data)
    before = _contents()
    assert _run(data) == 0
    assert _contents() == before
    entries = [path for path in ItemCache.of_stage("extract").root.rglob("*") if path.is_file()]
    assert len([path for path in entries if path.suffix != ".crc32"]) == 3


def test_only_new_videos_and_new_parameters_are_decoded(data: list[ManifestRow]) -> None:
    assert _run(data[:2]) == 2
    assert _run(data) == 1
    smaller = ExtractParams(short_side=32, jpeg_quality=2, timeout_seconds=60.0)
    assert _run(data, params=smaller) == 3
    assert _run(data) == 0


def test_a_killed_run_goes_on_where_it_stopped(data: list[ManifestRow], monkeypatch: pytest.MonkeyPatch) -> None:
    real, done = videos.extract_source, []

    def dying(*args: object, **kwargs: object) -> None:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(real(*args, **kwargs))  # type: ignore[arg-type]

    monkeypatch.setattr(videos, "extract_source", dying)
    with pytest.raises(KeyboardInterrupt):
        _run(data)
    assert not Path("frames").exists()
    monkeypatch.setattr(videos, "extract_source", real)
    assert _run(data) == 1
    resumed = _contents()
    assert len(resumed) == 3
    for entry in ItemCache.of_stage("extract").root.rglob("*"):
        if entry.is_file():
            entry.unlink()
    assert _run(data) == 3
    assert _contents() == resumed


def test_copies_are_decoded_once(data: list[ManifestRow]) -> None:
    Path("raw/copy.mkv").write_bytes(Path("raw/b.mkv").read_bytes())
    assert _run([data[0], _row(Path("raw"), "copy.mkv")]) == 1
    assert _contents()["frames/b.h5"] == _contents()["frames/copy.h5"]


def test_a_changed_or_missing_video_is_an_error(data: list[ManifestRow]) -> None:
    grown = replace(data[0], bytes=data[0].bytes + 1)
    absent = replace(data[1], path="none.mkv")
    with pytest.raises(
        ActionrecError, match=r"2 video\(s\) changed.*b\.mkv has .* bytes.*none\.mkv is missing.*ingest"
    ):
        _run([grown, absent])
