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
