from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax

from actionrec.evaluation.fusion import equal_weights, fit_weights, fuse
from actionrec.evaluation.metrics import negative_log_likelihood


def _models(num_models: int = 3, num_videos: int = 40, num_classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    label = rng.integers(0, num_classes, num_videos)
    logits = rng.normal(0, 1, (num_models, num_videos, num_classes))
    for strength, model in enumerate(logits):
        model[np.arange(num_videos), label] += strength
    return log_softmax(logits, axis=2), label


def test_fusion_is_the_normalised_geometric_mean() -> None:
    a, b = np.array([[0.8, 0.2]]), np.array([[0.5, 0.5]])
    fused = np.exp(fuse(np.log(np.stack([a, b])), np.array([0.5, 0.5])))
    product = np.sqrt(a * b)
    assert fused == pytest.approx(product / product.sum())


def test_one_model_is_itself() -> None:
    log_probs, label = _models(num_models=1)
    weights = fit_weights(log_probs, label)
    assert weights.tolist() == [1.0]
    assert fuse(log_probs, weights) == pytest.approx(log_probs[0])


def test_fitted_weights_are_on_the_simplex_and_best() -> None:
    log_probs, label = _models()
    weights = fit_weights(log_probs, label)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    best = negative_log_likelihood(fuse(log_probs, weights), label)
    grid = [(a, b, 1 - a - b) for a in np.linspace(0, 1, 21) for b in np.linspace(0, 1 - a, 21)]
    assert best <= min(negative_log_likelihood(fuse(log_probs, np.array(w)), label) for w in grid) + 1e-6
    assert weights.tolist() == fit_weights(log_probs, label).tolist()


def test_a_useless_model_gets_no_weight() -> None:
    log_probs, label = _models(num_models=2)
    log_probs[1] = log_softmax(20.0 * (np.arange(4) == (label[:, None] + 1) % 4), axis=1)  # surely wrong
    assert fit_weights(log_probs, label) == pytest.approx([1, 0], abs=1e-6)


def test_identical_models_and_no_videos_give_equal_weights() -> None:
    log_probs, label = _models(num_models=1)
    twins = np.concatenate([log_probs, log_probs])
    assert fit_weights(twins, label) == pytest.approx(equal_weights(2))
    assert fit_weights(twins[:, :0], label[:0]).tolist() == [0.5, 0.5]


def test_a_probability_of_zero_stays_finite() -> None:
    with np.errstate(divide="ignore"):
        log_probs = np.log(np.array([[[1.0, 0.0]], [[0.4, 0.6]]]))
    assert np.isfinite(fuse(log_probs, np.array([0.5, 0.5]))).all()
    assert np.exp(fuse(log_probs, np.array([0.0, 1.0]))) == pytest.approx(np.array([[0.4, 0.6]]))
