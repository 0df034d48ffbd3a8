"""Which videos a list of paths means."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

from actionrec.core.errors import ActionrecError, first_few
from actionrec.intake.ingest.found import list_videos


def find_videos(paths: Iterable[str | Path]) -> list[Path]:
    """The files that ``paths`` name, in their order, each once: files, folders (searched for videos), and patterns.

    A file is taken whatever its name. In a pattern ``**`` stands for any folders. Raises :class:`ActionrecError` that
    lists the paths where there is nothing.
    """
    found: dict[Path, None] = {}
    empty = []
    for path in paths:
        videos = _videos_at(path)
        found |= dict.fromkeys(videos)
        if not videos:
            empty.append(str(path))
    if empty:
        raise ActionrecError(f"no video at {first_few(empty)}; name files, folders or patterns such as 'videos/*.mp4'")
    return list(found)


def _videos_at(path: str | Path) -> list[Path]:
    there = Path(path)
    matches = [there] if there.exists() else [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207
    return [video for match in matches for video in (_videos_below(match) if match.is_dir() else [match])]


def _videos_below(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in list_videos(folder, follow_links=True)]
    except ActionrecError:
        return []
