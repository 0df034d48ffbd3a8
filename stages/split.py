"""Split the kept videos into train, val and test, once a fold, and fail if anything leaks across."""

from collections import Counter

from actionrec.core import paths
from actionrec.core.errors import run_main
from actionrec.core.files import atomic_dir
from actionrec.core.tables import SUBSETS, ScreenedRow, SplitRow, read_rows, write_rows
from actionrec.intake.split.guard import write_guard
from actionrec.intake.split.methods import split_folds
from actionrec.params import load_params


def main() -> None:
    """Write ``data/splits/``."""
    params = load_params()
    screened = read_rows(paths.SCREENED, ScreenedRow, stage="screen")
    splits, guard = split_folds(screened, params.split, official_list=params.data.fold)
    with atomic_dir(paths.SPLIT.parent) as folder:
        for number, rows in enumerate(splits):
            counts = Counter(row.subset for row in rows)
            print(f"fold {number}:" if len(splits) > 1 else "split:", *(f"{counts[name]} {name}" for name in SUBSETS))
            if len(splits) > 1:
                write_rows(folder / paths.split_path(number).name, rows, SplitRow)
        write_rows(folder / paths.SPLIT.name, splits[params.split.running[0] or 0], SplitRow)
        write_guard(guard, folder / paths.GUARD.name)
    tested = sum(row.subset == "test" for rows in splits for row in rows)
    print(f"{tested} of {len(splits[0])} videos are tested -> {paths.SPLIT.parent}")


if __name__ == "__main__":
    run_main(main)
