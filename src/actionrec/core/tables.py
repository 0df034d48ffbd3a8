"""The CSV tables between stages; ``video_id`` is the only join key, and joins are checked."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.files import atomic_path

SUBSETS = ("train", "val", "test")

Row = TypeVar("Row")


@dataclass(frozen=True)
class ManifestRow:
    """One raw video (``data/manifest.csv``)."""

    video_id: str
    path: str
    """Below ``data.root``, with suffix and ``/``."""
    label: str
    group: str
    official_subset: str
    """``train``, ``val``, ``test`` or empty; where there are several lists one a list, as ``test|train|train``."""
    bytes: int
    digest: str
    """SHA-256 of the content."""


@dataclass(frozen=True)
class ScreenedRow:
    """Verdict on one video (``data/screened.csv``)."""

    video_id: str
    label: str
    group: str
    official_subset: str
    digest: str
    kept: int
    """1 or 0."""
    reason: str
    """Reason code of a rejection, else empty."""
    evidence: str
    """What was seen, for a person: against a rejected video; of a kept one what was done with it, or else nothing."""
    num_frames: int
    duration_seconds: float
    width: int
    height: int
    signature: str
    """Perceptual signature in hex, empty when there was no frame."""


@dataclass(frozen=True)
class SplitRow:
    """Where a kept video belongs (``data/splits/split.csv``)."""

    video_id: str
    label: str
    group: str
    subset: str
    """``train``, ``val`` or ``test``."""


def write_rows(path: Path, rows: Iterable[Row], kind: type[Row]) -> None:
    """Write dataclass ``rows`` sorted by ``video_id``, atomically."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    records = sorted((asdict(row) for row in rows), key=lambda record: record["video_id"])  # type: ignore[call-overload]
    write_table(path, names, ([record[name] for name in names] for record in records))


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV with ``header``, atomically, with Unix line ends."""
    with atomic_path(path) as aside, aside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def read_rows(path: Path, kind: type[Row], *, stage: str) -> list[Row]:
    """Read rows written by :func:`write_rows`.

    Raises :class:`ActionrecError` for an absent file, wrong columns, a bad value or a repeated id.
    """
    remedy = f"rebuild it with `dvc repro -f {stage}`"
    if not path.exists():
        raise ActionrecError(f"{path} does not exist; {remedy}")
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    parse = {field.name: {"int": int, "float": float}.get(str(field.type), str) for field in fields(kind)}  # type: ignore[arg-type]
    rows: list[Row] = []
    seen: set[str] = set()
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != names:
            raise ActionrecError(f"{path} has columns {reader.fieldnames}, expected {names}; {remedy}")
        for number, record in enumerate(reader, start=2):
            try:
                row = kind(**{name: parse[name](record[name]) for name in names})
            except (TypeError, ValueError) as error:
                raise ActionrecError(f"{path} line {number}: {error}; {remedy}") from error
            if record["video_id"] in seen:
                raise ActionrecError(f"{path} line {number}: video_id {record['video_id']} occurs twice; {remedy}")
            seen.add(record["video_id"])
            rows.append(row)
    return rows


def check_same_ids(left: Iterable[str], right: Iterable[str], *, left_name: str, right_name: str) -> None:
    """Raise :class:`ActionrecError` unless both hold exactly the same video ids."""
    left_ids, right_ids = set(left), set(right)
    problems = []
    if missing := sorted(left_ids - right_ids):
        problems.append(f"{len(missing)} in {left_name} but not in {right_name}: {first_few(missing)}")
    if extra := sorted(right_ids - left_ids):
        problems.append(f"{len(extra)} in {right_name} but not in {left_name}: {first_few(extra)}")
    if problems:
        raise ActionrecError("video ids differ: " + "; ".join(problems) + "; run `dvc repro` to rebuild both")


def class_names(rows: Iterable[ManifestRow | ScreenedRow | SplitRow]) -> list[str]:
    """Sorted class names; a class's index is its place here, everywhere."""
    return sorted({row.label for row in rows})
