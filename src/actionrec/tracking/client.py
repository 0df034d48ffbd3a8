"""The MLflow record: one run a training, one parent run an experiment.

The store is anchored on the main checkout (``DVC_ROOT``), so that runs of DVC's temporary workspaces
and queues arrive there too; an exported ``MLFLOW_TRACKING_URI`` wins. Nothing here may stop a stage:
a failure is printed as a warning.
"""

from __future__ import annotations

import functools
import hashlib
import http.client
import os
import sqlite3
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from actionrec.core.itemcache import project_root
from actionrec.core.paths import fold_name
from actionrec.tracking.moved import move_places
from actionrec.tracking.section import TrackingParams

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

P = ParamSpec("P")
T = TypeVar("T")

ANSWER_SECONDS = 5.0
"""How long a tracking server may take to say that it is there."""
# MLflow takes no more at a time.
_PARAMS_OF_A_BATCH = 100
_METRICS_OF_A_BATCH = 1000
_SQLITE = "sqlite:///"
WORKSPACE = "workspace"
"""Name of the experiment when no ``dvc exp run`` named one."""


def warn_only(function: Callable[P, T]) -> Callable[P, T | None]:
    """Turn any failure of ``function`` into a printed warning and ``None``."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T | None:
        try:
            return function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever breaks in a tracker, training goes on
            print(f"warning: MLflow tracking failed, going on without it: {error}", file=sys.stderr)
            return None

    return guarded


def tracking_uri(root: Path) -> str:
    """``MLFLOW_TRACKING_URI``, else the sqlite store of the checkout ``root``."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root / 'mlflow.db'}"


def check_answers(uri: str) -> None:
    """Raise ``OSError``, within seconds, where ``uri`` names a server that does not answer; any answer will do.

    A sqlite file has to take a write: MLflow itself tries a locked or damaged one for minutes.
    """
    if (path := sqlite_file(uri)) and not is_new(path):
        _check_sqlite(path)
    if not uri.startswith(("http://", "https://")):
        return
    parts = urlsplit(uri)
    host = parts.netloc.rpartition("@")[2]  # a name and a password are not for the terminal
    address = parts._replace(netloc=host, path=f"{parts.path.rstrip('/')}/health").geturl()
    try:
        urllib.request.urlopen(address, timeout=ANSWER_SECONDS).close()  # noqa: S310 (http)
    except urllib.error.HTTPError:
        return
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if not isinstance(reason, ssl.SSLError):
            raise OSError(f"no MLflow server answers at {host} ({reason}); see MLFLOW_TRACKING_URI") from None


def sqlite_file(uri: str) -> Path | None:
    """The file of a sqlite store, None of any other."""
    return Path(uri.removeprefix(_SQLITE).partition("?")[0]) if uri.startswith(_SQLITE) else None


def is_new(path: Path) -> bool:
    """Whether MLflow has yet to make the database."""
    return not path.is_file() or path.stat().st_size == 0


def _check_sqlite(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path, timeout=ANSWER_SECONDS)) as database:
            database.execute("BEGIN IMMEDIATE")
            database.rollback()
    except sqlite3.OperationalError as error:
        raise OSError(f"{path} takes no writes ({error})") from None
    except sqlite3.DatabaseError as error:
        raise OSError(f"{path} is damaged ({error}); move it away, and a new one is made") from None


def training_tags(model: str, fingerprint: str, fold: int | None) -> dict[str, str]:
    """Tags by which the run of a training is found again."""
    tags = {"kind": "training", "model": model, "fingerprint": fingerprint}
    return tags if fold is None else {**tags, "fold": str(fold)}


@warn_only
def connect(params: TrackingParams) -> Tracker | None:
    """A tracker, or ``None`` when tracking is disabled or fails."""
    return open_store(params)


def open_store(params: TrackingParams) -> Tracker | None:
    """A tracker, or ``None`` when tracking is disabled; raises whatever fails."""
    if not params.enabled:
        return None
    root = project_root()
    check_answers(tracking_uri(root))
    from filelock import FileLock
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    # The constructor migrates a fresh database, and two processes doing so at once kill each other.
    with FileLock(root / "mlflow.db.lock", timeout=120):
        client = MlflowClient(tracking_uri(root))
        found = client.get_experiment_by_name(params.experiment)
        local = "MLFLOW_TRACKING_URI" not in os.environ
        location = (root / "mlartifacts").as_uri() if local else None
        if found is None:
            experiment_id = client.create_experiment(params.experiment, artifact_location=location)
        elif found.lifecycle_stage == "deleted":
            raise MlflowException(f"tracking.experiment {params.experiment!r} was deleted; restore or rename it")
        else:
            experiment_id = found.experiment_id
            if location is not None and found.artifact_location != location:
                move_places(root / "mlflow.db", old=found.artifact_location, new=location)
                print(f"note: MLflow's artifacts were at {found.artifact_location}; they are now at {location}")
    return Tracker(client, experiment_id, os.environ.get("DVC_EXP_NAME") or WORKSPACE)


@dataclass(frozen=True)
class Epoch:
    """What was measured at the end of one."""

    step: int
    """Its number, counted from 1; 0 for what holds for a whole run."""
    metrics: Mapping[str, float]
    unix_ms: int
    """When."""


@dataclass(frozen=True)
class Tracker:
    """Runs of one MLflow experiment, found again by tags."""

    client: MlflowClient
    experiment_id: str
    dvc_experiment: str
    """``DVC_EXP_NAME``, or ``workspace``."""

    def run_of_training(self, model: str, fingerprint: str, fold: int | None) -> str:
        """Id of the run of one training, named so that a list of runs can be read: ``cnn3d slow-lr fold0``."""
        name = " ".join([model, self.dvc_experiment, *([] if fold is None else [fold_name(fold)])])
        return self.run_of(name, training_tags(model, fingerprint, fold))

    def run_of(self, name: str, tags: Mapping[str, str]) -> str:
        """Id of this DVC experiment's run with ``tags``; made when there is none.

        A resumed training finds the run that it began.
        """
        wanted = {**tags, "dvc.exp": self.dvc_experiment}
        query = " and ".join(f"tags.`{key}` = '{value}'" for key, value in sorted(wanted.items()))
        found = self.client.search_runs([self.experiment_id], query, max_results=1)
        if found:
            return str(found[0].info.run_id)
        run = self.client.create_run(self.experiment_id, run_name=name, tags={**wanted, **revision_tags()})
        return str(run.info.run_id)

    def log_params(self, run_id: str, params: Mapping[str, Any]) -> None:
        """Log flattened ``params``; MLflow refuses to change one that is already there, so only new ones go."""
        from mlflow.entities import Param

        known = self.client.get_run(run_id).data.params
        new = [Param(key, str(value)) for key, value in sorted(flatten(params).items()) if key not in known]
        for start in range(0, len(new), _PARAMS_OF_A_BATCH):
            self.client.log_batch(run_id, params=new[start : start + _PARAMS_OF_A_BATCH])

    def log_metrics(self, run_id: str, metrics: Mapping[str, float]) -> None:
        """Log ``metrics`` that hold for the whole run."""
        self.log_epochs(run_id, [Epoch(0, metrics, int(time.time() * 1000))])

    def log_epochs(self, run_id: str, epochs: Iterable[Epoch]) -> None:
        """Log the metrics of ``epochs``."""
        from mlflow.entities import Metric

        points = [
            Metric(key, float(value), epoch.unix_ms, epoch.step)
            for epoch in epochs
            for key, value in sorted(epoch.metrics.items())
        ]
        for start in range(0, len(points), _METRICS_OF_A_BATCH):
            self.client.log_batch(run_id, metrics=points[start : start + _METRICS_OF_A_BATCH])

    def steps_of(self, run_id: str, metric: str) -> set[int]:
        """The epochs of which ``metric`` was logged live."""
        return {point.step for point in self.client.get_metric_history(run_id, metric)}

    def log_files(self, run_id: str, files: Sequence[Path], *, folder: str | None = None) -> None:
        """Copy ``files`` to the run's artifacts."""
        for file in files:
            self.client.log_artifact(run_id, str(file), artifact_path=folder)

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        for key, value in sorted(tags.items()):
            self.client.set_tag(run_id, key, value)

    def finish(self, run_id: str) -> None:
        self.client.set_terminated(run_id, status="FINISHED")


def revision_tags() -> dict[str, str]:
    """Where the code and parameters of this run can be found again."""
    lock = Path("dvc.lock")
    tags = {
        "git.commit": _git("rev-parse", "HEAD"),
        "mlflow.source.git.commit": _git("rev-parse", "HEAD"),  # MLflow's column "Version"
        "mlflow.source.name": "dvc.yaml",
        "git.dirty": str(bool(_git("status", "--porcelain", "--untracked-files=no"))).lower(),
        "dvc.baseline": os.environ.get("DVC_EXP_BASELINE_REV", ""),
        "dvc.lock.md5": hashlib.md5(lock.read_bytes(), usedforsecurity=False).hexdigest() if lock.exists() else "",
    }
    return {key: value for key, value in tags.items() if value}


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """``{"a": {"b": 1}}`` becomes ``{"a.b": 1}``."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat
