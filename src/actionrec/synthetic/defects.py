"""Deliberately bad files among the good ones, for the screening stage to find."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray

from actionrec.synthetic.encode import H264, REPEATABLE, encode_frames, run_encoder
from actionrec.synthetic.plan import ClipSpec, plan_clips, video_id_of
from actionrec.synthetic.scene import HEIGHT, WIDTH
from actionrec.synthetic.section import SyntheticParams

Reason = Literal["unreadable", "no_video", "too_short", "missing_frames", "timestamp_gap", "decode_errors", "blank"]

FIRST_CLIP_INDEX = 90
"""Defects are numbered from here, so that they never take a clip's name."""
_SHORT_CLIP_FRAMES = 4
_BLANK_FRAMES = 40
_SOUND_HZ = 8000
# What loses frames is twice as long as the others, so that it is not simply too short.
_TWICE = ("-stream_loop", "1")
# One key frame, and few bytes for the rest: ffmpeg shortens the duration that a cut AVI declares by the share
# of bytes that are left, so the lost frames must weigh little.
_MPEG4 = ("-c:v", "mpeg4", "-vtag", "XVID", "-q:v", "10", "-g", "300")


@dataclass(frozen=True)
class DefectSpec:
    video_id: str
    suffix: str
    label: str
    group: int
    kind: str
    """A key of :data:`DEFECTS`."""
    expected_reason: Reason
    """What the screening stage should say."""
    source: ClipSpec
    """The good clip from which it is made."""


@dataclass(frozen=True)
class Defect:
    write: Callable[[Path, Path, SyntheticParams], None]
    """(good clip, target, parameters)."""
    suffix: str
    expected_reason: Reason


def plan_defects(params: SyntheticParams) -> tuple[DefectSpec, ...]:
    """One file of each kind, dealt out over classes and groups; none if ``params.defects`` is false."""
    if not params.defects:
        return ()
    first_clips = {(spec.label, spec.group): spec for spec in plan_clips(params) if spec.clip_index == 1}
    specs = []
    labels = itertools.cycle(params.classes)
    for number, (kind, defect) in enumerate(DEFECTS.items()):
        label, group = next(labels), number % params.groups + 1
        specs.append(
            DefectSpec(
                video_id=video_id_of(label, group, FIRST_CLIP_INDEX + number),
                suffix=defect.suffix,
                label=label,
                group=group,
                kind=kind,
                expected_reason=defect.expected_reason,
                source=first_clips[label, group],
            )
        )
    return tuple(sorted(specs, key=lambda spec: spec.video_id))


def write_defect(spec: DefectSpec, params: SyntheticParams, source: Path, path: Path) -> None:
    """Write the bad file at ``path`` from the good clip ``spec.source``, found at ``source``."""
    DEFECTS[spec.kind].write(source, path, params)


def _truncated(source: Path, path: Path, _params: SyntheticParams) -> None:
    # The index of an mp4 stands at its end: without it nothing can be read.
    content = source.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])


def _empty(_source: Path, path: Path, _params: SyntheticParams) -> None:
    path.write_bytes(b"")


def _web_page(_source: Path, path: Path, _params: SyntheticParams) -> None:
    path.write_text("<!DOCTYPE html>\n<html><body><h1>404 Not Found</h1></body></html>\n" * 64, encoding="utf-8")


def _sound_only(_source: Path, path: Path, _params: SyntheticParams) -> None:
    seconds = np.arange(2 * _SOUND_HZ) / _SOUND_HZ
    tone = (8000 * np.sin(2 * np.pi * 440 * seconds)).astype("<i2")
    arguments = ["-f", "s16le", "-ar", str(_SOUND_HZ), "-ac", "1", "-i", "-", "-c:a", "aac", *REPEATABLE, "-f", "mp4"]
    run_encoder([*arguments, str(path)], feed=[tone.tobytes()])


def _frames_missing(source: Path, path: Path, _params: SyntheticParams) -> None:
    """The middle third is cut out; the timestamps of the rest stay as they were."""
    frames = 2 * _num_packets(source)
    keep = f"select='lt(n,{frames // 3})+gte(n,{2 * frames // 3})'"
    cut = ["-i", str(source), "-vf", keep, "-fps_mode", "passthrough"]
    run_encoder([*_TWICE, *cut, *H264, *REPEATABLE, "-f", "mp4", str(path)])


def _corrupted(source: Path, path: Path, _params: SyntheticParams) -> None:
    """The second half of three frames in the middle is zeros, as a lost block of a disk is; container and frame headers
    are intact.
    """
    content = bytearray(source.read_bytes())
    spans = _packet_spans(source)
    middle = len(spans) // 2
    for start, num_bytes in spans[middle : middle + 3]:
        half = num_bytes // 2
        content[start + num_bytes - half : start + num_bytes] = bytes(half)
    path.write_bytes(content)


def _short(source: Path, path: Path, _params: SyntheticParams) -> None:
    run_encoder(["-i", str(source), "-frames:v", str(_SHORT_CLIP_FRAMES), *H264, *REPEATABLE, "-f", "mp4", str(path)])


def _blank(_source: Path, path: Path, params: SyntheticParams) -> None:
    frame: NDArray[np.uint8] = np.full((HEIGHT, WIDTH, 3), 16, np.uint8)
    encode_frames(itertools.repeat(frame, _BLANK_FRAMES), path, fps=params.fps)


def _tail_lost(source: Path, path: Path, _params: SyntheticParams) -> None:
    """An AVI cut after 60 % of its frames: its header stands first and still declares them all."""
    run_encoder([*_TWICE, "-i", str(source), *_MPEG4, *REPEATABLE, "-f", "avi", str(path)])
    spans = _packet_spans(path)
    start, num_bytes = spans[len(spans) * 6 // 10]
    content = path.read_bytes()
    path.write_bytes(content[: start + num_bytes])


def _packet_spans(path: Path) -> list[tuple[int, int]]:
    """Offset and number of bytes of each video packet in the file, by offset."""
    with av.open(str(path)) as container:
        return sorted((packet.pos, packet.size) for packet in container.demux(video=0) if packet.pos is not None)


def _num_packets(path: Path) -> int:
    return len(_packet_spans(path))


DEFECTS: dict[str, Defect] = {
    "truncated": Defect(_truncated, ".mp4", "unreadable"),
    "empty": Defect(_empty, ".mp4", "unreadable"),
    "web_page": Defect(_web_page, ".mp4", "unreadable"),
    "sound_only": Defect(_sound_only, ".mp4", "no_video"),
    "frames_missing": Defect(_frames_missing, ".mp4", "timestamp_gap"),
    "corrupted": Defect(_corrupted, ".mp4", "decode_errors"),
    "short": Defect(_short, ".mp4", "too_short"),
    "blank": Defect(_blank, ".mp4", "blank"),
    "tail_lost": Defect(_tail_lost, ".avi", "missing_frames"),
}
"""Every kind of bad file."""
