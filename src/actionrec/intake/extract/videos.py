"""Decodes every video once: in parallel, resumable, one HDF5 a video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from actionrec.core.code import code_digest
from actionrec.core.compute import ComputeParams, map_items
from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.files import atomic_dir, link_or_copy
from actionrec.core.itemcache import ItemCache
from actionrec.core.sources import size_of
from actionrec.core.tables import ManifestRow
from actionrec.intake.extract.arguments import Span
from actionrec.intake.extract.opening import not_a_file
from actionrec.intake.extract.section import ExtractParams
from actionrec.intake.extract.sources import Source, extract_source
from actionrec.intake.ffmpeg import ffmpeg_version


@dataclass(frozen=True)
class _Item:
    """One video to decode, as it is sent to a worker."""

    source: Source
    cache: ItemCache
    key: str
    params: ExtractParams


def extract_videos(
    rows: Sequence[ManifestRow], *, root: Path, out_dir: Path, params: ExtractParams, compute: ComputeParams
) -> int:
    """Decode the videos of ``rows``, which lie below ``root``, to ``out_dir/<video_id>.h5``.

    Every finished video is kept in the item cache, so only missing ones are decoded, whatever
    stopped an earlier run. Returns how many were. A video that cannot be decoded becomes a file
    without frames. Raises :class:`ActionrecError` if videos are missing or differ from the manifest.
    """
    _check_unchanged(rows, root)
    cache = ItemCache.of_stage("extract")
    version = extract_version()
    keys = {row.video_id: cache.key(row.content_digest, params.model_dump(), version) for row in rows}
    # Two copies of one video are decoded once.
    wanted = {keys[row.video_id]: _source(row, root) for row in rows}
    items = [
        _Item(source, cache, key, params)
        for key, source in sorted(wanted.items(), key=lambda item: item[0])
        if not cache.has(key)
    ]
    for _ in map_items(_extract_item, items, compute=compute, desc="extract", failed=_is_empty):
        pass
    with atomic_dir(out_dir) as aside:
        for row in rows:
            link_or_copy(cache.path(keys[row.video_id]), aside / f"{row.video_id}.h5")
    return len(items)


def _source(row: ManifestRow, root: Path) -> Source:
    part = (row.start_seconds, row.end_seconds)
    return Source((root / row.path).resolve(), Span(*part) if any(part) else None, row.array_index)


def extract_version() -> str:
    """Identity of everything but the video and the parameters that decides on the frames."""
    import av

    code = code_digest("actionrec.intake.extract.sources")
    return f"{code} ffmpeg {ffmpeg_version()} PyAV {av.__version__}"


def _check_unchanged(rows: Sequence[ManifestRow], root: Path) -> None:
    changed = []
    num_bytes_of: dict[str, int | None] = {}
    for row in rows:
        path = root / row.path
        if row.path not in num_bytes_of:  # one file may hold many videos
            num_bytes_of[row.path] = size_of(path)
        num_bytes = num_bytes_of[row.path]
        if num_bytes != row.bytes:
            found = f"is {not_a_file(path)}" if num_bytes is None else f"has {num_bytes} bytes, not {row.bytes}"
            changed.append(f"{path} {found}")
    if changed:
        raise ActionrecError(
            f"{len(changed)} video(s) changed since ingest: {first_few(changed)}; run `dvc repro -f ingest`"
        )


def _extract_item(item: _Item) -> int:
    with item.cache.writing(item.key) as path:
        return extract_source(item.source, path, params=item.params, fingerprint=item.key)


def _is_empty(num_frames: int) -> bool:
    return num_frames == 0
