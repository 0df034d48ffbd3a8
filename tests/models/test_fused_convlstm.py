"""The fused model of reference system A against its definition."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from actionrec.models.convlstm import ConvLSTM
from actionrec.models.fused_convlstm import FusedConvLSTMParams
from actionrec.models.kind import count_parameters
from actionrec.models.table import build_model

REFERENCE = {
    "type": "fused_convlstm",
    "view": "rgb64",
    "clip_frames": 20,
    "image_size": 64,
    "channels": 16,
    "lstm_hidden": 512,
    "keypoint_features": "raw",
    "test_clips": 1,
}


def build(*, num_classes: int = 5, **changes: object) -> nn.Module:
    small = {"image_size": 12, "channels": 4, "lstm_hidden": 8, "keypoint_features": "body"}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_model(FusedConvLSTMParams(**{**REFERENCE, **small, **changes}), num_classes=num_classes)


def clips(count: int, *, seed: int = 0, size: int = 12) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    frames = torch.randint(0, 256, (count, 6, size, size, 3), generator=generator, dtype=torch.uint8)
    return {"frames": frames, "keypoints": torch.randn(count, 6, 261, generator=generator)}


@pytest.mark.parametrize(("num_classes", "expected"), [(11, 7_174_718), (10, 7_161_917)])
def test_parameters_at_the_reference_setting(num_classes, expected):
    model = build_model(FusedConvLSTMParams(**REFERENCE), num_classes=num_classes)
    assert count_parameters(model) == count_parameters(model, only_trainable=True) == expected


def test_features_at_the_reference_setting():
    model = build_model(FusedConvLSTMParams(**REFERENCE), num_classes=11)
    assert model.classifier.in_features == 12_288 + 512
    assert model.frame_branch.convlstm1.peephole_forget.shape == (16, 64, 64)


def naive_convlstm(layer: ConvLSTM, images: torch.Tensor) -> torch.Tensor:
    """The equations, one step and one gate at a time."""

    def convolved(gate: int, image: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        rows = slice(gate * layer.channels, (gate + 1) * layer.channels)
        return functional.conv2d(
            image, layer.input_conv.weight[rows], layer.input_conv.bias[rows], padding=2
        ) + functional.conv2d(hidden, layer.hidden_conv.weight[rows], padding=2)

    hidden = cell = images.new_zeros(images.shape[1], layer.channels, *images.shape[-2:])
    states = []
    for image in images.unbind(0):
        i = torch.sigmoid(convolved(0, image, hidden) + layer.peephole_input * cell)
        f = torch.sigmoid(convolved(1, image, hidden) + layer.peephole_forget * cell)
        cell = f * cell + i * functional.relu(convolved(2, image, hidden))
        o = torch.sigmoid(convolved(3, image, hidden) + layer.peephole_output * cell)
        hidden = o * functional.relu(cell)
        states.append(hidden)
    return torch.stack(states)


def layer_and_images(*, dtype: torch.dtype = torch.float32) -> tuple[ConvLSTM, torch.Tensor]:
    torch.manual_seed(0)
    layer = ConvLSTM(3, 4, kernel_size=5, image_size=10).to(dtype)
    for peephole in (layer.peephole_input, layer.peephole_forget, layer.peephole_output):
        nn.init.normal_(peephole)
    return layer, torch.randn(5, 2, 3, 10, 10, dtype=dtype)


def test_convlstm_is_its_equations():
    layer, images = layer_and_images()
    expected = naive_convlstm(layer, images)
    assert expected.shape == (5, 2, 4, 10, 10)
    torch.testing.assert_close(layer(images), expected)
    with torch.inference_mode():
        torch.testing.assert_close(layer(images), expected)


def gradients(layer: ConvLSTM, states: torch.Tensor, images: torch.Tensor) -> list[torch.Tensor]:
    weights = torch.linspace(-1, 1, states.numel(), dtype=states.dtype).sin().view_as(states)
    return list(torch.autograd.grad((states * weights).sum(), [images, *layer.parameters()]))


def test_the_written_gradient_is_torchs():
    layer, images = layer_and_images(dtype=torch.float64)
    images.requires_grad_()
    torch.testing.assert_close(
        gradients(layer, layer(images), images), gradients(layer, naive_convlstm(layer, images), images)
    )


def test_the_gradient_does_not_need_that_of_the_images():
    layer, images = layer_and_images()
    layer(images).sum().backward()
    found = [parameter.grad.clone() for parameter in layer.parameters()]
    layer.zero_grad()
    layer.plain(images).sum().backward()
    torch.testing.assert_close(found, [parameter.grad for parameter in layer.parameters()])


def test_mixed_precision_is_as_near_as_its_type():
    layer, images = layer_and_images()
    images.requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        states = layer(images)
    expected = gradients(layer, naive_convlstm(layer, images), images)
    for found, exact in zip(gradients(layer, states, images), expected, strict=True):
        assert found.dtype == torch.float32
        assert (found - exact).norm() < 0.1 * exact.norm()


def test_initial_weights():
    model = build()
    layer = model.frame_branch.convlstm1
    assert not layer.peephole_input.any()
    assert not layer.peephole_forget.any()
    assert not layer.peephole_output.any()
    assert (layer.input_conv.bias == 0.01).all()
    assert (model.classifier.bias == 0.01).all()
    fan_in, fan_out = 4 * 25, 16 * 25
    assert layer.hidden_conv.weight.std().item() == pytest.approx((2 / (fan_in + fan_out)) ** 0.5, rel=0.1)


def test_a_clip_does_not_see_the_others_of_its_batch():
    model = build().eval()
    inputs = clips(3)
    other = clips(3, seed=1)
    mixed = {name: torch.cat([inputs[name][:1], other[name][1:]]) for name in inputs}
    torch.testing.assert_close(model(inputs)[0], model(mixed)[0])
    assert not torch.allclose(model(inputs)[1], model(mixed)[1])


def test_predictions_repeat_exactly():
    model = build(dropout=0.5, frame_dropout=0.5).eval()
    assert torch.equal(model(clips(2)), model(clips(2)))


def test_the_order_of_frames_matters():
    model = build(inputs="keypoints").eval()
    inputs = clips(2)
    backwards = {name: value.flip(1) for name, value in inputs.items()}
    assert not torch.allclose(model(inputs), model(backwards))


@pytest.mark.parametrize(("inputs", "used"), [("frames", "frames"), ("keypoints", "keypoints")])
def test_an_ablation_reads_only_its_input(inputs, used):
    model = build(inputs=inputs).eval()
    assert model({used: clips(2)[used]}).shape == (2, 5)


def test_motion_does_not_see_a_still_background():
    model = build(inputs="frames", frame_content="motion").eval()
    frames = torch.randint(0, 128, (2, 6, 12, 12, 3), dtype=torch.uint8)
    background = torch.randint(0, 128, (2, 1, 12, 12, 3), dtype=torch.uint8)
    torch.testing.assert_close(model({"frames": frames}), model({"frames": frames + background}), atol=1e-4, rtol=1e-4)


def test_frame_dropout_hides_frames_in_training_only():
    torch.manual_seed(0)
    model = build(frame_dropout=0.5)
    frames = clips(40)["frames"]
    hidden = ~model.train()._frame_features(model.frame_branch, frames).any(dim=1)
    assert 10 < hidden.sum() < 30
    assert not hidden[0]
    assert model.eval()._frame_features(model.frame_branch, frames).any(dim=1).all()


def test_keypoint_motion_is_the_change_since_the_previous_frame():
    branch = build(inputs="keypoints", keypoint_motion=True).keypoint_branch
    seen = []
    branch.lstm.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    keypoints = clips(2)["keypoints"]
    branch(keypoints)
    assert torch.equal(seen[0][..., :261], keypoints)
    assert not seen[0][:, 0, 261:].any()
    assert torch.equal(seen[0][:, 1:, 261:], keypoints[:, 1:] - keypoints[:, :-1])


def test_keypoint_norm_brings_inputs_to_unit_variance():
    branch = build(inputs="keypoints", keypoint_norm=True).train().keypoint_branch
    seen = []
    branch.lstm.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    branch(clips(8)["keypoints"] * 7 + 3)
    torch.testing.assert_close(seen[0].mean(dim=(0, 1)), torch.zeros(261), atol=1e-4, rtol=0)
    torch.testing.assert_close(seen[0].std(dim=(0, 1), correction=0), torch.ones(261), atol=1e-3, rtol=0)


def test_pooled_frame_features():
    model = build(frame_pool=4)
    assert model.classifier.in_features == 3 * 4 * 4 + 8
    assert model.eval()(clips(2)).shape == (2, 5)


def test_normalisation_is_per_channel_over_batch_time_and_space():
    model = build(inputs="frames").train()
    seen = []
    model.frame_branch.norm1.register_forward_hook(lambda _, args, output: seen.append((args[0], output)))
    model(clips(3))
    before, after = seen[0]
    assert before.shape == (6 * 3, 4, 12, 12)
    torch.testing.assert_close(after.mean(dim=(0, 2, 3)), torch.zeros(4), atol=1e-5, rtol=0)
