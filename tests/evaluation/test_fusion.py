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
    fused = np.exp(fuse(np.log(np.stack([a, b])), np.array([0.5, 0.5]), smoothing=0))
    product = np.sqrt(a * b)
    assert fused == pytest.approx(product / product.sum())


def test_a_little_of_each_probability_is_spread_evenly_first() -> None:
    a, b = np.array([[0.8, 0.2]]), np.array([[1.0, 0.0]])
    with np.errstate(divide="ignore"):
        fused = np.exp(fuse(np.log(np.stack([a, b])), np.array([0.75, 0.25]), smoothing=0.1))
    first, second = 0.77**0.75 * 0.95**0.25, 0.23**0.75 * 0.05**0.25
    assert fused == pytest.approx(np.array([[first, second]]) / (first + second))


def test_one_that_is_certain_and_wrong_does_not_outvote_all_others() -> None:
    knowing = np.tile(np.log([0.9, 0.05, 0.05]), (2, 1, 1))
    certain = np.array([[[-300.0, 0.0, -300.0]]])
    log_probs, weights = np.concatenate([knowing, certain]), np.array([0.4, 0.4, 0.2])
    assert fuse(log_probs, weights).argmax() == 0
    assert fuse(log_probs, weights, smoothing=0).argmax() == 1


def test_one_model_is_itself() -> None:
    log_probs, label = _models(num_models=1)
    weights = fit_weights(log_probs, label)
    assert weights.tolist() == [1.0]
    assert fuse(log_probs, weights) == pytest.approx(log_probs[0])


def test_fitted_weights_are_on_the_simplex_and_best() -> None:
    log_probs, label = _models()
    grid = [(a, b, 1 - a - b) for a in np.linspace(0, 1, 21) for b in np.linspace(0, 1 - a, 21)]
    for prior in (0.0, 2.0, 10.0):
        weights = fit_weights(log_probs, label, prior=prior)
        assert weights.sum() == pytest.approx(1)
        assert (weights >= 0).all()
        best = _lost(log_probs, label, weights, prior)
        assert best <= min(_lost(log_probs, label, np.array(w), prior) for w in grid) + 1e-4
        assert weights.tolist() == fit_weights(log_probs, label, prior=prior).tolist()


def _lost(log_probs: np.ndarray, label: np.ndarray, weights: np.ndarray, prior: float) -> float:
    """Minus the logarithm of the posterior, less a constant."""
    likelihood = len(label) * negative_log_likelihood(fuse(log_probs, weights), label)
    beyond_chance = np.array([max(0.0, np.mean(one.argmax(1) == label) - 0.25) for one in log_probs])
    concentration = prior * len(weights) * beyond_chance**2 / np.sum(beyond_chance**2)
    return likelihood - float(concentration @ np.log(np.maximum(weights, 1e-6)))


def test_the_prior_keeps_what_knows_something_in_and_fades() -> None:
    """Two models, of which one is better: alone it gets nearly everything, with few videos less."""
    log_probs, label = _models(num_models=3, num_videos=400)
    log_probs = log_probs[1:]
    alone = fit_weights(log_probs, label, prior=0)[0]
    few = fit_weights(log_probs[:, :20], label[:20])[0]
    many = fit_weights(log_probs, label)[0]
    assert few > 0.1
    assert abs(many - alone) < abs(few - fit_weights(log_probs[:, :20], label[:20], prior=0)[0])
    right = np.mean(log_probs[:, :20].argmax(axis=2) == label[:20], axis=1)
    skill = (right - 0.25) ** 2
    assert fit_weights(log_probs[:, :20], label[:20], prior=1e6) == pytest.approx(skill / skill.sum(), abs=1e-3)


def test_models_near_chance_do_not_drag_down_the_one_that_knows() -> None:
    rng = np.random.default_rng(1)
    label = rng.integers(0, 4, 12)
    ignorant = log_softmax(rng.normal(0, 1, (4, 12, 4)), axis=2)
    known = log_softmax(3.0 * (np.arange(4) == label[:, None]) + rng.normal(0, 1, (12, 4)), axis=1)
    weights = fit_weights(np.stack([known, *ignorant]), label)
    assert weights[0] > 0.75
    assert fit_weights(np.stack([*ignorant, known]), label)[-1] == pytest.approx(weights[0], abs=1e-3)


def test_of_models_that_all_know_nothing_the_likelihood_and_equal_shares_decide() -> None:
    label = np.zeros(6, np.int64)
    wrong = log_softmax(np.tile([0.0, 1.0], (6, 1)), axis=1)
    assert fit_weights(np.stack([wrong, wrong]), label) == pytest.approx([0.5, 0.5])


def test_a_useless_model_gets_no_weight() -> None:
    log_probs, label = _models(num_models=2)
    log_probs[1] = log_softmax(20.0 * (np.arange(4) == (label[:, None] + 1) % 4), axis=1)  # surely wrong
    assert fit_weights(log_probs, label, prior=0) == pytest.approx([1, 0], abs=1e-6)
    assert fit_weights(log_probs, label, smoothing=0) == pytest.approx([1, 0], abs=0.02)
    assert fit_weights(log_probs, label) == pytest.approx([1, 0], abs=0.05)  # surely wrong is a little less sure


def test_identical_models_and_no_videos_give_equal_weights() -> None:
    log_probs, label = _models(num_models=1)
    twins = np.concatenate([log_probs, log_probs])
    assert fit_weights(twins, label) == pytest.approx(equal_weights(2))
    assert fit_weights(twins[:, :0], label[:0]).tolist() == [0.5, 0.5]


def test_a_probability_of_zero_stays_finite() -> None:
    with np.errstate(divide="ignore"):
        log_probs = np.log(np.array([[[1.0, 0.0]], [[0.4, 0.6]]]))
    assert np.isfinite(fuse(log_probs, np.array([0.5, 0.5]), smoothing=0)).all()
    assert np.exp(fuse(log_probs, np.array([0.0, 1.0]), smoothing=0)) == pytest.approx(np.array([[0.4, 0.6]]))
