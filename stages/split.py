"""Split the kept videos into train, val and test, and fail if anything leaks across."""

from collections import Counter

from actionrec.core import paths
from actionrec.core.errors import run_main
from actionrec.core.tables import SUBSETS, ScreenedRow, SplitRow, read_rows, write_rows
from actionrec.intake.split.guard import write_guard
from actionrec.intake.split.methods import split_videos
from actionrec.params import load_params


def main() -> None:
    """Write ``data/splits/``."""
    params = load_params()
    rows, guard = split_videos(read_rows(paths.SCREENED, ScreenedRow, stage="screen"), params.split)
    write_rows(paths.SPLIT, rows, SplitRow)
    write_guard(guard, paths.GUARD)
    counts = Counter(row.subset for row in rows)
    print(", ".join(f"{counts[subset]} {subset}" for subset in SUBSETS), f"-> {paths.SPLIT}")


if __name__ == "__main__":
    run_main(main)
