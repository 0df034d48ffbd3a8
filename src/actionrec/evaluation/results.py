"""What an evaluation is: every model and the fusion, on every subset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from actionrec.evaluation.calibration import Calibration
from actionrec.evaluation.folds import Fold
from actionrec.evaluation.intervals import Interval
from actionrec.evaluation.metrics import ClassScores
from actionrec.evaluation.paired import Gain
from actionrec.evaluation.section import EvaluateParams
from actionrec.evaluation.space_time import SpaceTime
from actionrec.prediction.file import Predictions

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SubsetResult:
    """One entry (a model or the fusion) on one subset."""

    video_id: tuple[str, ...]
    label: Ints
    """(N,)"""
    log_prob: Floats
    """(N, C), as predicted"""
    predicted: Ints
    """(N,)"""
    correct: npt.NDArray[np.bool_]
    """(N,)"""
    top: Mapping[int, float]
    """Video-level top-k accuracy by k."""
    clip_top1: float | None
    """None for the fusion, which has no clips."""
    protocols: Mapping[str, float]
    """``video_top1`` by the short name of the protocol, the reported one first; empty for the fusion."""
    as_predicted: Calibration
    calibrated: Calibration
    """At the entry's temperature."""
    scores: ClassScores
    confusion: Ints
    """(C, C), rows are actual classes."""
    interval: Interval
    """Of ``video_top1``."""
    num_groups: int


@dataclass(frozen=True)
class FoldResult:
    """One entry in one fold."""

    temperature: float
    """Fitted on the fold's val videos; 1 where there are none."""
    test_top1: float
    val_top1: float | None
    num_test_videos: int


@dataclass(frozen=True)
class EntryResult:
    """A model or the fusion, on every subset that has videos."""

    name: str
    folds: tuple[FoldResult, ...]
    """In the order of the evaluation's; one of a single split."""
    subsets: Mapping[str, SubsetResult]
    gain: Gain | None = None
    """Over the best single model; None for that model itself."""

    @property
    def temperature(self) -> float:
        """The median over the folds."""
        return float(np.median([fold.temperature for fold in self.folds]))


@dataclass(frozen=True)
class FusionResult:
    """The two late fusions; ``fitted`` is the one that is reported as ``fusion``."""

    equal_weights: Mapping[str, float]
    fitted_weights: Mapping[str, float]
    """Means over the folds."""
    fold_weights: tuple[Mapping[str, float], ...]
    """As fitted in each."""
    equal: EntryResult
    fitted: EntryResult


@dataclass(frozen=True)
class Evaluation:
    """Everything that is written by :mod:`actionrec.evaluation.outputs`."""

    class_names: tuple[str, ...]
    folds: tuple[Fold, ...]
    predictions: Mapping[str, Predictions]
    """Of all folds together, by model."""
    models: Mapping[str, EntryResult]
    fusion: FusionResult
    best_model: str
    """Best single model, chosen on val: highest ``video_top1``, then lowest negative log-likelihood, then the order in
    ``enabled``, which alone decides where there are no val videos. The test videos choose nothing."""
    space_time: SpaceTime | None
    """The best model of single frames against the best of clips; None where there are not both."""
    params: EvaluateParams
    leaking: bool

    @property
    def entries(self) -> list[EntryResult]:
        """The models in their order, then the fusion."""
        return [*self.models.values(), self.fusion.fitted]
