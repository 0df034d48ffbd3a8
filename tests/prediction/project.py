"""A small project of which every stage but training has run, in this process and without DVC."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from ruamel.yaml import YAML
from tests.conftest import REPO
from tests.intake.extract.making import moving_bars, write_video
from tests.models.small import small_models

from actionrec.core import paths
from actionrec.models.examples import example_inputs
from actionrec.models.kind import count_parameters
from actionrec.models.table import build_model
from actionrec.pack.features.running import by_torch
from actionrec.params import load_params
from actionrec.training.card import WEIGHTS_FILE, ModelCard, save_weights, write_card
from actionrec.training.trained import section_of

CLASSES = ("squat", "wave")
LEVEL_SIZES = [512, 128, 256, 512]
"""Of the vectors of resnet18: its end and three stages."""
CHANGES: dict[str, Any] = {
    "synthetic": {"classes": list(CLASSES), "groups": 3, "clips_per_group": 1, "min_frames": 10, "max_frames": 11},
    "screen": {"min_frames": 5},
    "split": {"folds": 3, "run_folds": [0, 2], "val_fraction": 0.4},
    # Not packaged, so that a bundle has to hold its weights; torch spares the ONNX form.
    "features": {
        "imagenet": {"backbone": "resnet18", "weights": "none", "levels": "all", "image_size": 32, "stride_frames": 2}
    },
    # The bars have 25 frames a second, the embedded videos fewer.
    "pack": {"rgb64": {"encoding": "raw", "fit": "stretch", "size": 64, "fps": 12.5}},
    "compute": {"workers": 1},
    "train": {"batch_size": 3},
    "tracking": {"experiment": "tests"},
}
AT_RATE = {"stgcn": {"fps": 8.0}}
"""What these models sample by time."""


def make_project(root: Path, types: Sequence[str], *, people: bool, folds: bool = True) -> None:
    """Fill ``root`` with the outputs of the stages for small models of ``types``, with random weights.

    With ``people`` the videos are the embedded ones, whose keypoints are found, else moving bars and no keypoints.
    There are two of three folds, without ``folds`` a single split.
    """
    models = {
        name: params.model_dump(mode="json") | AT_RATE.get(name, {})
        for name, params in small_models().items()
        if name in types
    }
    if "feature_sequence" in models:
        models["feature_sequence"] |= {"num_features": sum(LEVEL_SIZES), "level_sizes": LEVEL_SIZES}
    yaml = YAML()
    params = yaml.load((REPO / "params.yaml").read_text())
    for section, changes in CHANGES.items():
        params[section].update(changes)
    if not folds:
        params["split"].update({"folds": 1, "run_folds": []})
    params["features"].pop("motion")
    params.update({"enabled": list(types), "models": models})
    if not people:
        params["keypoints"]["enabled"] = False
        params["data"] |= {"name": "folder", "root": "videos", "annotations": "videos.csv"}
        params["data"]["group_pattern"] = "(?P<group>g.)"
        write_bars(root)
    with (root / "params.yaml").open("w") as file:
        yaml.dump(params, file)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("DVC_ROOT", str(root))
        patch.setattr("actionrec.pack.features.extract.runner_of", lambda backbone, *_, **__: by_torch(backbone))
        for stage in (*(["synthesize"] if people else []), "ingest", "extract", "screen", "split"):
            run_stage(patch, stage)
        for view in ("rgb64", "rgb"):
            run_stage(patch, "pack", view)
        if "feature_sequence" in types:
            run_stage(patch, "features", "imagenet")
        run_stage(patch, "keypoints")
        for number, name in enumerate(types):
            for fold in CHANGES["split"]["run_folds"] if folds else [None]:
                save_model(name, fold, seed=10 * number + (fold or 0))
            run_stage(patch, "predict", name)
        run_stage(patch, "evaluate")


def write_bars(root: Path) -> None:
    """Videos of bars that move one way or the other, in three shades."""
    (root / "videos.csv").write_text("path,label,group,official_subset\n")
    for label, name in enumerate(CLASSES):
        for group in range(3):
            frames = moving_bars(10 + group)[:, :, :: 1 - 2 * label] // (group + 1)
            write_video(root / f"videos/{name}/g{group}.mkv", frames)


def run_stage(patch: pytest.MonkeyPatch, stage: str, *arguments: str) -> None:
    """Run a stage's script in the working directory."""
    patch.setattr(sys, "argv", [stage, *arguments])
    runpy.run_path(str(REPO / f"stages/{stage}.py"), run_name="__main__")


def save_model(name: str, fold: int | None, *, seed: int) -> None:
    """Random weights that have seen a few batches, as the stage ``train`` would leave them."""
    params = load_params()
    section, train = params.model(name), params.train_of(name)
    directory = paths.model_dir(name, fold)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = build_model(section, num_classes=len(CLASSES))
        count = count_parameters(model)
        card = ModelCard(
            name, section.type, sorted(CLASSES), section.model_dump(mode="json"), train.model_dump(mode="json"),
            count, count, 2, 0.5, 1.0, f"{name}{fold}",
        )  # fmt: skip
        for _ in range(10):
            model.train()(example_inputs(section_of(card), num_clips=4))
    directory.mkdir(parents=True)
    save_weights(model.state_dict(), directory / WEIGHTS_FILE)
    write_card(card, directory)
