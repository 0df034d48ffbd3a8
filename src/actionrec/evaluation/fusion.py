"""Late fusion: a weighted geometric mean of the models' probabilities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import logsumexp

from actionrec.evaluation.metrics import floored

Floats = npt.NDArray[np.floating]


PRIOR = 2.0
"""Of every model on average. Chosen within the training groups of UCF101 clips, where over seven sets of models it gave
0.82 to 0.87, 0.843 on average, and the likelihood alone 0.79 to 0.87, 0.827 on average; two of the seven did better
without it."""
_SKILL_POWER = 2
"""Chosen within the training groups of clips of signs, where three of five models are near chance: 0.730 (negative
log-likelihood 0.86) against 0.690 (0.89) of a prior that is the same for all; 1 to 3 did as well."""
_SMALLEST_WEIGHT = 1e-6
SMOOTHING = 0.01
"""Share of every model's probability that is spread over all classes before they are pooled: in a product one that is
certain and wrong outvotes all others. Chosen on validation videos of three data sets (``docs/fusion.md``); 0.003 to
0.05 did as well."""


def fuse(log_probs: Floats, weights: Floats, *, smoothing: float = SMOOTHING) -> Floats:
    """Log-linear pool: ``log_probs (M, N, C)``, ``weights (M,)`` on the simplex -> normalised ``(N, C)`` float64.

    What is pooled are the probabilities with ``smoothing`` of them spread evenly; those of a single model stay.
    """
    pooled = np.tensordot(weights, _smoothed(log_probs, smoothing), axes=1)  # (N, C)
    return np.asarray(pooled - logsumexp(pooled, axis=1, keepdims=True))


def _smoothed(log_probs: Floats, smoothing: float) -> Floats:
    known = floored(log_probs)
    if smoothing == 0 or len(log_probs) == 1:
        return known
    return np.asarray(np.logaddexp(np.log1p(-smoothing) + known, np.log(smoothing / log_probs.shape[2])))


def equal_weights(num_models: int) -> Floats:
    """The same weight for every model."""
    return np.full(num_models, 1 / num_models)


def fit_weights(
    log_probs: Floats, label: npt.NDArray[np.int64], *, prior: float = PRIOR, smoothing: float = SMOOTHING
) -> Floats:
    """The most probable weights ``(M,)`` for :func:`fuse`, given the labels ``label (N,)`` and a Dirichlet prior.

    The prior draws the weights towards the models' skill, the square of how far their accuracy is above chance: on a
    few dozen validation videos the likelihood alone gives a model all or nothing, and equal weights let models near
    chance drag down the others. Its concentration is 1 + ``prior`` on average, and its pull fades as videos become
    many; with ``prior`` 0 the likelihood is alone. The objective is convex (log-sum-exps of linear functions, and
    logarithms), so the minimum does not depend on the start; where several weights are equally good, those near equal
    weights are taken. Without videos to fit on, or with one model, the weights are equal.
    """
    num_models, num_videos, _ = log_probs.shape
    start = equal_weights(num_models)
    if num_models == 1 or num_videos == 0:
        return start
    scores = _smoothed(log_probs, smoothing)
    own = scores[:, np.arange(num_videos), label]  # (M, N)
    pull = prior * num_models * _skill(scores, label) / num_videos  # (M,)

    def objective(weights: Floats) -> tuple[float, Floats]:
        pooled = np.tensordot(weights, scores, axes=1)  # (N, C)
        normaliser = logsumexp(pooled, axis=1)  # (N,)
        prob = np.exp(pooled - normaliser[:, None])
        kept = np.maximum(weights, _SMALLEST_WEIGHT)
        value = float(np.mean(normaliser - weights @ own) - pull @ np.log(kept))
        expected = np.einsum("nc,mnc->mn", prob, scores)
        return value, np.asarray((expected - own).mean(axis=1) - pull / kept)

    found = minimize(
        objective,
        start,
        jac=True,
        method="SLSQP",
        bounds=[(_SMALLEST_WEIGHT if prior else 0.0, 1.0)] * num_models,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        options={"ftol": 1e-10, "maxiter": 500},
    )
    weights = np.clip(found.x, 0.0, None)
    fitted = np.asarray(weights / weights.sum())
    # The solver may stop early on a flat objective; it must never do worse than where it began.
    return fitted if objective(fitted)[0] <= objective(start)[0] else start


def _skill(log_probs: Floats, label: npt.NDArray[np.int64]) -> Floats:
    """Share ``(M,)`` of each model in what all know beyond chance; equal where none knows anything."""
    accuracy = np.mean(log_probs.argmax(axis=2) == label, axis=1)
    beyond = np.maximum(accuracy - 1 / log_probs.shape[2], 0.0) ** _SKILL_POWER
    return np.asarray(beyond / beyond.sum()) if beyond.any() else equal_weights(len(log_probs))
