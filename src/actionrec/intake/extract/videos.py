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
from actionrec.core.tables import ManifestRow
from actionrec.intake.extract.decode import extract_video
from actionrec.intake.extract.opening import not_a_file
from actionrec.intake.extract.section import ExtractParams
from actionrec.intake.ffmpeg import ffmpeg_version


@dataclass(frozen=True)
class _Item:
    """One video to decode, as it is sent to a worker."""

    video: Path
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
    keys = {row.video_id: cache.key(row.digest, params.model_dump(), version) for row in rows}
    # Two copies of one video are decoded once.
    wanted = {keys[row.video_id]: (root / row.path).resolve() for row in rows}
    items = [_Item(video, cache, key, params) for key, video in sorted(wanted.items()) if not cache.has(key)]
    for _ in map_items(_extract_item, items, compute=compute, desc="extract", failed=_is_empty):
        pass
    with atomic_dir(out_dir) as aside:
        for row in rows:
            link_or_copy(cache.path(keys[row.video_id]), aside / f"{row.video_id}.h5")
    return len(items)


def extract_version() -> str:
    """Identity of everything but the video and the parameters that decides on the frames."""
    import av

    code = code_digest("actionrec.intake.extract.decode")
    return f"{code} ffmpeg {ffmpeg_version()} PyAV {av.__version__}"


def _check_unchanged(rows: Sequence[ManifestRow], root: Path) -> None:
    changed = []
    for row in rows:
        path = root / row.path
        if kind := not_a_file(path):
            changed.append(f"{path} is {kind}")
        elif (num_bytes := path.stat().st_size) != row.bytes:
            changed.append(f"{path} has {num_bytes} bytes, not {row.bytes}")
    if changed:
        raise ActionrecError(
            f"{len(changed)} video(s) changed since ingest: {first_few(changed)}; run `dvc repro -f ingest`"
        )


def _extract_item(item: _Item) -> int:
    with item.cache.writing(item.key) as path:
        return extract_video(item.video, path, params=item.params, fingerprint=item.key)


def _is_empty(num_frames: int) -> bool:
    return num_frames == 0
