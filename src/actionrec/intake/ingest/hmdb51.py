"""``hmdb51``: Kuehne et al. 2011 with its three official 70/30 lists, also of a partial copy.

Videos ``<class>/<name>.avi``; in ``data.annotations`` the lists ``<class>_test_split<1,2,3>.txt``, a line each video:
name and flag, 1 for training, 2 for test, 0 for neither in that list. Names may hold blanks, brackets and other signs.
``<source>_<class>_<properties>_<number>.avi`` came from one film or upload: that source is the group, within a class.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from actionrec.core.errors import ActionrecError, first_few
from actionrec.intake.ingest.found import Found, FoundVideo, some_videos
from actionrec.intake.ingest.listing import list_files, printable
from actionrec.intake.ingest.section import DataParams

FOLDS = (1, 2, 3)
_LIST = re.compile(r"(?P<label>.+)_test_split(?P<fold>[123])\.txt")
_SUBSETS = {"0": "", "1": "train", "2": "test"}
# Visible body parts, camera motion, number of people, camera position, quality, number of the clip.
_PROPERTIES = re.compile(r"_(?:f|h|u|l)_(?:cm|nm)_np\d+_(?:fr|ba|le|ri)_(?:bad|med|goo)_\d+$")


def find(data: DataParams) -> Found:
    """The adapter: the videos that the list ``data.fold`` uses, with their subset in each of the lists that are there.

    Raises :class:`ActionrecError` for absent or malformed lists, and where no listed video is there.
    """
    root, folder = Path(data.root), Path(data.annotations)
    listing = some_videos(list_files(root, follow_links=data.follow_links), root)
    lists = _read_lists(folder)
    if data.fold not in lists:
        raise ActionrecError(
            f"data.annotations: {folder} holds no lists <class>_test_split{data.fold}.txt; set it to the folder "
            "testTrainMulti_7030_splits of the official lists"
        )
    known = {path for of_fold in lists.values() for path in of_fold}
    listed = lists[data.fold]
    unused = [path for path in listing.videos if path in known and not listed.get(path)]
    unknown = [printable(path) for path in listing.videos if path not in known]
    used = [path for path in listing.videos if listed.get(path)]
    if not used:
        raise ActionrecError(
            f"none of the videos of list {data.fold} is under {root} (found there: {first_few(listing.videos)}); "
            "data.root must be the folder that holds one folder a class"
        )
    in_list = sum(bool(subset) for subset in listed.values())
    notes = [f"{len(used)} of the {in_list} videos that list {data.fold} uses are under {root}"]
    if absent := in_list - len(used):
        notes[0] += f"; {absent} are absent"
    if unused:
        notes.append(f"{len(unused)} video(s) are in neither subset of list {data.fold} and are left out")
    if unknown:
        notes.append(f"{len(unknown)} video(s) are in no list and are left out: {first_few(unknown)}")
    return Found([_video(path, _subsets(path, lists)) for path in used], notes, listing=listing)


def _subsets(path: str, lists: Mapping[int, Mapping[str, str]]) -> str:
    if set(lists) == {1}:
        return lists[1][path]
    return "|".join(lists[fold].get(path, "") if fold in lists else "" for fold in FOLDS)


def _video(path: str, subset: str) -> FoundVideo:
    label, name = path.split("/", 1)
    source = _PROPERTIES.sub("", Path(name).stem).removesuffix(f"_{label}")
    return FoundVideo(path, label, f"{label}_{source}", subset)


def _read_lists(folder: Path) -> dict[int, dict[str, str]]:
    """By number of the list, the subset of each video that it names, empty for one that it does not use."""
    lists: dict[int, dict[str, str]] = {}
    for file in sorted(folder.glob("*_test_split*.txt")):
        if match := _LIST.fullmatch(file.name):
            of_fold = lists.setdefault(int(match["fold"]), {})
            for number, line in enumerate(file.read_text(encoding="utf-8", errors="strict").splitlines(), start=1):
                name, _, flag = line.strip().rpartition(" ")
                if not line.strip():
                    continue
                if flag not in _SUBSETS or not name.strip():
                    raise ActionrecError(f"{file} line {number}: expected a name and the flag 0, 1 or 2, got {line!r}")
                of_fold[f"{match['label']}/{name.strip()}"] = _SUBSETS[flag]
    return lists
