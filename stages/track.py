"""Complete the MLflow record of this experiment, also when every other stage came from DVC's cache."""

from actionrec.core.errors import run_main
from actionrec.params import load_params
from actionrec.tracking.record import complete_record


def main() -> None:
    """Write to the MLflow store only: no outputs."""
    complete_record(load_params())


if __name__ == "__main__":
    run_main(main)
