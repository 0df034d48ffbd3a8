"""One video into a frame file, whatever it lies in: a video file, a part of one, a folder of images, or arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from actionrec.core.sources import ARRAY_SUFFIXES, frame_files
from actionrec.intake.extract.arguments import Span
from actionrec.intake.extract.arrays import extract_arrays
from actionrec.intake.extract.decode import extract_video
from actionrec.intake.extract.images import PICTURE_SUFFIXES, extract_images
from actionrec.intake.extract.section import ExtractParams


@dataclass(frozen=True)
class Source:
    """Where a video lies."""

    path: Path
    """A file, or a folder of frames."""
    span: Span | None = None
    """What of a video file it is; ``None`` for all."""
    array_index: int = -1
    """Which sequence of an array file of many it is; -1 for what is one sequence."""


def extract_source(source: Source, path: Path, *, params: ExtractParams, fingerprint: str) -> int:
    """Write the frame file ``path`` of ``source``; returns the number of frames, 0 for what cannot be read.

    All kinds hold what :func:`actionrec.intake.extract.decode.extract_video` says. Arrays hold no picture: ``jpeg`` is
    empty, ``width`` 0, and ``keypoints`` float32 (num_frames, values) stand in their place.
    """
    suffix = source.path.suffix.lower()
    if source.path.is_dir():
        frames = frame_files(source.path)
        suffix = frames[0].suffix.lower() if frames else ""
    if suffix in ARRAY_SUFFIXES:
        return extract_arrays(source.path, source.array_index, path, params=params, fingerprint=fingerprint)
    if source.path.is_dir() or suffix in PICTURE_SUFFIXES:
        return extract_images(source.path, path, params=params, fingerprint=fingerprint)
    return extract_video(source.path, path, params=params, fingerprint=fingerprint, span=source.span)
