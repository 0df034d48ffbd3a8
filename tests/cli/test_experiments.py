"""Experiments that DVC saved: listed as a table, and their reports fetched."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_cli import run

from actionrec.cli.experiments import Details, Experiment, csv_rows, read_experiments, table

SUMMARY = {
    "cnn3d": {"video_top1": 0.5, "video_top1_low": 0.25, "video_top1_high": 0.75, "ece": 0.1},
    "fusion": {"video_top1": 0.625, "video_top1_low": 0.5, "video_top1_high": 0.8, "ece": 0.1},
}


def shown(rev: str, *, name: str | None = None, params: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An entry of ``dvc exp show --json``."""
    data = {
        "params": {"params.yaml": {"data": params}},
        "metrics": {"reports/metrics/summary.json": {"data": SUMMARY}},
        "outs": {"reports/metrics": {"hash": f"{rev}.dir"}},
    }
    return {"rev": rev, "name": name, "data": data, **more}


class FakeDetails(Details):
    def __init__(self) -> None:
        pass

    def val_top1(self, folder: str | None, model: str) -> float | None:
        return {("b.dir", "fusion"): 0.75}.get((folder or "", model))


def listed() -> list[Experiment]:
    before = {"train": {"lr": 0.1}, "enabled": ["cnn3d", "x"]}
    after = {"train": {"lr": 0.2, "epochs": 2}, "enabled": ["cnn3d"]}
    ran = [
        {"name": "fast", "executor": None, "revs": [shown("b", name="fast", params=after)]},
        {"name": "next", "executor": {"state": "queued"}, "revs": [shown("c", params=after)]},
        {"name": "bad", "executor": {"state": "failed"}, "revs": [{"rev": "d", "data": None, "error": {"msg": "x"}}]},
    ]
    return list(
        read_experiments(
            [
                shown("workspace", params=before, experiments=None),
                shown("0123456789abcdef", params=before, experiments=ran),
            ],
            FakeDetails(),
        )
    )


def test_a_row_an_experiment_with_what_it_changed() -> None:
    *rows, empty, _ = table(listed(), width=1000)
    assert empty == ""
    assert [line.split("  ")[0] for line in rows] == [
        "experiment", "workspace", "012345678", "fast", "next (queued)", "bad (failed)",
    ]  # fmt: skip
    assert rows[0].split() == ["experiment", "val_top1", "fusion", "cnn3d", "changed"]
    changed = "enabled=[cnn3d] train.epochs=2 train.lr=0.2"
    assert rows[3] == f"fast           0.750     0.625 [0.500, 0.800]  0.500 [0.250, 0.750]  {changed}"
    assert rows[4].split() == ["next", "(queued)", "-", "-", "enabled=[cnn3d]", "train.epochs=2", "train.lr=0.2"]


def test_a_narrow_terminal_loses_the_intervals_of_the_models() -> None:
    rows = table(listed(), width=80)
    assert "0.625 [0.500, 0.800]  0.500  enabled=[cnn3d]" in rows[3]


def test_csv_holds_every_figure() -> None:
    header, *rows = csv_rows(listed())
    fast = dict(zip(header, rows[2], strict=True))
    assert fast["changed"] == "enabled=[cnn3d] train.epochs=2 train.lr=0.2"
    assert (fast["fusion.val_top1"], fast["cnn3d.val_top1"], fast["cnn3d.video_top1_low"]) == ("0.75", "", "0.25")
    assert dict(zip(header, rows[4], strict=True))["fusion.video_top1"] == ""


PIPELINE = """\
stages:
  evaluate:
    cmd: python make.py
    deps: [make.py]
    params: [train.lr]
    outs: [reports/metrics, reports/index.html]
metrics: [reports/metrics/summary.json]
"""
MAKE = f"""\
import json, pathlib
metrics = pathlib.Path("reports/metrics")
metrics.mkdir(parents=True, exist_ok=True)
(metrics / "summary.json").write_text({json.dumps(SUMMARY)!r})
for model in ("fusion", "cnn3d"):
    details = {{"subsets": {{"val": {{"metrics": {{"video_top1": 0.25}}}}}}}}
    (metrics / f"{{model}}.json").write_text(json.dumps(details))
(metrics.parent / "index.html").write_text(pathlib.Path("params.yaml").read_text())
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with one experiment that ran in a temporary workspace."""
    root = tmp_path_factory.mktemp("experiments") / "checkout"
    root.mkdir()
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DVC_SITE_CACHE_DIR": str(root.parent / "site-cache"),
    }

    def go(*command: str) -> None:
        done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    go("git", "init", "--quiet", "--initial-branch", "main")
    go("git", "config", "user.name", "test")
    go("git", "config", "user.email", "test@example.com")
    go("dvc", "init", "--quiet")
    (root / "dvc.yaml").write_text(PIPELINE)
    (root / "make.py").write_text(MAKE)
    (root / "params.yaml").write_text("train:\n  lr: 0.1\n")
    go("dvc", "repro")
    go("git", "add", "--all")
    go("git", "commit", "--quiet", "--message", "start")
    go("dvc", "exp", "run", "--temp", "--name", "slow-lr", "-S", "train.lr=0.01")
    return root


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_report_of_an_experiment_is_fetched(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(checkout))
    run(monkeypatch, "open")
    assert capsys.readouterr().out == f"{checkout}/reports/index.html\n"
    run(monkeypatch, "open", "slow-lr")
    path = Path(capsys.readouterr().out.strip())
    assert path == checkout / "reports/experiments/slow-lr/index.html"
    assert "0.01" in path.read_text()
    run(monkeypatch, "open", "main", "--json")
    assert "0.1" in Path(json.loads(capsys.readouterr().out)["path"]).read_text()
    with pytest.raises(SystemExit):
        run(monkeypatch, "open", "slow-rl")
    assert capsys.readouterr().err == "error: no experiment 'slow-rl', did you mean slow-lr?\n"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_experiments_of_a_checkout(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(checkout))
    run(monkeypatch, "experiments", "--csv")
    rows = {row["experiment"]: row for row in csv.DictReader(capsys.readouterr().out.splitlines())}
    assert list(rows) == ["workspace", "main", "slow-lr"]
    assert (rows["slow-lr"]["changed"], rows["slow-lr"]["fusion.val_top1"]) == ("train.lr=0.01", "0.25")
    run(monkeypatch, "experiments", "--json", "--all")
    assert json.loads(capsys.readouterr().out)[2]["results"]["cnn3d"]["video_top1_high"] == 0.75


def test_outside_a_checkout_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    for arguments in (["open"], ["open", "x"]):
        with pytest.raises(SystemExit):
            run(monkeypatch, *arguments)
        assert capsys.readouterr().err.startswith("error: ")
