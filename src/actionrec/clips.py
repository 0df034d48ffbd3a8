"""What a clip is for each model: which frames it takes and how they become the model's inputs.

Training and prediction share these recipes, so a model is tested on what it was trained for. A recipe
is pure: it maps ``num_frames`` to indices and arrays to arrays, and never touches a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from actionrec.features import keypoint_features
from actionrec.images import Frames, centre_square, flip_half, random_box, resize_square, shift_brightness
from actionrec.packed import ClipKeypoints
from actionrec.sampling import (
    RANDOM_CLIPS,
    Indices,
    cover_windows,
    even_frames,
    sample_one,
    sample_window,
    strided_clips,
)
from actionrec.sections import AnyModel, FrameResnetParams, FusedConvLSTMParams

Arrays = dict[str, npt.NDArray]
"""Inputs of one clip by name, without the batch axis."""


class Recipe(Protocol):
    """Clips of one model."""

    @property
    def reads_frames(self) -> bool: ...

    @property
    def reads_keypoints(self) -> bool: ...

    @property
    def clips_per_epoch(self) -> int:
        """Training clips of each video in an epoch."""
        ...

    @property
    def protocol(self) -> str:
        """How a video is predicted, for a person."""
        ...

    @property
    def sampling(self) -> str:
        """Short name of how a video's test clips are taken, for the names of metrics."""
        ...

    def train_clip(self, num_frames: int, *, generator: np.random.Generator) -> Indices:
        """Frames of one training clip: (clip_frames,)."""
        ...

    def test_clips(self, num_frames: int) -> Indices:
        """Frames of the clips that predict a video: (num_clips, clip_frames)."""
        ...

    def val_clips(self, num_frames: int) -> Indices:
        """Like ``test_clips``, but few: they are seen after every epoch."""
        ...

    def prepare(
        self, frames: Frames | None, keypoints: ClipKeypoints | None, *, generator: np.random.Generator | None
    ) -> Arrays:
        """Inputs of one clip; augmented where ``generator`` is given."""
        ...


@dataclass(frozen=True)
class FrameRecipe:
    """Clips of one frame for :class:`actionrec.models.frame_resnet.FrameResnet`."""

    params: FrameResnetParams
    sampling: str = "frames"
    reads_frames: bool = True
    reads_keypoints: bool = False

    @property
    def clips_per_epoch(self) -> int:
        return self.params.train_frames

    @property
    def protocol(self) -> str:
        return f"{self.params.test_frames} evenly spaced frames" if self.params.test_frames else "every frame"

    def train_clip(self, num_frames: int, *, generator: np.random.Generator) -> Indices:
        clip: Indices = sample_one(num_frames, generator=generator)[0]
        return clip

    def test_clips(self, num_frames: int) -> Indices:
        return even_frames(num_frames, max_frames=self.params.test_frames)

    def val_clips(self, num_frames: int) -> Indices:
        return even_frames(num_frames, max_frames=_VAL_FRAMES)

    def prepare(
        self,
        frames: Frames | None,
        keypoints: ClipKeypoints | None,  # noqa: ARG002 (the recipe's signature)
        *,
        generator: np.random.Generator | None,
    ) -> Arrays:
        assert frames is not None
        height, width = frames.shape[1:3]
        size = self.params.image_size
        if generator is None or not self.params.augment:
            frames = resize_square(frames, size=size, box=centre_square(height, width))
        else:
            frames = resize_square(frames, size=size, box=random_box(height, width, generator=generator))
            frames = shift_brightness(frames, generator=generator)
        if generator is not None and self.params.flip:
            frames = flip_half(frames, generator=generator)
        return {"frames": frames}


@dataclass(frozen=True)
class FusedRecipe:
    """Clips of several frames for :class:`actionrec.models.fused_convlstm.FusedConvLSTM`."""

    params: FusedConvLSTMParams
    clips_per_epoch: int = 1

    @property
    def reads_frames(self) -> bool:
        return self.params.inputs != "keypoints"

    @property
    def reads_keypoints(self) -> bool:
        return self.params.inputs != "frames"

    @property
    def protocol(self) -> str:
        if self.params.test_sampling == "windows":
            return f"all windows of {self.params.clip_frames} consecutive frames"
        return f"{self.params.test_clips} strided clips of {self.params.clip_frames} frames"

    @property
    def sampling(self) -> str:
        return self.params.test_sampling

    def train_clip(self, num_frames: int, *, generator: np.random.Generator) -> Indices:
        sample = RANDOM_CLIPS[self.params.sampling]
        clip: Indices = sample(num_frames, clip_frames=self.params.clip_frames, generator=generator)[0]
        return clip

    def test_clips(self, num_frames: int) -> Indices:
        if self.params.test_sampling == "windows":
            return cover_windows(num_frames, clip_frames=self.params.clip_frames)
        return strided_clips(num_frames, clip_frames=self.params.clip_frames, num_clips=self.params.test_clips)

    def val_clips(self, num_frames: int) -> Indices:
        if self.params.test_sampling == "windows":
            return sample_window(num_frames, clip_frames=self.params.clip_frames, generator=None)
        return strided_clips(num_frames, clip_frames=self.params.clip_frames, num_clips=1)

    def prepare(
        self, frames: Frames | None, keypoints: ClipKeypoints | None, *, generator: np.random.Generator | None
    ) -> Arrays:
        inputs: Arrays = {}
        augmenting = generator if self.params.augment else None
        if self.reads_frames:
            assert frames is not None
            inputs["frames"] = resize_square(frames, size=self.params.image_size)
            if augmenting is not None:
                inputs["frames"] = shift_brightness(inputs["frames"], generator=augmenting)
        if self.reads_keypoints:
            assert keypoints is not None
            inputs["keypoints"] = keypoint_features(
                keypoints.keypoints,
                keypoints.presence,
                kind=self.params.keypoint_features,
                aspect=keypoints.aspect,
                generator=augmenting,
            )
        return inputs


_VAL_FRAMES = 3


def recipe_of(params: AnyModel) -> Recipe:
    """The recipe of the model that ``params`` describes."""
    return FrameRecipe(params) if isinstance(params, FrameResnetParams) else FusedRecipe(params)
