from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.intake.extract.making import encode, extracted, moving_bars, write_video
from tests.intake.screen.test_rules import PARAMS

from actionrec.core.compute import ComputeParams
from actionrec.core.errors import ActionrecError
from actionrec.core.files import digest_file
from actionrec.core.tables import ManifestRow
from actionrec.intake.screen.videos import reason_counts, screen_video, screen_videos

ONE_PROCESS = ComputeParams(backend="local", workers=1)
Make = Callable[[Path], Path]
MJPEG = ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p")


def _good(folder: Path) -> Path:
    return write_video(folder / "a.mkv", moving_bars(40))


def _empty(folder: Path) -> Path:
    path = folder / "a.mp4"
    path.touch()
    return path


def _text(folder: Path) -> Path:
    path = folder / "a.mp4"
    path.write_text("\n".join(f"line {number}" for number in range(300)))
    return path


def _sound(folder: Path) -> Path:
    path = folder / "a.mp4"
    encode(["-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", str(path)])
    return path


def _short(folder: Path) -> Path:
    return write_video(folder / "a.mkv", moving_bars(15))


def _avi_without_tail(folder: Path) -> Path:
    path = write_video(folder / "a.avi", moving_bars(40, width=320, height=240), coding=MJPEG)
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"00dc", 0, len(content) * 7 // 10)])
    return path


def _cut_matroska(folder: Path) -> Path:
    path = write_video(folder / "a.mkv", moving_bars(40, width=320, height=240), coding=MJPEG)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 7 // 10])
    return path


def _damaged(folder: Path) -> Path:
    coding = ("-c:v", "libx264", "-crf", "4", "-pix_fmt", "yuv420p")
    path = write_video(folder / "a.mp4", moving_bars(40), coding=coding)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 300] = b"\xff" * 300
    path.write_bytes(content)
    return path


def _gap(folder: Path) -> Path:
    hole = "select='not(between(n,20,27))'"
    return write_video(folder / "a.mp4", moving_bars(40), coding=("-c:v", "libx264"), filters=hole)


def _blank(folder: Path) -> Path:
    return write_video(folder / "a.mkv", np.full((40, 64, 96, 3), 16, np.uint8))


@pytest.mark.parametrize(
    ("make", "reason", "evidence"),
    [
        (_good, "", ""),
        (_empty, "unreadable", "the container cannot be read"),
        (_text, "unreadable", "the container cannot be read"),
        (_sound, "no_video", "no video among the 1 stream(s) of the mov,mp4"),
        (_short, "too_short", "15 frames decoded, fewer than 16"),
        (_avi_without_tail, "missing_frames", "of 40 declared frames decoded"),
        (_cut_matroska, "decode_errors", "File ended prematurely"),
        (_damaged, "decode_errors", "complaint(s) of the decoder"),
        (_gap, "timestamp_gap", "0.360 s without a frame after frame 19: 9.0 median steps"),
        (_blank, "blank", "40 of 40 frames are of one colour"),
    ],
)
def test_each_kind_of_file_gets_its_verdict(tmp_path: Path, make: Make, reason: str, evidence: str) -> None:
    verdict = screen_video(extracted(make(tmp_path)).path, PARAMS)
    assert verdict.reason == reason
    assert evidence in verdict.evidence
    assert bool(verdict.evidence) is bool(reason)


def _rows(folder: Path, makes: list[Make]) -> list[ManifestRow]:
    rows = []
    for number, make in enumerate(makes):
        video = make(folder / f"v{number}")
        extracted(video).path.rename(folder / f"v{number}.h5")
        digest = digest_file(video)
        rows.append(ManifestRow(f"v{number}", video.name, "wave", "g", "", video.stat().st_size, digest))
    return rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(3):
        (tmp_path / f"v{number}").mkdir()
    return tmp_path


def test_every_video_has_a_row_in_both_tables(folder: Path) -> None:
    rows = _rows(folder, [_short, _good, _empty])
    screened, quality = screen_videos(rows, frames_dir=folder, params=PARAMS, compute=ONE_PROCESS)
    assert [(row.video_id, row.kept, row.reason, row.num_frames) for row in screened] == [
        ("v0", 0, "too_short", 15),
        ("v1", 1, "", 40),
        ("v2", 0, "unreadable", 0),
    ]
    assert [row.digest for row in screened] == [row.digest for row in rows]
    assert (screened[1].width, screened[1].height, screened[1].duration_seconds) == (96, 64, 1.6)
    assert len(screened[1].signature) == 2 * 24 * 18
    assert screened[2].signature == ""
    assert (quality[1].num_frames, quality[1].fps, quality[1].kept, quality[1].missing_frames) == (40, 25.0, 1, 0)
    assert (quality[2].reason, quality[2].kept, quality[2].blank_fraction) == ("unreadable", 0, 0.0)
    assert reason_counts(screened) == "1 unreadable, 1 too_short"


def test_nothing_kept_is_an_error_that_counts_the_reasons(folder: Path) -> None:
    rows = _rows(folder, [_short, _short, _empty])
    with pytest.raises(ActionrecError, match=r"keeps none of 3.*1 unreadable, 2 too_short"):
        screen_videos(rows, frames_dir=folder, params=PARAMS, compute=ONE_PROCESS)


def test_an_incomplete_frame_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ActionrecError, match="dvc repro -f extract"):
        screen_video(tmp_path / "none.h5", PARAMS)
