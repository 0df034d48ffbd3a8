"""The section ``evaluate`` of ``params.yaml``."""

from __future__ import annotations

from typing import Literal

from actionrec.core.section import Fraction, ListOf, Section


class EvaluateParams(Section):
    aggregation: Literal["mean", "sum"]
    """How the clips' log-probabilities become the video's."""
    subsets: ListOf[Literal["train", "val", "test"]] = ("val", "test")
    """Which videos are predicted and evaluated: ``val`` and ``test``, and with ``train`` those that the models have
    seen, which shows what they learnt by heart and chooses nothing."""
    confidence: Fraction
    """Of the intervals, and of the verdicts on space and time."""

    def problems(self, name: str) -> list[str]:
        missing = sorted({"val", "test"} - set(self.subsets))
        return [f"{name}.subsets: {', '.join(missing)} missing; val and test are always needed"] if missing else []
