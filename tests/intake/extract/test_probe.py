from __future__ import annotations

from pathlib import Path

import pytest
from tests.intake.extract.making import FPS, HEIGHT, WIDTH, encode, moving_bars, write_video

from actionrec.intake.extract.probe import Probe, probe_video


def test_header_of_a_good_video(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", moving_bars(30), coding=("-c:v", "mjpeg", "-pix_fmt", "yuvj444p"))
    assert probe_video(path) == Probe(
        has_video=True,
        num_streams=1,
        container="avi",
        codec="mjpeg",
        width=WIDTH,
        height=HEIGHT,
        declared_frames=30,
        fps=FPS,
        duration_seconds=1.2,
        stream_duration_seconds=1.2,
    )


def test_matroska_counts_no_frames_but_states_the_duration(tmp_path: Path) -> None:
    probe = probe_video(write_video(tmp_path / "a.mkv", moving_bars(30)))
    assert (probe.declared_frames, probe.duration_seconds, probe.container) == (0, 1.2, "matroska,webm")


def test_sound_without_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    encode(["-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", str(path)])
    probe = probe_video(path)
    assert (probe.error, probe.has_video, probe.num_streams) == ("", False, 1)


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>" * 99, b"\0" * 5000])
def test_other_files_give_a_reason_without_their_path(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    probe = probe_video(path)
    assert probe.error
    assert str(tmp_path) not in probe.error


def test_absent_file(tmp_path: Path) -> None:
    assert probe_video(tmp_path / "none.mp4").error == "No such file or directory"


def test_a_playlist_opens_nothing(tmp_path: Path) -> None:
    write_video(tmp_path / "real.mkv", moving_bars(5))
    path = tmp_path / "a.mp4"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{tmp_path}/real.mkv\n#EXT-X-ENDLIST\n")
    assert not probe_video(path).has_video
