"""Command line: ``actionrec <command>`` or ``python -m actionrec <command>``."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from actionrec.doctor import examine
from actionrec.errors import ActionrecError, run_main
from actionrec.itemcache import cache_usage, project_root, prune_cache
from actionrec.recipes import as_arguments, read_recipe, recipe_names


def main() -> None:
    """Parse the command line and run one command."""
    arguments = _parser().parse_args()
    run_main(lambda: arguments.run(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="actionrec", description="Recognise human actions in video.")
    commands = parser.add_subparsers(required=True, metavar="command")

    doctor = commands.add_parser("doctor", help="check what the pipeline needs on this machine")
    doctor.add_argument("--json", action="store_true", help="print JSON")
    doctor.set_defaults(run=_doctor)

    models = commands.add_parser("models", help="list the models, counted at their published settings")
    models.add_argument("--classes", type=_positive, help="count with so many classes (default: as published)")
    models.add_argument("--json", action="store_true", help="print JSON")
    models.set_defaults(run=_models)

    recipe = commands.add_parser(
        "recipe", help="print a published system as arguments: dvc exp run $(actionrec recipe NAME)"
    )
    recipe.add_argument("name", nargs="?", help="list all recipes where it is left out")
    recipe.add_argument("--json", action="store_true", help="print JSON")
    recipe.set_defaults(run=_recipe)

    cache = commands.add_parser("cache", help="show or prune the item cache")
    actions = cache.add_subparsers(required=True, metavar="action")
    show = actions.add_parser("show", help="entries and bytes of every stage")
    show.add_argument("--json", action="store_true", help="print JSON")
    show.set_defaults(run=_cache_show)
    prune = actions.add_parser("prune", help="remove entries; outputs are never touched")
    prune.add_argument("--older-than-days", type=float, default=30.0, help="keep younger entries (default 30; 0: none)")
    prune.add_argument("--stage", help="only this stage's entries, for example extract")
    prune.add_argument("--json", action="store_true", help="print JSON")
    prune.set_defaults(run=_cache_prune)

    export = commands.add_parser("export", help="write a trained model as one file that runs without this project")
    export.add_argument("model", help="name of a trained model, for example frame_resnet")
    export.add_argument(
        "--format", choices=("onnx", "torch"), default="onnx", help="ONNX, or a torch.export program (default onnx)"
    )
    export.add_argument("--out", type=Path, help="file to write (default data/exports/<model>.onnx, or .pt2)")
    export.add_argument("--opset", type=int, help="ONNX operator set, 18 to 23 (default 20)")
    export.add_argument("--json", action="store_true", help="print JSON")
    export.set_defaults(run=_export)
    return parser


def _doctor(arguments: argparse.Namespace) -> None:
    findings = examine(Path.cwd())
    if arguments.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.ok else 'FAIL'} {finding.name:<12} {finding.detail}")
    if failed := [finding.name for finding in findings if not finding.ok]:
        raise ActionrecError(f"not ready: {', '.join(failed)}")


def _models(arguments: argparse.Namespace) -> None:
    from actionrec.catalogue import catalogue

    rows = catalogue(num_classes=arguments.classes)
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    line = "{:<15} {:<18} {:>6} {:>4} {:>7} {:>11} {:>11}  {}"
    print(line.format("model", "inputs", "frames", "size", "classes", "parameters", "trainable", "published by"))
    for row in rows:
        counts = f"{row.parameters:,}", f"{row.trainable_parameters:,}"
        size = row.image_size or ""
        print(line.format(row.name, row.inputs, row.clip_frames, size, row.num_classes, *counts, row.paper))


def _recipe(arguments: argparse.Namespace) -> None:
    if arguments.name is None:
        recipes = [read_recipe(name) for name in recipe_names()]
        lines = [f"{recipe.name:<16} {recipe.about}" for recipe in recipes]
        print(json.dumps([asdict(recipe) for recipe in recipes], indent=2) if arguments.json else "\n".join(lines))
        return
    recipe = read_recipe(arguments.name)
    print(json.dumps(asdict(recipe), indent=2) if arguments.json else as_arguments(recipe))


def _positive(text: str) -> int:
    if (value := int(text)) < 1:
        raise ValueError(text)
    return value


def _cache_show(arguments: argparse.Namespace) -> None:
    usage = cache_usage(project_root())
    if arguments.json:
        print(json.dumps([asdict(stage) for stage in usage], indent=2))
        return
    for stage in usage:
        print(f"{stage.stage:<12} {stage.entries:>8} entries {stage.num_bytes / 1e6:>10.1f} MB")
    if not usage:
        print("the item cache is empty")


def _cache_prune(arguments: argparse.Namespace) -> None:
    removed = prune_cache(project_root(), older_than_days=arguments.older_than_days, stage=arguments.stage)
    if arguments.json:
        print(json.dumps(asdict(removed), indent=2))
    else:
        print(f"removed {removed.entries} entries, {removed.num_bytes / 1e6:.1f} MB")


def _export(arguments: argparse.Namespace) -> None:
    # Imported here: torch takes seconds, and the other commands do not need it.
    from actionrec.exporting import export_model, export_path
    from actionrec.paths import model_dir

    name = arguments.model
    out = arguments.out or export_path(name, format=arguments.format)
    done = export_model(model_dir(name), name=name, out=out, format=arguments.format, opset=arguments.opset)
    if arguments.json:
        print(json.dumps(asdict(done), indent=2))
        return
    print(f"{done.path}: {done.num_bytes / 1e6:.1f} MB, inputs {', '.join(done.inputs)}")
    print(f"log-probabilities differ by at most {done.max_difference:.1e} (allowed {done.tolerance:.0e})")


if __name__ == "__main__":
    main()
