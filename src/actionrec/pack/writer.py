"""All frames of all kept videos at one geometry, in one file that training reads, or in shards behind one index.

Layout of ``data/packed/<view>.h5``, which :mod:`actionrec.pack.reader` reads: ``video_id`` (V,) strings,
sorted; ``frame_start`` int64 (V + 1): video ``v`` owns the flat frames ``frame_start[v]..frame_start[v+1]-1``;
``timestamps`` float64 (F,) seconds; with ``fps`` also ``frame_index`` int64 (F,), the frame of the video that is shown
at that moment; then either ``frames`` uint8 (F, size, size, 3) RGB 0-255 (``raw``), or
``jpeg`` and ``offsets`` (``jpeg``, read with :func:`actionrec.core.hdf5.read_jpegs`). Attribute ``view``: the
view's parameters as JSON.

With ``shard_videos`` each shard is such a file of some of the videos, named after its fingerprint, in the folder
``data/packed/<view>/``, and ``<view>.h5`` is the index: ``video_id`` and ``frame_start`` as above, ``shard`` (S,) the
names, ``video_shard`` int64 (V,) which of them holds a video. Videos are put together as they arrive: a shard whose
videos are all still wanted, and unchanged, stays as it is, and what is new goes into new ones. Ranges of sorted ids
would shift with every new id, and an assignment by hash would spread a hundred new videos over most of a hundred
shards. The price is that shards depend on what was packed before; their frames, and the view's fingerprint, do not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar, overload

import numpy as np

from actionrec.core.arrays import Indices
from actionrec.core.code import code_digest
from actionrec.core.compute import ComputeParams, map_in_order, map_items
from actionrec.core.files import atomic_dir, digest_of, link_or_copy
from actionrec.core.hdf5 import FlatWriter, JpegWriter, create_h5, write_json_attr, write_strings
from actionrec.core.itemcache import ItemCache
from actionrec.core.times import shown_at
from actionrec.intake.extract.frames import open_frames
from actionrec.pack.fit import Block, jpeg_block, raw_block
from actionrec.pack.reader import (
    SHARDS_FORMAT,
    SHARDS_VERSION,
    VIEW_FORMAT,
    VIEW_VERSION,
    PackedView,
    shards_folder,
)
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
    shown, sources = [], []
    for video_id in ids:
        with open_frames(frames_path(video_id)) as frames:
            shown.append(shown_at(frames.timestamps, fps=view.fps))
            sources.append(frames.fingerprint)
    fingerprint = _fingerprint(dict(zip(ids, sources, strict=True)), view)
    blocks = _Blocks(ids, frames_path, [each.frames for each in shown])
    with create_h5(path, format=VIEW_FORMAT, version=VIEW_VERSION, fingerprint=fingerprint) as file:
        write_json_attr(file, "view", view.content())
        write_strings(file, "video_id", ids)
        file.create_dataset("frame_start", data=np.cumsum([0, *map(len, shown)], dtype=np.int64))
        file.create_dataset("timestamps", data=np.concatenate([np.zeros(0), *(each.seconds for each in shown)]))
        if view.fps is not None:
            indices = [np.zeros(0, np.int64), *(each.frames for each in shown)]
            file.create_dataset("frame_index", data=np.concatenate(indices))
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


class _Blocks(Sequence[Block]):
    """The blocks of all videos in a row, each made as it is asked for: a million are not held."""

    def __init__(self, video_ids: Sequence[str], frames_path: Callable[[str], Path], frames: Sequence[Indices]) -> None:
        self._video_ids, self._frames_path, self._frames = video_ids, frames_path, frames
        self._first = np.cumsum([0, *(-(-len(of_video) // _BLOCK_FRAMES) for of_video in frames)])

    def __len__(self) -> int:
        return int(self._first[-1])

    @overload
    def __getitem__(self, place: int) -> Block: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Block]: ...
    def __getitem__(self, place: int | slice) -> Block | Sequence[Block]:
        if isinstance(place, slice):
            return [self[number] for number in range(len(self))[place]]
        number = range(len(self))[place]  # IndexError behind the last
        video = int(np.searchsorted(self._first, number, side="right")) - 1
        start = (number - int(self._first[video])) * _BLOCK_FRAMES
        frames = self._frames[video][start : start + _BLOCK_FRAMES]
        return Block(self._frames_path(self._video_ids[video]).resolve(), frames)


def _each(
    function: Callable[[Block], Result], blocks: Sequence[Block], compute: ComputeParams, desc: str | None
) -> Iterator[Result]:
    return map(function, blocks) if desc is None else map_in_order(function, blocks, compute=compute, desc=desc)


def _fingerprint(sources: Mapping[str, str], view: ViewParams) -> str:
    """Of videos, by id the fingerprint of their frames, at the geometry of ``view``; the same however they are kept."""
    ids = sorted(sources)
    return digest_of(ids, [sources[video_id] for video_id in ids], *_made_by(view))


def _made_by(view: ViewParams) -> tuple[object, ...]:
    return view.content(), code_digest("actionrec.pack.fit")


@dataclass(frozen=True)
class _Shard:
    """One file to pack, as it is sent to a worker; paths are absolute."""

    fingerprint: str
    key: str
    frames: dict[str, Path]
    view: ViewParams
    cache: ItemCache


def write_view(
    video_ids: Sequence[str],
    path: Path,
    *,
    frames_path: Callable[[str], Path],
    view: ViewParams,
    compute: ComputeParams,
    desc: str = "pack",
) -> None:
    """Pack ``video_ids`` as ``view.shard_videos`` says: into ``path`` alone, or into shards whose index it is.

    The folder of the shards (``path`` without suffix) is there in either case, empty in the first. Shards are made in
    parallel and kept in the item cache, so a killed run goes on where it stopped.
    """
    folder = shards_folder(path)
    if not view.shard_videos:
        pack_view(video_ids, path, frames_path=frames_path, view=view, compute=compute, desc=desc)
        with atomic_dir(folder):
            return
    sources, counts = {}, {}
    for video_id in sorted(video_ids):
        with open_frames(frames_path(video_id)) as frames:
            sources[video_id] = frames.fingerprint
            counts[video_id] = len(shown_at(frames.timestamps, fps=view.fps))
    cache = ItemCache.of_stage("pack")
    shards = [
        _Shard(
            fingerprint := _fingerprint({video_id: sources[video_id] for video_id in ids}, view),
            _shard_key(fingerprint, view),
            {video_id: frames_path(video_id).resolve() for video_id in ids},
            view,
            cache,
        )
        for ids in _planned(sources, view, cache)
    ]
    missing = [shard for shard in shards if not cache.has(shard.key)]
    for _ in map_items(_pack_shard, missing, compute=compute, desc=desc, unit="shard"):
        pass
    with atomic_dir(folder) as aside:
        for shard in shards:
            link_or_copy(cache.path(shard.key), aside / f"{shard.fingerprint}.h5")
    _write_index(path, shards, counts, fingerprint=_fingerprint(sources, view), view=view)


def plan_shards(wanted: Iterable[str], known: Iterable[Sequence[str]], *, shard_videos: int) -> list[list[str]]:
    """Which of the ids ``wanted`` share a file, ``shard_videos`` of them at most; each list is sorted.

    Of the ``known`` shards those are kept that hold wanted ids only, the largest first. What is left goes into new
    ones, together with the videos of a kept shard that is not larger than that: so a video is packed again a few times
    at most (as often as its shard can double), and there are never many small files.
    """
    left = set(wanted)
    kept: list[list[str]] = []
    for ids in sorted((sorted(ids) for ids in known), key=lambda ids: (-len(ids), ids)):
        if len(ids) <= shard_videos and left.issuperset(ids):
            kept.append(ids)
            left.difference_update(ids)
    while kept and len(kept[-1]) <= min(len(left), shard_videos - 1):
        left.update(kept.pop())
    rest = sorted(left)
    return sorted([*kept, *(rest[start : start + shard_videos] for start in range(0, len(rest), shard_videos))])


def _planned(sources: Mapping[str, str], view: ViewParams, cache: ItemCache) -> list[list[str]]:
    """The plan for exactly these videos is made once and kept: a killed run goes on with it."""
    key = cache.key("plan", _fingerprint(sources, view), view.shard_videos)
    if not cache.has(key):
        plan = plan_shards(sources, _known_shards(sources, view, cache), shard_videos=view.shard_videos)
        with cache.writing(key) as aside:
            aside.write_text(json.dumps(plan), encoding="utf-8")
    planned: list[list[str]] = json.loads(cache.path(key).read_text(encoding="utf-8"))
    return planned


def _shard_key(fingerprint: str, view: ViewParams) -> str:
    """Entries of one geometry begin alike, so that they are found again."""
    return f"{digest_of(*_made_by(view))[:16]}-{fingerprint}"


def _known_shards(sources: Mapping[str, str], view: ViewParams, cache: ItemCache) -> Iterator[list[str]]:
    """Ids of the shards that were packed before from the same frames."""
    pattern = cache.path(_shard_key("*", view))
    for path in sorted(pattern.parent.glob(pattern.name)):
        if path.suffix or not cache.has(path.name):
            continue  # kept beside an entry, or damaged
        shard = PackedView(path, view="")
        shard.close()
        known = {video_id: sources[video_id] for video_id in shard.video_ids if video_id in sources}
        if len(known) == len(shard.video_ids) and _fingerprint(known, view) == shard.fingerprint:
            yield shard.video_ids


def _pack_shard(shard: _Shard) -> None:
    local = ComputeParams(backend="local", workers=1)
    with shard.cache.writing(shard.key) as path:
        pack_view(
            list(shard.frames),
            path,
            frames_path=shard.frames.__getitem__,
            view=shard.view,
            compute=local,
            desc=None,
        )


def _write_index(
    path: Path, shards: Sequence[_Shard], counts: Mapping[str, int], *, fingerprint: str, view: ViewParams
) -> None:
    ids = sorted(counts)
    shard_of = {video_id: number for number, shard in enumerate(shards) for video_id in shard.frames}
    starts = np.cumsum([0, *(counts[video_id] for video_id in ids)])
    with create_h5(path, format=SHARDS_FORMAT, version=SHARDS_VERSION, fingerprint=fingerprint) as index:
        write_json_attr(index, "view", view.content())
        write_strings(index, "video_id", ids)
        index.create_dataset("frame_start", data=np.asarray(starts, np.int64))
        write_strings(index, "shard", [shard.fingerprint for shard in shards])
        index.create_dataset("video_shard", data=np.asarray([shard_of[video_id] for video_id in ids], np.int64))
