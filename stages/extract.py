"""Decode every video once: JPEG frames, timestamps and what the decoder said."""

from __future__ import annotations

from pathlib import Path

from actionrec.core import paths
from actionrec.core.errors import run_main
from actionrec.core.tables import ManifestRow, read_rows
from actionrec.intake.extract.videos import extract_videos
from actionrec.intake.ffmpeg import ffmpeg_version
from actionrec.params import load_params


def main() -> None:
    params = load_params()
    rows = read_rows(paths.MANIFEST, ManifestRow, stage="ingest")
    decoded = extract_videos(
        rows, root=Path(params.data.root), out_dir=paths.FRAMES, params=params.extract, compute=params.compute
    )
    by = f" by ffmpeg {ffmpeg_version()}"
    print(f"extract: {len(rows)} videos, {decoded} decoded{by if decoded else ''}, {len(rows) - decoded} known already")


if __name__ == "__main__":
    run_main(main)
