"""The section ``report`` of ``params.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from actionrec.core.section import Section


class ReportParams(Section):
    title: str
    """Of the page."""
    skeleton_frames: Annotated[int, Field(ge=0, le=48)]
    """Frames shown with their keypoints drawn in."""
    max_mb: Annotated[float, Field(gt=0)] = 15.0
    """Size of the page in millions of bytes; pictures are left out, and that is said, where it would be larger."""
    leak: str = ""
    """File that ``actionrec leak --out`` wrote, which the page then shows; none where empty. DVC does not follow it:
    after another ``actionrec leak`` comes ``dvc repro -f report``."""
