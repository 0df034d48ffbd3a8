"""From clips to videos."""

from __future__ import annotations

import numpy as np
import pytest

from actionrec.prediction.aggregation import aggregate_clips, normalise_log_prob

CLIPS = np.log([[0.8, 0.2], [0.2, 0.8], [0.9, 0.1]])
VIDEO = np.array([1, 1, 0])


def test_mean_is_the_normalised_geometric_mean():
    found = np.exp(aggregate_clips(CLIPS, VIDEO, num_videos=2, method="mean"))
    assert found == pytest.approx(np.array([[0.9, 0.1], [0.5, 0.5]]))


def test_sum_is_the_normalised_product():
    clips = np.log([[0.8, 0.2], [0.8, 0.2]])
    found = np.exp(aggregate_clips(clips, np.array([0, 0]), num_videos=1, method="sum"))
    assert found == pytest.approx(np.array([[0.64 / 0.68, 0.04 / 0.68]]))


def test_methods_rank_alike():
    clips = normalise_log_prob(np.random.default_rng(0).normal(size=(40, 5)))
    video = np.arange(40) % 7
    mean, total = (aggregate_clips(clips, video, num_videos=7, method=method) for method in ("mean", "sum"))
    assert np.array_equal(mean.argsort(axis=1), total.argsort(axis=1))


def test_certainty_survives_very_small_probabilities():
    found = aggregate_clips(np.array([[0.0, -2000.0], [0.0, -2000.0]]), np.zeros(2, int), num_videos=1, method="sum")
    assert found.tolist() == [[0.0, -4000.0]]


@pytest.mark.parametrize(("video", "num_videos"), [([0, 0, 2], 3), ([0, 1, 2], 2)])
def test_a_video_without_clips_is_refused(video, num_videos):
    with pytest.raises(ValueError, match="videos"):
        aggregate_clips(CLIPS, np.array(video), num_videos=num_videos, method="mean")
