"""What starts before a stage does anything: the interpreter, and what the stage imports."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.pairs import Found, Options, Way, alternate


def started(*imports: str) -> None:
    """A process of its own that imports these."""
    subprocess.run([sys.executable, "-c", "".join(f"import {name}\n" for name in imports)], check=True)


def measure(_options: Options) -> Found:
    """Needs no data."""
    ways = [
        Way(
            "without torch (`extract`)",
            lambda: started("actionrec.params", "actionrec.intake.extract.videos"),
            limit_seconds=1,
        ),
        Way(
            "with torch (`predict`)",
            lambda: started("actionrec.params", "actionrec.prediction.run"),
            limit_seconds=4,
        ),
        Way(
            "with torch and Lightning (`train`)",
            lambda: started("actionrec.params", "actionrec.training.loop"),
            limit_seconds=4,
        ),
    ]
    return Found(
        what="start of a stage",
        unit="start",
        ways=ways,
        times=alternate(ways, num_items=1),
        num_items=1,
        note=(
            "torch alone takes 1.4 s, its compiler, which its optimisers import, 1.2 s more, and Lightning brings "
            "torchmetrics, which imports torchvision, scipy and matplotlib; all folds of a model share one start."
        ),
    )
