"""Mixing clips of a batch."""

from __future__ import annotations

import pytest
import torch

from actionrec.clips.sampling import generator_for
from actionrec.training.mixup import mix_clips


def test_each_clip_is_its_share_and_the_rest_another() -> None:
    frames = torch.tensor([[0, 10], [100, 200], [250, 5]], dtype=torch.uint8)
    keypoints = torch.tensor([[1.0], [2.0], [4.0]])
    labels = torch.tensor([7, 8, 9])
    mixed = mix_clips({"frames": frames, "keypoints": keypoints}, labels, alpha=1.0, generator=generator_for("mix"))
    assert 0.5 <= mixed.share <= 1
    assert mixed.labels.tolist() == [7, 8, 9]
    partner = [int((labels == other).nonzero()) for other in mixed.others]
    assert sorted(partner) == [0, 1, 2]
    for name, values in {"frames": frames.float(), "keypoints": keypoints}.items():
        expected = mixed.share * values + (1 - mixed.share) * values[partner]
        assert torch.allclose(mixed.inputs[name], expected)
    assert mixed.inputs["frames"].min() >= 0
    assert mixed.inputs["frames"].max() <= 255


def test_the_share_follows_alpha_and_the_generator() -> None:
    clips = {"frames": torch.zeros(2, 1)}

    def share(alpha: float, seed: int) -> float:
        return mix_clips(clips, torch.tensor([0, 1]), alpha=alpha, generator=generator_for(seed)).share

    assert share(0.4, 1) == share(0.4, 1) != share(0.4, 2)
    mild = sum(share(0.1, seed) for seed in range(300)) / 300
    strong = sum(share(10.0, seed) for seed in range(300)) / 300
    assert strong < 0.7
    assert mild > 0.9
    assert share(1e-3, 0) == pytest.approx(1, abs=1e-3)
