"""The section ``evaluate`` of ``params.yaml``."""

from __future__ import annotations

from typing import Literal

from actionrec.core.section import Fraction, Section


class EvaluateParams(Section):
    aggregation: Literal["mean", "sum"]
    """How the clips' log-probabilities become the video's."""
    confidence: Fraction
    """Of the intervals, and of the verdicts on space and time."""
