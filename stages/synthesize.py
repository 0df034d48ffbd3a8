"""Render the embedded data set; nothing to do for another `data.name`."""

from pathlib import Path

from actionrec.core.errors import run_main
from actionrec.params import load_params
from actionrec.synthetic.dataset import write_dataset, write_empty_dataset

ROOT = Path("data/raw/synthetic")


def main() -> None:
    """Write ``data/raw/synthetic/``."""
    params = load_params()
    if params.data.name == "synthetic":
        write_dataset(params.synthetic, ROOT, params.compute)
    else:
        write_empty_dataset(ROOT)


if __name__ == "__main__":
    run_main(main)
