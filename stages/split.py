"""Split the kept videos into train, val and test, once a fold, and fail if anything leaks across."""

from collections import Counter

from actionrec.core import paths
from actionrec.core.errors import run_main
from actionrec.core.files import atomic_dir
from actionrec.core.tables import SUBSETS, ScreenedRow, SplitRow, read_rows, write_rows
from actionrec.intake.split.duplicates import Duplicate
from actionrec.intake.split.guard import write_guard
from actionrec.intake.split.methods import split_videos
from actionrec.intake.split.recordings import Recordings
from actionrec.params import load_params


def main() -> None:
    """Write ``data/splits/``."""
    params = load_params()
    screened = read_rows(paths.SCREENED, ScreenedRow, stage="screen")
    recordings = Recordings(paths.FRAMES, params.compute)
    split = split_videos(screened, params.split, official_list=params.data.fold, recordings=recordings)
    with atomic_dir(paths.SPLIT.parent) as folder:
        for number, rows in enumerate(split.folds):
            counts = Counter(row.subset for row in rows)
            name = f"fold {number}:" if len(split.folds) > 1 else "split:"
            print(name, *(f"{counts[subset]} {subset}" for subset in SUBSETS))
            if len(split.folds) > 1:
                write_rows(folder / paths.split_path(number).name, rows, SplitRow)
        write_rows(folder / paths.SPLIT.name, split.folds[params.split.running[0] or 0], SplitRow)
        write_guard(split.guard, folder / paths.GUARD.name)
        write_rows(folder / paths.DUPLICATES.name, split.duplicates, Duplicate)
    for note in split.guard.notes:
        print(f"note: {note}")
    tested = sum(row.subset == "test" for rows in split.folds for row in rows)
    print(f"{tested} of {len(split.folds[0])} videos are tested -> {paths.SPLIT.parent}")


if __name__ == "__main__":
    run_main(main)
