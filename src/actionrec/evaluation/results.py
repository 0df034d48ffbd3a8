"""What an evaluation is: every model and the fusion, on every subset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from actionrec.evaluation.calibration import Calibration
from actionrec.evaluation.intervals import Interval
from actionrec.evaluation.metrics import ClassScores
from actionrec.evaluation.paired import Gain
from actionrec.evaluation.section import EvaluateParams
from actionrec.evaluation.space_time import SpaceTime
from actionrec.prediction.file import Predictions

FUSION = "fusion"

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
class EntryResult:
    """A model or the fusion, on every subset that has videos."""

    name: str
    temperature: float
    """Fitted on val; 1 where there are no val videos."""
    subsets: Mapping[str, SubsetResult]
    gain: Gain | None = None
    """Over the best single model; None for that model itself."""


@dataclass(frozen=True)
class FusionResult:
    """The two late fusions; ``fitted`` is the one that is reported as ``fusion``."""

    equal_weights: Mapping[str, float]
    fitted_weights: Mapping[str, float]
    equal: EntryResult
    fitted: EntryResult


@dataclass(frozen=True)
class Evaluation:
    """Everything that is written by :mod:`actionrec.evaluation.outputs`."""

    class_names: tuple[str, ...]
    predictions: Mapping[str, Predictions]
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
