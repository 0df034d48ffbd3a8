"""Keep or reject every video, with a reason and the evidence."""

from __future__ import annotations

from actionrec.core import paths
from actionrec.core.errors import run_main
from actionrec.core.tables import ManifestRow, ScreenedRow, check_same_ids, read_rows, write_rows
from actionrec.intake.screen.classes import check_classes
from actionrec.intake.screen.remarks import remark_counts
from actionrec.intake.screen.videos import QualityRow, reason_counts, screen_videos
from actionrec.params import load_params


def main() -> None:
    params = load_params()
    rows = read_rows(paths.MANIFEST, ManifestRow, stage="ingest")
    extracted = [path.relative_to(paths.FRAMES).with_suffix("").as_posix() for path in paths.FRAMES.rglob("*.h5")]
    check_same_ids(
        (row.video_id for row in rows), extracted, left_name=str(paths.MANIFEST), right_name=str(paths.FRAMES)
    )
    screened, quality = screen_videos(rows, frames_dir=paths.FRAMES, params=params.screen, compute=params.compute)
    write_rows(paths.SCREENED, screened, ScreenedRow)
    write_rows(paths.QUALITY_PLOT, quality, QualityRow)
    for note in remark_counts(screened):
        print(f"note: {note}")
    for warning in check_classes(screened, params.screen, named=bool(params.data.classes)):
        print(f"warning: {warning}")
    kept = sum(row.kept for row in screened)
    print(f"screen: {kept} of {len(screened)} videos kept; rejected: {reason_counts(screened) or 'none'}")


if __name__ == "__main__":
    run_main(main)
