"""How far stated probabilities can be believed, and one temperature that mends them.

Guo et al., On Calibration of Modern Neural Networks (ICML 2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from actionrec.evaluation.metrics import floored, negative_log_likelihood

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]

NUM_BINS = 15
TEMPERATURES = (0.05, 20.0)
"""Bounds of the fit."""
PRIOR_SPREAD = 0.7
"""Standard deviation of the logarithm of a temperature before any video is seen, around a temperature of 1. Chosen on
videos of the training and validation groups of clips of signs and of the embedded set, fitting on some and measuring on
others: against the likelihood alone it lost 2.0 nats less a video where all of a dozen videos were right, and 0.1 more
where a model was far too modest; 0.35 lost less of the first and more of the second, 1 the other way round."""


@dataclass(frozen=True)
class Reliability:
    """Confidence and accuracy over equal bins of confidence, ``(B,)`` each; both are 0 in an empty bin."""

    confidence: Floats
    """Mean probability of the first answer."""
    accuracy: Floats
    """Share of first answers that are right."""
    count: Ints
    """Videos."""

    @property
    def ece(self) -> float:
        """Expected calibration error: mean gap between the two, weighted by videos; 0 is best."""
        return float(np.average(np.abs(self.accuracy - self.confidence), weights=self.count))


@dataclass(frozen=True)
class Calibration:
    """How probabilities fit the labels of one set of videos."""

    nll: float
    """Mean negative log-probability of the true class."""
    reliability: Reliability

    @property
    def ece(self) -> float:
        """Of ``reliability``."""
        return self.reliability.ece


def measure_calibration(log_prob: Floats, label: Ints) -> Calibration:
    """Calibration of ``log_prob (N, C)``, normalised, on ``label (N,)``."""
    return Calibration(negative_log_likelihood(log_prob, label), reliability(log_prob, label))


def reliability(log_prob: Floats, label: Ints, *, num_bins: int = NUM_BINS) -> Reliability:
    """Bin the first answers of ``log_prob (N, C)`` by their confidence.

    Bins are open below and closed above, as in the paper: (0, 1/15], (1/15, 2/15], ...
    """
    confidence = np.exp(log_prob.max(axis=1).astype(np.float64))
    correct = log_prob.argmax(axis=1) == label
    place = np.clip(np.ceil(confidence * num_bins).astype(np.int64) - 1, 0, num_bins - 1)
    count = np.bincount(place, minlength=num_bins)
    videos = np.maximum(count, 1)
    return Reliability(
        confidence=np.bincount(place, weights=confidence, minlength=num_bins) / videos,
        accuracy=np.bincount(place, weights=correct, minlength=num_bins) / videos,
        count=count,
    )


def scale(log_prob: Floats, temperature: float) -> Floats:
    """Log-probabilities ``(N, C)`` at ``temperature``: above 1 softer, below 1 sharper, the order of classes kept.

    A log-probability is a logit less a constant of its row, so this is the softmax of logits over temperature.
    """
    return np.asarray(log_softmax(floored(log_prob) / temperature, axis=1))


def fit_temperature(log_prob: Floats, label: Ints) -> float:
    """The most probable temperature within ``TEMPERATURES``, given ``label (N,)`` and a log-normal prior around 1.

    Where every one of a few validation videos is right, the likelihood alone asks for a temperature of 0, and then the
    strangest video gets a probability of 1; the pull of the prior fades as videos become many. Without videos it is 1.
    """
    if len(label) == 0:
        return 1.0

    def cost_at(log_temperature: float) -> float:
        of_videos = negative_log_likelihood(scale(log_prob, float(np.exp(log_temperature))), label)
        return of_videos + (log_temperature / PRIOR_SPREAD) ** 2 / (2 * len(label))

    found = minimize_scalar(cost_at, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-6})
    # The solver may stop in a dip beside a better one, but must never do worse than no temperature at all.
    return float(np.exp(min(0.0, float(found.x), key=cost_at)))
