"""Which videos the rows of videos take: the embedded ones, or those of a folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import av

from actionrec.core import paths
from actionrec.core.errors import ActionrecError
from actionrec.core.tables import ManifestRow, SplitRow, read_rows
from actionrec.intake.ingest.found import list_videos
from actionrec.params import load_params
from benchmarks.pairs import Options


def chosen_videos(options: Options, *, at_most: int, max_frames: int) -> list[Path]:
    """Up to ``at_most`` videos, evenly spread over all and with ``max_frames`` frames at most (but three videos)."""
    videos = _all_videos(options)
    for number in range(min(at_most, len(videos)), 0, -1):
        chosen = [videos[place * len(videos) // number] for place in range(number)]
        if number <= 3 or sum(map(count_frames, chosen)) <= max_frames:
            return chosen
    raise ActionrecError("there is no video; run `dvc repro` first, or name a folder with --data")


@cache
def count_frames(video: Path) -> int:
    """Packets of the first video stream, each of which is a frame in any sound video."""
    with av.open(str(video), metadata_errors="replace") as container:
        return sum(packet.size > 0 for packet in container.demux(container.streams.video[0]))


def _all_videos(options: Options) -> list[Path]:
    if options.data is not None:
        return [options.data.resolve() / path for path in list_videos(options.data)]
    kept = {row.video_id for row in read_rows(paths.SPLIT, SplitRow, stage="split")}
    root = Path(load_params().data.root).resolve()
    return [root / row.path for row in read_rows(paths.MANIFEST, ManifestRow, stage="ingest") if row.video_id in kept]
