"""``reports/predictions.csv``: what every entry answered for every test video; written, and read again."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from actionrec.core.errors import ActionrecError
from actionrec.core.tables import write_table

VIDEO_COLUMNS = ("video_id", "group", "fold", "label")
ANSWER_COLUMNS = ("answer", "probability", "label_probability", "right")
"""Of every entry, each after its name and a dot, which no name holds."""

_DIGITS = 5
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_REMEDY = "rebuild it with `dvc repro -f evaluate`"


@dataclass(frozen=True)
class Answer:
    """What one entry said of a video."""

    label: str
    """The first answer."""
    probability: float
    """Of that answer, as predicted."""
    label_probability: float
    """Of the actual class."""
    right: bool


@dataclass(frozen=True)
class AnsweredVideo:
    """One test video."""

    video_id: str
    group: str
    fold: int
    """That tests it; 0 of a single split."""
    label: str
    answers: Mapping[str, Answer]
    """By entry: the models in their order, then the fusion."""


def write_answers(videos: Sequence[AnsweredVideo], path: Path) -> None:
    """One row a video in the order of ``videos``, atomically; what a spreadsheet would run as a formula is quoted."""
    entries = list(videos[0].answers)
    write_table(path, _header(entries), (_row(video, entries) for video in videos))


def _header(entries: Sequence[str]) -> list[str]:
    return [*VIDEO_COLUMNS, *(f"{name}.{column}" for name in entries for column in ANSWER_COLUMNS)]


def _row(video: AnsweredVideo, entries: Sequence[str]) -> list[str | float]:
    row: list[str | float] = [quoted(video.video_id), quoted(video.group), video.fold, quoted(video.label)]
    for name in entries:
        found = video.answers[name]
        row += [
            quoted(found.label),
            round(found.probability, _DIGITS),
            round(found.label_probability, _DIGITS),
            int(found.right),
        ]
    return row


def read_answers(path: Path) -> list[AnsweredVideo]:
    """Read what :func:`write_answers` wrote; raises :class:`ActionrecError` for a file that is not that."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            header, records = list(reader.fieldnames or ()), list(reader)
    except OSError as error:
        raise ActionrecError(f"{path} cannot be read ({error}); {_REMEDY}") from error
    entries = [name.removesuffix(".answer") for name in header if name.endswith(".answer")]
    expected = _header(entries)
    if header != expected or not entries:
        raise ActionrecError(f"{path} has the columns {header}, expected {expected}; {_REMEDY}")
    try:
        return [_video(record, entries) for record in records]
    except (TypeError, ValueError) as error:
        raise ActionrecError(f"{path}: {error}; {_REMEDY}") from error


def _video(record: Mapping[str, str], entries: Sequence[str]) -> AnsweredVideo:
    answers = {
        name: Answer(
            unquoted(record[f"{name}.answer"]),
            float(record[f"{name}.probability"]),
            float(record[f"{name}.label_probability"]),
            record[f"{name}.right"] == "1",
        )
        for name in entries
    }
    texts = (unquoted(record[name]) for name in ("video_id", "group", "label"))
    video_id, group, label = texts
    return AnsweredVideo(video_id, group, int(record["fold"]), label, answers)


def quoted(text: str) -> str:
    """``text`` with a ``'`` before it where a spreadsheet would take it for a formula; :func:`unquoted` removes it."""
    return f"'{text}" if _FORMULA.match(text) else text


def unquoted(cell: str) -> str:
    """What :func:`quoted` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
