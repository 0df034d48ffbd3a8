"""A view of the section ``pack`` of ``params.yaml``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from actionrec.core.section import Section


class ViewParams(Section):
    encoding: Literal["raw", "jpeg"]
    """``raw`` uint8 for small frames, ``jpeg`` for large ones."""
    fit: Literal["stretch", "crop", "pad", "keep"]
    """``stretch`` to a square; resize to ``crop_from`` and ``crop`` the centre square; ``pad`` the whole frame, its
    aspect kept, with black bars to a square; ``keep`` the aspect. Models of frames see the centre square of a view:
    all of it, but with ``keep``."""
    size: Annotated[int, Field(ge=8, le=2048)]
    """Side of the square in pixels; with ``keep``, the short side (never enlarged)."""
    crop_from: Annotated[int, Field(ge=0)] = 0
    """With ``crop``: short side to resize to before cropping."""
    jpeg_quality: Annotated[int, Field(ge=1, le=100)] = 95
    """OpenCV's JPEG quality, 100 is best."""
    fps: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Pictures a second: at each moment the one that is shown then, so that videos of all rates have one speed.
    ``null`` keeps every frame, as many a second as a video has."""
    shard_videos: Annotated[int, Field(ge=0)] = 0
    """Most videos in one packed file: with more the view is an index and a folder of files beside it. 0 makes one file
    of all."""

    def content(self) -> dict[str, Any]:
        """What decides on the frames of the view: all but how they are spread over files."""
        return self.model_dump(exclude={"shard_videos"})

    def problems(self, name: str) -> list[str]:
        if self.encoding == "raw" and self.fit == "keep":
            return [f"{name}: encoding raw needs frames of one size; set fit: stretch, crop or pad"]
        if self.fit == "crop" and self.crop_from < self.size:
            return [f"{name}.crop_from: {self.crop_from} is below size {self.size}"]
        return []
