from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from actionrec.evaluation.calibration import (
    PRIOR_SPREAD,
    TEMPERATURES,
    fit_temperature,
    measure_calibration,
    reliability,
    scale,
)
from actionrec.evaluation.metrics import negative_log_likelihood


def _drawn(num_videos: int, *, num_classes: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities and labels drawn from them: calibrated by construction."""
    rng = np.random.default_rng(seed)
    log_prob = log_softmax(rng.normal(0, 1.5, (num_videos, num_classes)), axis=1)
    below = np.cumsum(np.exp(log_prob), axis=1)[:, :-1]
    return log_prob, np.asarray((rng.random((num_videos, 1)) > below).sum(axis=1), np.int64)


def test_bins_hold_mean_confidence_accuracy_and_count() -> None:
    log_prob = np.log([[0.82, 0.18], [0.84, 0.16], [0.86, 0.14], [0.3, 0.7]])
    found = reliability(log_prob, np.array([0, 1, 0, 0]), num_bins=5)
    assert found.count.tolist() == [0, 0, 0, 1, 3]
    assert found.confidence == pytest.approx([0, 0, 0, 0.7, 0.84])
    assert found.accuracy == pytest.approx([0, 0, 0, 0, 2 / 3])
    assert found.ece == pytest.approx((0.7 + 3 * (0.84 - 2 / 3)) / 4)


def test_a_border_belongs_to_the_bin_below() -> None:
    assert reliability(np.log([[0.6, 0.4], [1.0, 1e-9]]), np.array([0, 0]), num_bins=5).count.tolist() == [
        0, 0, 1, 0, 1,
    ]  # fmt: skip


def test_ece_is_the_gap_between_confidence_and_accuracy() -> None:
    log_prob = np.log(np.tile([0.8, 0.2], (4, 1)))
    assert reliability(log_prob, np.array([0, 0, 0, 1])).ece == pytest.approx(0.05)
    assert reliability(log_prob, np.array([1, 1, 1, 1])).ece == pytest.approx(0.8)


def test_ece_agrees_with_torchmetrics() -> None:
    torch = pytest.importorskip("torch")
    from torchmetrics.functional.classification import multiclass_calibration_error

    rng = np.random.default_rng(0)
    log_prob = log_softmax(rng.normal(0, 2, (200, 5)), axis=1)
    label = rng.integers(0, 5, 200)
    theirs = multiclass_calibration_error(
        torch.from_numpy(np.exp(log_prob)), torch.from_numpy(label), num_classes=5, n_bins=15
    )
    assert reliability(log_prob, label).ece == pytest.approx(float(theirs), abs=1e-6)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_a_known_temperature_is_recovered(temperature: float) -> None:
    log_prob, label = _drawn(20_000)
    # Logits, since a network states no normalised ones: a constant a row changes nothing.
    stated = log_softmax(log_prob * temperature + 7.0, axis=1)
    assert fit_temperature(stated, label) == pytest.approx(temperature, rel=0.03)
    assert measure_calibration(scale(stated, temperature), label).ece < 0.02


def test_the_fit_over_many_videos_is_that_of_the_likelihood() -> None:
    # Three of four right at logit 2: the best probability is 3/4, so 2 / T = log 3.
    log_prob = log_softmax(np.tile([2.0, 0.0], (40_000, 1)), axis=1)
    assert fit_temperature(log_prob, np.tile([0, 0, 0, 1], 10_000)) == pytest.approx(2 / np.log(3), rel=1e-3)


@pytest.mark.parametrize("label", [[0, 0, 0], [1, 1, 1], [0, 0, 1]])
def test_over_few_videos_the_prior_keeps_it_near_one(label: list[int]) -> None:
    """The product of likelihood and prior, searched point by point."""
    log_prob = log_softmax(np.tile([2.0, 0.0], (3, 1)), axis=1)
    grid = np.linspace(*np.log(TEMPERATURES), 60_001)
    right, wrong = (np.log1p(np.exp(sign * 2 / np.exp(grid))) for sign in (-1, 1))
    cost = label.count(0) * right + label.count(1) * wrong + (grid / PRIOR_SPREAD) ** 2 / 2
    assert fit_temperature(log_prob, np.array(label)) == pytest.approx(float(np.exp(grid[cost.argmin()])), abs=2e-4)


def test_more_of_the_same_videos_weigh_more_against_the_prior() -> None:
    log_prob = log_softmax(np.tile([2.0, 0.0], (300, 1)), axis=1)
    found = [fit_temperature(log_prob[:count], np.zeros(count, np.int64)) for count in (1, 3, 30, 300)]
    assert 1 > found[0] > found[1] > found[2] > found[3] > TEMPERATURES[0]


def test_nothing_to_fit_is_one() -> None:
    log_prob = log_softmax(np.tile([2.0, 0.0], (3, 1)), axis=1)
    assert fit_temperature(log_prob[:0], np.array([], np.int64)) == 1.0
    assert fit_temperature(np.log(np.full((3, 2), 0.5)), np.array([0, 1, 1])) == 1.0


def test_a_probability_of_zero_stays_finite() -> None:
    with np.errstate(divide="ignore"):
        log_prob = np.log(np.array([[1.0, 0.0], [1.0, 0.0]]))
    temperature = fit_temperature(log_prob, np.array([0, 1]))
    assert temperature > 1
    assert np.isfinite(measure_calibration(scale(log_prob, temperature), np.array([0, 1])).nll)


@settings(deadline=None)
@given(st.integers(1, 12), st.integers(2, 5), st.integers(0, 10_000))
def test_fitting_never_hurts_what_it_is_fitted_on_and_keeps_the_answers(
    num_videos: int, num_classes: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    log_prob = log_softmax(rng.normal(0, 5, (num_videos, num_classes)), axis=1).astype(np.float32)
    label = rng.integers(0, num_classes, num_videos)
    temperature = fit_temperature(log_prob, label)
    after = scale(log_prob, temperature)
    assert TEMPERATURES[0] <= temperature <= TEMPERATURES[1]
    assert negative_log_likelihood(after, label) <= negative_log_likelihood(log_prob, label) + 1e-6
    assert after.argmax(axis=1).tolist() == log_prob.argmax(axis=1).tolist()
    assert np.exp(after).sum(axis=1) == pytest.approx(np.ones(num_videos))
