"""Make a feature view: what a frozen network says of every frame: ``python stages/features.py <view>``."""

import sys

from actionrec.core import paths
from actionrec.core.errors import ActionrecError, run_main
from actionrec.core.tables import ScreenedRow, read_rows
from actionrec.params import load_params


def main() -> None:
    """Write ``data/packed/<view>.h5``."""
    params = load_params()
    name = sys.argv[1]
    if name not in params.features:
        defined = ", ".join(params.features) or "none"
        raise ActionrecError(f"view {name!r} is not under features in params.yaml; defined: {defined}")
    screened = read_rows(paths.SCREENED, ScreenedRow, stage="screen")

    from actionrec.pack.features.backbones import build_backbone
    from actionrec.pack.features.extract import pack_features

    view = params.features[name]
    pack_features(
        [row.video_id for row in screened if row.kept and row.width],
        paths.packed_path(name),
        frames_path=paths.frames_path,
        params=view,
        view=params.pack.get(view.view),
        backbone=build_backbone(view),
        compute=params.compute,
        desc=f"features {name}",
    )


if __name__ == "__main__":
    run_main(main)
