"""``actionrec doctor``: what the pipeline needs on this machine, checked one by one."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    """Python, ffmpeg, packages, GPU, parameters, git, DVC's lock and disk, as seen from the checkout ``root``."""
    return [
        _python(),
        _finding("ffmpeg", lambda: f"{ffmpeg_program()} ({ffmpeg_version()})"),
        *(_package(name) for name in _PACKAGES),
        _finding("gpu", _gpu),
        _finding(
            "params", lambda: f"{PARAMS_FILE} is valid; enabled: {', '.join(load_params(root / PARAMS_FILE).enabled)}"
        ),
        Finding("git", shutil.which("git") is not None, shutil.which("git") or "git is not on PATH; DVC needs it"),
        _finding("dvc lock", lambda: _dvc_lock(root / ".dvc/tmp/rwlock")),
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


def _dvc_lock(path: Path) -> str:
    """Who holds DVC's lock; raises :class:`ActionrecError` for one that DVC believes and that nobody holds.

    DVC removes a lock whose process is gone, and knows a process by its number only.
    """
    try:
        held: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return "free"
    holders = [holder for kinds in held.values() for kind in kinds.values() for holder in _as_list(kind)]
    for pid in sorted({int(holder["pid"]) for holder in holders}):
        words = _command_of(pid)
        if not words:
            continue
        if not any("dvc" in word for word in words):
            raise ActionrecError(f"stale: process {pid} that it names is no dvc ({' '.join(words)[:60]}); rm {path}")
        return f"held by process {pid} ({' '.join(words)[:60]})"
    return "free (DVC removes a stale one at its next run)" if holders else "free"


def _command_of(pid: int) -> list[str]:
    """Of a living process; empty of one that is gone."""
    try:
        return [word for word in Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0") if word]
    except OSError:
        return []


def _as_list(holder: Any) -> list[dict[str, Any]]:
    """The one writer, or the readers."""
    return holder if isinstance(holder, list) else [holder] if holder else []


def _finding(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name=name, ok=True, detail=look())
    except (ActionrecError, ImportError) as error:
        return Finding(name=name, ok=False, detail=str(error))
