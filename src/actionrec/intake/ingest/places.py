"""Where on disk the paths of a table lie, however they are written."""

from __future__ import annotations

import os
import posixpath
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from actionrec.core.sources import IMAGE_SUFFIXES, frame_files
from actionrec.intake.ingest.listing import leaves
from actionrec.intake.ingest.table import Line


class Places:
    """Finds what lies below one root, in the spelling of the disk, and files elsewhere that a table names."""

    def __init__(self, root: Path, known: Iterable[str], *, table_folder: Path, follow_links: bool) -> None:
        self._root = Path(os.path.abspath(root))  # noqa: PTH100 (links stay as they are)
        self._real_root = os.path.realpath(root)
        self._known = set(known)
        self._table_folder = table_folder
        self._follow_links = follow_links
        self._composed: defaultdict[str, list[str]] = defaultdict(list)
        for path in self._known:
            self._composed[unicodedata.normalize("NFC", path)].append(path)

    def find(self, line: Line, column: str, repairs: Counter[str]) -> str | None:
        r"""The path below the root, or the absolute one of a file elsewhere; ``None`` where there is none.

        Tried in turn: as written; without blanks; ``\`` as ``/``; without ``./``; an absolute path as one below the
        root; from the table's own folder; letters composed or not. What it took is counted in ``repairs``.
        """
        written = line.raw[column]
        if "\0" in written:
            return None
        if self._is_there(written):
            return written
        path = written.strip()
        if self._is_there(path):
            return path
        slashed = path.replace("\\", "/")
        found = self._normal(slashed, repairs) or self._beside(slashed, repairs)
        if found and slashed != path:
            repairs["backslashes read as slashes"] += 1
        return found

    def _beside(self, path: str, repairs: Counter[str]) -> str | None:
        """From the table's own folder."""
        if path.startswith("/"):
            return None
        found = self._absolute(posixpath.normpath(posixpath.join(self._table_folder.absolute().as_posix(), path)))
        if found:
            repairs["paths read from the table's folder"] += 1
        return found

    def _normal(self, path: str, repairs: Counter[str]) -> str | None:
        normal = posixpath.normpath(path)
        if normal.startswith("/"):
            found = self._absolute("/" + normal.lstrip("/"))
            if found and not found.startswith("/"):
                repairs["absolute paths read as below data.root"] += 1
            return found
        if normal.startswith("../"):
            return self._absolute(posixpath.normpath(posixpath.join(self._root.as_posix(), normal)))
        if normal == ".":
            return None
        if self._is_there(normal):
            if normal != path:
                repairs["paths without ./, // and the like"] += 1
            return normal
        return self._spelt_otherwise(normal, repairs)

    def _spelt_otherwise(self, path: str, repairs: Counter[str]) -> str | None:
        same = self._composed.get(unicodedata.normalize("NFC", path), [])
        if len(same) != 1:
            return None
        repairs["accents composed otherwise on disk (NFC, NFD)"] += 1
        return same[0]

    def _absolute(self, path: str) -> str | None:
        """Below the root where it lies there, whatever links lead to the root; else itself."""
        for root in (self._root.as_posix(), self._real_root):
            if path.startswith(root.rstrip("/") + "/"):
                below = path[len(root.rstrip("/")) + 1 :]
                return below if self._is_there(below) else self._spelt_otherwise(below, Counter())
        return path if _is_video(Path(path)) else None

    def _is_there(self, path: str) -> bool:
        """Whether a path below the root, as written, is a video: one that was listed, or any file or images."""
        if path in self._known:
            return True
        if not path or path != posixpath.normpath(path) or path.startswith(("/", "../")) or path in (".", ".."):
            return False
        there = self._root / path
        return _is_video(there) and (self._follow_links or not leaves(str(there), self._real_root))


def _is_video(path: Path) -> bool:
    """Whether a table may name it: any plain file, whatever its suffix, or a folder that holds images."""
    try:
        if path.is_file():
            return True
        return path.is_dir() and any(file.suffix.lower() in IMAGE_SUFFIXES for file in frame_files(path))
    except OSError:  # a name that no file system takes, a folder that may not be read
        return False
