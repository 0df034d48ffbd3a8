"""Classes of different size: what each clip counts, and how often it comes."""

from __future__ import annotations

from collections import Counter

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.packed_data import make_packed_data, small_fused
from tests.test_params import PARAMS
from torch import nn
from torch.nn import functional

from actionrec.models.table import recipe_of
from actionrec.params import load_params
from actionrec.training.balance import balanced_order, class_weights
from actionrec.training.datasets import EpochBatches, TrainClips, open_source
from actionrec.training.module import ClipClassifier

TRAIN = load_params(PARAMS).train


def test_weights_by_class_size() -> None:
    labels = [0] * 6 + [1] * 2 + [3]
    assert class_weights(labels, num_classes=4, kind="none") is None
    balanced = class_weights(labels, num_classes=4, kind="balanced")
    assert torch.equal(balanced, torch.tensor([0.5, 1.5, 0.0, 3.0]))  # 9 clips, 3 classes: 9 / (3 * count)
    root = class_weights([0] * 4 + [1], num_classes=2, kind="sqrt")
    assert torch.allclose(root, torch.tensor([1 / 2, 1.0]) * 5 / 3)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.sampled_from(["balanced", "sqrt"]))
def test_the_mean_weight_of_a_clip_is_one(labels: list[int], kind: str) -> None:
    weights = class_weights(labels, num_classes=6, kind=kind)
    assert float(weights[labels].mean()) == pytest.approx(1, rel=1e-5)


class _Logits(nn.Module):
    """Gives its inputs back, so that a loss is known."""

    def forward(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        return inputs["logits"]


def _loss(weights: torch.Tensor | None, **changes: float) -> tuple[float, torch.Tensor, torch.Tensor]:
    logits = torch.tensor([[2.0, 0.5, -1.0], [0.3, 0.2, 0.1], [-1.0, 1.0, 3.0]])
    labels = torch.tensor([0, 2, 2])
    module = ClipClassifier(_Logits(), TRAIN.model_copy(update=changes), class_weights=weights)
    module.trainer = pl.Trainer(logger=False, enable_checkpointing=False, accelerator="cpu", barebones=True)
    module._log_means = lambda **_: None
    return float(module.training_step(({"logits": logits}, labels), 0)), logits, labels


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_a_clip_counts_by_its_class(smoothing: float) -> None:
    weights = torch.tensor([0.5, 9.0, 2.0])
    loss, logits, labels = _loss(weights, label_smoothing=smoothing)
    each = [
        functional.cross_entropy(row, label, label_smoothing=smoothing)
        for row, label in zip(logits, labels, strict=True)
    ]
    assert loss == pytest.approx(float((0.5 * each[0] + 2 * each[1] + 2 * each[2]) / 3), rel=1e-6)
    plain, *_ = _loss(None, label_smoothing=smoothing)
    assert plain == pytest.approx(float(sum(each) / 3), rel=1e-6)
    assert _loss(torch.ones(3), label_smoothing=smoothing)[0] == pytest.approx(plain, rel=1e-6)


def test_mixed_clips_count_by_the_class_of_each_part() -> None:
    from actionrec.clips.sampling import generator_for
    from actionrec.training.mixup import mix_clips

    weights = torch.tensor([0.5, 1.0, 2.0])
    loss, logits, labels = _loss(weights, mixup=0.4)
    mixed = mix_clips({"logits": logits}, labels, alpha=0.4, generator=generator_for(TRAIN.seed, 0, "mixup", 0, 0))
    shown = mixed.inputs["logits"]
    parts = [
        (weights[of] * functional.cross_entropy(shown, of, reduction="none")).mean()
        for of in (mixed.labels, mixed.others)
    ]
    assert loss == pytest.approx(float(mixed.share * parts[0] + (1 - mixed.share) * parts[1]), rel=1e-6)


@given(
    counts=st.lists(st.integers(1, 30), min_size=1, max_size=6), batch_size=st.integers(1, 20), epoch=st.integers(0, 4),
    world_size=st.integers(1, 3),
)  # fmt: skip
def test_as_many_clips_of_every_class(counts: list[int], batch_size: int, epoch: int, world_size: int) -> None:
    labels = [label for label, count in enumerate(counts) for _ in range(count)]
    num_clips = len(labels)
    orders = []
    for rank in range(world_size):
        batches = EpochBatches(
            num_clips, batch_size=batch_size, seed=1, rank=rank, world_size=world_size, labels=labels
        )
        batches.set_epoch(epoch)
        orders.append([place for _, places in batches for place in places])
        assert [place for _, places in batches for place in places] == orders[-1]
    if world_size > 1:
        assert len({len(order) for order in orders}) == 1
        return
    [order] = orders
    assert len(order) == num_clips == len(set(order))  # a place that comes again is another clip
    parts = Counter(labels[place % num_clips] for place in order)
    assert max(parts.values()) - min(parts.values()) <= 1
    # No clip comes a third time before every other of its class came twice.
    for label in parts:
        times = Counter(place % num_clips for place in order if labels[place % num_clips] == label)
        assert max(times.values()) - (min(times.values()) if len(times) == counts[label] else 0) <= 1


def test_epochs_differ_and_reach_every_clip_of_a_common_class() -> None:
    labels = np.array([0] * 40 + [1] * 4)
    orders = [balanced_order(labels, generator=np.random.default_rng(epoch)) for epoch in range(12)]
    assert len({tuple(order) for order in orders}) == 12
    assert {int(place) % 44 for order in orders for place in order} == set(range(44))


def test_a_rare_video_comes_again_as_another_clip(tmp_path) -> None:
    data = make_packed_data(tmp_path, groups=1, size=16)
    model = small_fused()
    source = open_source(recipe_of(model), data.rows, packed_path=data.packed_path, keypoints_path=data.keypoints_path)
    clips = TrainClips(source, video_ids=[row.video_id for row in data.rows], labels=[0, 1, 2, 3], seed=0)
    assert clips.clip_labels == [0, 1, 2, 3]
    inputs, labels = clips[2, [1, 1 + clips.num_clips, 1]]
    assert labels.tolist() == [1, 1, 1]
    for name, values in inputs.items():
        assert torch.equal(values[0], values[2]), name
    assert any(not torch.equal(values[0], values[1]) for values in inputs.values())


def test_both_at_once_are_refused() -> None:
    [line] = TRAIN.model_copy(update={"class_weights": "sqrt", "sampler": "balanced"}).problems("models.m")
    assert line.startswith("models.m: train.class_weights sqrt and train.sampler balanced both even out the classes")
