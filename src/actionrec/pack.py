"""All frames of all kept videos at one geometry, in one file that training reads.

Layout of ``data/packed/<view>.h5``, which :mod:`actionrec.packed` reads: ``video_id`` (V,) strings,
sorted; ``frame_start`` int64 (V + 1): video ``v`` owns the flat frames ``frame_start[v]..frame_start[v+1]-1``;
``timestamps`` float64 (F,) seconds; then either ``frames`` uint8 (F, size, size, 3) RGB 0-255 (``raw``), or
``jpeg`` and ``offsets`` (``jpeg``, read with :func:`actionrec.hdf5.read_jpegs`). Attribute ``view``: the
view's parameters as JSON.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from actionrec.compute import num_workers
from actionrec.files import digest_of
from actionrec.hdf5 import FlatWriter, JpegWriter, create_h5, write_json_attr, write_strings
from actionrec.itemcache import code_version
from actionrec.packed import VIEW_FORMAT, VIEW_VERSION
from actionrec.sections import ComputeParams, ViewParams
from actionrec.video.frames import open_frames

_BLOCK_FRAMES = 128
_CHUNK_FRAMES = 4

Frames = npt.NDArray[np.uint8]
Item = TypeVar("Item")
Result = TypeVar("Result")


def fit_frame(frame: Frames, view: ViewParams) -> Frames:
    """Bring a frame, uint8 (H, W, 3), to the geometry of ``view``.

    ``stretch``: (size, size, 3), aspect not kept. ``crop``: short side to ``crop_from``, then the centre
    square. ``keep``: short side to ``size`` if it is larger, else unchanged.
    """
    height, width = frame.shape[:2]
    if view.fit == "stretch":
        return _resize(frame, height=view.size, width=view.size)
    short = min(height, width)
    target = view.crop_from if view.fit == "crop" else min(view.size, short)
    scaled = _resize(frame, height=round(height * target / short), width=round(width * target / short))
    if view.fit == "keep":
        return scaled
    top, left = (scaled.shape[0] - view.size) // 2, (scaled.shape[1] - view.size) // 2
    return scaled[top : top + view.size, left : left + view.size]


def _resize(frame: Frames, *, height: int, width: int) -> Frames:
    if frame.shape[:2] == (height, width):
        return frame
    # Area averaging when shrinking: anything else aliases thin limbs away.
    shrinks = height <= frame.shape[0] and width <= frame.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized: Frames = cv2.resize(frame, (width, height), interpolation=how)
    return resized


@dataclass(frozen=True)
class _Block:
    """Consecutive frames of one video: the unit of work, so that long videos cost no more memory."""

    path: Path
    start: int
    stop: int


def pack_view(
    video_ids: Sequence[str],
    path: Path,
    *,
    frames_path: Callable[[str], Path],
    view: ViewParams,
    compute: ComputeParams,
    desc: str = "pack",
) -> None:
    """Pack ``video_ids``, sorted, whose extracted frames lie at ``frames_path(video_id)``.

    Memory is flat: a few blocks of frames are in flight, whatever the number or length of the videos.
    """
    ids = sorted(video_ids)
    starts, timestamps, sources = [0], [], []
    for video_id in ids:
        with open_frames(frames_path(video_id)) as frames:
            starts.append(starts[-1] + frames.num_frames)
            timestamps.append(frames.timestamps)
            sources.append(frames.fingerprint)
    fingerprint = digest_of(ids, sources, view.model_dump(), code_version(__name__))
    blocks = [
        _Block(frames_path(video_id), start, min(start + _BLOCK_FRAMES, count))
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
                for frames_block in _in_order(lambda block: _raw_block(block, view), blocks, compute, desc):
                    raw.append(frames_block)
        else:
            with JpegWriter(file) as encoded:
                for jpegs in _in_order(lambda block: _jpeg_block(block, view), blocks, compute, desc):
                    for jpeg in jpegs:
                        encoded.append(jpeg)


def _raw_block(block: _Block, view: ViewParams) -> Frames:
    with open_frames(block.path) as frames:
        return np.stack([fit_frame(frame, view) for frame in frames.decode(np.arange(block.start, block.stop))])


def _jpeg_block(block: _Block, view: ViewParams) -> list[bytes]:
    with open_frames(block.path) as frames:
        if view.fit == "keep" and min(frames.width, frames.height) <= view.size:
            # Already small enough: the bytes are taken over, without a second loss.
            return [jpeg.tobytes() for jpeg in frames.jpegs(block.start, block.stop)]
        decoded = frames.decode(np.arange(block.start, block.stop))
    return [_encode(fit_frame(frame, view), view.jpeg_quality) for frame in decoded]


def _encode(frame: Frames, quality: int) -> bytes:
    bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()


def _in_order(
    function: Callable[[Item], Result], items: Iterable[Item], compute: ComputeParams, desc: str
) -> Iterator[Result]:
    """Results in the order of ``items``, computed ahead by threads: OpenCV releases the GIL."""
    workers = num_workers(compute)
    waiting: deque[Future[Result]] = deque()
    todo = list(items)
    with ThreadPoolExecutor(workers) as pool, tqdm(total=len(todo), desc=desc, unit="block", mininterval=0.5) as bar:
        for item in todo:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
                bar.update()
        while waiting:
            yield waiting.popleft().result()
            bar.update()
