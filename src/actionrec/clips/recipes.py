"""What a clip is: which frames it takes and how they become a model's inputs.

Training and prediction share these recipes, so a model is tested on what it was trained for. A recipe
is pure: it maps ``num_frames`` to indices and arrays to arrays, and never touches a file. Those that one model alone
uses are in that model's file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from actionrec.clips.images import Look
from actionrec.clips.sampling import (
    cover_windows,
    overlapping_windows,
    sample_even,
    sample_segments,
    sample_sorted,
    sample_window,
    strided_clips,
    whole_video,
)
from actionrec.clips.section import ClipParams, ImageClipParams
from actionrec.core.arrays import Frames, Indices
from actionrec.keypoints.layout import ClipKeypoints

Arrays = dict[str, npt.NDArray]
"""Inputs of one clip by name, without the batch axis."""


class Recipe(Protocol):
    """Clips of one model."""

    @property
    def view(self) -> str | None:
        """Packed view that it reads, of frames or of features; None without either."""
        ...

    @property
    def reads_keypoints(self) -> bool: ...

    @property
    def fps(self) -> float | None:
        """Frames a second that it counts in; None counts every frame of the view (or of the keypoints)."""
        ...

    @property
    def only_hands(self) -> bool:
        """Whether its clips are of the frames in which a hand was found, where there are any."""
        ...

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
        """Frames of one training clip: (clip_frames,); ``NO_FRAME`` where it is black."""
        ...

    def test_clips(self, num_frames: int, sampling: str) -> Indices:
        """Frames of the clips that predict a video by one of ``samplings``: (num_clips, clip_frames), as above."""
        ...

    def val_clips(self, num_frames: int) -> Indices:
        """Like ``test_clips``, but few: they are seen after every epoch."""
        ...

    def prepare(
        self,
        frames: npt.NDArray[Any] | None,
        keypoints: ClipKeypoints | None,
        *,
        generator: np.random.Generator | None,
        crop: int = 0,
    ) -> Arrays:
        """Inputs of one clip; augmented where ``generator`` is given, else square ``crop`` of ``num_crops``.

        ``frames`` is what the view holds of the clip: frames, or vectors float32 (n, D).
        """
        ...


@dataclass(frozen=True)
class ClipRecipe:
    """Clips of several frames: which ones. What they become is up to the kinds of recipes that build on it."""

    params: ClipParams

    @property
    def fps(self) -> float | None:
        return self.params.fps

    @property
    def only_hands(self) -> bool:
        return False

    @property
    def clips_per_epoch(self) -> int:
        return 1

    @property
    def num_crops(self) -> int:
        return 1

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
        rate = "" if params.fps is None else f", at {params.fps:g} frames a second"
        return found + rate + crops(self.num_crops)

    def train_clip(self, num_frames: int, *, generator: np.random.Generator) -> Indices:
        clip_frames = self.params.clip_frames
        match self.params.sampling:
            case "even":
                clips = sample_even(num_frames, clip_frames=clip_frames)
            case "random":
                clips = sample_sorted(num_frames, clip_frames=clip_frames, generator=generator)
            case "segments":
                clips = sample_segments(num_frames, clip_frames=clip_frames, generator=generator)
            case "window":
                clips = sample_window(num_frames, generator=generator, **self._window())
        clip: Indices = clips[0]
        return clip

    def test_clips(self, num_frames: int, sampling: str) -> Indices:
        clip_frames = self.params.clip_frames
        match sampling:
            case "even":
                return sample_even(num_frames, clip_frames=clip_frames)
            case "strided":
                return strided_clips(num_frames, clip_frames=clip_frames, num_clips=self.params.test_clips)
            case "centre":
                return sample_window(num_frames, generator=None, **self._window())
            case "windows":
                return cover_windows(num_frames, **self._window())
            case "overlapping":
                return overlapping_windows(num_frames, window_step=self.params.window_step, **self._window())
            case "whole":
                return whole_video(num_frames, **self._window())
            case _:
                raise ValueError(f"no sampling {sampling!r}")

    def _window(self) -> dict[str, Any]:
        """What the windows of all kinds have in common."""
        params = self.params
        return {
            "clip_frames": params.clip_frames,
            "stride_frames": params.stride_frames,
            "short_videos": params.short_videos,
        }

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
    reads_keypoints: bool = False

    @property
    def view(self) -> str:
        return self.params.view

    @property
    def num_crops(self) -> int:
        return self.params.test_crops

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


def crops(num_crops: int) -> str:
    """The end of a protocol's wording: ``, 3 crops each``."""
    return f", {num_crops} crops each" if num_crops > 1 else ""
