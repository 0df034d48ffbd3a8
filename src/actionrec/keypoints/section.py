"""The section ``keypoints`` of ``params.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from actionrec.core.section import Section


class KeypointParams(Section):
    enabled: bool
    """False spares MediaPipe's cost when no model uses keypoints."""
    min_detection_confidence: Annotated[float, Field(ge=0, le=1)]
    """MediaPipe's: below it a person is not found."""
    min_tracking_confidence: Annotated[float, Field(ge=0, le=1)]
    """MediaPipe's: below it a person is looked for anew in the next frame."""
