"""Pack all frames of the kept videos at one geometry, for training: `python stages/pack.py <view>`."""

import sys

from actionrec.core import paths
from actionrec.core.errors import ActionrecError, run_main
from actionrec.core.tables import ScreenedRow, read_rows
from actionrec.pack.writer import write_view
from actionrec.params import load_params


def main() -> None:
    """Write ``data/packed/<view>.h5``, and ``data/packed/<view>/``, which holds shards where it has them."""
    params = load_params()
    name = sys.argv[1]
    if name not in params.pack:
        raise ActionrecError(f"view {name!r} is not under pack in params.yaml; defined: {', '.join(params.pack)}")
    screened = read_rows(paths.SCREENED, ScreenedRow, stage="screen")
    write_view(
        [row.video_id for row in screened if row.kept and row.width],
        paths.packed_path(name),
        frames_path=paths.frames_path,
        view=params.pack[name],
        compute=params.compute,
        desc=f"pack {name}",
    )


if __name__ == "__main__":
    run_main(main)
