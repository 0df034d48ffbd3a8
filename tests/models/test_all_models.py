"""What every model must do, whatever it is."""

from __future__ import annotations

import pytest
import torch
from tests.models.small import small_models

from actionrec.models.examples import example_inputs
from actionrec.models.kind import ModelParams, count_parameters
from actionrec.models.table import build_model

MODELS = small_models()


def build(params: ModelParams, *, num_classes: int = 5) -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_model(params, num_classes=num_classes)


def apart(some: torch.Tensor, others: torch.Tensor) -> float:
    """How far logits are apart, as a share of the largest: a new network's may all be tiny."""
    return float((some - others).abs().max() / some.abs().max())


@pytest.mark.parametrize("name", MODELS)
def test_logits_depend_on_the_clip_alone(name: str) -> None:
    params = MODELS[name]
    model = build(params).eval()
    inputs = example_inputs(params, num_clips=3)
    with torch.inference_mode():
        together = model(inputs)
        alone = model({key: value[1:2] for key, value in inputs.items()})
    assert together.shape == (3, 5)
    assert torch.isfinite(together).all()
    assert apart(alone[0], together[1]) < 1e-4
    assert apart(together[0], together[1]) > 1e-4


@pytest.mark.parametrize("name", MODELS)
def test_every_parameter_learns(name: str) -> None:
    params = MODELS[name]
    model = build(params).train()
    loss = torch.nn.functional.cross_entropy(model(example_inputs(params, num_clips=4)), torch.tensor([0, 1, 2, 3]))
    loss.backward()
    silent = [key for key, parameter in model.named_parameters() if parameter.grad is None]
    assert silent == []


@pytest.mark.parametrize("name", MODELS)
def test_the_same_seed_gives_the_same_weights(name: str) -> None:
    first, second = (build(MODELS[name]).state_dict() for _ in range(2))
    assert all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("name", ["clip_resnet3d", "res2plus1d", "torchvision_video", "stgcn"])
def test_a_whole_video_goes_through_in_one_pass(name: str) -> None:
    params = MODELS[name]
    with torch.inference_mode():
        logits = build(params).eval()(example_inputs(params, num_clips=1, num_frames=29))
    assert logits.shape == (1, 5)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize(
    "name", ["cnn_lstm", "stgcn", "fused_convlstm", "clip_resnet3d", "res2plus1d", "cnn3d", "feature_sequence"]
)
def test_time_order_matters(name: str) -> None:
    params = MODELS[name]
    model = build(params).eval()
    inputs = example_inputs(params, num_clips=3)
    with torch.inference_mode():
        backwards = model({key: value.flip(1) for key, value in inputs.items()})
        assert apart(model(inputs), backwards) > 1e-4


def test_floats_of_the_same_range_are_as_good_as_bytes() -> None:
    """Mixup hands floating-point pixels to the models."""
    for params in MODELS.values():
        model = build(params).eval()
        inputs = example_inputs(params, num_clips=3)
        with torch.inference_mode():
            assert torch.equal(model(inputs), model({key: value.float() for key, value in inputs.items()}))


def test_counts_are_of_what_trains() -> None:
    model = build(MODELS["clip_resnet3d"].model_copy(update={"trainable": ("fc",)}))
    assert count_parameters(model, only_trainable=True) == 4 * 32 * 5 + 5
