"""Check params.yaml, so that nothing starts with a key that nobody reads or a value that is not legal."""

from actionrec.core import paths
from actionrec.core.errors import run_main
from actionrec.core.files import write_text
from actionrec.params import load_params


def main() -> None:
    """Write ``data/checked.txt``, which is always the same: what depends on it runs after, never again for it."""
    load_params()
    write_text(paths.CHECKED, "params.yaml is right.\n")


if __name__ == "__main__":
    run_main(main)
