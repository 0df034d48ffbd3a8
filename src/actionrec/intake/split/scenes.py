"""How many scenes there seem to be where no groups are known: by the still part of the pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from actionrec.core.tables import ScreenedRow
from actionrec.intake.screen.signature import levels_of

_SAMPLE = 1000
_SAME_LEVELS = 24
"""Grey levels by which a cell may differ, so that light and shade do not make a scene."""
_SAME_SHARE = 0.65
"""Cells that agree in videos of one scene: the rest are the people."""
_MOST_SCENES = 0.5
"""With more scenes than this share of the videos, there is nothing to say."""


def scene_note(rows: Sequence[ScreenedRow], *, seed: int) -> list[str]:
    """A line where every video of ``rows`` is a group of its own, but many have one background.

    Of more than a thousand videos, as many drawn by ``seed`` are looked at.
    """
    shown = [row for row in rows if row.signature]
    if len(shown) < 2 or len({row.group for row in rows}) < len(rows):
        return []
    drawn = shown
    if len(shown) > _SAMPLE:
        chosen = np.random.default_rng(seed).choice(len(shown), _SAMPLE, replace=False)
        drawn = [shown[place] for place in sorted(chosen)]
    sizes = scene_sizes(levels_of([row.signature for row in drawn]))
    if len(sizes) > _MOST_SCENES * len(drawn):
        return []
    looked_at = f"of {len(drawn)} that were looked at " if len(drawn) < len(rows) else ""
    note = (
        f"every video is a group of its own, but by their backgrounds the {len(rows)} videos {looked_at}show about "
        f"{len(sizes)} scene(s), the largest with {sizes[0]}: a person or place may be in training and in test; "
        "name the groups by data.group_pattern or in a CSV"
    )
    return [note]


def scene_sizes(levels: npt.NDArray[np.uint8]) -> list[int]:
    """Videos of each scene, the largest first, from signatures (N, cells): each joins the first scene it resembles."""
    left = np.arange(len(levels))
    signed = levels.astype(np.int16)
    sizes = []
    while len(left):
        apart = np.abs(signed[left] - signed[left[0]])
        same = (apart <= _SAME_LEVELS).mean(axis=1) >= _SAME_SHARE
        sizes.append(int(same.sum()))
        left = left[~same]
    return sorted(sizes, reverse=True)
