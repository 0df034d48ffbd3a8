"""The section ``report`` of ``params.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from actionrec.core.section import Section


class ReportParams(Section):
    title: str
    skeleton_frames: Annotated[int, Field(ge=0, le=48)]
    """Frames shown with their keypoints drawn in."""
