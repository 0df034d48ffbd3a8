"""Vectors of every video: resumable, frames of several videos in one batch, memory flat."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from actionrec.core.arrays import Frames, Indices
from actionrec.core.code import code_digest
from actionrec.core.compute import ComputeParams, map_in_order, map_items, num_workers
from actionrec.core.errors import ActionrecError
from actionrec.core.files import digest_of
from actionrec.core.hdf5 import FlatWriter, create_h5, write_json_attr, write_strings
from actionrec.core.itemcache import ItemCache
from actionrec.core.times import Shown, shown_at
from actionrec.intake.extract.frames import open_frames
from actionrec.models.cost import count_multiply_adds
from actionrec.pack.features.backbones import Backbone, build_backbone, example_windows
from actionrec.pack.features.reader import FEATURES_FORMAT, FEATURES_VERSION
from actionrec.pack.features.rows import changing_rows, middle_of_rows, window_rows
from actionrec.pack.features.running import Kept, Run, keep_program, kept_in, runner_of
from actionrec.pack.features.section import FeatureParams
from actionrec.pack.fit import fit_frame
from actionrec.pack.section import ViewParams

Vectors = npt.NDArray[np.float16]

_BLOCK_FRAMES = 64
_CHUNK_ROWS = 32
_MID_GREY = 128
_CHANGE_GAIN = 2
_BUILDING = threading.Lock()


@dataclass(frozen=True)
class FeatureVideo:
    """One video: which frames its vectors are made of, and where they are kept."""

    video_id: str
    path: Path
    shown: Shown
    """The frames that are looked at."""
    rows: Indices
    """(rows, window_frames), counted in those."""
    key: str

    @property
    def middle(self) -> Shown:
        """Of the frame in the middle of each window: (rows,)."""
        return middle_of_rows(self.rows, self.shown)


@dataclass(frozen=True)
class Block:
    """Rows of one video that are decoded together."""

    video: FeatureVideo
    start: int
    stop: int


@dataclass(frozen=True)
class WindowNetwork:
    """What the frames go through."""

    params: FeatureParams
    view: ViewParams | None
    """Geometry that they take before they are stretched to the network's square; None for none."""
    backbone: Backbone
    threads: int
    kept: Kept | None = None
    """Finds the network in the form that runs, where it was made before."""

    @cached_property
    def _run(self) -> Run:
        return runner_of(self.backbone, self.params, num_threads=self.threads, kept=self.kept)

    def made_by(self) -> tuple[object, ...]:
        """All that the vectors of a video depend on, beside its frames."""
        return (
            self.params.model_dump(exclude={"view", "weights"}),
            self.view.model_dump(exclude={"encoding", "jpeg_quality", "fps", "shard_videos"})
            if self.view is not None
            else None,
            self.backbone.digest(),
            code_digest("actionrec.pack.features.extract"),
        )

    def windows(self, block: Block) -> Frames:
        """Squares (rows, window_frames, S, S, 3) of one block."""
        rows = block.video.rows[block.start : block.stop]
        if self.params.frame_content == "rgb":
            return self._squares(block.video, rows)
        now, later = changing_rows(rows, len(block.video.shown), change_frames=self.params.change_frames)
        both = self._squares(block.video, np.concatenate([now, later])).astype(np.int16)
        change = both[len(rows) :] - both[: len(rows)]
        return np.clip(_MID_GREY + _CHANGE_GAIN * change, 0, 255).astype(np.uint8)

    def _squares(self, video: FeatureVideo, rows: Indices) -> Frames:
        """The shown frames ``rows`` (rows, window_frames) at the network's size; each is decoded once."""
        wanted, places = np.unique(video.shown.frames[rows], return_inverse=True)
        with open_frames(video.path) as frames:
            decoded = frames.decode(wanted)
        fitted = decoded if self.view is None else [fit_frame(frame, self.view) for frame in decoded]
        square = ViewParams(encoding="raw", fit="stretch", size=self.params.image_size)
        squares: Frames = np.stack([fit_frame(frame, square) for frame in fitted])
        found: Frames = squares[places.reshape(rows.shape)]
        return found

    def vectors(self, batch: Frames) -> Vectors:
        """Of windows (B, window_frames, S, S, 3): (B, D).

        The batch is filled up to ``batch_size``: with as many beside it, a window always gives the same vector.
        """
        filled = np.zeros((self.params.batch_size, *batch.shape[1:]), np.uint8)
        filled[: len(batch)] = batch
        vectors: Vectors = self._run(filled)[: len(batch)].astype(np.float16)
        return vectors

    def vectors_of(self, video: FeatureVideo) -> Vectors:
        """Of all rows of one video, (rows, D); as they are in batches with other videos."""
        size, rows = self.params.batch_size, len(video.rows)
        blocks = [Block(video, start, min(start + size, rows)) for start in range(0, rows, size)]
        return np.concatenate([self.vectors(self.windows(block)) for block in blocks])


@dataclass(frozen=True)
class VideoJob:
    """One video for a worker of a cluster, which keeps the vectors where all can read them."""

    frames: Path
    video: FeatureVideo
    params: FeatureParams
    view: ViewParams | None
    weights_digest: str
    cache: ItemCache


def make_vectors(job: VideoJob) -> None:
    """Write the vectors of one video to the item cache, through a network that stays ready in this process.

    Raises :class:`ActionrecError` where this machine has other weights than the one that gave the work.
    """
    with _BUILDING:
        network, digest = _network_here(job.params, job.view, job.cache)
    if digest != job.weights_digest:
        raise ActionrecError(
            f"a worker has other weights of {job.params.backbone} ({job.params.weights}) than this machine; give it "
            "the same file"
        )
    _keep(network.vectors_of(job.video), job.cache, job.video.key)


@cache
def _network_here(params: FeatureParams, view: ViewParams | None, cache: ItemCache) -> tuple[WindowNetwork, str]:
    backbone = build_backbone(params)
    digest = backbone.digest()  # before it goes where it runs
    return WindowNetwork(params, view, backbone, threads=1, kept=kept_in(cache)), digest


def _keep(vectors: Vectors, cache: ItemCache, key: str) -> None:
    with cache.writing(key) as aside, aside.open("wb") as file:
        np.save(file, vectors)


def features_cache() -> ItemCache:
    """Where the vectors of each video are kept, and the networks in the form that runs."""
    return ItemCache.of_stage("features")


def pack_features(
    video_ids: Sequence[str],
    path: Path,
    *,
    frames_path: Callable[[str], Path],
    params: FeatureParams,
    view: ViewParams | None,
    backbone: Backbone,
    compute: ComputeParams,
    desc: str = "features",
) -> None:
    """Pack the vectors of ``video_ids``, sorted, whose extracted frames lie at ``frames_path(video_id)``.

    ``view`` is the geometry that frames take before they are stretched to ``params.image_size``; None for none. What
    the item cache holds is not computed again; a GPU is used where there is one.

    Layout of ``path``, which :mod:`actionrec.pack.features.reader` reads: ``video_id`` (V,) strings, sorted;
    ``frame_start`` int64 (V + 1): video ``v`` owns the rows ``frame_start[v]..frame_start[v+1]-1``; ``features``
    float16 (R, D); ``frame_index`` int64 (R,) the frame that a row is about; ``timestamps`` float64 (R,) its time in
    seconds. Attributes: ``params``, the parameters as JSON; ``level_sizes``, how many values of a vector are of each
    level of the network, the end first; and ``multiply_adds``, what the network computes for one vector.
    """
    cache = features_cache()
    network = WindowNetwork(params, view, backbone, num_workers(compute), kept_in(cache))
    videos = _videos(video_ids, frames_path, network, cache)
    missing = list({video.key: video for video in videos if not cache.has(video.key)}.values())
    if missing:
        keep_program(backbone, params, cache)
    if compute.backend == "dask":
        digest = backbone.digest()
        jobs = [VideoJob(video.path, video, params, view, digest, cache) for video in missing]
        for _ in map_items(make_vectors, jobs, compute=compute, desc=desc):
            pass
    else:
        for video, vectors in _vectors_of(missing, network, compute=compute, desc=desc):
            _keep(vectors, cache, video.key)
    starts = np.cumsum([0, *(len(video.rows) for video in videos)])
    fingerprint = digest_of([video.video_id for video in videos], [video.key for video in videos])
    with create_h5(path, format=FEATURES_FORMAT, version=FEATURES_VERSION, fingerprint=fingerprint) as packed:
        write_json_attr(packed, "params", params.model_dump())
        write_json_attr(packed, "level_sizes", backbone.level_sizes)
        packed.attrs["multiply_adds"] = count_multiply_adds(backbone, example_windows(params, 1))
        write_strings(packed, "video_id", [video.video_id for video in videos])
        packed.create_dataset("frame_start", data=np.asarray(starts, np.int64))
        packed.create_dataset("frame_index", data=_joined([video.middle.frames for video in videos], np.int64))
        packed.create_dataset("timestamps", data=_joined([video.middle.seconds for video in videos], np.float64))
        with FlatWriter(
            packed, "features", row_shape=(backbone.num_features,), dtype=np.float16, chunk_rows=_CHUNK_ROWS
        ) as features:
            for video in videos:
                features.append(np.load(cache.path(video.key), allow_pickle=False))


def _videos(
    video_ids: Sequence[str], frames_path: Callable[[str], Path], network: WindowNetwork, cache: ItemCache
) -> list[FeatureVideo]:
    made_by = network.made_by()
    videos = []
    for video_id in sorted(video_ids):
        with open_frames(frames_path(video_id)) as frames:
            shown = shown_at(frames.timestamps, fps=network.params.fps)
            key = cache.key(frames.fingerprint, *made_by)
        rows = window_rows(len(shown), network.params)
        videos.append(FeatureVideo(video_id, frames_path(video_id).resolve(), shown, rows, key))
    return videos


def _vectors_of(
    videos: Sequence[FeatureVideo], network: WindowNetwork, *, compute: ComputeParams, desc: str
) -> Iterator[tuple[FeatureVideo, Vectors]]:
    """Vectors (rows, D) of each video as it is finished."""
    waiting = deque(videos)
    done = np.zeros((0, network.backbone.num_features), np.float16)
    for batch in _batches(videos, network, compute=compute, desc=desc):
        done = np.concatenate([done, network.vectors(batch)])
        while waiting and len(done) >= len(waiting[0].rows):
            video = waiting.popleft()
            yield video, done[: len(video.rows)]
            done = done[len(video.rows) :]


def _batches(
    videos: Sequence[FeatureVideo], network: WindowNetwork, *, compute: ComputeParams, desc: str
) -> Iterator[Frames]:
    """Windows (B, window_frames, S, S, 3) of all videos in a row, ``batch_size`` at a time; the last is shorter."""
    params = network.params
    rows_a_block = max(1, _BLOCK_FRAMES // params.window_frames)
    blocks = [
        Block(video, start, min(start + rows_a_block, len(video.rows)))
        for video in videos
        for start in range(0, len(video.rows), rows_a_block)
    ]
    kept = np.zeros((0, params.window_frames, params.image_size, params.image_size, 3), np.uint8)
    for windows in map_in_order(network.windows, blocks, compute=compute, desc=desc):
        kept = np.concatenate([kept, windows])
        while len(kept) >= params.batch_size:
            yield kept[: params.batch_size]
            kept = kept[params.batch_size :]
    if len(kept):
        yield kept


def _joined(arrays: Sequence[npt.NDArray[Any]], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype)
