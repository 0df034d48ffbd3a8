"""The MLflow record: anchored, found again, harmless when it fails."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.conftest import REPO

from actionrec.core.paths import training_name
from actionrec.tracking import live
from actionrec.tracking.client import (
    Epoch,
    Tracker,
    check_answers,
    connect,
    flatten,
    revision_tags,
    tracking_uri,
    training_tags,
    warn_only,
)
from actionrec.tracking.live import LiveCurves
from actionrec.tracking.patience import within
from actionrec.tracking.section import TrackingParams

PARAMS = TrackingParams(enabled=True, experiment="tests")

# SQLAlchemy and MLflow warn about themselves on import.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("DVC_EXP_NAME", raising=False)
    return tmp_path


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Curves go to the store from the first epoch on."""
    monkeypatch.setattr(live, "BEGINS_SECONDS", 0.0)


class Store:
    """Takes what a tracker is given."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str, int | None]] = []
        self.logged: list[Epoch] = []

    def run_of_training(self, model: str, fingerprint: str, fold: int | None) -> str:
        self.begun.append((model, fingerprint, fold))
        return "run"

    def log_epochs(self, run_id: str, epochs: list[Epoch]) -> None:
        assert run_id == "run"
        self.logged += epochs


def trainer_at(epoch: int) -> Any:
    return SimpleNamespace(is_global_zero=True, callback_metrics={"val_top1": 0.5}, current_epoch=epoch)


def end_epoch(curves: LiveCurves, epoch: int = 0) -> None:
    trainer = trainer_at(epoch)
    curves.on_train_epoch_end(trainer, trainer)


def train_folds(params: TrackingParams) -> None:
    for fold in range(3):
        curves = LiveCurves(params, "m", "f", fold=fold)
        end_epoch(curves, 0)
        end_epoch(curves, 1)


def connected() -> Tracker:
    tracker = connect(PARAMS)
    assert tracker is not None
    return tracker


def test_store_is_in_the_main_checkout_unless_the_environment_says_otherwise(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tracking_uri(root) == f"sqlite:///{root}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////elsewhere.db")
    assert tracking_uri(root) == "sqlite:////elsewhere.db"


@pytest.mark.slow
def test_a_run_is_found_again_and_keeps_its_history(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = connected()
    run = tracker.run_of("model", {"model": "m", "fingerprint": "f"})
    tracker.log_metrics(run, {"val_top1": 0.25})
    tracker.log_epochs(
        run, [Epoch(step, {"val_top1": step / 1000, "lr": 0.1}, 1700000000000) for step in range(1, 601)]
    )
    tracker.log_params(run, {"train": {"lr": 0.1}})
    tracker.log_params(run, {"train": {"lr": 0.1, "epochs": 2}})
    tracker.log_params(run, {"many": {f"{number}": number for number in range(150)}})
    (root / "figure.svg").write_text("<svg/>")
    tracker.log_files(run, [root / "figure.svg"], folder="figures")
    tracker.finish(run)

    again = connected()
    assert again.run_of("model", {"model": "m", "fingerprint": "f"}) == run
    assert again.run_of("model", {"model": "m", "fingerprint": "g"}) != run
    assert again.steps_of(run, "val_top1") == set(range(601))
    assert again.steps_of(run, "val_loss") == set()
    history = sorted(again.client.get_metric_history(run, "val_top1"), key=lambda point: point.step)
    assert [(metric.step, metric.value) for metric in history[:3]] == [(0, 0.25), (1, 0.001), (2, 0.002)]
    assert history[1].timestamp == 1700000000000
    logged = again.client.get_run(run).data.params
    assert len([key for key in logged if key.startswith("many.")]) == 150
    assert {key: value for key, value in logged.items() if not key.startswith("many.")} == {
        "train.lr": "0.1", "train.epochs": "2",
    }  # fmt: skip
    assert [artifact.path for artifact in again.client.list_artifacts(run, "figures")] == ["figures/figure.svg"]

    monkeypatch.setenv("DVC_EXP_NAME", "bold-try")
    other = connected().run_of("model", {"model": "m", "fingerprint": "f"})
    assert other != run
    assert again.client.get_run(other).data.tags["dvc.exp"] == "bold-try"


def test_disabled_tracking_connects_to_nothing(root: Path) -> None:
    assert connect(TrackingParams(enabled=False, experiment="x")) is None
    assert list(root.iterdir()) == []


def test_a_failure_warns_and_returns_none(capsys: pytest.CaptureFixture[str]) -> None:
    @warn_only
    def broken() -> int:
        raise OSError("disk full")

    assert broken() is None
    assert "warning: MLflow tracking failed, going on without it: disk full" in capsys.readouterr().err


def test_unreachable_store_does_not_raise(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://nowhere")
    assert connect(PARAMS) is None
    assert "MLflow tracking failed" in capsys.readouterr().err


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.mark.parametrize("answers", ["nothing listens", "it never answers"])
def test_a_server_that_is_away_is_one_warning_within_seconds(
    answers: str,
    root: Path,
    listening: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    port = listening.getsockname()[1]
    if answers == "nothing listens":
        listening.close()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://user:secret@127.0.0.1:{port}")
    monkeypatch.setattr("actionrec.tracking.client.ANSWER_SECONDS", 0.5)
    params = TrackingParams(enabled=True, experiment=answers)
    start = time.monotonic()
    train_folds(params)
    assert time.monotonic() - start < 5
    [warning] = capsys.readouterr().err.splitlines()
    assert f"going on without it: no MLflow server answers at 127.0.0.1:{port} (" in warning


@pytest.mark.parametrize("kind", ["locked", "damaged"])
def test_a_database_that_takes_no_writes_is_one_warning_within_seconds(
    kind: str, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("actionrec.tracking.client.ANSWER_SECONDS", 0.5)
    path = root / "mlflow.db"
    params = TrackingParams(enabled=True, experiment=kind)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("CREATE TABLE runs (id)")
        if kind == "locked":
            database.execute("BEGIN EXCLUSIVE")
        else:
            path.write_bytes(b"no database" * 100)
        start = time.monotonic()
        train_folds(params)
        assert time.monotonic() - start < 5
    [warning] = capsys.readouterr().err.splitlines()
    said = "takes no writes (database is locked)" if kind == "locked" else "is damaged (file is not a database); move"
    assert f"going on without it: {path} {said}" in warning


def test_a_database_that_is_locked_while_a_model_trains_is_one_warning(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("actionrec.tracking.client.ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(live, "_tracker", lambda _: Store())
    curves = LiveCurves(PARAMS, "m", "f")
    with closing(sqlite3.connect(root / "mlflow.db", isolation_level=None)) as database:
        database.execute("CREATE TABLE runs (id)")
        end_epoch(curves)
        assert capsys.readouterr().err == ""
        database.execute("BEGIN EXCLUSIVE")
        for _ in range(3):
            end_epoch(curves)
    assert capsys.readouterr().err.count("takes no writes (database is locked)") == 1


def test_a_store_that_never_comes_to_an_end_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    """A server that says that it is there, and then nothing more; a database on a file system that hangs."""
    stop = threading.Event()
    with pytest.raises(TimeoutError, match=r"no answer within 0\.1 seconds"):
        within(0.1, stop.wait)
    stop.set()
    assert within(5, lambda: 7) == 7
    with pytest.raises(KeyError, match="gone"):
        within(5, lambda: {}["gone"])


def test_a_server_answers_whatever_it_says() -> None:
    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(401)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        check_answers(f"http://127.0.0.1:{server.server_port}/some/path/")
    check_answers("sqlite:///nowhere.db")


def test_after_a_failure_no_more_is_logged(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Away(Store):
        def log_epochs(self, run_id: str, epochs: list[Epoch]) -> None:
            super().log_epochs(run_id, epochs)
            raise OSError("gone")

    away = Away()
    monkeypatch.setattr(live, "_tracker", lambda _: away)
    curves = LiveCurves(PARAMS, "m", "f")
    for _ in range(3):
        end_epoch(curves)
    assert len(away.logged) == 1
    assert capsys.readouterr().err.count("gone") == 1


def test_a_training_is_in_the_store_once_it_has_lasted(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, now = Store(), 100.0
    monkeypatch.setattr(live, "_tracker", lambda _: store)
    monkeypatch.setattr(live, "BEGINS_SECONDS", 15.0)
    monkeypatch.setattr("time.monotonic", lambda: now)
    curves = LiveCurves(PARAMS, "m", "f", fold=1)
    end_epoch(curves, 0)
    now = 114.0
    end_epoch(curves, 1)
    curves.on_train_batch_end(trainer_at(2))
    assert store.begun == []
    now = 115.0
    curves.on_train_batch_end(trainer_at(2))
    assert store.begun == [("m", "f", 1)]
    assert [epoch.step for epoch in store.logged] == [1, 2]
    end_epoch(curves, 2)
    assert [epoch.step for epoch in store.logged] == [1, 2, 3]
    assert store.begun == [("m", "f", 1)]
    assert store.logged[2].metrics == {"val_top1": 0.5}


@pytest.mark.parametrize("first", [True, False])
def test_of_processes_that_train_together_the_first_logs(
    first: bool, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store()
    monkeypatch.setattr(live, "_tracker", lambda _: store)
    trainer = trainer_at(0)
    trainer.is_global_zero = first
    LiveCurves(PARAMS, "m", "f").on_train_epoch_end(trainer, trainer)
    assert bool(store.logged) is first


def test_a_training_of_one_fold_of_several_is_named_after_it() -> None:
    assert training_tags("m", "f", None) == {"kind": "training", "model": "m", "fingerprint": "f"}
    assert training_tags("m", "f", 0) == {"kind": "training", "model": "m", "fingerprint": "f", "fold": "0"}
    assert (training_name("m"), training_name("m", 0)) == ("m", "m/fold0")


def test_flatten_and_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert flatten({"a": {"b": 1, "c": {"d": 2}}, "e": 3}) == {"a.b": 1, "a.c.d": 2, "e": 3}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.lock").write_text("x")
    assert revision_tags()["dvc.lock.md5"] == "9dd4e461268c8034f5c8564e155c67a6"


@pytest.mark.slow
def test_a_checkout_that_moved_takes_its_record_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From and to a path with spaces and signs that mean something in a URI."""
    old, new = tmp_path / "my first & only 100% checkout", tmp_path / "moved here #2"
    old.mkdir()
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("DVC_ROOT", str(old))
    (tmp_path / "one.svg").write_text("<svg/>")
    tracker = connected()
    run = tracker.run_of("model", {"model": "m"})
    # By hand: within one process MLflow remembers where a run's artifacts are.
    kept = old / "mlartifacts" / run / "artifacts/one.svg"
    assert tracker.client.get_run(run).info.artifact_uri == kept.parent.as_uri()
    kept.parent.mkdir(parents=True)
    kept.write_text("<svg/>")
    old.rename(new)
    monkeypatch.setenv("DVC_ROOT", str(new))
    moved = connected()
    assert "they are now at " in capsys.readouterr().out
    assert moved.run_of("model", {"model": "m"}) == run
    moved.log_files(run, [tmp_path / "one.svg"], folder="again")
    other = moved.run_of("other", {"model": "n"})
    moved.log_files(other, [tmp_path / "one.svg"])
    assert not old.exists()
    assert len(list((new / "mlartifacts").rglob("one.svg"))) == 3
    assert [artifact.path for artifact in moved.client.list_artifacts(run)] == ["again", "one.svg"]
    assert connected().run_of("model", {"model": "m"}) == run
    assert "they are now at " not in capsys.readouterr().out


@pytest.mark.slow
def test_a_fresh_database_is_made_without_a_word(root: Path) -> None:
    """In a process of its own, since MLflow sets its logging up on import."""
    script = (
        "from actionrec.tracking.client import connect\n"
        "from actionrec.tracking.section import TrackingParams\n"
        "assert connect(TrackingParams(enabled=True, experiment='tests'))\n"
    )
    env = {**os.environ, "PYTHONPATH": str(REPO / "src")}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
