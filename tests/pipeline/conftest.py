"""A temporary clone of the project with a tiny configuration."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.pipeline.warm import warm_programs

REPO = Path(__file__).resolve().parents[2]

TINY: dict[str, Any] = {
    "enabled": ["frame_resnet", "fused_convlstm"],
    "synthetic": {"classes": ["wave", "squat"], "groups": 4, "clips_per_group": 1, "min_frames": 16, "max_frames": 18},
    "split": {"folds": 1, "run_folds": []},
    "screen": {"min_frames": 6},  # what a cut leaves of so short clips is not too short
    "features": {"imagenet": {"image_size": 32}, "motion": {"image_size": 32, "frame_content": "change"}},
    "pack": {"rgb64": {"encoding": "raw", "fit": "stretch", "size": 64, "shard_videos": 3}},
    "train": {"epochs": 2, "batch_size": 4},
    "report": {"skeleton_frames": 2},
}
TINY_MODELS: dict[str, dict[str, Any]] = {
    "frame_resnet": {"image_size": 32, "test_frames": 2, "train": {}},
    "fused_convlstm": {
        "clip_frames": 4,
        "image_size": 16,
        "channels": 2,
        "lstm_hidden": 8,
        "test_clips": 1,
        "train": {},
    },
    "cnn3d": {"test_clips": 1},
    "res2plus1d": {"clip_frames": 4, "image_size": 16, "channels": [4]},
    "cnn_lstm": {"clip_frames": 4, "image_size": 16, "channels": [4]},
    "clip_resnet3d": {"clip_frames": 8, "width": 4, "also_test": ["whole"]},
    "stgcn": {"clip_frames": 8, "channels": [4]},
    "feature_sequence": {"clip_frames": 4, "inputs": "both", "keypoint_hidden": 8},
}


# Without the last, an interpreter compiles our code once, not for every stage.
_NOT_PASSED_ON = ("PYTHONPATH", "MLFLOW_TRACKING_URI", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class Clone:
    """A checkout in which commands run as a user's would, in the environment of the tests."""

    root: Path
    programs: Path = Path(sys.executable).parent
    """The folder of ``python`` and ``dvc``."""

    def run(self, *command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command; its output is in the failure message."""
        env = {
            **{key: value for key, value in os.environ.items() if key not in _NOT_PASSED_ON},
            "PATH": os.pathsep.join([str(self.programs), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "DVC_SITE_CACHE_DIR": str(self.root.parent / "site-cache"),
            **environment,
        }
        done = subprocess.run(
            command, cwd=self.root, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        assert done.returncode == 0 or not check, f"{' '.join(command)} -> {done.returncode}\n{done.stdout}"
        return done

    def set_params(self, changes: dict[str, Any]) -> None:
        """Merge ``changes`` into the sections of params.yaml; what is no section is replaced."""
        yaml = YAML()
        path = self.root / "params.yaml"
        params = yaml.load(path.read_text())
        for section, values in changes.items():
            if isinstance(values, dict):
                params[section].update(values)
            else:
                params[section] = values
        with path.open("w") as file:
            yaml.dump(params, file)


def tracked_files() -> Sequence[str]:
    """Files of the working tree that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.split("\0") if name and (REPO / name).exists()]


def make_clone(root: Path) -> Clone:
    """Copy the working tree, with what is not committed yet, into a repository of its own."""
    for name in tracked_files():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPO / name, root / name)
    clone = Clone(root)
    (root / "dvc.lock").unlink(missing_ok=True)
    yaml = YAML(typ="safe")
    models = yaml.load((root / "params.yaml").read_text())["models"]
    clone.set_params(TINY | {"models": {name: models[name] | tiny for name, tiny in TINY_MODELS.items()}})
    clone.run("git", "init", "--quiet", "--initial-branch", "main")
    clone.run("git", "config", "user.name", "test")
    clone.run("git", "config", "user.email", "test@example.com")
    clone.run("git", "add", "--all")
    clone.run("git", "commit", "--quiet", "--message", "start")
    return clone


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a ``python`` and a ``dvc`` that start at once."""
    with warm_programs(tmp_path_factory.mktemp("warm")) as programs:
        yield programs


@pytest.fixture(scope="session")
def reproduced(tmp_path_factory: pytest.TempPathFactory, warm: Path) -> Clone:
    """A clone in which ``dvc repro`` has run, every stage in a fresh interpreter, its lock committed.

    What the tests run in it afterwards starts at once.
    """
    clone = make_clone(tmp_path_factory.mktemp("pipeline") / "clone")
    clone.run("dvc", "repro")
    clone.run("git", "add", "--all")
    clone.run("git", "commit", "--quiet", "--message", "reproduced")
    return replace(clone, programs=warm)
