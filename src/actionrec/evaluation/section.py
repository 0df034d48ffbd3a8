"""The section ``evaluate`` of ``params.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from actionrec.core.section import Fraction, Section


class EvaluateParams(Section):
    aggregation: Literal["mean", "sum"]
    """How the clips' log-probabilities become the video's."""
    bootstrap_samples: Annotated[int, Field(ge=100)]
    confidence: Fraction
    """Of the intervals."""
    seed: Annotated[int, Field(ge=0)]
