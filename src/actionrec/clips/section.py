"""What the sections of models have in common that says which frames and pixels they see."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from actionrec.core.section import ListOf, PositiveInt, Section

Probability = Annotated[float, Field(ge=0, lt=1)]
ImageSize = Annotated[int, Field(ge=8, le=1024)]
Fps = Annotated[float, Field(gt=0, le=1000)] | None
Sampling = Literal["even", "random", "segments", "window"]
ShortVideos = Literal["repeat_last", "loop", "black"]
TestSampling = Literal["even", "strided", "centre", "windows", "overlapping", "whole"]


class PictureParams(Section):
    """What models of frames have in common."""

    view: str = "rgb"
    """Packed view (``pack``) that it reads."""
    image_size: ImageSize
    """Side of the square input in pixels."""

    @property
    def draws_landmarks(self) -> bool:
        """Whether landmarks, whose places are shares of the whole frame, are drawn into its pictures."""
        return False


class VectorParams(Section):
    """What models of frozen features have in common."""

    view: str = "imagenet"
    """Feature view (``features``) that it reads. All that is counted in frames is counted in its rows."""
    num_features: Annotated[int, Field(ge=0)] = 0
    """Values of a vector; 0 takes as many as the view holds when it is trained."""
    level_sizes: ListOf[PositiveInt] = ()
    """How many of them are of each level of the network (``features.<view>.levels``): each level counts alike, however
    many they are. Taken from the view with ``num_features``; of none, as in models from before there were levels, every
    value counts alike."""


class ClipParams(Section):
    """What models of several frames have in common: which frames they see."""

    type: str
    """Of the model."""
    clip_frames: Annotated[int, Field(ge=2)]
    """Frames of a clip."""
    sampling: Sampling
    """Training clips: ``even``ly spaced from the first frame on; ``random`` frames in time order; a random frame of
    each equal ``segment``; or a ``window`` of frames ``stride_frames`` apart from a random start."""
    fps: Fps = None
    """Frames a second that its clips take from a video: at each moment the one that is shown then, so that videos of
    all rates have one speed. ``null`` counts frames, however many a second a video or its view has."""
    stride_frames: PositiveInt = 1
    """Source frames from one frame of a window to the next; 1 with ``fps``."""
    short_videos: ShortVideos = "repeat_last"
    """What a window (also ``centre``, ``windows``, ``overlapping`` and ``whole``) shows past the end of a video that is
    shorter than it: the last frame again, the video in a ``loop``, or ``black`` frames, in which no keypoint is found.
    Samplings that cover a video never reach past its end: they show frames of a short one several times in place."""
    test_sampling: TestSampling
    """Clips predicted: ``even`` as in training; ``strided``, ``test_clips`` interleaved ones over the whole video; the
    ``centre`` window; ``windows`` in a row; all ``overlapping`` windows; or the ``whole`` video in one pass."""
    also_test: ListOf[TestSampling] = ()
    """Further samplings to predict with; each gives a ``video_top1_<sampling>`` beside the one above."""
    test_clips: PositiveInt = 1
    """Clips predicted a video, with ``test_sampling: strided``."""
    window_step: PositiveInt = 1
    """Frames from the start of one overlapping window to that of the next."""

    @property
    def takes_any_length(self) -> bool:
        """Whether a clip may be longer than ``clip_frames``, up to a whole video."""
        return False

    def problems(self, name: str) -> list[str]:
        if "whole" in (self.test_sampling, *self.also_test) and not self.takes_any_length:
            return [f"{name}.test_sampling: whole, but {self.type} takes clips of {self.clip_frames} frames only"]
        if self.fps is not None and self.stride_frames != 1:
            apart = f"{self.stride_frames}, but fps: {self.fps:g} says how far apart frames are"
            return [f"{name}.stride_frames: {apart}; set stride_frames: 1, or fps: null"]
        return []


class ImageClipParams(ClipParams, PictureParams):
    """What models of clips of frames alone have in common: which pixels they see."""

    frame_content: Literal["rgb", "motion"] = "rgb"
    """``motion`` subtracts the mean of the clip's frames, and with it a still background; the references do not."""
    centre_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Side of the square that is seen without augmentation, as a share of the frame's short side."""
    test_crops: Literal[1, 3] = 1
    """Squares predicted of every clip: the centre, or three along the longer side."""
    augment: bool = False
    """Random crop of 70-100 % per axis and brightness +/- 15 of 255, the same for the whole clip."""
    flip: bool = False
    """Random horizontal flip; wrong for signs and for mirrored classes."""
    rotate_degrees: Annotated[float, Field(ge=0, le=180)] = 0.0
    """Largest random rotation of a training clip."""
