"""The 3D residual network of reference system E2."""

from __future__ import annotations

import json
import logging
import math
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from actionrec.core.errors import ActionrecError
from actionrec.models.clip_resnet3d import ClipResnet3DParams
from actionrec.models.kind import count_parameters
from actionrec.models.table import build_model

BLOCKS = (3, 4, 6, 3)
"""Of the published files; the reference skips two."""


def params(**changes: object) -> ClipResnet3DParams:
    small = {"type": "clip_resnet3d", "clip_frames": 8, "image_size": 32, "blocks": BLOCKS, "width": 4}
    return ClipResnet3DParams(**{"trainable": (), **small, **changes})


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


def published_shapes(*, width: int = 64, classes: int = 400) -> dict[str, tuple[int, ...]]:
    """The tensors of ``resnet-50-kinetics.pth``, listed by hand: torch before 0.4.1 kept no batch counts."""
    shapes: dict[str, tuple[int, ...]] = {"conv1.weight": (width, 3, 7, 7, 7)}

    def norm(name: str, channels: int) -> None:
        for key in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{key}"] = (channels,)

    norm("bn1", width)
    before = width
    for layer, blocks, narrow in ((1, 3, width), (2, 4, 2 * width), (3, 6, 4 * width), (4, 3, 8 * width)):
        for block in range(blocks):
            name = f"layer{layer}.{block}"
            shapes[f"{name}.conv1.weight"] = (narrow, before, 1, 1, 1)
            shapes[f"{name}.conv2.weight"] = (narrow, narrow, 3, 3, 3)
            shapes[f"{name}.conv3.weight"] = (4 * narrow, narrow, 1, 1, 1)
            norm(f"{name}.bn1", narrow)
            norm(f"{name}.bn2", narrow)
            norm(f"{name}.bn3", 4 * narrow)
            if block == 0:
                shapes[f"{name}.downsample.0.weight"] = (4 * narrow, before, 1, 1, 1)
                norm(f"{name}.downsample.1", 4 * narrow)
            before = 4 * narrow
    return {**shapes, "fc.weight": (classes, 32 * width), "fc.bias": (classes,)}


def write_published(path: Path, *, width: int = 4) -> dict[str, torch.Tensor]:
    """A file as the authors wrote theirs: not zipped, data-parallel names, beside the state of the optimiser."""
    generator = torch.Generator().manual_seed(0)
    state = {name: torch.rand(shape, generator=generator) for name, shape in published_shapes(width=width).items()}
    weight = torch.nn.Parameter(torch.zeros(3))
    optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9, dampening=0.9, nesterov=False)
    weight.sum().backward()
    optimizer.step()
    checkpoint = {
        "epoch": 61,
        "arch": "resnet-50",
        "state_dict": OrderedDict((f"module.{name}", value) for name, value in state.items()),
        "optimizer": optimizer.state_dict(),
    }
    torch.save(checkpoint, path, _use_new_zipfile_serialization=False)
    assert not zipfile.is_zipfile(path)
    return state


def test_a_file_from_before_batch_counts_loads(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert len(published_shapes()) == 267
    state = write_published(tmp_path / "resnet-50-kinetics.pth")
    with caplog.at_level(logging.INFO, logger="actionrec"):
        model = build_model(params(weights=str(tmp_path / "resnet-50-kinetics.pth")), num_classes=3)
    loaded = model.net.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in state.items() if not name.startswith("fc."))
    assert {int(value) for name, value in loaded.items() if name.endswith("num_batches_tracked")} == {0}
    assert "loaded 265 tensors; the classifier (fc.bias, fc.weight) is new" in caplog.text
    assert "left out" not in caplog.text


def test_the_reference_leaves_out_the_end_of_a_published_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    state = write_published(tmp_path / "resnet-50-kinetics.pth")
    reference = ClipResnet3DParams(type="clip_resnet3d", width=4, weights=str(tmp_path / "resnet-50-kinetics.pth"))
    with caplog.at_level(logging.INFO, logger="actionrec"):
        loaded = build_model(reference, num_classes=3).net.state_dict()
    assert torch.equal(loaded["layer4.0.conv3.weight"], state["layer4.0.conv3.weight"])
    assert not [name for name in loaded if name.startswith(("layer4.1.", "layer4.2."))]
    assert "loaded 235 tensors" in caplog.text  # 15 of each block that is left out are missing
    assert "left out layer4.1.bn1.bias" in caplog.text


def test_the_reference_has_as_many_parameters_as_the_published_network_uses() -> None:
    """The listing without the two blocks and with 101 classes; running means and variances are no parameters."""
    used = {
        name: math.prod(shape)
        for name, shape in published_shapes(classes=101).items()
        if not name.startswith(("layer4.1.", "layer4.2.")) and "running" not in name
    }
    assert sum(used.values()) == 28_043_557
    with torch.device("meta"):
        model = build_model(ClipResnet3DParams(type="clip_resnet3d"), num_classes=101, load_weights=False)
        whole = build_model(params(width=64), num_classes=101)
    assert {name: p.numel() for name, p in model.net.named_parameters()} == used
    assert count_parameters(whole) == 46_405_925


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


def standardised_red(model: torch.nn.Module) -> list[float]:
    """What the first convolution sees of a pure red clip."""
    seen: list[torch.Tensor] = []
    model.net.conv1.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    frames = torch.zeros(1, 8, 32, 32, 3, dtype=torch.uint8)
    frames[..., 0] = 255
    model.eval()({"frames": frames})
    values: list[float] = seen[0][0, :, 3, 5, 5].tolist()
    return values


OF_E2 = [(1 - 0.433) / 0.1519876, -0.4045 / 0.14855877, -0.3776 / 0.156976]
OF_2020 = [(1 - 0.4345) / 0.2768, -0.4051 / 0.2713, -0.3775 / 0.2737]


@pytest.mark.parametrize(
    ("statistics", "expected"),
    [
        ("card", OF_E2),  # without a file there is no card
        ("resnets3d_2018", OF_E2),
        ("resnets3d_2020", OF_2020),
        ("imagenet", [(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225]),
        ("torchvision_kinetics", [(1 - 0.43216) / 0.22803, -0.394666 / 0.22145, -0.37645 / 0.216989]),
        ("none", [1, 0, 0]),
    ],
)
def test_pixels_are_standardised_by_a_named_set(statistics: str, expected: list[float]) -> None:
    model = build_model(params(statistics=statistics), num_classes=3)
    assert standardised_red(model) == pytest.approx(expected, abs=1e-5)


def test_unknown_statistics_are_said_to_be_unknown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_published(tmp_path / "net.pth")
    model = build_model(params(weights=str(tmp_path / "net.pth")), num_classes=3)
    assert standardised_red(model) == pytest.approx(OF_E2, abs=1e-5)
    assert "net.pth: unknown which mean and std these weights were trained with; taken are" in caplog.text
    assert f"write it to {tmp_path / 'net.pth.json'}" in caplog.text


def test_the_card_beside_a_file_gives_its_statistics(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_published(tmp_path / "net.pth")
    (tmp_path / "net.pth.json").write_text(json.dumps({"mean": [0.5, 0.25, 0], "std": [0.5, 0.125, 1]}))
    section = params(weights=str(tmp_path / "net.pth"))
    with caplog.at_level(logging.INFO, logger="actionrec"):
        model = build_model(section, num_classes=3)
    assert standardised_red(model) == [1, -2, 0]
    assert "net.pth.json: mean (0.5, 0.25, 0.0), std (0.5, 0.125, 1.0)" in caplog.text
    assert section.files() == [tmp_path / "net.pth", tmp_path / "net.pth.json"]
    with caplog.at_level(logging.INFO, logger="actionrec"):
        named = build_model(section.model_copy(update={"statistics": "resnets3d_2020"}), num_classes=3)
    assert standardised_red(named) == pytest.approx(OF_2020, abs=1e-5)
    assert "by the set resnets3d_2020, as statistics says" in caplog.text


def test_trained_weights_keep_the_statistics_they_were_trained_with(tmp_path: Path) -> None:
    write_published(tmp_path / "net.pth")
    (tmp_path / "net.pth.json").write_text(json.dumps({"mean": [0.5, 0.25, 0], "std": [0.5, 0.125, 1]}))
    section = params(weights=str(tmp_path / "net.pth"))
    trained = build_model(section, num_classes=3).state_dict()
    (tmp_path / "net.pth.json").unlink()
    again = build_model(section, num_classes=3, load_weights=False)
    again.load_state_dict(trained)
    assert standardised_red(again) == [1, -2, 0]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"mean": [1, 2]}', '{"mean": [0.4, 0.4, 0.4], "std": [0, 1, 1]}', '{"mean": 1, "std": 1}']
)
def test_a_card_that_says_nothing_is_an_error(tmp_path: Path, text: str) -> None:
    write_published(tmp_path / "net.pth")
    (tmp_path / "net.pth.json").write_text(text)
    with pytest.raises(ActionrecError, match=r'net\.pth\.json.*expected \{"mean": \[r, g, b\]'):
        build_model(params(weights=str(tmp_path / "net.pth")), num_classes=3)


def test_frozen_layers_keep_their_statistics() -> None:
    model = build_model(params(trainable=("layer4.0", "fc")), num_classes=3).train()
    assert not model.net.bn1.training
    assert not model.net.layer4[1].bn1.training
    assert model.net.layer4[0].bn1.training


def test_no_graph_is_kept_of_frozen_layers() -> None:
    model = build_model(params(trainable=("layer4.0", "fc")), num_classes=3).train()
    seen = {}
    for name in ("layer3", "layer4"):
        model.net.get_submodule(name).register_forward_hook(lambda _, __, out, name=name: seen.update({name: out}))
    model({"frames": torch.zeros(2, 8, 32, 32, 3, dtype=torch.uint8)})
    assert seen["layer3"].grad_fn is None
    assert seen["layer4"].grad_fn is not None
