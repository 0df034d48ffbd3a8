"""What a clip is for each model: which frames it takes and how they become the model's inputs.

Training and prediction share these recipes, so a model is tested on what it was trained for. A recipe
is pure: it maps ``num_frames`` to indices and arrays to arrays, and never touches a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from actionrec.features import flip_keypoints, joint_features, keypoint_features
from actionrec.images import FLIP_PROBABILITY, Frames, Look, flip, resize_square, shift_brightness
from actionrec.model_sections import (
    AnyModel,
    ClipParams,
    FrameResnetParams,
    FusedConvLSTMParams,
    ImageClipParams,
    STGCNParams,
)
from actionrec.packed import ClipKeypoints
from actionrec.sampling import (
    Indices,
    cover_windows,
    even_frames,
    overlapping_windows,
    sample_even,
    sample_one,
    sample_segments,
    sample_sorted,
    sample_window,
    strided_clips,
    whole_video,
)

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
    def num_crops(self) -> int:
        """Squares of each clip that are predicted."""
        ...

    @property
    def samplings(self) -> tuple[str, ...]:
        """Names of the ways in which a video is predicted, the one that counts first."""
        ...

    def protocol(self, sampling: str) -> str:
        """What is predicted of a video, for a person."""
        ...

    def train_clip(self, num_frames: int, *, generator: np.random.Generator) -> Indices:
        """Frames of one training clip: (clip_frames,)."""
        ...

    def test_clips(self, num_frames: int, sampling: str) -> Indices:
        """Frames of the clips that predict a video by one of ``samplings``: (num_clips, clip_frames)."""
        ...

    def val_clips(self, num_frames: int) -> Indices:
        """Like ``test_clips``, but few: they are seen after every epoch."""
        ...

    def prepare(
        self,
        frames: Frames | None,
        keypoints: ClipKeypoints | None,
        *,
        generator: np.random.Generator | None,
        crop: int = 0,
    ) -> Arrays:
        """Inputs of one clip; augmented where ``generator`` is given, else square ``crop`` of ``num_crops``."""
        ...


@dataclass(frozen=True)
class FrameRecipe:
    """Clips of one frame for :class:`actionrec.models.frame_resnet.FrameResnet`."""

    params: FrameResnetParams
    reads_frames: bool = True
    reads_keypoints: bool = False

    @property
    def clips_per_epoch(self) -> int:
        return self.params.train_frames

    @property
    def num_crops(self) -> int:
        return self.params.test_crops

    @property
    def samplings(self) -> tuple[str, ...]:
        return ("even_frames",) if self.params.test_frames else ("all_frames",)

    def protocol(self, sampling: str) -> str:  # noqa: ARG002 (the recipe's signature)
        frames = f"{self.params.test_frames} evenly spaced frames" if self.params.test_frames else "every frame"
        return frames + _crops(self.num_crops)

    def train_clip(self, num_frames: int, *, generator: np.random.Generator) -> Indices:
        clip: Indices = sample_one(num_frames, generator=generator)[0]
        return clip

    def test_clips(self, num_frames: int, sampling: str) -> Indices:  # noqa: ARG002 (the recipe's signature)
        return even_frames(num_frames, max_frames=self.params.test_frames)

    def val_clips(self, num_frames: int) -> Indices:
        return even_frames(num_frames, max_frames=_VAL_FRAMES)

    def prepare(
        self,
        frames: Frames | None,
        keypoints: ClipKeypoints | None,  # noqa: ARG002 (the recipe's signature)
        *,
        generator: np.random.Generator | None,
        crop: int = 0,
    ) -> Arrays:
        assert frames is not None
        look = Look(self.params.image_size, 1.0, augment=self.params.augment, flip=self.params.flip, rotate=0.0)
        return {"frames": look.of(frames, generator=generator, crop=crop)}


@dataclass(frozen=True)
class ClipRecipe:
    """Clips of several frames: which ones. What they become is up to the kinds of recipes below."""

    params: ClipParams
    clips_per_epoch: int = 1
    num_crops: int = 1

    @property
    def samplings(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.params.test_sampling, *self.params.also_test)))

    def protocol(self, sampling: str) -> str:
        params = self.params
        frames = f"{params.clip_frames} frames"
        window = frames if params.stride_frames == 1 else f"{frames}, {params.stride_frames} apart"
        match sampling:
            case "even":
                found = f"one clip of {params.clip_frames} evenly spaced frames"
            case "strided":
                found = f"{params.test_clips} strided clips of {frames}"
            case "centre":
                found = f"the centre window of {window}"
            case "windows":
                found = f"all windows in a row of {window}"
            case "overlapping":
                found = f"windows of {window}, {params.window_step} from start to start"
            case _:
                found = "the whole video in one pass"
        return found + _crops(self.num_crops)

    def train_clip(self, num_frames: int, *, generator: np.random.Generator) -> Indices:
        params, clip_frames = self.params, self.params.clip_frames
        match params.sampling:
            case "even":
                clips = sample_even(num_frames, clip_frames=clip_frames)
            case "random":
                clips = sample_sorted(num_frames, clip_frames=clip_frames, generator=generator)
            case "segments":
                clips = sample_segments(num_frames, clip_frames=clip_frames, generator=generator)
            case "window":
                clips = sample_window(
                    num_frames, clip_frames=clip_frames, stride_frames=params.stride_frames, generator=generator
                )
        clip: Indices = clips[0]
        return clip

    def test_clips(self, num_frames: int, sampling: str) -> Indices:
        clip_frames, stride = self.params.clip_frames, self.params.stride_frames
        match sampling:
            case "even":
                return sample_even(num_frames, clip_frames=clip_frames)
            case "strided":
                return strided_clips(num_frames, clip_frames=clip_frames, num_clips=self.params.test_clips)
            case "centre":
                return sample_window(num_frames, clip_frames=clip_frames, stride_frames=stride, generator=None)
            case "windows":
                return cover_windows(num_frames, clip_frames=clip_frames, stride_frames=stride)
            case "overlapping":
                return overlapping_windows(
                    num_frames, clip_frames=clip_frames, stride_frames=stride, window_step=self.params.window_step
                )
            case "whole":
                return whole_video(num_frames, clip_frames=clip_frames, stride_frames=stride)
            case _:
                raise ValueError(f"no sampling {sampling!r}")

    def val_clips(self, num_frames: int) -> Indices:
        match self.params.test_sampling:
            case "even":
                return self.test_clips(num_frames, "even")
            case "strided":
                return strided_clips(num_frames, clip_frames=self.params.clip_frames, num_clips=1)
            case _:
                return self.test_clips(num_frames, "centre")


@dataclass(frozen=True)
class ImageClipRecipe(ClipRecipe):
    """Clips of frames alone."""

    params: ImageClipParams
    reads_frames: bool = True
    reads_keypoints: bool = False

    def prepare(
        self,
        frames: Frames | None,
        keypoints: ClipKeypoints | None,  # noqa: ARG002 (the recipe's signature)
        *,
        generator: np.random.Generator | None,
        crop: int = 0,
    ) -> Arrays:
        assert frames is not None
        params = self.params
        look = Look(
            params.image_size,
            params.centre_share,
            augment=params.augment,
            flip=params.flip,
            rotate=params.rotate_degrees,
        )
        return {"frames": look.of(frames, generator=generator, crop=crop)}


@dataclass(frozen=True)
class FusedRecipe(ClipRecipe):
    """Clips of frames and keypoints for :class:`actionrec.models.fused_convlstm.FusedConvLSTM`."""

    params: FusedConvLSTMParams

    @property
    def reads_frames(self) -> bool:
        return self.params.inputs != "keypoints"

    @property
    def reads_keypoints(self) -> bool:
        return self.params.inputs != "frames"

    def prepare(
        self,
        frames: Frames | None,
        keypoints: ClipKeypoints | None,
        *,
        generator: np.random.Generator | None,
        crop: int = 0,  # noqa: ARG002 (the recipe's signature)
    ) -> Arrays:
        inputs: Arrays = {}
        augmenting = generator if self.params.augment else None
        flips = generator is not None and self.params.flip and generator.random() < FLIP_PROBABILITY
        if self.reads_frames:
            assert frames is not None
            square = resize_square(frames, size=self.params.image_size)
            square = flip(square) if flips else square
            inputs["frames"] = square if augmenting is None else shift_brightness(square, generator=augmenting)
        if self.reads_keypoints:
            assert keypoints is not None
            values, presence = _flipped(keypoints) if flips else (keypoints.keypoints, keypoints.presence)
            inputs["keypoints"] = keypoint_features(
                values,
                presence,
                kind=self.params.keypoint_features,
                aspect=keypoints.aspect,
                generator=augmenting,
            )
        return inputs


@dataclass(frozen=True)
class SkeletonRecipe(ClipRecipe):
    """Clips of keypoints for :class:`actionrec.models.stgcn.STGCN`."""

    params: STGCNParams
    reads_frames: bool = False
    reads_keypoints: bool = True

    def prepare(
        self,
        frames: Frames | None,  # noqa: ARG002 (the recipe's signature)
        keypoints: ClipKeypoints | None,
        *,
        generator: np.random.Generator | None,
        crop: int = 0,  # noqa: ARG002 (the recipe's signature)
    ) -> Arrays:
        assert keypoints is not None
        flips = generator is not None and self.params.flip and generator.random() < FLIP_PROBABILITY
        values, presence = _flipped(keypoints) if flips else (keypoints.keypoints, keypoints.presence)
        augmenting = generator if self.params.augment else None
        return {"keypoints": joint_features(values, presence, aspect=keypoints.aspect, generator=augmenting)}


def _flipped(keypoints: ClipKeypoints) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    return flip_keypoints(keypoints.keypoints, keypoints.presence)


def _crops(num_crops: int) -> str:
    return f", {num_crops} crops each" if num_crops > 1 else ""


_VAL_FRAMES = 3


def recipe_of(params: AnyModel) -> Recipe:
    """The recipe of the model that ``params`` describes."""
    match params:
        case FrameResnetParams():
            return FrameRecipe(params)
        case FusedConvLSTMParams():
            return FusedRecipe(params)
        case STGCNParams():
            return SkeletonRecipe(params)
        case _:
            return ImageClipRecipe(params, num_crops=params.test_crops)
