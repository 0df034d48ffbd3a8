"""Videos that occur more than once: identical files, and copies of one recording; and what is done about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.tables import ScreenedRow
from actionrec.intake.screen.signature import levels_of
from actionrec.intake.split.components import component_of
from actionrec.intake.split.recordings import Recordings
from actionrec.intake.split.section import SplitParams
from actionrec.intake.split.similar import near_pairs


@dataclass(frozen=True)
class Duplicate:
    """Two videos that show the same, in the order of their ids (``data/splits/duplicates.csv``)."""

    video_id: str
    duplicate_of: str
    kind: str
    """``identical`` (files), ``near_duplicate`` or ``mirrored``."""
    distance: float
    """Share of the cells of the signatures that differ visibly."""
    label: str
    other_label: str
    dropped: str = ""
    """Which of the two is in no subset because of it, if any."""

    def __str__(self) -> str:
        """``a/x = b/y``, with the labels where they differ."""
        sign = {"identical": "=", "near_duplicate": "~", "mirrored": "~ mirrored"}[self.kind]
        labels = "" if self.label == self.other_label else f" ({self.other_label}, {self.label})"
        return f"{self.duplicate_of} {sign} {self.video_id}{labels}"


def find_duplicates(rows: Sequence[ScreenedRow], params: SplitParams, recordings: Recordings | None) -> list[Duplicate]:
    """Every pair among ``rows``, which are sorted by id; of identical files each with the first of them.

    ``recordings`` compare pairs whose signatures are near frame by frame; without, signatures alone decide.
    """
    firsts: dict[str, int] = {}
    found, unique = [], []
    for place, row in enumerate(rows):
        first = firsts.setdefault(row.digest, place)
        if first == place:
            unique.append(place)
        else:
            found.append(_duplicate(rows[first], row, "identical", 0.0))
    unique = [place for place in unique if rows[place].signature]
    levels = levels_of([rows[place].signature for place in unique])
    most = int(params.near_duplicate_distance * levels.shape[1] + 1e-9)
    near = near_pairs(levels, max_differing=most, mirrored=params.mirrored_copies)
    if recordings is not None and len(near.pairs):
        near = recordings.that_show_the_same([rows[place] for place in unique], near)
    seen: set[tuple[int, int]] = set()
    for (one, other), differing, mirrored in zip(near.pairs.tolist(), near.differing, near.mirrored, strict=True):
        if (one, other) not in seen:  # a pair that is near both ways comes straight first
            seen.add((one, other))
            kind = "mirrored" if mirrored else "near_duplicate"
            found.append(_duplicate(rows[unique[one]], rows[unique[other]], kind, differing / levels.shape[1]))
    return sorted(found, key=lambda pair: (pair.duplicate_of, pair.video_id))


def _duplicate(first: ScreenedRow, second: ScreenedRow, kind: str, distance: float) -> Duplicate:
    return Duplicate(second.video_id, first.video_id, kind, round(float(distance), 6), second.label, first.label)


@dataclass(frozen=True)
class Settled:
    """What ``split.duplicates`` made of the videos."""

    rows: list[ScreenedRow]
    """Those that are split."""
    duplicates: list[Duplicate]
    """All pairs; a pair with a dropped video says so."""
    notes: list[str]


def settle(rows: Sequence[ScreenedRow], duplicates: Sequence[Duplicate], policy: str) -> Settled:
    """Keep every video (``keep``), one of those that show the same (``keep_one``), or refuse them (``error``).

    Of several, one of an official test part stays before one of validation and of training, and among equals the
    first by id. Raises :class:`ActionrecError` naming the pairs with ``error``.
    """
    lines = _lines(duplicates)
    if lines and policy == "error":
        raise ActionrecError(
            "videos occur more than once, and split.duplicates is error:\n"
            + "\n".join(f"  - {line}" for line in lines)
            + "\nRemove the copies and mend the labels, or set split.duplicates: keep_one or keep."
        )
    if not lines or policy == "keep":
        return Settled(list(rows), list(duplicates), lines)
    dropped = _all_but_one(rows, duplicates)
    lines.append(f"split.duplicates: keep_one leaves out {len(dropped)} video(s): {first_few(sorted(dropped))}")
    return Settled(
        [row for row in rows if row.video_id not in dropped],
        [
            replace(pair, dropped=" ".join(name for name in (pair.duplicate_of, pair.video_id) if name in dropped))
            for pair in duplicates
        ],
        lines,
    )


def _lines(duplicates: Sequence[Duplicate]) -> list[str]:
    kinds = (
        ("identical", True, "file(s) occur under different labels, of which one at most is right"),
        ("identical", False, "file(s) are copies of another"),
        ("near", True, "near-duplicate pair(s) have different labels"),
        ("near", False, "near-duplicate pair(s) have one label"),
    )
    found: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for pair in duplicates:
        kind = "identical" if pair.kind == "identical" else "near"
        found[kind, pair.label != pair.other_label].append(str(pair))
    return [
        f"{len(pairs)} {text}: {first_few(pairs)}" for kind, differ, text in kinds if (pairs := found[kind, differ])
    ]


def _all_but_one(rows: Sequence[ScreenedRow], duplicates: Sequence[Duplicate]) -> set[str]:
    """Ids of the videos of which another, that stays, shows the same, through others or not."""
    place = {row.video_id: number for number, row in enumerate(rows)}
    links = [(place[pair.video_id], place[pair.duplicate_of]) for pair in duplicates]
    one, other = np.array(links).T
    component = component_of(one, other, num_nodes=len(rows))
    stays: dict[int, int] = {}
    for number in sorted(range(len(rows)), key=lambda number: (_precedence(rows[number]), number)):
        stays.setdefault(int(component[number]), number)
    return {row.video_id for number, row in enumerate(rows) if stays[int(component[number])] != number}


def _precedence(row: ScreenedRow) -> int:
    listed = row.official_subset.split("|")
    return next((number for number, subset in enumerate(("test", "val")) if subset in listed), 2)
