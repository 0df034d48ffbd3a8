"""Split the kept videos into train, val and test, and fail if anything leaks across."""

from collections import Counter
from dataclasses import asdict

from actionrec import paths
from actionrec.errors import run_main
from actionrec.files import write_json
from actionrec.params import load_params
from actionrec.split import split_videos
from actionrec.tables import SUBSETS, ScreenedRow, SplitRow, read_rows, write_rows


def main() -> None:
    """Write ``data/splits/``."""
    params = load_params()
    rows, guard = split_videos(read_rows(paths.SCREENED, ScreenedRow, stage="screen"), params.split)
    write_rows(paths.SPLIT, rows, SplitRow)
    write_json(paths.GUARD, asdict(guard))
    counts = Counter(row.subset for row in rows)
    print(", ".join(f"{counts[subset]} {subset}" for subset in SUBSETS), f"-> {paths.SPLIT}")


if __name__ == "__main__":
    run_main(main)
