"""Read what the leakage guard of the split found."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from actionrec.errors import ActionrecError


@dataclass(frozen=True)
class GuardResult:
    """What crosses between subsets (``data/splits/guard.json``)."""

    leaking: bool
    groups_crossing: int
    digests_crossing: int
    near_duplicates_crossing: int


def read_guard(path: Path) -> GuardResult:
    """Read the guard's verdict; other keys of the file are not needed here.

    Raises :class:`ActionrecError` if it is absent or cut short.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return GuardResult(
            leaking=bool(found["leaking"]),
            groups_crossing=int(found["groups_crossing"]),
            digests_crossing=int(found["digests_crossing"]),
            near_duplicates_crossing=int(found["near_duplicates_crossing"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ActionrecError(f"{path} cannot be read ({error!r}); rebuild it with `dvc repro -f split`") from error
