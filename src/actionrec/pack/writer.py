"""All frames of all kept videos at one geometry, in one file that training reads.

Layout of ``data/packed/<view>.h5``, which :mod:`actionrec.pack.reader` reads: ``video_id`` (V,) strings,
sorted; ``frame_start`` int64 (V + 1): video ``v`` owns the flat frames ``frame_start[v]..frame_start[v+1]-1``;
``timestamps`` float64 (F,) seconds; then either ``frames`` uint8 (F, size, size, 3) RGB 0-255 (``raw``), or
``jpeg`` and ``offsets`` (``jpeg``, read with :func:`actionrec.core.hdf5.read_jpegs`). Attribute ``view``: the
view's parameters as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from actionrec.core.code import code_digest
from actionrec.core.compute import ComputeParams, map_in_order
from actionrec.core.files import digest_of
from actionrec.core.hdf5 import FlatWriter, JpegWriter, create_h5, write_json_attr, write_strings
from actionrec.intake.extract.frames import open_frames
from actionrec.pack.fit import Block, jpeg_block, raw_block
from actionrec.pack.reader import VIEW_FORMAT, VIEW_VERSION
from actionrec.pack.section import ViewParams

Result = TypeVar("Result")

_BLOCK_FRAMES = 128
_CHUNK_FRAMES = 4


def pack_view(
    video_ids: Sequence[str],
    path: Path,
    *,
    frames_path: Callable[[str], Path],
    view: ViewParams,
    compute: ComputeParams,
    desc: str | None = "pack",
) -> None:
    """Pack ``video_ids``, sorted, whose extracted frames lie at ``frames_path(video_id)``.

    Memory is flat: a few blocks of frames are in flight, whatever the number or length of the videos. Without ``desc``
    this thread works alone and shows no progress, as suits one video.
    """
    ids = sorted(video_ids)
    starts, timestamps, sources = [0], [], []
    for video_id in ids:
        with open_frames(frames_path(video_id)) as frames:
            starts.append(starts[-1] + frames.num_frames)
            timestamps.append(frames.timestamps)
            sources.append(frames.fingerprint)
    fingerprint = digest_of(ids, sources, view.model_dump(), code_digest("actionrec.pack.fit"))
    blocks = [
        Block(frames_path(video_id).resolve(), start, min(start + _BLOCK_FRAMES, count))
        for video_id, count in zip(ids, np.diff(starts).tolist(), strict=True)
        for start in range(0, count, _BLOCK_FRAMES)
    ]
    with create_h5(path, format=VIEW_FORMAT, version=VIEW_VERSION, fingerprint=fingerprint) as file:
        write_json_attr(file, "view", view.model_dump())
        write_strings(file, "video_id", ids)
        file.create_dataset("frame_start", data=np.asarray(starts, np.int64))
        file.create_dataset("timestamps", data=np.concatenate(timestamps) if timestamps else np.zeros(0))
        if view.encoding == "raw":
            with FlatWriter(
                file, "frames", row_shape=(view.size, view.size, 3), dtype=np.uint8, chunk_rows=_CHUNK_FRAMES
            ) as raw:
                for frames_block in _each(partial(raw_block, view=view), blocks, compute, desc):
                    raw.append(frames_block)
        else:
            with JpegWriter(file) as encoded:
                for jpegs in _each(partial(jpeg_block, view=view), blocks, compute, desc):
                    for jpeg in jpegs:
                        encoded.append(jpeg)


def _each(
    function: Callable[[Block], Result], blocks: Sequence[Block], compute: ComputeParams, desc: str | None
) -> Iterator[Result]:
    return map(function, blocks) if desc is None else map_in_order(function, blocks, compute=compute, desc=desc)
