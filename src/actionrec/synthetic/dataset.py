"""Writes the data set: renders what the item cache lacks, in parallel, and links it into place."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from actionrec.core.code import code_digest
from actionrec.core.compute import ComputeParams, map_items
from actionrec.core.files import atomic_dir, link_or_copy
from actionrec.core.itemcache import ItemCache
from actionrec.intake.ffmpeg import ffmpeg_version
from actionrec.synthetic.defects import DefectSpec, plan_defects, write_defect
from actionrec.synthetic.encode import write_clip
from actionrec.synthetic.plan import ClipSpec, group_name, plan_clips
from actionrec.synthetic.section import SyntheticParams

LABELS_FILE = "labels.csv"
LABELS_COLUMNS = ("path", "label", "group", "official_subset")

_CLIP_SUFFIX = ".mp4"


@dataclass(frozen=True)
class _ClipItem:
    """All that a worker anywhere needs; the cache's path is absolute."""

    spec: ClipSpec
    params: SyntheticParams
    cache: ItemCache
    key: str


@dataclass(frozen=True)
class _DefectItem:
    spec: DefectSpec
    params: SyntheticParams
    cache: ItemCache
    key: str
    source: Path


Item = TypeVar("Item", _ClipItem, _DefectItem)


def write_dataset(params: SyntheticParams, root: Path, compute: ComputeParams) -> None:
    """Write every clip and every defect below ``root``, and ``labels.csv``; a killed run goes on where it stopped."""
    cache = ItemCache.of_stage("synthesize")
    clips = _clip_items(params, cache)
    _make(_make_clip, clips, cache, compute, desc="render")
    clip_paths = {item.spec.video_id: cache.path(item.key) for item in clips}
    defects = _defect_items(params, cache, clip_paths)
    _make(_make_defect, defects, cache, compute, desc="defects")
    with atomic_dir(root) as aside:
        rows = [_place(item.spec, _CLIP_SUFFIX, cache.path(item.key), aside) for item in clips]
        rows += [_place(item.spec, item.spec.suffix, cache.path(item.key), aside) for item in defects]
        _write_labels(aside / LABELS_FILE, rows)


def write_empty_dataset(root: Path) -> None:
    """Write ``labels.csv`` without rows: the stage's output when another data set is used."""
    with atomic_dir(root) as aside:
        _write_labels(aside / LABELS_FILE, [])


def _clip_items(params: SyntheticParams, cache: ItemCache) -> list[_ClipItem]:
    version = _version("encode")
    return [
        _ClipItem(spec, params, cache, cache.key(asdict(spec), params.fps, params.seed, version))
        for spec in plan_clips(params)
    ]


def _defect_items(params: SyntheticParams, cache: ItemCache, clips: dict[str, Path]) -> list[_DefectItem]:
    version = _version("defects")
    return [
        _DefectItem(
            spec, params, cache, cache.key(asdict(spec), params.fps, params.seed, version), clips[spec.source.video_id]
        )
        for spec in plan_defects(params)
    ]


def _version(module: str) -> list[str]:
    return [code_digest(f"{__package__}.{module}"), ffmpeg_version()]


def _make(
    function: Callable[[Item], None], items: Sequence[Item], cache: ItemCache, compute: ComputeParams, *, desc: str
) -> None:
    pending = [item for item in items if not cache.has(item.key)]
    for _ in map_items(function, pending, compute=compute, desc=desc):
        pass


def _make_clip(item: _ClipItem) -> None:
    with item.cache.writing(item.key) as path:
        write_clip(item.spec, item.params, path)


def _make_defect(item: _DefectItem) -> None:
    with item.cache.writing(item.key) as path:
        write_defect(item.spec, item.params, item.source, path)


def _place(spec: ClipSpec | DefectSpec, suffix: str, cached: Path, root: Path) -> tuple[str, str, str, str]:
    relative = f"{spec.video_id}{suffix}"
    link_or_copy(cached, root / relative)
    return relative, spec.label, group_name(spec.group), ""


def _write_labels(path: Path, rows: Iterable[tuple[str, str, str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(LABELS_COLUMNS)
        writer.writerows(sorted(rows))
