"""``ucf50``: Reddy and Shah 2013, ``<Class>/v_<Class>_gNN_cMM.avi``; 50 classes of 25 groups each, no lists.

The published protocol leaves out one group number at a time, of all classes together; so the number is the group,
whatever the class, and ``data.annotations`` is not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from actionrec.core.errors import ActionrecError, first_few
from actionrec.intake.ingest.found import Found, FoundVideo, some_videos
from actionrec.intake.ingest.listing import Listing, list_files, printable
from actionrec.intake.ingest.section import DataParams

_NAME = re.compile(r"v_.+_(?P<group>g\d+)_c\d+")


def find(data: DataParams) -> Found:
    """The adapter; what is named otherwise is left out and counted.

    Raises :class:`ActionrecError` where nothing is named so.
    """
    root = Path(data.root)
    listing = some_videos(list_files(root, follow_links=data.follow_links), root)
    return by_group_number(listing, _group, root=root, layout="<Class>/v_<Class>_gNN_cMM.avi")


def _group(path: str) -> str:
    match = _NAME.fullmatch(Path(path).stem)
    return match["group"] if match and path.count("/") == 1 else ""


def by_group_number(listing: Listing, group_of: Callable[[str], str], *, root: Path, layout: str) -> Found:
    """Videos labelled by their first folder; those in whose path ``group_of`` reads no group are left out."""
    groups = {path: group_of(path) for path in listing.videos}
    videos = [FoundVideo(path, path.split("/", 1)[0], group) for path, group in groups.items() if group]
    misnamed = [printable(path) for path, group in groups.items() if not group]
    if not videos:
        raise ActionrecError(
            f"none of the {len(misnamed)} video(s) under {root} is named {layout} (found: {first_few(misnamed)}); "
            "data.root must be the folder that holds one folder a class"
        )
    notes = [f"{len(misnamed)} video(s) are not named {layout} and are left out: {first_few(misnamed)}"]
    return Found(videos, notes if misnamed else [], listing=listing)
