"""Loading 16-frame clips for training: the packed view against decoding the video with PyAV.

Run after `dvc repro`, from the root of the project: `make bench`. Both ways give the same frames of the
same videos at the same size; rounds alternate, so a busy machine slows both.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from actionrec.clips.sampling import strided_clips
from actionrec.core import paths
from actionrec.core.errors import ActionrecError, run_main
from actionrec.core.files import write_json
from actionrec.core.tables import ManifestRow, SplitRow, read_rows
from actionrec.pack.reader import PackedView
from actionrec.params import load_params

VIEW = "rgb64"
CLIP_FRAMES = 16
NUM_VIDEOS = 48
ROUNDS = 5
RESULT = Path("benchmarks/load_clips.json")

Frames = npt.NDArray[np.uint8]


def decode_clip(video: Path, indices: npt.NDArray[np.int64], side: int) -> Frames:
    """Decode up to the last frame wanted, resize those wanted: uint8 (n, side, side, 3) RGB."""
    wanted = set(indices.tolist())
    found: dict[int, Frames] = {}
    with av.open(str(video)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in wanted:
                found[number] = cv2.resize(frame.to_ndarray(format="rgb24"), (side, side), interpolation=cv2.INTER_AREA)
            if len(found) == len(wanted):
                break
    return np.stack([found[index] for index in indices.tolist()])


def seconds_of(load: Callable[[], Frames]) -> float:
    """Wall time of one call, the clip in memory at its end."""
    start = time.perf_counter()
    load()
    return time.perf_counter() - start


def main() -> None:
    """Print one table and write ``benchmarks/load_clips.json``."""
    params = load_params()
    side = params.pack[VIEW].size
    kept = {row.video_id for row in read_rows(paths.SPLIT, SplitRow, stage="split")}
    rows = [row for row in read_rows(paths.MANIFEST, ManifestRow, stage="ingest") if row.video_id in kept]
    rows = rows[:: max(1, len(rows) // NUM_VIDEOS)][:NUM_VIDEOS]
    if not rows:
        raise ActionrecError("no video is left to load; run `dvc repro` first")
    packed = PackedView(paths.packed_path(VIEW), view=VIEW)
    root = Path(params.data.root)
    totals: dict[str, list[float]] = {"pyav": [], "packed": []}
    for _ in range(ROUNDS):
        spent = dict.fromkeys(totals, 0.0)
        for row in rows:
            indices = strided_clips(packed.num_frames(row.video_id), clip_frames=CLIP_FRAMES, num_clips=1)[0]
            spent["pyav"] += seconds_of(lambda row=row, at=indices: decode_clip(root / row.path, at, side))
            spent["packed"] += seconds_of(lambda row=row, at=indices: packed.read(row.video_id, at))
        for way, total in spent.items():
            totals[way].append(1000 * total / len(rows))
    ratios = [slow / fast for slow, fast in zip(totals["pyav"], totals["packed"], strict=True)]
    print(f"{'way':<8} {'ms a clip: min':>14} {'median':>8} {'max':>8}")
    for way, times in totals.items():
        print(f"{way:<8} {min(times):>14.2f} {statistics.median(times):>8.2f} {max(times):>8.2f}")
    print(f"packed is {statistics.median(ratios):.1f} times faster ({min(ratios):.1f} to {max(ratios):.1f})")
    write_json(RESULT, {"ms_per_clip": totals, "ratio": ratios, "num_videos": len(rows), "clip_frames": CLIP_FRAMES})


if __name__ == "__main__":
    run_main(main)
