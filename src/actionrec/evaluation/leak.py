"""What a leak is worth: the same models' accuracies on a split across groups and on one that keeps groups whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actionrec.core.errors import ActionrecError, first_few
from actionrec.evaluation.intervals import Interval, difference_of


@dataclass(frozen=True)
class LeakWorth:
    """Test ``video_top1`` of one entry on both splits."""

    model: str
    honest: Interval
    leaking: Interval
    difference: Interval
    """Leaking minus honest: what the leak adds."""


@dataclass(frozen=True)
class LeakReport:
    """Every entry that both evaluations hold."""

    confidence: float
    """Of the intervals."""
    models: tuple[LeakWorth, ...]
    """Sorted by name, the fusion last."""


def measure_leak(honest: Path, leaking: Path) -> LeakReport:
    """Compare the folders ``reports/metrics`` of an evaluation on an honest split and of one on a leaking split.

    The difference is that of two independent shares, each with the interval over its own groups. Videos that are
    tested in both make it a little too wide, never too narrow: what is hard in one is hard in the other.

    Raises :class:`ActionrecError` if a folder holds no evaluation, or one on the other kind of split, or the two have
    no model or not the confidence in common.
    """
    sides = _read(honest, leaking=False), _read(leaking, leaking=True)
    confidences = {details["interval"]["confidence"] for side in sides for details in side.values()}
    if len(confidences) != 1:
        raise ActionrecError(
            f"{honest} and {leaking} have intervals of confidence {' and '.join(map(str, sorted(confidences)))}; "
            "evaluate both with one evaluate.confidence"
        )
    common = sorted(set(sides[0]) & set(sides[1]), key=lambda name: (name == "fusion", name))
    if not common:
        raise ActionrecError(
            f"{honest} holds {first_few(sorted(sides[0]))}, {leaking} holds {first_few(sorted(sides[1]))}: "
            "no model is in both; enable the same models in both runs"
        )
    pairs = {name: (_interval(sides[0][name]), _interval(sides[1][name])) for name in common}
    return LeakReport(
        confidences.pop(),
        tuple(LeakWorth(name, own, leaky, difference_of(leaky, own)) for name, (own, leaky) in pairs.items()),
    )


def _read(folder: Path, *, leaking: bool) -> dict[str, dict[str, Any]]:
    """Details by entry; those of the fusion only beside more than one model, since of one it is that model."""
    files = sorted(path for path in folder.glob("*.json") if path.stem != "summary")
    try:
        found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}
    except (OSError, ValueError) as error:
        raise ActionrecError(f"{folder} cannot be read ({error}); copy reports/metrics there again") from error
    if not found:
        raise ActionrecError(f"{folder} holds no <model>.json; give a copy of reports/metrics of a finished run")
    if wrong := [name for name, details in found.items() if details.get("leaking") is not leaking]:
        kind, other = ("honest", "leaking") if leaking else ("leaking", "honest")
        raise ActionrecError(
            f"{folder} was evaluated on {'an' if leaking else 'a'} {kind} split ({first_few(wrong)}); the {other} one "
            f"{'comes from split.method=stratified with split.allow_leak=true' if leaking else 'keeps groups whole'}, "
            "and the order is HONEST LEAKING"
        )
    return found if len(found) > 2 else {name: details for name, details in found.items() if name != "fusion"}


def _interval(details: dict[str, Any]) -> Interval:
    metrics = details["subsets"]["test"]["metrics"]
    return Interval(metrics["video_top1"], metrics["video_top1_low"], metrics["video_top1_high"])
