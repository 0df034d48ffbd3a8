"""``ucf11``: Liu et al. 2009 ("UCF YouTube Action"), ``<class>/<group>/<video>.mpg``; 11 classes of 25 groups each.

Groups are folders ``v_<name>_NN``, whose name may differ from the class (``basketball/v_shooting_01``). The published
protocol leaves out one number at a time, of all classes together; so ``gNN`` is the group, whatever the class.
Folders ``Annotation`` and the list ``data.annotations`` are not read.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from actionrec.intake.ingest.found import Found, some_videos
from actionrec.intake.ingest.listing import list_files
from actionrec.intake.ingest.section import DataParams
from actionrec.intake.ingest.ucf50 import by_group_number

_ANNOTATION = "annotation"
_FOLDER = re.compile(r".*?(?P<number>\d+)")


def find(data: DataParams) -> Found:
    """The adapter; what lies elsewhere than in a group is left out and counted.

    Raises :class:`ActionrecError` where no video lies so.
    """
    root = Path(data.root)
    listing = some_videos(list_files(root, follow_links=data.follow_links), root)
    shown = replace(listing, videos=tuple(path for path in listing.videos if not _is_annotation(path)))
    return by_group_number(shown, _group, root=root, layout="<class>/<group>_NN/<video>.mpg")


def _is_annotation(path: str) -> bool:
    return _ANNOTATION in path.lower().split("/")[:-1]


def _group(path: str) -> str:
    parts = path.split("/")
    match = _FOLDER.fullmatch(parts[1]) if len(parts) == 3 else None
    return f"g{int(match['number']):02d}" if match else ""
