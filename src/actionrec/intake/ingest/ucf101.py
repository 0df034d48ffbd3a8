"""``ucf101``: the official lists of Soomro et al. 2012, three folds, also of a partial copy."""

from __future__ import annotations

import re
from pathlib import Path

from actionrec.core.errors import ActionrecError, first_few
from actionrec.intake.ingest.found import Found, FoundVideo, some_videos
from actionrec.intake.ingest.listing import list_files
from actionrec.intake.ingest.section import DataParams

FOLDS = (1, 2, 3)

# One person in one scene; numbers start anew in every class.
_NAME = re.compile(r"v_(?P<label>.+)_(?P<group>g\d+)_c\d+")


def find(data: DataParams) -> Found:
    """The adapter: :func:`find_ucf101` as ``data`` says."""
    return find_ucf101(Path(data.root), Path(data.annotations), fold=data.fold, follow_links=data.follow_links)


def find_ucf101(root: Path, lists: Path, *, fold: int, follow_links: bool = False) -> Found:
    """Videos of the lists of ``fold`` that are below ``root`` (``<Class>/v_<Class>_gNN_cMM.avi``).

    Their official subset names that in the other folds too, as ``test|train|train``, where these lists are there.
    Raises :class:`ActionrecError` for an absent or malformed list, a video that contradicts the
    naming, and when no listed video is there.
    """
    listing = some_videos(list_files(root, follow_links=follow_links), root)
    present = listing.videos
    classes = _read_classes(lists / "classInd.txt")
    subset_of = _subsets_in(lists, fold)
    of_folds = [_subsets_in(lists, number) if _has_lists(lists, number) else {} for number in FOLDS]
    listed_here = [path for path in present if path in subset_of]
    if not listed_here:
        raise ActionrecError(
            f"none of the {len(subset_of)} videos of fold {fold} is under {root} (found there: {first_few(present)}); "
            "data.root must be the folder that holds one folder a class"
        )
    notes = [f"{len(listed_here)} of the {len(subset_of)} videos listed for fold {fold} are under {root}"]
    if absent := len(subset_of) - len(listed_here):
        notes[0] += f"; {absent} are absent"
    if unlisted := [path for path in present if path not in subset_of]:
        notes.append(f"{len(unlisted)} video(s) are in no list of fold {fold} and are left out: {first_few(unlisted)}")
    subsets = {path: "|".join(of_fold.get(path, "") for of_fold in of_folds) for path in listed_here}
    if not any(of_folds[1:]):  # the first alone: one subset, as in a data set with one list
        subsets = subset_of
    videos = [_video(path, subsets[path], classes) for path in listed_here]
    return Found(videos, notes, class_order=classes, listing=listing)


def _has_lists(lists: Path, fold: int) -> bool:
    return all(path.is_file() for path in _list_paths(lists, fold).values())


def _list_paths(lists: Path, fold: int) -> dict[str, Path]:
    return {subset: lists / f"{subset}list{fold:02d}.txt" for subset in ("train", "test")}


def _subsets_in(lists: Path, fold: int) -> dict[str, str]:
    """The subset of every video that the lists of ``fold`` name."""
    subset_of: dict[str, str] = {}
    for subset, file in _list_paths(lists, fold).items():
        for path in _read_list(file):
            if path in subset_of:
                raise ActionrecError(f"{path} is in both the train and the test list of fold {fold} in {lists}")
            subset_of[path] = subset
    return subset_of


def _video(path: str, subset: str, classes: list[str]) -> FoundVideo:
    label = path.split("/", 1)[0]
    match = _NAME.fullmatch(Path(path).stem)
    if label not in classes or match is None:
        raise ActionrecError(
            f"{path}: expected <Class>/v_<Class>_gNN_cMM.avi with a class of classInd.txt ({len(classes)} classes)"
        )
    return FoundVideo(path, label, f"{label}_{match['group']}", subset)


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise ActionrecError(
            f"the list {path} is missing; set data.annotations to the folder of the official lists "
            "(classInd.txt, trainlist01.txt, testlist01.txt, ...)"
        )
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _read_classes(path: Path) -> list[str]:
    """``1 ApplyEyeMakeup`` a line."""
    return [line.split()[-1] for line in _lines(path)]


def _read_list(path: Path) -> list[str]:
    """``Class/video.avi`` a line, in train lists followed by the class number."""
    return [line.split()[0] for line in _lines(path)]
