"""Late fusion: a weighted geometric mean of the models' probabilities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import logsumexp

from actionrec.evaluation.metrics import floored

Floats = npt.NDArray[np.floating]


def fuse(log_probs: Floats, weights: Floats) -> Floats:
    """Log-linear pool: ``log_probs (M, N, C)``, ``weights (M,)`` on the simplex -> normalised ``(N, C)`` float64."""
    pooled = np.tensordot(weights, floored(log_probs), axes=1)  # (N, C)
    return np.asarray(pooled - logsumexp(pooled, axis=1, keepdims=True))


def equal_weights(num_models: int) -> Floats:
    """The same weight for every model."""
    return np.full(num_models, 1 / num_models)


def fit_weights(log_probs: Floats, label: npt.NDArray[np.int64]) -> Floats:
    """Weights ``(M,)`` on the simplex that minimise the negative log-likelihood of ``label (N,)``.

    The objective is convex (a log-sum-exp of linear functions), so the minimum does not depend on the start;
    where several weights are equally good, as for identical models, those near equal weights are taken.
    Without videos to fit on, or with one model, the weights are equal.
    """
    num_models, num_videos, _ = log_probs.shape
    start = equal_weights(num_models)
    if num_models == 1 or num_videos == 0:
        return start
    scores = floored(log_probs)
    own = scores[:, np.arange(num_videos), label]  # (M, N)

    def objective(weights: Floats) -> tuple[float, Floats]:
        pooled = np.tensordot(weights, scores, axes=1)  # (N, C)
        normaliser = logsumexp(pooled, axis=1)  # (N,)
        prob = np.exp(pooled - normaliser[:, None])
        value = float(np.mean(normaliser - weights @ own))
        expected = np.einsum("nc,mnc->mn", prob, scores)
        return value, np.asarray((expected - own).mean(axis=1))

    found = minimize(
        objective,
        start,
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * num_models,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        options={"ftol": 1e-10, "maxiter": 500},
    )
    weights = np.clip(found.x, 0.0, None)
    fitted = np.asarray(weights / weights.sum())
    # The solver may stop early on a flat objective; it must never do worse than where it began.
    return fitted if objective(fitted)[0] <= objective(start)[0] else start
