"""``actionrec export``: a trained model as one file that runs without this project."""

from __future__ import annotations

import argparse
from pathlib import Path

from actionrec.cli.output import Commands, add_command, add_json, print_json
from actionrec.core.paths import fold_name, model_dir


def add_to(commands: Commands) -> None:
    parser = add_command(
        commands,
        "export",
        "write a trained model as one file that runs without this project",
        examples=["actionrec export cnn3d", "actionrec export keypoint_conv --fold 0 --format torch --out model.pt2"],
    )
    parser.add_argument("model", help="name of a trained model, for example frame_resnet")
    parser.add_argument(
        "--format", choices=("onnx", "torch"), default="onnx", help="ONNX, or a torch.export program (default onnx)"
    )
    parser.add_argument("--fold", type=int, help="of a model trained in several folds (default the first that was)")
    parser.add_argument("--out", type=Path, help="file to write (default data/exports/<model>.onnx, or .pt2)")
    parser.add_argument("--opset", type=int, help="ONNX operator set, 18 to 23 (default 20)")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Write the file, and print how it was checked."""
    # Imported here: torch takes seconds, and the other commands do not need it.
    from actionrec.params import PARAMS_FILE, load_params
    from actionrec.prediction.export import export_model, export_path
    from actionrec.training.trained import find_trained

    name = arguments.model
    directory = find_trained(model_dir(name), fold=arguments.fold)
    file_name = name if arguments.fold is None else f"{name}_{fold_name(arguments.fold)}"
    out = arguments.out or export_path(file_name, format=arguments.format)
    views = load_params().pack if PARAMS_FILE.exists() else {}
    done = export_model(directory, name=name, out=out, format=arguments.format, opset=arguments.opset, views=views)
    if arguments.json:
        print_json(done)
        return
    if directory != model_dir(name):
        print(f"of several folds, {directory}")
    print(f"{done.path}: {done.num_bytes / 1e6:.1f} MB, inputs {', '.join(done.inputs)}")
    print(f"log-probabilities differ by at most {done.max_difference:.1e} (allowed {done.tolerance:.0e})")
