"""What the leakage guard found, as a file between the stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from actionrec.core.errors import ActionrecError
from actionrec.core.files import write_json


@dataclass(frozen=True)
class Guard:
    """What the leakage guard looked for between subsets (``data/splits/guard.json``); of several folds, the most."""

    leaking: bool
    method: str
    groups_crossing: int
    digests_crossing: int
    near_duplicates_crossing: int
    near_duplicate_distance: float
    num_videos: int
    num_groups: int
    notes: tuple[str, ...] = ()
    """What a person should know, a line each: shares that groups forbid, copies, scenes."""


def worst_of(guards: Sequence[Guard]) -> Guard:
    """What was found in the folds together: leaking where one leaks, and of each count the largest."""
    return replace(
        guards[0],
        leaking=any(guard.leaking for guard in guards),
        groups_crossing=max(guard.groups_crossing for guard in guards),
        digests_crossing=max(guard.digests_crossing for guard in guards),
        near_duplicates_crossing=max(guard.near_duplicates_crossing for guard in guards),
    )


def write_guard(guard: Guard, path: Path) -> None:
    """Write ``guard`` as JSON."""
    write_json(path, asdict(guard))


def read_guard(path: Path) -> Guard:
    """Read what :func:`write_guard` wrote; raises :class:`ActionrecError` if it is absent or cut short."""
    try:
        guard: Guard = TypeAdapter(Guard).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise ActionrecError(f"{path} cannot be read ({why}); rebuild it with `dvc repro -f split`") from error
    return guard
