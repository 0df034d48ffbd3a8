"""Parameters of a tiny data set."""

from __future__ import annotations

from typing import Any

from actionrec.core.compute import ComputeParams
from actionrec.synthetic.section import SyntheticParams

ONE_PROCESS = ComputeParams(backend="local", workers=1)


def tiny(**changes: Any) -> SyntheticParams:
    values: dict[str, Any] = {
        "classes": ("wave", "circle_cw"), "groups": 3, "clips_per_group": 2, "fps": 20,
        "min_frames": 8, "max_frames": 10, "seed": 0, "defects": False,
    }  # fmt: skip
    return SyntheticParams(**(values | changes))
