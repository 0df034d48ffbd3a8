"""Which candidates for copies show the same, looked up in the extracted frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from actionrec.core.code import code_digest
from actionrec.core.compute import ComputeParams, map_items
from actionrec.core.itemcache import ItemCache
from actionrec.core.tables import ScreenedRow
from actionrec.intake.extract.frames import open_frames
from actionrec.intake.split.moving import CELLS, SAME, Moments, difference_left, moments_of, move_alike
from actionrec.intake.split.similar import NearPairs

_HELD_VIDEOS = 256


@dataclass(frozen=True)
class _Item:
    """One video to look at, as it is sent to a worker."""

    path: Path
    cache: ItemCache
    code: str


@dataclass(frozen=True)
class Recordings:
    """The extracted frames of all videos: ``frames_dir/<video_id>.h5``."""

    frames_dir: Path
    compute: ComputeParams

    def that_show_the_same(self, rows: Sequence[ScreenedRow], near: NearPairs) -> NearPairs:
        """Those pairs of ``near``, places in ``rows``, of which one is a copy of the other, frame by frame in time.

        What a video's frames come to is kept in the item cache, so another split reads none of them again.
        """
        places = np.unique(near.pairs)
        cache, code = ItemCache.of_stage("split"), code_digest("actionrec.intake.split.moving")
        items = {
            _Item((self.frames_dir / f"{rows[place].video_id}.h5").resolve(), cache, code): number
            for number, place in enumerate(places)
        }
        keys = [""] * len(places)
        # Where a video moves says of most pairs that they are two, and costs nothing to hold for all.
        moves = np.zeros((len(places), -(-CELLS // 8)), np.uint8)
        for item, (key, packed) in map_items(_look_at, list(items), compute=self.compute, desc="compare"):
            keys[items[item]], moves[items[item]] = key, np.frombuffer(packed, np.uint8)
        numbers = np.searchsorted(places, near.pairs)
        chosen = np.flatnonzero(near.mirrored | move_alike(moves, numbers))

        @lru_cache(_HELD_VIDEOS)
        def moments(number: int) -> Moments:
            return _load(cache.path(keys[number]))

        def same(pair: int) -> bool:
            one, other = (moments(int(number)) for number in numbers[pair])
            return difference_left(one, other.mirrored() if near.mirrored[pair] else other) <= SAME

        return near.those(np.array([pair for pair in chosen if same(pair)], np.int64))


def _look_at(item: _Item) -> tuple[str, bytes]:
    """The key of the cache entry with the video's moments, made where it is missing, and where it moves, packed."""
    with open_frames(item.path) as frames:
        key = item.cache.key(frames.fingerprint, item.code)
        if item.cache.has(key):
            moments = _load(item.cache.path(key))
        else:
            moments = moments_of(frames)
            with item.cache.writing(key) as path, path.open("wb") as file:
                np.savez(
                    file,
                    pictures=moments.pictures,
                    still=moments.still,
                    moves=moments.moves,
                    per_second=np.float64(moments.per_second),
                )
    return key, np.packbits(moments.moves).tobytes()


def _load(path: Path) -> Moments:
    with np.load(path, allow_pickle=False) as kept:
        return Moments(kept["pictures"], kept["still"], kept["moves"], float(kept["per_second"]))
