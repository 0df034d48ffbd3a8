"""A class must not vanish without a word: what screening leaves of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.tables import ScreenedRow
from actionrec.intake.screen.rules import ScreenParams


def check_classes(rows: Sequence[ScreenedRow], params: ScreenParams, *, named: bool) -> list[str]:
    """A line for each class that lost more than half of its videos, with the commonest reason.

    Raises :class:`ActionrecError` for classes that lost all of them, unless ``params.allow_lost_classes`` permits it
    and the classes are not ``named`` by ``data.classes``.
    """
    found = Counter(row.label for row in rows)
    kept = Counter(row.label for row in rows if row.kept)
    reasons = {label: _commonest_reason(rows, label) for label in sorted(found) if 2 * kept[label] < found[label]}
    lost = [f"{label} ({found[label]}, {reason})" for label, reason in reasons.items() if not kept[label]]
    if lost and (named or not params.allow_lost_classes):
        remedy = "relax the thresholds of `screen` in params.yaml, mend the videos, "
        remedy += "or take the class out of data.classes" if named else "or set screen.allow_lost_classes: true"
        raise ActionrecError(
            f"screening keeps no video of {len(lost)} class(es): {first_few(lost)}; "
            f"data/screened.csv has the evidence; {remedy}"
        )
    return [
        f"{kept[label]} of {found[label]} videos of class {label} are kept; most often {reason}"
        for label, reason in reasons.items()
    ]


def _commonest_reason(rows: Sequence[ScreenedRow], label: str) -> str:
    counts = Counter(row.reason for row in rows if row.label == label and not row.kept)
    reason, count = min(counts.items(), key=lambda item: (-item[1], item[0]))
    return f"{count} {reason}"
