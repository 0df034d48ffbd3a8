"""Which pairs of signatures are near: exact, without looking at every pair.

Two signatures that differ visibly in at most ``m`` of their cells agree in all cells of at least one of ``m + 1``
blocks. In each block, videos are parted again and again at the cell in which they differ most (an epsilon k-d tree
join): what lies within the visible difference beyond the border goes to both sides, so that no pair is lost. Only the
few videos of a leaf are compared with each other. Time grows with the number of videos and of pairs found, memory with
the same; a thousand videos before one wall are half a million pairs, whatever the search.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from actionrec.intake.screen.signature import COLUMNS, ROWS, VISIBLE

Levels = npt.NDArray[np.uint8]
Pairs = npt.NDArray[np.int64]

_LEAF = 96
_MOST_KEPT = 0.9
"""A side that keeps more than this share of the videos is not worth the border."""
_COMPARED_CELLS = 1 << 22
"""Cells compared at a time."""


@dataclass(frozen=True)
class NearPairs:
    """Pairs of videos, sorted; one that is near both ways is there twice."""

    pairs: Pairs
    """(P, 2) places, the smaller first."""
    differing: npt.NDArray[np.int64]
    """(P,) cells that differ visibly."""
    mirrored: npt.NDArray[np.bool_]
    """(P,) whether the second is near when left and right are exchanged."""

    def those(self, chosen: npt.NDArray[Any]) -> NearPairs:
        """The pairs that ``chosen`` (P,) names, by truth or by place."""
        return NearPairs(self.pairs[chosen], self.differing[chosen], self.mirrored[chosen])


def near_pairs(levels: Levels, *, max_differing: int, mirrored: bool = False) -> NearPairs:
    """All pairs of ``levels`` (N, cells), grey levels 0-255, that differ visibly in at most ``max_differing`` cells.

    With ``mirrored`` also pairs of one and the mirror image of another.
    """
    if not mirrored:
        found = _near(levels, max_differing)
        return NearPairs(found, _differing(levels, found), np.zeros(len(found), np.bool_))
    together = np.concatenate([levels, _mirror_image(levels)])
    found = _near(together, max_differing)
    reflected = found[:, 1] >= len(levels)
    second = found[:, 1] - len(levels) * reflected
    # Each mirrored pair is found from either side, and two mirror images are as near as their originals.
    chosen = (found[:, 0] < len(levels)) & (found[:, 0] < second)
    found, reflected = found[chosen], reflected[chosen]
    pairs = np.stack([found[:, 0], second[chosen]], axis=1)
    order = np.lexsort((reflected, pairs[:, 1], pairs[:, 0]))
    return NearPairs(pairs, _differing(together, found), reflected).those(order)


def _mirror_image(levels: Levels) -> Levels:
    return np.ascontiguousarray(levels.reshape(-1, ROWS, COLUMNS)[:, :, ::-1]).reshape(levels.shape)


def _near(levels: Levels, max_differing: int) -> Pairs:
    """The near pairs, sorted, each once."""
    num_videos, num_cells = levels.shape
    num_blocks = min(max_differing + 1, num_cells)
    # A block's cells lie together in memory: a leaf reads little. With no cell to agree in, every pair is near.
    cells = num_cells if max_differing < num_cells else 0
    blocks = [np.ascontiguousarray(levels[:, block:cells:num_blocks]) for block in range(num_blocks if cells else 1)]
    found = [_of_block(levels, blocks[: number + 1], max_differing) for number in range(len(blocks))]
    keys = np.unique(np.concatenate(found))
    return np.stack([keys // max(num_videos, 1), keys % max(num_videos, 1)], axis=1)


def _of_block(levels: Levels, blocks: Sequence[Levels], max_differing: int) -> npt.NDArray[np.int64]:
    """The near pairs that agree in the last of ``blocks`` and in none before: one number each, some of them twice."""
    found = [np.zeros(0, np.int64)]
    for leaf in _leaves(blocks[-1]):
        pairs = leaf[_agreeing(blocks[-1][leaf])]
        for earlier in blocks[:-1]:
            pairs = pairs[_differing(earlier, pairs) > 0]
        pairs = np.sort(pairs[_differing(levels, pairs) <= max_differing], axis=1)
        found.append(pairs[:, 0] * len(levels) + pairs[:, 1])
    return np.concatenate(found)


def _leaves(levels: Levels) -> Iterator[npt.NDArray[np.int64]]:
    """Places of videos, such that every pair that agrees in all cells of ``levels`` (N, cells) is in one of them."""
    waiting = [np.arange(len(levels))]
    while waiting:
        places = waiting.pop()
        border = _border(levels, places) if len(places) > _LEAF else None
        if border is None:
            if len(places) > 1:
                yield places
            continue
        values, middle = border
        waiting += [places[values <= middle + VISIBLE], places[values > middle]]


def _border(levels: Levels, places: npt.NDArray[np.int64]) -> tuple[Levels, int] | None:
    """Values of the cell that parts the videos ``places`` best, and the last value of the lower side."""
    if not levels.shape[1]:
        return None
    of_sample = levels[places[:: max(1, len(places) // 512)]].astype(np.float32)
    for cell in np.argsort(-of_sample.std(axis=0), kind="stable")[:3]:
        values = levels[places, cell]
        middle = int(np.median(values))
        most = max(int((values <= middle + VISIBLE).sum()), int((values > middle).sum()))
        if most <= _MOST_KEPT * len(places):
            return values, middle
    return None


def _agreeing(levels: Levels) -> Pairs:
    """Pairs of rows of ``levels`` (n, cells) that agree in all cells: (P, 2), the smaller first."""
    if not levels.shape[1]:
        return np.stack(np.triu_indices(len(levels), 1), axis=1).astype(np.int64)
    order = np.argsort(-levels.astype(np.float32).std(axis=0), kind="stable")
    signed = levels[:, order].astype(np.int16)
    step = max(1, _COMPARED_CELLS // max(len(levels), 1))
    found = []
    for start in range(0, len(levels), step):
        block = signed[start : start + step]
        # The first cells, those that differ most, leave few pairs for the others.
        near = np.abs(block[:, None, 0] - signed[None, :, 0]) <= VISIBLE
        near &= np.arange(start, start + len(block))[:, None] < np.arange(len(levels))
        first, second = np.nonzero(near)
        for cell in range(1, signed.shape[1]):
            if not len(first):
                break
            agrees = np.abs(block[first, cell] - signed[second, cell]) <= VISIBLE
            first, second = first[agrees], second[agrees]
        found.append(np.stack([first + start, second], axis=1))
    return np.concatenate(found).astype(np.int64) if found else np.zeros((0, 2), np.int64)


def _differing(levels: Levels, pairs: Pairs) -> npt.NDArray[np.int64]:
    """(P,) cells in which the videos of each pair differ visibly."""
    counts = np.empty(len(pairs), np.int64)
    step = max(1, _COMPARED_CELLS // max(levels.shape[1], 1))
    for start in range(0, len(pairs), step):
        one, other = (levels[pairs[start : start + step, side]] for side in (0, 1))
        apart = np.maximum(one, other) - np.minimum(one, other)
        counts[start : start + step] = (apart > VISIBLE).sum(axis=1)
    return counts
