"""The 3D residual network of reference system E2."""

from __future__ import annotations

import logging

import pytest
import torch

from actionrec.core.errors import ActionrecError
from actionrec.models.clip_resnet3d import ClipResnet3DParams
from actionrec.models.table import build_model


def params(**changes: object) -> ClipResnet3DParams:
    small = {"type": "clip_resnet3d", "clip_frames": 8, "image_size": 32, "width": 4, "trainable": ()}
    return ClipResnet3DParams(**{**small, **changes})


def test_the_state_dict_has_the_published_names_and_shapes() -> None:
    state = build_model(params(width=64), num_classes=400).net.state_dict()
    assert len(state) == 320
    published = {
        "conv1.weight": (64, 3, 7, 7, 7),
        "bn1.running_mean": (64,),
        "layer1.0.conv1.weight": (64, 64, 1, 1, 1),
        "layer1.0.downsample.0.weight": (256, 64, 1, 1, 1),
        "layer1.0.downsample.1.num_batches_tracked": (),
        "layer2.3.conv2.weight": (128, 128, 3, 3, 3),
        "layer3.5.bn3.bias": (1024,),
        "layer4.2.conv3.weight": (2048, 512, 1, 1, 1),
        "fc.weight": (400, 2048),
        "fc.bias": (400,),
    }
    assert {name: tuple(state[name].shape) for name in published} == published
    assert not [name for name in state if "conv" in name and name.endswith("bias")]


def test_shapes_on_the_way() -> None:
    model = build_model(params(), num_classes=3).eval()
    shapes = {}
    for name in ("maxpool", "layer1", "layer2", "layer3", "layer4"):
        model.net.get_submodule(name).register_forward_hook(
            lambda _module, _inputs, found, name=name: shapes.update({name: tuple(found.shape)})
        )
    model({"frames": torch.zeros(2, 16, 64, 64, 3, dtype=torch.uint8)})
    assert shapes == {
        "maxpool": (2, 4, 8, 16, 16),
        "layer1": (2, 16, 8, 16, 16),
        "layer2": (2, 32, 4, 8, 8),
        "layer3": (2, 64, 2, 4, 4),
        "layer4": (2, 128, 1, 2, 2),
    }


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("nested", [False, True])
def test_a_kinetics_checkpoint_loads_but_for_its_head(tmp_path, caplog, prefix, nested) -> None:
    source = build_model(params(), num_classes=400).net.state_dict()
    state = {prefix + key: value for key, value in source.items()}
    torch.save({"state_dict": state, "epoch": 200} if nested else state, tmp_path / "kinetics.pt")
    with caplog.at_level(logging.INFO, logger="actionrec"):
        model = build_model(params(weights=str(tmp_path / "kinetics.pt")), num_classes=3)
    loaded = model.net.state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in source.items() if not key.startswith("fc."))
    assert loaded["fc.weight"].shape == (3, 128)
    assert "loaded 318 tensors; the classifier (fc.bias, fc.weight) is new" in caplog.text


def test_the_rest_of_layer4_may_be_left_out(tmp_path, caplog) -> None:
    torch.save(build_model(params(), num_classes=4).net.state_dict(), tmp_path / "whole.pt")
    with caplog.at_level(logging.INFO, logger="actionrec"):
        model = build_model(params(weights=str(tmp_path / "whole.pt"), blocks=(3, 4, 6, 1)), num_classes=3)
    assert len(model.net.layer4) == 1
    assert "left out layer4.1.bn1.bias" in caplog.text


def test_keys_that_do_not_fit_are_listed(tmp_path) -> None:
    state = build_model(params(), num_classes=4).net.state_dict()
    del state["layer2.0.conv2.weight"]
    state["layer9.weight"] = torch.zeros(1)
    torch.save(state, tmp_path / "other.pt")
    with pytest.raises(ActionrecError, match=r"missing layer2\.0\.conv2\.weight; unexpected layer9\.weight"):
        build_model(params(weights=str(tmp_path / "other.pt")), num_classes=3)
    with pytest.raises(ActionrecError, match=r"kinetics400: .*set weights to its path"):
        build_model(params(weights="kinetics400"), num_classes=3)


class Payload:
    """Would create a file if it were unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (open, (self.path, "w"))


def test_loading_runs_no_code(tmp_path) -> None:
    torch.save({"state_dict": Payload(str(tmp_path / "ran"))}, tmp_path / "evil.pt")
    with pytest.raises(ActionrecError, match=r"evil\.pt cannot be read as a state dict"):
        build_model(params(weights=str(tmp_path / "evil.pt")), num_classes=3)
    assert not (tmp_path / "ran").exists()


def test_pixels_are_standardised_as_the_checkpoint_expects() -> None:
    model = build_model(params(), num_classes=3).eval()
    seen = []
    model.net.conv1.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    frames = torch.zeros(1, 8, 32, 32, 3, dtype=torch.uint8)
    frames[..., 0] = 255
    model({"frames": frames})
    expected = [(1 - 0.433) / 0.1519876, -0.4045 / 0.14855877, -0.3776 / 0.156976]
    assert seen[0][0, :, 3, 5, 5].tolist() == pytest.approx(expected, abs=1e-5)


def test_frozen_layers_keep_their_statistics() -> None:
    model = build_model(params(trainable=("layer4.0", "fc")), num_classes=3).train()
    assert not model.net.bn1.training
    assert not model.net.layer4[1].bn1.training
    assert model.net.layer4[0].bn1.training
