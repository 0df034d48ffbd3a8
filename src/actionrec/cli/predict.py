"""``actionrec predict``: classes of new videos, by models that were trained here or that a bundle holds."""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actionrec.cli.output import Commands, add_command, add_json
from actionrec.core.answers import quoted

if TYPE_CHECKING:
    from actionrec.prediction.predictor import Predictor, VideoPrediction


def add_to(commands: Commands) -> None:
    parser = add_command(
        commands,
        "predict",
        "say what is done in new videos; ends with code 2 where one was rejected",
        examples=[
            "actionrec predict clips/ talk.mp4",
            "actionrec predict clips/ --csv out.csv --top 3",
            "actionrec predict clips/ --bundle model_folder --model cnn3d",
        ],
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a video, a folder of videos, or a pattern")
    add_predictor(parser)
    parser.add_argument("--top", type=int, default=5, help="classes shown of each video (default 5)")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--csv", type=Path, metavar="FILE", help="write a row a video, as each is done")
    add_json(output)
    parser.set_defaults(run=run)


def add_predictor(parser: argparse.ArgumentParser) -> None:
    """Give a command what :func:`open_predictor` reads."""
    parser.add_argument(
        "--model", metavar="NAME", help="a model, or fusion (the default where several models are enabled)"
    )
    parser.add_argument("--fold", type=int, help="of several folds only this one's models (default the mean of all)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="default auto: a GPU if any")
    parser.add_argument(
        "--bundle", type=Path, metavar="DIR", help="what `actionrec bundle` wrote (default: models here)"
    )


def open_predictor(arguments: argparse.Namespace) -> Predictor:
    """The models that the command line names, loaded."""
    if arguments.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # the networks of features choose for themselves
    # Imported here: torch takes seconds, and the other commands do not need it.
    from actionrec.params import load_params
    from actionrec.prediction.bundle import project_bundle, read_bundle
    from actionrec.prediction.predictor import Predictor

    bundle = read_bundle(arguments.bundle) if arguments.bundle else project_bundle(load_params())
    return Predictor(bundle, model=arguments.model, fold=arguments.fold, device=arguments.device)


def run(arguments: argparse.Namespace) -> None:
    """Print or write what is said of every video."""
    predictor = open_predictor(arguments)
    top = max(1, min(arguments.top, len(predictor.class_names)))
    # Not among lines that are themselves the progress.
    shows_progress = bool(arguments.csv or arguments.json or not sys.stdout.isatty())
    rejected = 0

    def counted() -> Iterator[VideoPrediction]:
        nonlocal rejected
        for found in predictor.each(arguments.paths, shows_progress=shows_progress):
            rejected += bool(found.reason)
            yield found

    if arguments.csv:
        num_videos = write_csv(counted(), arguments.csv, top=top)
        print(f"{arguments.csv}: {num_videos} videos by {predictor.model}, {rejected} of them rejected")
    elif arguments.json:
        print(json.dumps([_facts(found, predictor.model, top) for found in counted()], indent=2))
    else:
        for found in counted():
            print(_line(found, top), flush=True)
    if rejected:
        raise SystemExit(2)


def write_csv(found: Iterable[VideoPrediction], path: Path, *, top: int) -> int:
    """Write a row a video as it comes, so that what was done is kept whatever happens; returns how many.

    What a spreadsheet would run as a formula has a ``'`` before it (:func:`actionrec.core.answers.quoted`).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    names = ["label", "probability", *(f"{name}_{k}" for k in range(2, top + 1) for name in ("label", "probability"))]
    num_videos = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "reason", "evidence", *names])
        file.flush()
        for one in found:
            num_videos += 1
            values = [value for label, probability in one.top(top) for value in (quoted(label), f"{probability:.6f}")]
            writer.writerow([quoted(one.path), one.reason, quoted(one.evidence), *(values or [""] * len(names))])
            file.flush()
    return num_videos


def _facts(found: VideoPrediction, model: str, top: int) -> dict[str, Any]:
    return {
        "path": found.path,
        "model": model,
        "reason": found.reason,
        "evidence": found.evidence,
        "top": [{"label": label, "probability": round(value, 6)} for label, value in found.top(top)],
    }


def _line(found: VideoPrediction, top: int) -> str:
    if found.reason:
        return f"{found.path}: rejected, {found.reason}: {found.evidence}"
    return f"{found.path}: " + ", ".join(f"{label} {value:.3f}" for label, value in found.top(top))
