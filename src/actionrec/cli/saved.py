"""What DVC has saved of other experiments: their names, and any file that their stages wrote."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from actionrec.core.errors import ActionrecError, near_or_all

if TYPE_CHECKING:
    from dvc.api import DVCFileSystem

_REFS = "refs/exps"
_NOT_EXPERIMENTS = ("celery", "exec", "stash", "apply", "data", "temp")


@dataclass(frozen=True)
class Saved:
    """An experiment that has run."""

    name: str
    commit: str
    baseline: str
    """Commit that it started from."""


def saved_experiments(root: Path) -> list[Saved]:
    """All experiments of the checkout ``root``, the newest first: of the workspace, ``--temp`` and the queue."""
    listed = git(root, "for-each-ref", "--sort=-committerdate", "--format=%(objectname) %(refname)", _REFS)
    found = []
    for line in listed.splitlines():
        commit, ref = line.split(" ", 1)
        place, *rest = ref.removeprefix(f"{_REFS}/").split("/", 2)
        if place not in _NOT_EXPERIMENTS and len(rest) == 2:
            found.append(Saved(rest[1], commit, place + rest[0]))
    return found


def commit_of(root: Path, name: str) -> str:
    """The commit of the experiment ``name``, or of any other revision that git knows.

    Of experiments of one name that from HEAD is taken, else the newest. Raises :class:`ActionrecError` naming the
    nearest where there is none.
    """
    experiments = saved_experiments(root)
    head = git(root, "rev-parse", "HEAD").strip()
    of_name = [found for found in experiments if found.name == name]
    if of_name:
        return min(of_name, key=lambda found: found.baseline != head).commit
    revision = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "--quiet", "--verify", "--end-of-options", f"{name}^{{commit}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if revision.returncode == 0:
        return revision.stdout.strip()
    names = dict.fromkeys(found.name for found in experiments)
    raise ActionrecError(f"no experiment {name!r}{near_or_all(name, names)}")


def read_saved(root: Path, commit: str, path: Path) -> bytes:
    """What ``path`` held at ``commit``, from DVC's cache; raises :class:`ActionrecError` where it is not there."""
    from dvc.exceptions import DvcException

    try:
        content: bytes = _files_at(root, commit).read_bytes(path.as_posix())
    except (DvcException, OSError) as error:
        raise ActionrecError(
            f"{path} of {commit[:7]} is not in DVC's cache ({type(error).__name__}); run that experiment again, or "
            f"fetch it with `dvc exp pull` where it was pushed"
        ) from error
    return content


def _files_at(root: Path, commit: str) -> DVCFileSystem:
    from dvc.api import DVCFileSystem

    return DVCFileSystem(repo=str(root), rev=commit)


def git(root: Path, *arguments: str) -> str:
    """What git prints; raises :class:`ActionrecError` outside a repository."""
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ActionrecError(f"{root} is no checkout of the project with a commit: {done.stderr.strip()}")
    return done.stdout
