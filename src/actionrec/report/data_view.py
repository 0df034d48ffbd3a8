"""What the page shows about the data: split, rejections, quality, keypoint coverage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from actionrec.core.tables import SUBSETS, ScreenedRow, SplitRow
from actionrec.intake.extract.frames import open_frames
from actionrec.keypoints.layout import PARTS
from actionrec.models.kind import ModelParams
from actionrec.params import Params
from actionrec.report.coverage import PickedFrame
from actionrec.report.gather import Inputs
from actionrec.report.skeletons import draw_frame

MAX_REJECTED_ROWS = 200
"""More rejected videos are counted, not listed."""


@dataclass(frozen=True)
class SplitCount:
    """Videos of one class in each subset."""

    name: str
    counts: tuple[int, ...]
    """Train, val, test."""
    shares: tuple[float, ...]
    """Of the largest class, in percent: the lengths of the bars."""

    @property
    def total(self) -> int:
        """Videos of the class."""
        return sum(self.counts)


@dataclass(frozen=True)
class FoldCount:
    """Videos and groups of one fold in each subset."""

    fold: int
    videos: tuple[int, ...]
    """Train, val, test."""
    groups: tuple[int, ...]


@dataclass(frozen=True)
class Tile:
    """A number at the head of the page."""

    name: str
    value: int
    note: str = ""


@dataclass(frozen=True)
class QualityRow:
    """Distribution of one measurement over the videos."""

    name: str
    low: float
    median: float
    high: float


@dataclass(frozen=True)
class ShownFrame:
    """One frame with its skeleton."""

    picture: Markup
    video_id: str
    label: str
    frame: int


def split_counts(split: Sequence[SplitRow]) -> list[SplitCount]:
    """One row a class, sorted by name."""
    counted = Counter((row.label, row.subset) for row in split)
    labels = sorted({row.label for row in split})
    largest = max(sum(counted[label, subset] for subset in SUBSETS) for label in labels)
    rows = []
    for label in labels:
        counts = tuple(counted[label, subset] for subset in SUBSETS)
        rows.append(SplitCount(label, counts, tuple(100 * count / largest for count in counts)))
    return rows


def groups_per_subset(split: Sequence[SplitRow]) -> tuple[int, ...]:
    """Distinct groups in train, val and test."""
    return tuple(len({row.group for row in split if row.subset == subset}) for subset in SUBSETS)


def fold_counts(inputs: Inputs) -> list[FoldCount]:
    """One row a fold that ran; none of a single split."""
    return [
        FoldCount(
            fold, tuple(sum(row.subset == subset for row in split) for subset in SUBSETS), groups_per_subset(split)
        )
        for fold, split in inputs.folds.items()
    ]


def tiles(inputs: Inputs) -> list[Tile]:
    """What there was to learn from and to be tested on; of several folds, all that they test."""
    split = inputs.split
    found = [
        Tile("videos kept", len(split), f"of {len(inputs.screened)}"),
        Tile("classes", len({row.label for row in split})),
        Tile("groups", len({row.group for row in split})),
    ]
    if inputs.folds:
        tested = [row for fold in inputs.folds.values() for row in fold if row.subset == "test"]
        num_groups = len({row.group for row in tested})
        return [
            *found,
            Tile("folds run", len(inputs.folds), f"of {inputs.params.split.folds}"),
            Tile("test videos", len(tested), f"{num_groups} groups"),
        ]
    groups = zip(SUBSETS, groups_per_subset(split), strict=True)
    counts = Counter(row.subset for row in split)
    return [*found, *(Tile(f"{subset} videos", counts[subset], f"{number} groups") for subset, number in groups)]


def rejected(screened: Sequence[ScreenedRow]) -> tuple[list[ScreenedRow], list[tuple[str, int]]]:
    """Rejected videos by reason and id, and how many there are of each reason, most frequent first."""
    rows = sorted((row for row in screened if not row.kept), key=lambda row: (row.reason, row.video_id))
    counts = Counter(row.reason for row in rows)
    return rows, sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def quality_rows(inputs: Inputs) -> list[QualityRow]:
    """Minimum, median and maximum over the kept videos."""
    kept = [row for row in inputs.screened if row.kept]
    measured: dict[str, Sequence[float]] = {
        "width_pixels": [row.width for row in kept],
        "height_pixels": [row.height for row in kept],
        **inputs.quality,
    }
    return [QualityRow(name.replace("_", " "), *_spread(values)) for name, values in measured.items()]


def _spread(values: Sequence[float]) -> tuple[float, float, float]:
    low, median, high = np.quantile(np.asarray(values, np.float64), [0, 0.5, 1])
    return float(low), float(median), float(high)


def shown_frames(picked: Sequence[PickedFrame], frames_path: Mapping[str, Path]) -> list[ShownFrame]:
    """Decode and draw the picked frames, one video open at a time."""
    shown = []
    for pick in picked:
        with open_frames(frames_path[pick.video_id]) as frames:
            rgb = frames.decode(np.array([pick.frame]))[0]
        parts = [name.replace("_", " ") for name, found in zip(PARTS, pick.presence, strict=True) if found]
        alt = f"Frame {pick.frame} of {pick.video_id}, class {pick.label}; found: {', '.join(parts) or 'nothing'}"
        picture = draw_frame(rgb, pick.keypoints, pick.presence, alt=alt)
        shown.append(ShownFrame(picture, pick.video_id, pick.label, pick.frame))
    return shown


def settings(params: Params, models: Mapping[str, ModelParams]) -> list[tuple[str, Any]]:
    """The parameters behind the numbers, as ``section.key`` and value; of the models only those enabled."""
    chosen: dict[str, Any] = {"enabled": ", ".join(params.enabled)}
    sections: dict[str, dict[str, Any]] = {
        "data": params.data.model_dump(),
        "split": params.split.model_dump(),
        "train": params.train.model_dump(),
        **{f"models.{name}": model.model_dump() for name, model in models.items()},
        "evaluate": params.evaluate.model_dump(),
    }
    for section, values in sections.items():
        for key, value in values.items():
            if isinstance(value, dict):
                chosen |= {f"{section}.{key}.{inner}": item for inner, item in value.items()}
            elif value not in ("", (), None):
                chosen[f"{section}.{key}"] = ", ".join(map(str, value)) if isinstance(value, tuple) else value
    return list(chosen.items())
