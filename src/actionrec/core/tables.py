"""The CSV tables between stages; ``video_id`` is the only join key, and joins are checked."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.files import atomic_path, digest_of

SUBSETS = ("train", "val", "test")

Row = TypeVar("Row")


WHOLE = (0.0, 0.0, -1)
"""Start and end in seconds, and index of an array, of a video that is all of its file."""


@dataclass(frozen=True)
class ManifestRow:
    """One raw video (``data/manifest.csv``)."""

    video_id: str
    path: str
    """Below ``data.root``, with suffix and ``/``; absolute where a CSV names a file that lies elsewhere."""
    label: str
    group: str
    official_subset: str
    """``train``, ``val``, ``test`` or empty; where there are several lists one a list, as ``test|train|train``."""
    bytes: int
    digest: str
    """SHA-256 of the content of the file, of which the video may be a part."""
    start_seconds: float = 0.0
    end_seconds: float = 0.0
    """The part of the file that is the video; an end of 0 is that of the file."""
    array_index: int = -1
    """Which sequence of an array file of many it is; -1 where it is the whole."""

    @property
    def content_digest(self) -> str:
        """Identity of what is seen: the file's digest, and for a part of it one that says which."""
        part = (self.start_seconds, self.end_seconds, self.array_index)
        return self.digest if part == WHOLE else digest_of(self.digest, *part)


@dataclass(frozen=True)
class ScreenedRow:
    """Verdict on one video (``data/screened.csv``)."""

    video_id: str
    label: str
    group: str
    official_subset: str
    digest: str
    """Of the content: two parts of one file have two."""
    kept: int
    """1 or 0."""
    reason: str
    """Reason code of a rejection, else empty."""
    evidence: str
    """What was seen, for a person: against a rejected video; of a kept one what was done with it, or else nothing."""
    num_frames: int
    duration_seconds: float
    width: int
    """Of its frames; 0 where it holds keypoints and no picture."""
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
    """Write dataclass ``rows`` sorted by ``video_id``, atomically; a column of defaults alone is left out."""
    records = sorted((asdict(row) for row in rows), key=lambda record: record["video_id"])  # type: ignore[call-overload]
    names = [
        field.name
        for field in fields(kind)  # type: ignore[arg-type]
        if field.default is MISSING or any(record[field.name] != field.default for record in records)
    ]
    write_table(path, names, ([record[name] for name in names] for record in records))


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV with ``header``, atomically, with Unix line ends."""
    with atomic_path(path) as aside, aside.open("w", encoding="utf-8", newline="") as file:
        plain = csv.writer(file, lineterminator="\n")
        # A carriage return ends a line for every reader, yet is not quoted where line ends are Unix ones.
        quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        plain.writerow(header)
        for row in rows:
            (quoted if any("\r" in str(cell) for cell in row) else plain).writerow(row)


def read_rows(path: Path, kind: type[Row], *, stage: str) -> list[Row]:
    """Read rows written by :func:`write_rows`; a column that was left out holds defaults.

    Raises :class:`ActionrecError` for an absent file, wrong columns, a bad value or a repeated id.
    """
    remedy = f"rebuild it with `dvc repro -f {stage}`"
    if not path.exists():
        raise ActionrecError(f"{path} does not exist; {remedy}")
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    optional = {field.name for field in fields(kind) if field.default is not MISSING}  # type: ignore[arg-type]
    parse = {field.name: {"int": int, "float": float}.get(str(field.type), str) for field in fields(kind)}  # type: ignore[arg-type]
    rows: list[Row] = []
    seen: set[str] = set()
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        found = reader.fieldnames or []
        if [name for name in names if name in found or name not in optional] != found:
            raise ActionrecError(f"{path} has columns {reader.fieldnames}, expected {names}; {remedy}")
        for number, record in enumerate(reader, start=2):
            try:
                row = kind(**{name: parse[name](record[name]) for name in found})
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
