"""Clips of the packed files in batches.

Which clips, in which order and how augmented is a function of (seed, epoch, video_id) alone: the same
with any number of loading processes, and after a resumed run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, default_collate

from actionrec.clips.recipes import Recipe
from actionrec.clips.sampling import NO_FRAME, generator_for
from actionrec.core.arrays import Indices
from actionrec.core.tables import SplitRow
from actionrec.core.times import shown_at
from actionrec.keypoints.reader import PackedKeypoints
from actionrec.pack.features.reader import PackedFeatures
from actionrec.pack.views import View, open_view
from actionrec.training.balance import balanced_order

Batch = tuple[dict[str, Tensor], Tensor]
"""Inputs by name, each (B, ...), and labels int64 (B,)."""
Weighted = tuple[dict[str, Any], Any, Any]
"""As a batch, and weights (B,): 0 for what only fills up."""


@dataclass(frozen=True)
class ClipSource:
    """Reads any clip of any video and makes a model's inputs of it."""

    recipe: Recipe
    view: View | None
    keypoints: PackedKeypoints | None

    @property
    def level_sizes(self) -> tuple[int, ...] | None:
        """Values of each level in a vector; None where the view does not hold features."""
        return self.view.level_sizes if isinstance(self.view, PackedFeatures) else None

    @property
    def vector_multiply_adds(self) -> int:
        """What a vector cost to make; 0 where the view does not hold features."""
        return self.view.multiply_adds if isinstance(self.view, PackedFeatures) else 0

    def num_frames(self, video_id: str) -> int:
        """What the clips of the recipe are counted in: frames of the video, those with hands, moments, or rows."""
        rows = self._rows(video_id)
        return self._packed.num_frames(video_id) if rows is None else len(rows)

    def source_frames(self, video_id: str, indices: Indices) -> Indices:
        """Frames of the video that ``indices`` are about; ``NO_FRAME`` stays."""
        found, shown = indices.copy(), indices != NO_FRAME
        found[shown] = self._packed.source_frames(video_id, self._counted(video_id, indices[shown]))
        return found

    @property
    def _packed(self) -> View | PackedKeypoints:
        """The file whose frames, or rows, are counted."""
        packed = self.view or self.keypoints
        assert packed is not None
        return packed

    def _rows(self, video_id: str) -> Indices | None:
        """Rows of that file which the clips are counted in, at each moment or with hands; None for all of them."""
        fps, only_hands = self.recipe.fps, self.recipe.only_hands
        if self.view is None and self.keypoints is not None and (fps is not None or only_hands):
            return self.keypoints.counted_frames(video_id, fps=fps, only_hands=only_hands)
        return None if fps is None else shown_at(self._packed.timestamps(video_id), fps=fps).frames

    def _counted(self, video_id: str, indices: Indices) -> Indices:
        """Rows of the file at the places ``indices`` among those that are counted."""
        rows = self._rows(video_id)
        return indices if rows is None else rows[indices]

    def load(
        self, video_id: str, indices: Indices, *, generator: np.random.Generator | None, crop: int = 0
    ) -> dict[str, Any]:
        """Inputs of the clip ``indices`` (clip_frames,) of one video; augmented where ``generator`` is given.

        Where an index is ``NO_FRAME`` the frame is black, and no keypoint is found in it.
        """
        shown = indices != NO_FRAME
        rows = self._counted(video_id, indices[shown])
        frames = _spread(self.view.read(video_id, rows), shown) if self.view else None
        keypoints = (
            self.keypoints.read(video_id, self._packed.source_frames(video_id, rows)) if self.keypoints else None
        )
        if keypoints is not None:
            values, presence = (_spread(part, shown) for part in (keypoints.keypoints, keypoints.presence))
            keypoints = replace(keypoints, keypoints=values, presence=presence)
        return self.recipe.prepare(frames, keypoints, generator=generator, crop=crop)


def _spread(rows: npt.NDArray[Any], shown: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """``rows``, one a place that is ``shown``, with zeros at the other places: (n, ...)."""
    if shown.all():
        return rows
    spread = np.zeros((len(shown), *rows.shape[1:]), rows.dtype)
    spread[shown] = rows
    return spread


class TrainClips(Dataset[Batch]):
    """Random clips of labelled videos; an item is a whole batch, named by epoch and places.

    Places from ``num_clips`` on are further clips of the same videos, others than those before.
    """

    def __init__(self, source: ClipSource, *, video_ids: Sequence[str], labels: Sequence[int], seed: int) -> None:
        self._source = source
        self._video_ids = list(video_ids)
        self._labels = list(labels)
        self._seed = seed
        self.num_clips = len(self._video_ids) * source.recipe.clips_per_epoch

    @property
    def clip_labels(self) -> list[int]:
        """The label at each of the ``num_clips`` places."""
        return [label for label in self._labels for _ in range(self._source.recipe.clips_per_epoch)]

    def __getitem__(self, key: tuple[int, list[int]]) -> Batch:
        epoch, places = key
        per_epoch = self._source.recipe.clips_per_epoch
        found, labels = [], []
        for place in places:
            again, first = divmod(place, self.num_clips)
            video, repeat = divmod(first, per_epoch)
            found.append(self._clip(epoch, video, repeat + again * per_epoch))
            labels.append(self._labels[video])
        return default_collate(found), torch.tensor(labels)

    def _clip(self, epoch: int, video: int, repeat: int) -> dict[str, Any]:
        video_id = self._video_ids[video]
        generator = generator_for(self._seed, epoch, video_id, repeat)
        indices = self._source.recipe.train_clip(self._source.num_frames(video_id), generator=generator)
        return self._source.load(video_id, indices, generator=generator)


class EpochBatches(Sampler[tuple[int, list[int]]]):
    """``(epoch, places)`` of every batch of an epoch, shuffled by (seed, epoch).

    Batches differ in size by one at most, so that none holds a single clip, for which batch
    normalisation has no variance. With several processes (``world_size``), each takes its share of
    every epoch; the shares are filled up to one length with repeated clips.
    """

    def __init__(
        self,
        num_clips: int,
        *,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        labels: Sequence[int] | None = None,
    ) -> None:
        """``labels`` of the clips: an epoch then holds as many clips of every class, and ``num_clips`` in all."""
        self._num_clips = num_clips
        self._labels = labels
        self._seed = seed
        self._rank, self._world_size = rank, world_size
        self._share = -(-num_clips // world_size)
        self._num_batches = -(-self._share // batch_size)
        self.smallest = self._share // self._num_batches
        """Clips of the smallest batch."""
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._num_batches

    def __iter__(self) -> Iterator[tuple[int, list[int]]]:
        generator = generator_for(self._seed, self._epoch, "order")
        if self._labels is None:
            order = generator.permutation(self._num_clips)
        else:
            order = balanced_order(np.asarray(self._labels), generator=generator)
        mine = np.resize(order, self._share * self._world_size)[self._rank :: self._world_size]
        for places in np.array_split(mine, self._num_batches):
            yield self._epoch, places.tolist()


class FixedClips(Dataset[Weighted]):
    """The clips that validation or prediction sees; an item is one clip's inputs, its label and weight 1.

    With several processes (``world_size``), each holds its share; a share that would be one clip short is
    filled up with a clip of weight 0, since all processes must make the same number of steps.
    """

    def __init__(
        self,
        source: ClipSource,
        *,
        video_ids: Sequence[str],
        labels: Sequence[int],
        clips: Sequence[Indices],
        num_crops: int = 1,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        """``clips``: of each video, indices (num_clips, clip_frames); of each clip ``num_crops`` squares are seen."""
        self._source = source
        self._video_ids = list(video_ids)
        self._labels = list(labels)
        self._num_crops = num_crops
        rows = [(video, row) for video, of_video in enumerate(clips) for row in of_video for _ in range(num_crops)]
        self._rows = [row for _, row in rows]
        self.clip_video = np.asarray([video for video, _ in rows], np.int64)
        """(M,) place in ``video_ids``."""
        share = -(-len(rows) // world_size)
        self._places = np.arange(rank, share * world_size, world_size)

    @property
    def clip_frames(self) -> Indices:
        """(M, L) frame indices, ``NO_FRAME`` where black and after the end of clips shorter than the longest."""
        longest = max(map(len, self._rows))
        rows = zip(self.clip_video.tolist(), self._rows, strict=True)
        frames = [self._source.source_frames(self._video_ids[video], row) for video, row in rows]
        padded = [np.pad(row, (0, longest - len(row)), constant_values=NO_FRAME) for row in frames]
        return np.stack(padded)

    @property
    def same_length(self) -> bool:
        """Whether clips can be stacked into batches."""
        return len({len(row) for row in self._rows}) == 1

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, item: int) -> tuple[dict[str, Any], int, float]:
        place = int(self._places[item])
        weight = float(place < len(self._rows))
        place %= len(self._rows)
        video = int(self.clip_video[place])
        inputs = self._source.load(
            self._video_ids[video], self._rows[place], generator=None, crop=place % self._num_crops
        )
        return inputs, self._labels[video], weight


def open_source(
    recipe: Recipe, rows: Sequence[SplitRow], *, packed_path: Callable[[str], Path], keypoints_path: Path
) -> ClipSource:
    """Open the packed files that ``recipe`` reads.

    Raises :class:`ActionrecError` for an incomplete file, or one that holds other videos than the split.
    """
    view = open_view(packed_path(recipe.view), view=recipe.view) if recipe.view else None
    keypoints = PackedKeypoints(keypoints_path) if recipe.reads_keypoints else None
    for packed in (view, keypoints):
        if packed is not None:
            packed.check_covers([row.video_id for row in rows], name="the split")
    return ClipSource(recipe, view, keypoints)


class AheadLoader(DataLoader[Batch]):
    """Makes the next batch in a thread of its own while the last one is used."""

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]  # a generator has no length
        batches = super().__iter__()
        with ThreadPoolExecutor(1) as thread:
            coming = thread.submit(next, batches, None)
            while (batch := coming.result()) is not None:
                coming = thread.submit(next, batches, None)
                yield batch


def train_loader(clips: TrainClips, batches: EpochBatches, *, num_workers: int) -> DataLoader[Batch]:
    """Batches of ``clips`` in the order of ``batches``, made ahead."""
    loader = DataLoader if num_workers else AheadLoader
    return loader(clips, sampler=batches, batch_size=None, **_worker_options(num_workers))


def fixed_loader(clips: FixedClips, *, batch_size: int, num_workers: int) -> DataLoader[Any]:
    """Batches of ``clips`` in order, the last one incomplete; clips of different lengths come one by one."""
    size = batch_size if clips.same_length else 1
    return DataLoader(clips, batch_size=size, shuffle=False, **_worker_options(num_workers))


def _worker_options(num_workers: int) -> dict[str, Any]:
    if num_workers == 0:
        return {"num_workers": 0}
    # spawn: a forked child inherits the locks of HDF5 and OpenCV's threads, and may hang.
    return {"num_workers": num_workers, "multiprocessing_context": "spawn", "persistent_workers": True}
