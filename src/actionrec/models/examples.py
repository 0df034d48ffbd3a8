"""Made inputs of a model: noise, but as valid as a clip of a video."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from actionrec.clips.recipes import Arrays
from actionrec.clips.sampling import generator_for
from actionrec.clips.section import VectorParams
from actionrec.core.arrays import Frames
from actionrec.keypoints import layout
from actionrec.keypoints.layout import ClipKeypoints
from actionrec.models.kind import ModelParams
from actionrec.models.table import recipe_of

Inputs: TypeAlias = dict[str, Tensor]
"""A model's inputs by name, each (B, ...)."""

_VIDEO_FRAMES = 256
# Frames of coarse blocks: noise of single pixels is grey all over once it has been scaled down.
_BLOCKS_HIGH, _BLOCKS_WIDE, _BLOCK_PIXELS = 12, 16, 10
_PRESENT = 0.8


def example_inputs(params: ModelParams, *, num_clips: int, num_frames: int | None = None) -> Inputs:
    """Inputs of ``num_clips`` clips of the length that the model trains with, or of ``num_frames``; always the same."""
    clips = [
        _random_clip(params, num_frames, generator=generator_for("export", num_clips, place))
        for place in range(num_clips)
    ]
    return {name: torch.from_numpy(np.stack([clip[name] for clip in clips])) for name in clips[0]}


def _random_clip(params: ModelParams, num_frames: int | None, *, generator: np.random.Generator) -> Arrays:
    """Inputs of one clip of noise, made by the model's own recipe."""
    recipe = recipe_of(params)
    length = num_frames or recipe.val_clips(_VIDEO_FRAMES).shape[1]
    if isinstance(params, VectorParams):
        of_view: Frames | npt.NDArray[np.float32] = generator.random((length, params.num_features), dtype=np.float32)
    else:
        of_view = _random_frames(length, generator=generator)
    keypoints = _random_keypoints(length, generator=generator)
    return recipe.prepare(
        of_view if recipe.view else None, keypoints if recipe.reads_keypoints else None, generator=None
    )


def _random_frames(num_frames: int, *, generator: np.random.Generator) -> Frames:
    blocks = generator.integers(0, 256, (num_frames, _BLOCKS_HIGH, _BLOCKS_WIDE, 3), dtype=np.uint8)
    return blocks.repeat(_BLOCK_PIXELS, axis=1).repeat(_BLOCK_PIXELS, axis=2)


def _random_keypoints(num_frames: int, *, generator: np.random.Generator) -> ClipKeypoints:
    """Landmarks anywhere in the frame; parts are missing now and then, and zero there."""
    presence = generator.random((num_frames, len(layout.PARTS))) < _PRESENT
    values = generator.random((num_frames, layout.NUM_VALUES), dtype=np.float32)
    for part, columns in enumerate((layout.POSE, layout.FACE, layout.LEFT_HAND, layout.RIGHT_HAND)):
        values[:, columns] *= presence[:, part, None]
    return ClipKeypoints(values, presence, aspect=_BLOCKS_WIDE / _BLOCKS_HIGH)
