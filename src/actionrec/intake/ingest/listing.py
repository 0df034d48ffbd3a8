"""What lies below a folder: videos, folders of images, arrays, and all the rest by why no stage reads it.

Only names and kinds are looked at; nothing is opened, so a pipe or a device that is called like a video blocks nobody.
"""

from __future__ import annotations

import os
import re
import stat
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.sources import ARRAY_SUFFIXES, IMAGE_SUFFIXES

VIDEO_SUFFIXES = frozenset(
    ".3g2 .3gp .amv .asf .avi .divx .dv .f4v .flv .gif .m2ts .m2v .m4v .mjpeg .mjpg .mkv .mov .mp4 .mpe .mpeg .mpg "  # noqa: SIM905
    ".mts .mxf .ogv .qt .rm .rmvb .ts .vob .webm .webp .wmv .y4m".split()
)
HIDDEN = "hidden"
LEAVING_LINKS = "symbolic links that leave data.root (data.follow_links: true follows them)"
_CIRCULAR_LINKS = "symbolic links to a folder that they lie in"
_DANGLING_LINKS = "symbolic links to nothing"
_CLOSED_FOLDERS = "folders that may not be read"
_NOT_PLAIN = "pipes, sockets or devices"
_NOT_UTF8 = "names that are not UTF-8"
# What DVC keeps may stand in a folder as links into its cache: they are the folder's own content.
_DVC_OBJECT = re.compile(r"/files/md5/[0-9a-f]{2}/[0-9a-f]{30}$")
_LEAST_IMAGES = 2


@dataclass(frozen=True)
class Listing:
    """Paths below a root, with ``/``, sorted."""

    videos: tuple[str, ...] = ()
    """Files with a suffix of videos."""
    image_folders: tuple[str, ...] = ()
    """Folders ``<class>/.../<video>`` that hold images and no video file."""
    arrays: tuple[str, ...] = ()
    """``.npy`` and ``.npz`` files."""
    skipped: dict[str, list[str]] = field(default_factory=dict)
    """What is neither, by why, as ``.txt files``."""

    def not_read(self, *, but: Collection[str] = ()) -> dict[str, list[str]]:
        """``skipped`` without the files and folders ``but``, and what lies in these."""
        found = {why: [path for path in paths if not _lies_in(path, but)] for why, paths in self.skipped.items()}
        return {why: paths for why, paths in found.items() if paths}

    def summary(self, *, but: Collection[str] = ()) -> str:
        """``3 .txt files (a.txt, b.txt, c.txt), 1 symbolic links to nothing (x.avi)``, without what is hidden."""
        found = {why: paths for why, paths in self.not_read(but=but).items() if not why.startswith(HIDDEN)}
        kinds = sorted(found.items(), key=lambda kind: (-len(kind[1]), kind[0]))
        return ", ".join(f"{len(paths)} {why} ({first_few(map(printable, paths), limit=3)})" for why, paths in kinds)


def list_files(root: Path, *, follow_links: bool = False) -> Listing:
    """Look through ``root``.

    Symbolic links are followed where they stay below ``root`` or lead into DVC's cache; where ``follow_links``, all.
    Raises :class:`ActionrecError` when ``root`` is no folder.
    """
    if not root.is_dir():
        raise ActionrecError(f"data.root: {root} is not a folder; set data.root to the folder of your videos")
    look = _Look(os.path.realpath(root), follow_links)
    look.into(str(root), "", frozenset())
    return Listing(
        tuple(sorted(look.videos)),
        tuple(sorted(look.image_folders)),
        tuple(sorted(look.arrays)),
        {why: sorted(paths) for why, paths in sorted(look.skipped.items())},
    )


def printable(text: str) -> str:
    """``text`` in one line that a terminal shows: control signs and what is not UTF-8 are escaped."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _lies_in(path: str, places: Collection[str]) -> bool:
    """Whether ``path``, or a folder over it, is one of ``places``."""
    while path:
        if path in places:
            return True
        path = path.rpartition("/")[0]
    return False


def leaves(path: str, root: str) -> bool:
    """Whether ``path``, followed through all links, ends outside ``root``, which has none."""
    target = os.path.realpath(path)
    return not (target == root or target.startswith(root.rstrip("/") + "/") or _DVC_OBJECT.search(target))


class _Look:
    """One walk through a root."""

    def __init__(self, root: str, follow_links: bool) -> None:  # noqa: FBT001
        self._root = root
        self._follow_links = follow_links
        self.videos: list[str] = []
        self.image_folders: list[str] = []
        self.arrays: list[str] = []
        self.skipped: defaultdict[str, list[str]] = defaultdict(list)

    def into(self, folder: str, below: str, above: frozenset[str]) -> None:
        """Look through ``folder``, which is called ``below`` from the root; ``above`` are the real folders over it."""
        above |= {os.path.realpath(folder)}
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except PermissionError:
            self.skipped[_CLOSED_FOLDERS].append(below or ".")
            return
        files = []
        for entry in entries:
            path = f"{below}/{entry.name}" if below else entry.name
            if why := self._why_not(entry, above):
                self.skipped[why].append(path)
            elif entry.is_dir():
                self.into(entry.path, path, above)
            else:
                files.append(path)
        self._take(below, files)

    def _why_not(self, entry: os.DirEntry[str], above: Iterable[str]) -> str:
        """Why an entry is passed over; empty for a folder or a plain file."""
        if not _is_utf8(entry.name):
            return _NOT_UTF8
        if entry.is_symlink() and (why := self._why_not_followed(entry, above)):
            return why
        if entry.name.startswith("."):
            return f"{HIDDEN} folders" if entry.is_dir() else f"{HIDDEN} files"
        if not entry.is_dir() and not stat.S_ISREG(entry.stat().st_mode):
            return _NOT_PLAIN
        return ""

    def _why_not_followed(self, link: os.DirEntry[str], above: Iterable[str]) -> str:
        if not os.path.exists(link.path):  # noqa: PTH110
            return _DANGLING_LINKS
        if not self._follow_links and leaves(link.path, self._root):
            return LEAVING_LINKS
        return _CIRCULAR_LINKS if link.is_dir() and os.path.realpath(link.path) in above else ""

    def _take(self, below: str, files: list[str]) -> None:
        """Sort the plain files of one folder by what they are."""
        images = [path for path in files if _suffix(path) in IMAGE_SUFFIXES]
        videos = [path for path in files if _suffix(path) in VIDEO_SUFFIXES]
        if "/" in below and len(images) >= _LEAST_IMAGES and not videos:
            self.image_folders.append(below)
            files = sorted(set(files) - set(images))
        self.videos += videos
        for path in files:
            suffix = _suffix(path)
            if suffix in ARRAY_SUFFIXES:
                self.arrays.append(path)
            elif suffix not in VIDEO_SUFFIXES:
                self.skipped[f"{suffix} files" if suffix else "files without a suffix"].append(path)


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()  # noqa: PTH122 (of a million names)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
