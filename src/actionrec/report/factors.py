"""Accuracy against what can be measured of a video: how long it is, how much moves, how often keypoints were found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from actionrec.keypoints.layout import PARTS
from actionrec.report.coverage import Coverage
from actionrec.report.figures import Drawing
from actionrec.report.gather import Inputs

_MAX_BINS = 4
_MIN_VIDEOS = 8
"""Of a bin."""
_COVERED = tuple(PARTS.index(part) for part in ("pose", "left_hand", "right_hand"))


@dataclass(frozen=True)
class Factor:
    """Accuracy over one measurement of the test videos."""

    name: str
    centers: tuple[float, ...]
    """Median of the measurement in each bin; every bin has about as many videos."""
    accuracy: dict[str, tuple[float, ...]]
    """By entry, in each bin."""
    num_videos: tuple[int, ...]


def factors(inputs: Inputs, coverage: Coverage | None, entries: Sequence[str]) -> list[Factor]:
    """What there are measurements of, each with enough different values to compare."""
    duration = {row.video_id: row.duration_seconds for row in inputs.screened}
    measured = {"duration in seconds": duration, "motion in grey levels": inputs.motion}
    if coverage is not None:
        shares = {
            video_id: float(np.mean([found[p] for p in _COVERED])) for video_id, found in coverage.by_video.items()
        }
        measured["pose and hands found"] = shares
    found = [_factor(name, values, inputs, entries) for name, values in measured.items()]
    return [factor for factor in found if factor is not None]


def _factor(name: str, values: Mapping[str, float], inputs: Inputs, entries: Sequence[str]) -> Factor | None:
    videos = [video for video in inputs.answers if video.video_id in values]
    num_bins = min(_MAX_BINS, len(videos) // _MIN_VIDEOS)
    if num_bins < 2:
        return None
    value = np.array([values[video.video_id] for video in videos])
    edges = np.unique(np.quantile(value, np.linspace(0, 1, num_bins + 1)[1:-1]))
    place = np.searchsorted(edges, value, side="right")
    bins = [place == number for number in range(len(edges) + 1)]
    bins = [chosen for chosen in bins if chosen.any()]
    if len(bins) < 2:
        return None
    right = {name: np.array([video.answers[name].right for video in videos]) for name in entries}
    return Factor(
        name,
        tuple(float(np.median(value[chosen])) for chosen in bins),
        {entry: tuple(float(answers[chosen].mean()) for chosen in bins) for entry, answers in right.items()},
        tuple(int(chosen.sum()) for chosen in bins),
    )


def draw_factors(found: Sequence[Factor], colors: Mapping[str, str]) -> Drawing:
    """A panel a factor, a line an entry."""

    def draw(figure: Figure) -> None:
        every_axes = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
        for axes, factor in zip(every_axes, found, strict=True):
            for entry, accuracy in factor.accuracy.items():
                axes.plot(factor.centers, accuracy, marker="o", markersize=4, linewidth=1.6, color=colors[entry])
            axes.set(xlabel=factor.name, ylim=(0, 1.03))
            axes.grid()
            axes.tick_params(length=0)
        every_axes[0].set_ylabel("accuracy")

    return Drawing("factors", (6.0, 2.4), draw)
