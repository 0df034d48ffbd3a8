"""The section ``synthetic`` of ``params.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from actionrec.core.section import ListOf, PositiveInt, Section


class SyntheticParams(Section):
    classes: Annotated[ListOf[str], Field(min_length=2)]
    """Actions to render."""
    groups: Annotated[int, Field(ge=3)]
    """Actors; each is one group: a body, clothes, a room, a camera and a light."""
    clips_per_group: PositiveInt
    """Clips of each class by each actor."""
    fps: Annotated[int, Field(ge=5, le=60)]
    """Frames a second."""
    min_frames: Annotated[int, Field(ge=8)]
    """Frames of the shortest clip."""
    max_frames: Annotated[int, Field(ge=8)]
    """Clip lengths are drawn from ``min_frames..max_frames``, both included."""
    seed: Annotated[int, Field(ge=0)]
    """Of everything that is drawn: bodies, rooms, movements, lengths."""
    defects: bool
    """Plant a handful of bad files for the screening stage to find."""

    def problems(self, name: str) -> list[str]:
        if self.max_frames < self.min_frames:
            return [f"{name}.max_frames: {self.max_frames} is below min_frames {self.min_frames}"]
        return []
