"""``actionrec bundle``: all that prediction needs, as one folder that stands alone."""

from __future__ import annotations

import argparse
from pathlib import Path

from actionrec.cli.output import Commands, add_command


def add_to(commands: Commands) -> None:
    parser = add_command(
        commands,
        "bundle",
        "write all that prediction needs as one folder (actionrec predict --bundle)",
        examples=["actionrec bundle model_folder", "actionrec bundle model_folder --mlflow"],
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write; an older bundle is replaced")
    parser.add_argument("--mlflow", action="store_true", help="log it as an MLflow model over paths of videos too")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Write the folder."""
    # Imported here: torch takes seconds, and the other commands do not need it.
    from actionrec.params import load_params
    from actionrec.prediction.bundle import project_bundle, write_bundle

    params = load_params()
    bundle = project_bundle(params)
    write_bundle(bundle, arguments.out)
    num_bytes = sum(path.stat().st_size for path in arguments.out.rglob("*") if path.is_file())
    trained = f"{len(bundle.facts.models)} model(s) of {len(bundle.facts.folds)} fold(s)"
    print(f"{arguments.out}: {num_bytes / 1e6:.1f} MB, {trained}, {len(bundle.facts.class_names)} classes")
    if arguments.mlflow:
        from actionrec.tracking.model import log_bundle

        if address := log_bundle(arguments.out, bundle.facts.class_names, params.tracking):
            print(f"MLflow: mlflow.pyfunc.load_model({address!r})")
