"""What an adapter finds."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from actionrec.core.errors import ActionrecError
from actionrec.intake.ingest.listing import VIDEO_SUFFIXES, Listing, list_files

OUTSIDE = "_outside"
"""Where ids of files begin that do not lie below ``data.root``."""


@dataclass(frozen=True)
class FoundVideo:
    """A video with its labels, before it is hashed."""

    path: str
    """Below the root, with suffix and ``/``; absolute for a file that lies elsewhere."""
    label: str
    group: str
    official_subset: str = ""
    start_seconds: float = 0.0
    end_seconds: float = 0.0
    """Of the part of the file that is the video; an end of 0 is that of the file."""
    array_index: int = -1
    """Which sequence of an array file of many; -1 for what is one sequence."""
    is_folder: bool = False
    """Of frames; its name has no suffix, whatever dots are in it."""
    extra: tuple[tuple[str, str], ...] = ()
    """Whatever else a table says of it: names of columns with their values."""

    @property
    def video_id(self) -> str:
        """The path without suffix; ``_outside`` and the absolute path for a file that lies elsewhere.

        Behind it ``@12.5-17`` names a part in seconds, ``@00017`` a sequence of an array file.
        """
        path = posixpath.join(OUTSIDE, self.path.lstrip("/")) if self.path.startswith("/") else self.path
        whole = path if self.is_folder else str(PurePosixPath(path).with_suffix(""))
        if self.array_index >= 0:
            return f"{whole}@{self.array_index:05d}"
        if self.start_seconds or self.end_seconds:
            return f"{whole}@{_seconds(self.start_seconds)}-{_seconds(self.end_seconds) if self.end_seconds else ''}"
        return whole


def _seconds(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Found:
    """An adapter's result."""

    videos: Sequence[FoundVideo]
    notes: Sequence[str] = ()
    """What a user should know, one sentence each."""
    class_order: Sequence[str] = ()
    """All classes in the order of the data set's own numbers; by name where empty."""
    listing: Listing | None = None
    """What lies below the root, where the adapter has looked through all of it."""


def list_videos(root: Path, *, follow_links: bool = False) -> list[str]:
    """Sorted paths of the video files below ``root``; hidden files and folders are not looked at.

    Raises :class:`ActionrecError` when ``root`` is no folder or holds no video.
    """
    return list(some_videos(list_files(root, follow_links=follow_links), root).videos)


def some_videos(listing: Listing, root: Path) -> Listing:
    """``listing`` of ``root`` itself; raises :class:`ActionrecError` where it holds no video file."""
    if not listing.videos:
        raise ActionrecError(
            f"data.root: {root} holds no video; looked in all folders below it for "
            f"{', '.join(sorted(VIDEO_SUFFIXES))}" + (f"; found {listing.summary()}" if listing.skipped else "")
        )
    return listing
