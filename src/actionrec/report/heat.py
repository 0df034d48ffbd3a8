"""Where in the frames a model's answer comes from: gradient times activation of its last maps, for models of frames.

This is Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391) without its mean of the gradient over the map, as HiResCAM
(Draelos and Carin 2020, arXiv:2011.08891) has it: the same for a network that averages its maps before the classifier,
and where the classifier weighs each place by itself, as that of ``cnn3d``, the mean would mark what did not count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from actionrec.clips.sampling import NO_FRAME
from actionrec.core.arrays import Indices
from actionrec.core.tables import SplitRow
from actionrec.keypoints.layout import NUM_VALUES, PARTS, ClipKeypoints
from actionrec.models.table import kind_of, recipe_of
from actionrec.pack.fit import fit_frame
from actionrec.pack.section import ViewParams
from actionrec.report.joints import trained_model

if TYPE_CHECKING:
    from torch import Tensor, nn

    from actionrec.clips.recipes import Recipe
    from actionrec.core.answers import AnsweredVideo
    from actionrec.models.kind import ModelParams
    from actionrec.training.datasets import ClipSource

Heat = npt.NDArray[np.float64]
"""(n, height, width) of the frames of a strip: 0 where least speaks for the answer, 1 where most does."""

_SMALLEST_MAP = 4
"""Rows and columns; smaller maps say nothing of places."""
_BACKWARD = 2
"""What the gradient costs, in forward passes."""
_MULTIPLY_ADDS = 5 * 10**11
"""For all pictures of a page, tens of seconds of one core; counted, not timed: the page must repeat."""


@dataclass
class HeatReader:
    """Marks the answers of trained models that see frames."""

    rows: Sequence[SplitRow]
    """The kept videos."""
    views: dict[str, ViewParams]
    packed_path: Callable[[str], Path]
    keypoints_path: Path
    folded: bool
    left: int = _MULTIPLY_ADDS
    """Multiply-adds that may still be spent."""
    skipped: int = field(default=0, init=False)
    """Pictures for which there was not enough left."""

    _sources: dict[str, ClipSource] = field(default_factory=dict, init=False)

    def of(
        self,
        name: str,
        params: ModelParams,
        video: AnsweredVideo,
        shown: Sequence[int],
        *,
        clip_cost: int,
        size: tuple[int, int],
    ) -> Heat | None:
        """Of the answer of model ``name`` for ``video``, over its frames ``shown``, each (height, width) = ``size``.

        ``clip_cost`` is in multiply-adds. None where the model has no maps, or they are the same everywhere.
        """
        layers = kind_of(params.type).maps(params)
        if not layers:
            return None
        source = self._source(name, params)
        frames = source.num_frames(video.video_id)
        clips = source.recipe.test_clips(frames, source.recipe.samplings[0])
        frames_of = source.source_frames(video.video_id, clips)
        places = [nearest(frames_of, frame) for frame in shown]
        cost = len({clip for clip, _ in places}) * clip_cost * (1 + _BACKWARD)
        if cost > self.left:
            self.skipped += 1
            return None
        self.left -= cost
        classes, model = trained_model(name, video.fold if self.folded else None)
        answer = classes.index(video.answers[name].label)

        @cache
        def maps(clip: int) -> Heat | None:
            return clip_maps(model, layers, _batch(source.load(video.video_id, clips[clip], generator=None)), answer)

        found = [one[place] for clip, place in places if (one := maps(clip)) is not None]
        if not found or np.ptp(found) == 0:
            return None
        # What is the same everywhere says nothing of places.
        spread, lowest = Spread.of(source.recipe, self.views[source.recipe.view or ""], size), np.min(found)
        return np.stack([spread.over((one - lowest) / np.ptp(found)) for one in found])

    def _source(self, name: str, params: ModelParams) -> ClipSource:
        from actionrec.training.datasets import open_source  # with torch, which the page does without where it can

        if name not in self._sources:
            from actionrec.training.datasets import open_source

            self._sources[name] = open_source(
                recipe_of(params), self.rows, packed_path=self.packed_path, keypoints_path=self.keypoints_path
            )
        return self._sources[name]


def nearest(clips: Indices, frame: int) -> tuple[int, int]:
    """Clip and place in it, of ``clips`` (num_clips, L), that show ``frame`` or come closest to it."""
    away = np.where(clips == NO_FRAME, np.iinfo(np.int64).max, np.abs(clips - frame))
    clip, place = np.unravel_index(int(away.argmin()), away.shape)
    return int(clip), int(place)


def clip_maps(model: nn.Module, layers: Sequence[str], inputs: dict[str, Tensor], answer: int) -> Heat | None:
    """What speaks for the logit ``answer`` in each frame of one clip: (T, h, w), at least 0.

    Of the first of ``layers`` whose maps are large enough; None where there is none. ``inputs`` are a batch of one.
    """
    import torch
    from captum.attr import LayerGradientXActivation

    layer = _large_enough(model, layers, inputs)
    if layer is None:
        return None
    others = [name for name in inputs if name != "frames"]

    def logits(frames: Tensor, *values: Tensor) -> Tensor:
        found: Tensor = model({"frames": frames, **dict(zip(others, values, strict=True))})
        return found

    with torch.enable_grad():
        product = LayerGradientXActivation(logits, layer).attribute(
            inputs["frames"].float(), target=answer, additional_forward_args=tuple(inputs[name] for name in others)
        )
    maps = product.detach().sum(dim=1).clamp(min=0).double().numpy()  # (1, T', h, w), or (T, h, w) of single frames
    if maps.ndim == 3:
        return np.asarray(maps, np.float64)
    num_frames, kept = inputs["frames"].shape[1], maps.shape[1]
    of_frame = (np.arange(num_frames) * 2 + 1) * kept // (2 * num_frames)
    return np.asarray(maps[0, of_frame], np.float64)


def _large_enough(model: nn.Module, layers: Sequence[str], inputs: dict[str, Tensor]) -> nn.Module | None:
    import torch

    sides: dict[str, int] = {}

    def note(name: str) -> Callable[[nn.Module, Any, Tensor], None]:
        def hook(module: nn.Module, given: Any, made: Tensor) -> None:  # noqa: ARG001 (the signature of hooks)
            sides[name] = min(made.shape[-2:])

        return hook

    handles = [model.get_submodule(name).register_forward_hook(note(name)) for name in layers]
    with torch.no_grad():
        model(inputs)
    for handle in handles:
        handle.remove()
    return next((model.get_submodule(name) for name in layers if sides[name] >= _SMALLEST_MAP), None)


@dataclass(frozen=True)
class Spread:
    """Which places of a model's square the pixels of a frame are: what lies outside of it was not seen."""

    x: npt.NDArray[np.float32]
    """(width,), as shares of the square's side."""
    y: npt.NDArray[np.float32]
    """(height,)"""

    @classmethod
    def of(cls, recipe: Recipe, view: ViewParams, size: tuple[int, int]) -> Spread:
        """For frames of ``size`` (height, width).

        Found by sending through the steps that make the model's input a frame whose colours are its coordinates.
        """
        height, width = size
        frame = np.zeros((height, width, 3), np.uint8)
        frame[..., 0] = np.linspace(0, 255, width).round()
        frame[..., 1] = np.linspace(0, 255, height).round()[:, None]
        frame[..., 2] = 255  # where it is less, there is something that is not of the frame
        nothing = ClipKeypoints(
            np.zeros((1, NUM_VALUES), np.float32), np.zeros((1, len(PARTS)), np.bool_), width / height
        )
        square = recipe.prepare(fit_frame(frame, view)[None], nothing, generator=None)["frames"][0].astype(np.float64)
        rows, columns = np.nonzero(square[..., 2] > 254)
        return cls(
            _shares(columns, square[rows, columns, 0], side=square.shape[1], length=width),
            _shares(rows, square[rows, columns, 1], side=square.shape[0], length=height),
        )

    def over(self, maps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """``maps`` (h, w) of the square as (height, width) of the frame, 0 outside of the square."""
        rows, columns = maps.shape
        x, y = np.meshgrid(self.x * columns - 0.5, self.y * rows - 0.5)
        drawn = cv2.remap(maps.astype(np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        seen = ((self.y >= 0) & (self.y <= 1))[:, None] & ((self.x >= 0) & (self.x <= 1))
        return np.where(seen, drawn, 0.0).astype(np.float64)


def _shares(places: Indices, values: npt.NDArray[np.float64], *, side: int, length: int) -> npt.NDArray[np.float32]:
    """Where the ``length`` pixels, of values from 0 to 255, are in the square whose ``places`` have ``values``."""
    slope, start = np.polyfit(values, places + 0.5, 1)
    return np.asarray((start + slope * np.linspace(0, 255, length)) / side, np.float32)


def _batch(clip: dict[str, Any]) -> dict[str, Tensor]:
    import torch

    return {name: torch.from_numpy(np.asarray(values))[None] for name, values in clip.items()}
