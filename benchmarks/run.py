"""What is fast, against what people use: one process a row, one JSON a row, one table of all.

``make bench`` runs the rows of a CPU, ``make bench-gpu`` those of a GPU; ``PYTHONPATH=src:. python -m benchmarks.run
clips features`` runs two. ``--data`` times the rows of videos on a folder of your own, without the others' need of
``dvc repro``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import torch

from actionrec.core.errors import run_main
from actionrec.core.files import write_json
from benchmarks.pairs import Found, Options, machine
from benchmarks.rows import GPU_ROWS, ROWS
from benchmarks.table import RESULTS, results, table


def run_row(row: str, options: Options, folder: Path) -> None:
    """Measure ``row`` in this process and write its JSON."""
    measure: Callable[[Options], Found] = import_module(f"benchmarks.rows.{row}").measure
    found = measure(options)
    gpu = torch.cuda.get_device_name() if options.device == "cuda" else None
    write_json(
        folder / f"{row}{'' if gpu is None else '-cuda'}.json",
        {
            "row": row,
            "what": found.what,
            "unit": found.unit,
            "num_items": found.num_items,
            "ways": [
                {
                    "name": way.name,
                    "aim": way.aim,
                    "num_bytes": way.num_bytes,
                    "bytes_aim": way.bytes_aim,
                    "limit_seconds": way.limit_seconds,
                    "limit_share": way.limit_share,
                    "wall": found.times[way.name].wall,
                    "cpu": found.times[way.name].cpu,
                }
                for way in found.ways
            ],
            "facts": found.facts,
            "note": found.note,
            "gpu": gpu,
            "machine": machine(),
        },
    )


def main() -> None:
    """Measure the rows named, or all; print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "rows", nargs="*", metavar="ROW", help="\n".join(f"{row}: {what}" for row, what in ROWS.items())
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--data", type=Path, help="a folder of videos instead of the embedded ones")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the JSON goes (%(default)s)")
    arguments = parser.parse_args()
    chosen = arguments.rows or list(ROWS if arguments.device == "cpu" else GPU_ROWS)
    if unknown := sorted(set(chosen) - set(ROWS)):
        parser.error(f"no such row: {', '.join(unknown)}; there are {', '.join(ROWS)}")
    if len(chosen) == 1:
        run_row(chosen[0], Options(arguments.device, arguments.data), arguments.out)
    else:  # what one row loads or leaves behind is none of the next one's time
        same = [f"--device={arguments.device}", f"--out={arguments.out}"]
        same += [f"--data={arguments.data}"] if arguments.data else []
        for row in chosen:
            print(f"{row}: {ROWS[row]}", file=sys.stderr, flush=True)
            subprocess.run([sys.executable, "-m", "benchmarks.run", row, *same], check=True, stdout=subprocess.DEVNULL)
    print(table(results(arguments.out)))


if __name__ == "__main__":
    run_main(main)
