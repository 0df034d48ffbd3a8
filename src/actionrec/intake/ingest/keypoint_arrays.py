"""``keypoint_arrays``: MediaPipe Holistic keypoints, 1662 values a frame, kept as numpy arrays; no video at all.

Three layouts, also beside one another:

- ``<sign>/<sequence>/<frame>.npy`` of (1662,): a folder is a sequence, its frames in the order of their numbers;
- ``<sign>/<sequence>.npy`` of (T, 1662);
- ``X<rest>.npy`` of (N, T, 1662) with ``y<rest>.npy`` of its labels beside it, or an ``.npz`` that holds ``X<rest>``
  and ``y<rest>`` (``labels<rest>`` does as well). Labels are (N,) names or numbers, or (N, classes) of zeros and
  ones. ``classes`` (an array of names, or ``classes.txt`` with a name a line) says what numbers mean, ``groups<rest>``
  (N,) who is seen. With ``_train``, ``_val``, ``_test`` as ``<rest>`` that is the official subset.

Arrays are never unpickled. ``data.annotations`` is not read; ``data.group_pattern`` reads groups of the first two
layouts from the path.
"""

from __future__ import annotations

import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from actionrec.core.errors import ActionrecError
from actionrec.core.sources import array_shapes, sequence_members
from actionrec.intake.ingest.found import Found, FoundVideo
from actionrec.intake.ingest.groups import group_by_pattern, without_groups
from actionrec.intake.ingest.listed import SUBSET_WORDS
from actionrec.intake.ingest.listing import Listing, list_files, printable
from actionrec.intake.ingest.section import DataParams

VALUES = 1662
"""Of a frame: pose, face and both hands, as MediaPipe Holistic gives them."""

_SIDES = ("y", "labels", "groups", "classes")
"""How arrays begin that say something of others."""

Names = npt.NDArray[Any]


def find(data: DataParams) -> Found:
    """The adapter; raises :class:`ActionrecError` for arrays of another shape, and for sequences without a label."""
    root = Path(data.root)
    listing = list_files(root, follow_links=data.follow_links)
    in_folders, loose = _by_layout(listing, root)
    videos = [FoundVideo(path, path.split("/", 1)[0], "", is_folder=(root / path).is_dir()) for path in in_folders]
    for path in loose:
        videos += _of_file(path, root)
    if not videos:
        raise ActionrecError(
            f"data.root: {root} holds no sequence of keypoints; expected <sign>/<sequence>/<frame>.npy, "
            "<sign>/<sequence>.npy, or X.npy (or .npz) with its labels y"
        )
    ungrouped = [video for video in videos if not video.group]
    notes = [f"{len(videos)} sequences of keypoints; there are no pictures, so only models of keypoints can be trained"]
    if data.group_pattern:
        groups = group_by_pattern([video.path for video in ungrouped], data.group_pattern)
    else:
        groups = [video.video_id for video in ungrouped]
        if ungrouped:
            notes += without_groups([(video.path, video.label) for video in ungrouped])
    named = dict(zip((video.video_id for video in ungrouped), groups, strict=True))
    found = [replace(video, group=named.get(video.video_id, video.group)) for video in videos]
    return Found(sorted(found, key=lambda video: video.video_id), notes, listing=replace(listing, arrays=()))


def _by_layout(listing: Listing, root: Path) -> tuple[list[str], list[str]]:
    """Folders and files that are one sequence, and files that hold many; raises for arrays of another size."""
    of_folder: defaultdict[str, list[str]] = defaultdict(list)
    for path in listing.arrays:
        of_folder[path.rpartition("/")[0]].append(path)
    sequences, many = [], []
    for folder, paths in sorted(of_folder.items()):
        if "/" in folder and _is_frame(root / paths[0]):
            _check_values(paths[0], _shape(root / paths[0]))
            sequences.append(folder)
            continue
        shapes = {path: _shape(root / path) for path in paths if path.endswith(".npy")}
        stacks = [path for path in paths if path not in shapes or len(shapes[path]) == 3]
        many += stacks
        for path in sorted(set(shapes) - set(stacks)):
            if stacks and _side_of(Path(path).stem):
                continue
            _check_values(path, shapes[path])
            if not folder:
                raise ActionrecError(f"{root / path} lies in no folder <sign>; put it in the folder of its sign")
            sequences.append(path)
    return sequences, many


def _is_frame(file: Path) -> bool:
    return file.suffix.lower() == ".npy" and len(_shape(file)) == 1


def _side_of(stem: str) -> str:
    """Which of ``y``, ``labels``, ``groups``, ``classes`` an array is by its name; empty for none."""
    return next((side for side in _SIDES if stem.lower() == side or stem.lower().startswith(f"{side}_")), "")


def _shape(file: Path) -> tuple[int, ...]:
    return _shapes(file)[""]


def _shapes(file: Path) -> dict[str, tuple[int, ...]]:
    try:
        return array_shapes(file)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ActionrecError(f"{file} is no array that can be read: {error}") from error


def _check_values(path: str, shape: tuple[int, ...]) -> None:
    if shape[-1:] != (VALUES,) or len(shape) > 3:
        raise ActionrecError(
            f"data.root: {printable(path)} has shape {shape}; a frame has {VALUES} values "
            "(pose 33 x 4, face 468 x 3, two hands 21 x 3)"
        )


def _of_file(path: str, root: Path) -> list[FoundVideo]:
    """All sequences of one ``.npz`` or ``X.npy``, numbered through its arrays by name, as the reader does."""
    file = root / path
    shapes, sides = _stacks_and_sides(file)
    classes = _classes(file, sides)
    videos: list[FoundVideo] = []
    for name, shape in sorted(shapes.items()):
        _check_values(f"{path} ({name})", shape)
        labels = _labels(name, shape[0], sides, classes, file)
        groups = _side(name, "groups", sides)
        if groups is not None and groups.shape != (len(labels),):
            raise ActionrecError(f"{file}: groups of {name} have shape {groups.shape}, not ({len(labels)},)")
        subset = SUBSET_WORDS.get(_rest(name).strip("_-").lower(), "")
        for place, label in enumerate(labels):
            group = "" if groups is None else str(groups[place])
            videos.append(FoundVideo(path, label, group, subset, array_index=len(videos)))
    return videos


def _stacks_and_sides(file: Path) -> tuple[dict[str, tuple[int, ...]], dict[str, Names]]:
    """Shapes of the arrays of many sequences, and the arrays beside them, by name."""
    try:
        if file.suffix.lower() == ".npy":
            beside = [other for other in sorted(file.parent.glob("*.npy")) if _side_of(other.stem)]
            sides = {other.stem: np.load(other, allow_pickle=False) for other in beside}
            return {file.stem: array_shapes(file)[""]}, sides
        shapes = array_shapes(file)
        shapes = {name: shapes[name] for name in sequence_members(file)}
        with np.load(file, allow_pickle=False) as members:
            return shapes, {name: members[name] for name in members.files if name not in shapes}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ActionrecError(f"{file}, or an array beside it, cannot be read: {error}") from error


def _classes(file: Path, sides: Mapping[str, Names]) -> list[str] | None:
    """Names that numbers stand for, where they are given."""
    if "classes" in sides:
        return [str(name) for name in sides["classes"].reshape(-1)]
    listed = file.parent / "classes.txt"
    if not listed.is_file():
        return None
    return [line.strip() for line in listed.read_text(encoding="utf-8-sig").splitlines() if line.strip()]


def _rest(name: str) -> str:
    """What follows the ``X`` of ``X_train``."""
    return name[1:] if name[:1] in ("X", "x") else ""


def _side(name: str, side: str, sides: Mapping[str, Names]) -> Names | None:
    """The array that says ``side`` of the sequences ``name``: the one of the same ending."""
    wanted = f"{side}{_rest(name)}".lower()
    return next((values for other, values in sides.items() if other.lower() == wanted), None)


def _labels(name: str, count: int, sides: Mapping[str, Names], classes: Sequence[str] | None, file: Path) -> list[str]:
    """One name a sequence."""
    values = _side(name, "y", sides)
    values = _side(name, "labels", sides) if values is None else values
    if values is None:
        raise ActionrecError(
            f"{file}: {name} has no labels; expected y{_rest(name)} or labels{_rest(name)} beside it, of {count} values"
        )
    if values.ndim == 2 and values.shape[1] > 1:
        if values.dtype.kind not in "biuf" or not ((values == 0) | (values == 1)).all() or (values.sum(1) != 1).any():
            raise ActionrecError(f"{file}: labels of {name} are neither numbers nor one 1 among zeros a row")
        values = values.argmax(axis=1)
    values = values.reshape(-1)
    if len(values) != count:
        raise ActionrecError(f"{file}: {name} has {count} sequences, but {len(values)} labels")
    if values.dtype.kind == "U":
        return [str(value) for value in values]
    if values.dtype.kind not in "biuf" or not (values == np.floor(values)).all():
        raise ActionrecError(f"{file}: labels of {name} are {values.dtype}; expected names or whole numbers")
    numbers = [int(value) for value in values]
    if classes is None:
        return [str(number) for number in numbers]
    if not all(0 <= number < len(classes) for number in numbers):
        raise ActionrecError(f"{file}: labels of {name} go to {max(numbers)}, but there are {len(classes)} classes")
    return [classes[number] for number in numbers]
