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
"""Bounds of the fit: where every validation video is right, the best temperature would be 0."""


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
    """The temperature within ``TEMPERATURES`` that minimises the negative log-likelihood of ``label (N,)``.

    The likelihood has one optimum (it is log-concave in 1/temperature). Without videos, or where no temperature
    is better than another, it is 1.
    """
    if len(label) == 0:
        return 1.0

    def nll_at(temperature: float) -> float:
        return negative_log_likelihood(scale(log_prob, temperature), label)

    found = minimize_scalar(
        lambda x: nll_at(float(np.exp(x))), bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-6}
    )
    # The solver comes near a bound but never reaches it; of equals the first is taken.
    return min([1.0, *TEMPERATURES, float(np.exp(found.x))], key=nll_at)
