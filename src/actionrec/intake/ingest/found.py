"""What an adapter finds, and how video files are found on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from actionrec.core.errors import ActionrecError

VIDEO_SUFFIXES = frozenset(
    ".3gp .avi .flv .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts .ogv .ts .webm .wmv".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class FoundVideo:
    """A video with its labels, before it is hashed."""

    path: str
    """Below the root, with suffix and ``/``."""
    label: str
    group: str
    official_subset: str = ""

    @property
    def video_id(self) -> str:
        return str(PurePosixPath(self.path).with_suffix(""))


@dataclass(frozen=True)
class Found:
    """An adapter's result."""

    videos: Sequence[FoundVideo]
    notes: Sequence[str] = ()
    """What a user should know, one sentence each."""


def list_videos(root: Path) -> list[str]:
    """Sorted paths of the video files below ``root``; hidden files and folders are not looked at.

    Raises :class:`ActionrecError` when ``root`` is no folder or holds no video.
    """
    if not root.is_dir():
        raise ActionrecError(f"data.root: {root} is not a folder; set data.root to the folder of your videos")
    found = []
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        hidden = any(part.startswith(".") for part in relative.parts)
        if not hidden and path.suffix.lower() in VIDEO_SUFFIXES and path.is_file():
            found.append(relative.as_posix())
    if not found:
        raise ActionrecError(
            f"data.root: {root} holds no video; looked in all folders below it for {', '.join(sorted(VIDEO_SUFFIXES))}"
        )
    return found
