"""A feature view: an entry of the section ``features`` of ``params.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from actionrec.core.section import PositiveInt, Section

FRAMES = "frames"
"""``view`` of the frames as they were extracted."""
PACKAGED = "packaged"
PACKAGED_BACKBONE = "efficientnet_lite0"
"""The network whose ImageNet weights come inside a package that is installed with the project."""


class FeatureParams(Section):
    backbone: str = PACKAGED_BACKBONE
    """An image network by its name in timm (``resnet50.a1_in1k``) or torchvision, or a video network by its name in
    torchvision (``r2plus1d_18``); ``torchvision/resnet50`` is torchvision's where both have one."""
    weights: str = PACKAGED
    """``packaged`` (ImageNet weights of ``efficientnet_lite0``, installed with the project), ``imagenet`` or
    ``kinetics400`` (downloaded), the name of one of torchvision's sets (``IMAGENET1K_V1``), a local state-dict or
    safetensors file, or ``none``: random ones."""
    levels: Literal["end", "all"] = "end"
    """``all``: behind what the network pools at its end, the vector holds what every stage of it says that sees the
    picture at an eighth of its side or coarser, averaged over the picture. They cost nothing more, and know of shapes
    and places what the end, made for naming things, has given up. Networks of torchvision name no stages: of them it
    is the end alone."""
    view: str = FRAMES
    """View under ``pack`` whose geometry the frames take first; ``frames`` leaves them as they were extracted."""
    image_size: Annotated[int, Field(ge=32, le=1024)] = 224
    """Side in pixels of the square to which they are then stretched."""
    frame_content: Literal["rgb", "change"] = "rgb"
    """``change``: what changes until ``change_frames`` later, twice as strong, on mid-grey. A network that was trained
    on photographs reads that too, and what stands still is gone."""
    change_frames: PositiveInt = 3
    """With ``frame_content: change``."""
    fps: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Frames a second that are looked at: at each moment the one that is shown then, so that videos of all rates have
    one speed. All that is counted in frames here (``stride_frames``, ``window_stride``, ``change_frames``) is then
    counted in these. ``null``: every frame, as many a second as a video has."""
    stride_frames: PositiveInt = 2
    """Frames from one vector to the next."""
    window_frames: PositiveInt = 1
    """Frames that one vector is made of: 1 with image networks, several with video networks."""
    window_stride: PositiveInt = 1
    """Frames from one frame of a window to the next."""
    batch_size: PositiveInt = 32
    """Frames (windows) that go through the network at once."""

    def problems(self, name: str) -> list[str]:
        if self.weights == PACKAGED and self.backbone != PACKAGED_BACKBONE:
            legal = "set imagenet or kinetics400 (downloaded), the path of a file, or none"
            return [f"{name}.weights: {PACKAGED} are of backbone {PACKAGED_BACKBONE}, not of {self.backbone}; {legal}"]
        return []
