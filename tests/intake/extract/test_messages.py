from __future__ import annotations

import math

from actionrec.intake.extract.messages import DecoderLog


def _log(*lines: str, hidden: str = "/data/a.mp4") -> DecoderLog:
    log = DecoderLog(hidden)
    for line in lines:
        assert log.read_line(line) is False
    return log


def test_timestamps_are_ticks_of_the_time_base() -> None:
    log = _log(
        "[Parsed_settb_2 @ 0x55] [verbose] tb:1/90000 -> tb:1/90000",
        "[Parsed_metadata_4 @ 0x55] [info] frame:0    pts:-9000   pts_time:-0.1",
        "[Parsed_metadata_4 @ 0x55] [info] actionrec=1",
        "[Parsed_metadata_4 @ 0x55] [info] frame:1    pts:NOPTS   pts_time:NOPTS",
    )
    assert log.timestamps[0] == -0.1
    assert math.isnan(log.timestamps[1])
    assert len(log.timestamps) == 2
    assert log.messages() == ""


def test_rotation_is_read_from_the_input_only() -> None:
    line = "[info]       Display Matrix: rotation of -90.00 degrees"
    assert _log(line, "[info] Stream mapping:").rotation == 90
    assert _log("[info] Stream mapping:", line).rotation == 0


def test_packets_are_counted_from_the_summary() -> None:
    line = (
        "[in#0/avi @ 0x5] [verbose]   Input stream #0:0 (video): 243 packets read (625168 bytes); 235 frames decoded; "
    )
    assert _log(line).num_packets == 243


def test_damage_is_counted_and_kinds_are_merged_in_any_order() -> None:
    lines = [
        "[h264 @ 0x55d0] [error] error while decoding MB 3 4, bytestream -7",
        "[h264 @ 0x66e0] [error] error while decoding MB 12 40, bytestream -9",
        "[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [warning] corrupt decoded frame",
        "[h264 @ 0x55d0] [info] concealing 20 DC, 20 AC, 20 MV errors in P frame",
    ]
    log = _log(*lines)
    assert log.num_errors == 4
    assert log.messages() == _log(*reversed(lines)).messages()
    assert log.messages().splitlines()[0] == "2 x [h264] [error] error while decoding MB N N, bytestream -N"


def test_harmless_talk_is_no_damage() -> None:
    log = _log(
        "[swscaler @ 0x7f] [warning] deprecated pixel format used, make sure you did set range correctly",
        "[h264 @ 0x7f] [error] mmco: unref short failure",
        "[aac @ 0x7f] [error] channel element 3.1 is not allocated",
        "[out#0/mpjpeg @ 0x7f] [error] Nothing was written into output file",
        "[in#0/mov,mp4 @ 0x7f] [warning] UDTA parsing failed retrying raw",
        "no level at all",
    )
    assert log.num_errors == 0
    assert log.messages().splitlines() == [
        "1 x [h264] [error] mmco: unref short failure",
        "1 x [in#N/mov,mp4] [warning] UDTA parsing failed retrying raw",
    ]


def test_paths_are_hidden() -> None:
    log = _log("[in#0 @ 0x5] [error] Error opening input file file:/data/a.mp4.")
    assert log.messages() == "1 x [in#N] [error] Error opening input file file:<video>."


def test_memory_is_bounded_however_many_kinds_there_are() -> None:
    log = _log(*(f"[h264 @ 0x1] [error] {'x' * kind}" for kind in range(1, 3000)))
    assert log.num_errors == 2999
    assert len(log.messages().splitlines()) == 100


def test_what_is_not_about_pictures_is_no_damage() -> None:
    log = _log(
        "[in#0 @ 0x5] [error] Referenced QT chapter track not found",  # ffmpeg 9
        "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x5] [error] Referenced QT chapter track not found",  # ffmpeg 7
        "[matroska,webm @ 0x5] [error] Chapter end time 3 before start 7",
        "[mjpeg @ 0x5] [error] unable to decode APP fields: Invalid data found when processing input",  # ffmpeg 7
    )
    assert log.num_errors == 0
    assert len(log.messages().splitlines()) == 4


def test_complaints_before_the_first_picture_are_told_apart() -> None:
    early, late = (
        "[h264 @ 0x5] [error] non-existing PPS 0 referenced",
        "[h264 @ 0x5] [error] error while decoding MB 3 4",
    )
    picture = "[vist#0:0/h264 @ 0x5] [dec:h264 @ 0x6] [info] decoder -> pts:3600 pts_time:0.04 pkt_dts:0"
    log = _log(early, "[info] Stream mapping:", early, picture, late, picture, late)
    assert (log.num_errors, log.num_errors_before_first_picture) == (4, 2)
    old = "[info] decoder -> ist_index:0:0 type:video frame_pts:0 frame_pts_time:0"  # ffmpeg 5
    assert _log("[info] Stream mapping:", early, old, late).num_errors_before_first_picture == 1


def test_the_stream_that_is_decoded_is_the_mapped_one() -> None:
    told: list[str] = []
    log = DecoderLog(on_stream=told.append)
    for line in (
        "[info]   Stream #0:0[0x1](eng): Audio: aac (LC), 48000 Hz",
        "[info]   Stream #0:1[0x2]: Video: mjpeg, yuvj420p, 600x600, 90k tbr (attached pic)",
        "[info]   Stream #0:2[0x3](und): Video: h264 (High), yuv420p(progressive), 160x120 [SAR 1:1 DAR 4:3], 25 fps",
        "[info] Stream mapping:",
        "[info]   Stream #0:2 (h264) -> bwdif:default",
        "[info]   metadata:default -> Stream #0:0 (mjpeg)",
        "[info]   Stream #0:0: Video: mjpeg, yuvj420p(pc, progressive), 160x120 [SAR 1:1 DAR 4:3]",
    ):
        log.read_line(line)
    assert told == ["h264 (High), yuv420p(progressive), 160x120 [SAR 1:1 DAR 4:3], 25 fps"]


def test_a_picture_that_is_too_large_is_named() -> None:
    text = "[error] Picture size 32752x32752 exceeds specified max pixel count 67108864, see the documentation"
    assert _log(f"[mjpeg @ 0x5] [IMGUTILS @ 0x7] {text}").refused_size == "32752x32752"
