"""``actionrec doctor``: what the pipeline needs on this machine, checked one by one."""

from __future__ import annotations

import argparse
import importlib.metadata
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from actionrec.cli.output import Commands, add_command, add_json, print_json
from actionrec.core.errors import ActionrecError
from actionrec.intake.ffmpeg import ffmpeg_program, ffmpeg_version
from actionrec.params import PARAMS_FILE, load_params

_SUPPORTED = ((3, 11), (3, 12))
_PACKAGES = ("torch", "torchvision", "lightning", "mediapipe", "h5py", "dvc", "mlflow")


def add_to(commands: Commands) -> None:
    parser = add_command(
        commands,
        "doctor",
        "check what the pipeline needs on this machine, or what a folder of videos holds",
        examples=[
            "actionrec doctor",
            "actionrec doctor --data",
            "actionrec doctor --data --root /path/to/videos",
            "actionrec doctor --data --root /path/to/UCF-101 -S data.name=ucf101 -S data.annotations=/path/to/lists",
        ],
    )
    parser.add_argument(
        "--data", action="store_true", help="look at the videos instead: what a run will read, skip, take and need"
    )
    parser.add_argument("--root", type=Path, help="with --data: this folder in place of data.root")
    parser.add_argument(
        "-S",
        dest="changes",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="with --data: a parameter, as `dvc exp run` takes it; params.yaml stays as it is",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print what was found; raises :class:`ActionrecError` where something is missing."""
    if arguments.data:
        from actionrec.cli.data_doctor import examine_data

        examine_data(root=arguments.root, changes=arguments.changes, as_json=arguments.json)
        return
    if arguments.root or arguments.changes:
        raise ActionrecError("--root and -S are for the videos; add --data")
    findings = examine(Path.cwd())
    if arguments.json:
        print_json(findings)
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.ok else 'FAIL'} {finding.name:<12} {finding.detail}")
    if failed := [finding.name for finding in findings if not finding.ok]:
        raise ActionrecError(f"not ready: {', '.join(failed)}")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str


def examine(root: Path) -> list[Finding]:
    """Python, ffmpeg, packages, GPU, parameters, git and disk, as seen from the checkout ``root``."""
    return [
        _python(),
        _finding("ffmpeg", lambda: f"{ffmpeg_program()} ({ffmpeg_version()})"),
        *(_package(name) for name in _PACKAGES),
        _finding("gpu", _gpu),
        _finding(
            "params", lambda: f"{PARAMS_FILE} is valid; enabled: {', '.join(load_params(root / PARAMS_FILE).enabled)}"
        ),
        Finding("git", shutil.which("git") is not None, shutil.which("git") or "git is not on PATH; DVC needs it"),
        _finding("disk", lambda: f"{shutil.disk_usage(root).free / 1e9:.0f} GB free"),
    ]


def _python() -> Finding:
    version = sys.version_info[:2]
    wanted = " or ".join(".".join(map(str, pair)) for pair in _SUPPORTED)
    return Finding("python", version in _SUPPORTED, f"{sys.version.split()[0]} (needs {wanted}: mediapipe's wheels)")


def _package(name: str) -> Finding:
    try:
        return Finding(name=name, ok=True, detail=importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name=name, ok=False, detail="not installed; pip install -r requirements.txt")


def _gpu() -> str:
    import torch

    if not torch.cuda.is_available():
        return "none; training runs on the CPU"
    return f"{torch.cuda.get_device_name()} (torch {torch.__version__})"


def _finding(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name=name, ok=True, detail=look())
    except (ActionrecError, ImportError) as error:
        return Finding(name=name, ok=False, detail=str(error))
