"""``wlasl``: Li et al. 2020 by its JSON, ``[{"gloss": ..., "instances": [{"video_id", "signer_id", "split", ...}]}]``.

``data.annotations`` is ``WLASL_v0.3.json`` or one like it; videos are ``<video_id>.<suffix>`` anywhere below
``data.root``. The signer is the group, the gloss the class; classes are numbered by their order in the JSON, so that
``data.classes: 100`` is WLASL100. ``data.segments`` cuts by ``frame_start`` and ``frame_end`` (from 1, -1 for the end)
at ``fps``; leave it off for videos that are cut already.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from actionrec.core.errors import ActionrecError, first_few
from actionrec.intake.ingest.found import Found, FoundVideo, some_videos
from actionrec.intake.ingest.listed import subset_of
from actionrec.intake.ingest.listing import list_files, printable
from actionrec.intake.ingest.section import DataParams

_KEPT = ("source", "variation_id", "instance_id")


class _Instance(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    video_id: str
    signer_id: int
    split: str
    fps: Annotated[float, Field(gt=0)] = 25.0
    frame_start: Annotated[int, Field(ge=1)] = 1
    frame_end: Annotated[int, Field(ge=-1)] = -1


class _Gloss(BaseModel):
    model_config = ConfigDict(frozen=True)

    gloss: Annotated[str, Field(min_length=1)]
    instances: list[_Instance]


def find(data: DataParams) -> Found:
    """The adapter: listed videos that are absent are counted, as many of the links in the JSON are dead.

    Raises :class:`ActionrecError` for a JSON of another shape, and where nothing listed is there.
    """
    root = Path(data.root)
    listing = some_videos(list_files(root, follow_links=data.follow_links), root)
    of_stem: defaultdict[str, list[str]] = defaultdict(list)
    for path in listing.videos:
        of_stem[PurePosixPath(path).stem].append(path)
    glosses = _read(Path(data.annotations))
    videos, absent = [], []
    for gloss, instance in _each(glosses):
        there = of_stem.get(instance.video_id, [])
        if len(there) > 1:
            raise ActionrecError(f"{first_few(map(printable, there))} have one name; remove or rename all but one")
        if not there:
            absent.append(instance.video_id)
            continue
        videos.append(_video(gloss, instance, there[0], data))
    if not videos:
        raise ActionrecError(
            f"none of the {len(absent)} videos of {data.annotations} is under {root} (the first would be "
            f"{first_few(absent, limit=2)})"
        )
    notes = [f"{len(videos)} of the {len(videos) + len(absent)} listed videos are there"]
    if absent:
        notes[0] += f"; {len(absent)} are absent: {first_few(absent)}"
    taken = {video.path for video in videos}
    if unlisted := [printable(path) for path in listing.videos if path not in taken]:
        notes.append(f"{len(unlisted)} video(s) are not in the list and are left out: {first_few(unlisted)}")
    there_are = {video.label for video in videos}
    order = [entry.gloss for entry in glosses if entry.gloss in there_are]
    return Found(videos, notes, class_order=order, listing=listing)


def _read(path: Path) -> list[_Gloss]:
    try:
        return TypeAdapter(list[_Gloss]).validate_python(json.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise ActionrecError(f"data.annotations: {path} cannot be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ActionrecError(f"{path}: {where}: {first['msg']}; expected the JSON of WLASL") from error
    except ValueError as error:
        raise ActionrecError(f"{path} is no JSON ({error}); expected that of WLASL") from error


def _each(glosses: list[_Gloss]) -> Iterator[tuple[str, _Instance]]:
    return ((entry.gloss, instance) for entry in glosses for instance in entry.instances)


def _video(gloss: str, instance: _Instance, path: str, data: DataParams) -> FoundVideo:
    start = end = 0.0
    if data.segments:
        start = round((instance.frame_start - 1) / instance.fps, 3)
        end = round(max(0, instance.frame_end) / instance.fps, 3)
        if end and end <= start:
            raise ActionrecError(f"{data.annotations}: video {instance.video_id}: frame_end is before frame_start")
    subset = subset_of(instance.split, where=f"{data.annotations} video {instance.video_id}", repairs=Counter())
    known: dict[str, Any] = instance.model_extra or {}
    extra = tuple((name, str(known[name])) for name in _KEPT if name in known)
    return FoundVideo(path, gloss, f"signer{instance.signer_id}", subset, start, end, extra=extra)
