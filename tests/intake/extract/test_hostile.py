"""Files that are not what they look like, and names that are more than names."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import REPO
from tests.intake.extract.making import LOSSLESS, PARAMS, extracted, moving_bars, write_video

from actionrec.intake.extract.decode import extract_video
from actionrec.intake.extract.frames import open_frames
from actionrec.intake.extract.opening import not_a_file, plain_name
from actionrec.intake.extract.probe import probe_video
from actionrec.intake.extract.section import ExtractParams
from actionrec.intake.screen.videos import screen_video
from actionrec.params import load_params


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket on loopback to which nobody may connect."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def _nobody_called(server: socket.socket) -> bool:
    try:
        server.accept()
    except BlockingIOError:
        return True
    return False


HLS = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\n{target}\n#EXT-X-ENDLIST\n"
CONCAT = "ffconcat version 1.0\nfile '{target}'\n"
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
DASH = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S">'
    '<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{target}</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>"
)


@pytest.mark.parametrize("text", [HLS, CONCAT, SDP, DASH], ids=["hls", "concat", "sdp", "dash"])
@pytest.mark.parametrize("name", ["a.mp4", "a.m3u8"])
def test_a_file_that_names_others_opens_none_of_them(
    tmp_path: Path, listener: socket.socket, text: str, name: str
) -> None:
    inside = write_video(tmp_path / "inside.ts", moving_bars(3), coding=("-c:v", "mpeg2video"))
    targets = (f"http://127.0.0.1:{listener.getsockname()[1]}/a.ts", str(inside), inside.name)
    for target in targets if "{target}" in text else targets[:1]:
        video = tmp_path / name
        video.write_text(text.format(target=target))
        with extracted(video) as frames:
            assert frames.num_frames == 0
            assert frames.attributes["num_streams"] == 0
        assert probe_video(video).error
    assert _nobody_called(listener)


def test_a_pipe_is_refused_without_being_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "a.mp4"
    os.mkfifo(pipe)
    start = time.monotonic()
    frames = extracted(pipe)  # opening it would wait for a writer
    assert time.monotonic() - start < 5
    assert (frames.num_frames, frames.attributes["probe_error"]) == (0, "it is a named pipe")
    verdict = screen_video(frames.path, load_params(REPO / "params.yaml").screen)
    assert (verdict.reason, verdict.evidence) == ("unreadable", "the container cannot be read: it is a named pipe")


def test_what_is_not_a_file_is_named(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "socket.mp4"))
        assert not_a_file(tmp_path / "socket.mp4") == "a socket"
    (tmp_path / "device.mp4").symlink_to("/dev/zero")
    assert not_a_file(tmp_path / "device.mp4") == "a device"
    assert not_a_file(tmp_path) == "a folder"
    assert not_a_file(tmp_path / "none.mp4") == "missing"
    assert extracted(tmp_path / "device.mp4").num_frames == 0


def test_an_absurd_size_is_not_decoded(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.avi", moving_bars(3), coding=("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"))
    size = (64).to_bytes(2, "big") + (96).to_bytes(2, "big")
    content = video.read_bytes()
    assert content.count(size) == 3
    video.write_bytes(content.replace(size, (0x7FF0).to_bytes(2, "big") * 2))  # a gigapixel
    start = time.monotonic()
    frames = extracted(video)
    assert time.monotonic() - start < 10
    assert (frames.num_frames, frames.attributes["probe_error"][:12]) == (0, "a picture of")
    small = ExtractParams(short_side=256, jpeg_quality=2, timeout_seconds=60.0, max_pixels=96 * 63)
    good = write_video(tmp_path / "b.avi", moving_bars(3), coding=("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"))
    refused = extracted(good, small)
    assert refused.num_frames == 0
    assert refused.attributes["probe_error"] == "a picture of 96x64 pixels, more than extract.max_pixels: 6048"


NAMES = [
    "two words.mkv",
    'it\'s "quoted".mkv',
    "line\nend.mkv",
    "\n[error] [h264 @ 0x1] [error] fake.mkv",
    "-y.mkv",
    "frame%04d.mkv",
    "{brace}[0-9]*?.mkv",
    "größe 手話 \N{HAPPY PERSON RAISING ONE HAND}.mkv",
    "http:host.mkv",
    "a;b|c&d$(e)`f`.mkv",
    "back\\slash.mkv",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_nothing_but_a_name(tmp_path: Path, name: str) -> None:
    plain = write_video(tmp_path / "plain.mkv", moving_bars(3))
    video = tmp_path / "-d %d" / name
    video.parent.mkdir()
    plain.rename(video)
    frames = extracted(video)
    assert frames.num_frames == 3
    assert (frames.attributes["decode_errors"], frames.attributes["decoder_messages"]) == (0, "")
    assert sorted(path.name for path in video.parent.iterdir()) == sorted([name, video.with_suffix(".h5").name])


def test_a_pattern_in_a_name_opens_no_other_file(tmp_path: Path) -> None:
    frames = np.full((2, 32, 32, 3), 40, np.uint8)
    write_video(tmp_path / "0001.gif", frames, coding=())
    shown = write_video(tmp_path / "shown.gif", frames + 160, coding=())
    pattern = tmp_path / "%04d.gif"
    shown.rename(pattern)
    assert extracted(pattern).decode([0]).mean() > 150


def test_a_relative_path_with_dots_is_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = write_video(tmp_path / "in" / "%02d.mkv", moving_bars(3), coding=LOSSLESS)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    path = tmp_path / "out.h5"
    assert extract_video(Path("../in/../in") / video.name, path, params=PARAMS, fingerprint="") == 3
    assert open_frames(path).num_frames == 3


def test_a_plain_name_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a b-1_(2).mp4"
    path.touch()
    with plain_name(path) as opened:
        assert opened == path
    with plain_name(tmp_path / "%d.mp4") as opened:
        assert (opened.name, opened.is_symlink()) == ("video.mp4", True)
        folder = opened.parent
    assert not folder.exists()
