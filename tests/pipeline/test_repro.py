"""The real `dvc repro` and `dvc exp run`, end to end, on a tiny data set."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.helpers import read_csv
from tests.pipeline.conftest import Clone
from tests.pipeline.servers import dvc_remote, mlflow_server

# `make test` gives a file to one worker, so the clone is made once.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

MODELS = ["frame_resnet", "fused_convlstm"]
_MLFLOW_RUNS = """
import json, sys, warnings
warnings.simplefilter("ignore")
from mlflow.tracking import MlflowClient
client = MlflowClient(sys.argv[1])
experiment = client.get_experiment_by_name("actionrec")
runs = client.search_runs([experiment.experiment_id], sys.argv[2])
print(json.dumps([{**run.data.tags, **run.data.metrics, "id": run.info.run_id} for run in runs]))
"""

_LIGHT_STAGES = """
import runpy, sys
for stage in (["check"], ["ingest"], ["extract"], ["screen"], ["split"], ["pack", "rgb64"]):
    sys.argv = stage
    runpy.run_path(f"stages/{stage[0]}.py", run_name="__main__")
heavy = {"lightning", "matplotlib", "mediapipe", "mlflow", "torch", "torchvision"}
print(sorted(heavy & set(sys.modules)))
"""


def mlflow_runs(clone: Clone, query: str, *, store: str = "") -> list[dict[str, str]]:
    """Tags of the runs that match ``query`` in ``store``, a tracking server; without one in the clone's own."""
    script = clone.root.parent / "mlflow_runs.py"
    script.write_text(_MLFLOW_RUNS)
    done = clone.run("python", str(script), store or f"sqlite:///{clone.root}/mlflow.db", query)
    runs: list[dict[str, str]] = json.loads(done.stdout.splitlines()[-1])
    return runs


def test_every_stage_left_what_it_promises(reproduced: Clone) -> None:
    root = reproduced.root
    summary = json.loads((root / "reports/metrics/summary.json").read_text())
    assert sorted(summary) == sorted([*MODELS, "fusion"])
    for metrics in summary.values():
        assert len(metrics) <= 10
        assert 0 <= metrics["video_top1_low"] <= metrics["video_top1"] <= metrics["video_top1_high"] <= 1
    split = read_csv(root / "data/splits/split.csv")
    assert {row["subset"] for row in split} == {"train", "val", "test"}
    by_group = {(row["group"], row["subset"]) for row in split}
    assert len(by_group) == len({group for group, _ in by_group})
    for model in MODELS:
        assert (root / f"data/models/{model}/weights.pt").exists()
        assert len(read_csv(root / f"reports/plots/curves/{model}.csv")) == 2
        assert (root / f"reports/metrics/{model}.json").exists()
    page = (root / "reports/index.html").read_text()
    assert "</html>" in page
    assert "default-src 'none'" in page  # the browser itself refuses anything from outside
    assert 'src="http' not in page


def test_planted_defects_are_rejected_with_their_reasons(reproduced: Clone) -> None:
    screened = {row["video_id"]: row for row in read_csv(reproduced.root / "data/screened.csv")}
    healthy = [row for row in screened.values() if row["kept"] == "1"]
    rejected = {row["reason"] for row in screened.values() if row["kept"] == "0"}
    assert len(healthy) == 8
    assert rejected >= {
        "unreadable",
        "no_video",
        "too_short",
        "missing_frames",
        "timestamp_gap",
        "decode_errors",
        "blank",
    }


def test_the_second_repro_runs_nothing_and_leaves_git_clean(reproduced: Clone) -> None:
    done = reproduced.run("dvc", "repro")
    assert "Running stage" not in done.stdout
    assert "Data and pipelines are up to date." in done.stdout
    assert reproduced.run("git", "status", "--porcelain").stdout == ""


def test_stages_of_videos_run_without_a_library_of_networks_or_figures(reproduced: Clone) -> None:
    script = reproduced.root.parent / "light.py"
    script.write_text(_LIGHT_STAGES)
    # The interpreter of the tests: another has imported all that already.
    done = replace(reproduced, programs=Path(sys.executable).parent).run("python", str(script), PYTHONPATH="src")
    assert done.stdout.splitlines()[-1] == "[]"
    assert reproduced.run("git", "status", "--porcelain").stdout == ""


def stages_that_would_run(clone: Clone) -> set[str]:
    done = clone.run("dvc", "repro", "--dry")
    return {line.split("'")[1] for line in done.stdout.splitlines() if line.startswith("Running stage")}


def test_a_change_in_the_report_reruns_only_the_report(reproduced: Clone) -> None:
    style = reproduced.root / "src/actionrec/report/style.css"
    style.write_text(style.read_text() + "\n")
    try:
        assert stages_that_would_run(reproduced) == {"report"}
    finally:
        reproduced.run("git", "checkout", "--quiet", "src")


def test_no_temporary_file_is_left(reproduced: Clone) -> None:
    leftovers = [path for path in reproduced.root.rglob("*.tmp") if ".dvc" not in path.parts]
    assert leftovers == []


def test_workspace_run_is_in_mlflow_once_a_model_with_live_curves(reproduced: Clone) -> None:
    trainings = mlflow_runs(reproduced, "tags.kind = 'training'")
    assert sorted(run["model"] for run in trainings) == MODELS
    [experiment] = mlflow_runs(reproduced, "tags.kind = 'experiment'")
    assert {run["mlflow.parentRunId"] for run in trainings} == {experiment["id"]}
    assert {run["dvc.exp"] for run in trainings} == {"workspace"}
    summary = json.loads((reproduced.root / "reports/metrics/summary.json").read_text())
    assert {(run["data"], run["split"]) for run in trainings} == {("synthetic", "group, seed 0")}
    assert "| fusion | " in experiment["mlflow.note.content"]
    for run in trainings:
        assert float(run["video_top1"]) == pytest.approx(summary[run["model"]]["video_top1"])
        assert "val_loss" in run


def test_an_experiment_in_a_temporary_workspace_arrives_in_the_main_checkout(reproduced: Clone) -> None:
    done = reproduced.run("dvc", "exp", "run", "--temp", "--name", "slow-lr", "-S", "train.lr=1e-4")
    ran = {line.split("'")[1] for line in done.stdout.splitlines() if line.startswith("Running stage")}
    of_models = {f"{stage}@{model}" for stage in ("train", "predict") for model in MODELS}
    assert ran == {"check", *of_models, "evaluate", "report", "track"}
    assert reproduced.run("git", "status", "--porcelain").stdout == ""

    shown = json.loads(reproduced.run("dvc", "exp", "show", "--json").stdout)
    names = [exp["name"] for commit in shown for exp in commit.get("experiments") or []]
    assert names == ["slow-lr"]
    diff = json.loads(reproduced.run("dvc", "metrics", "diff", "HEAD", "slow-lr", "--all", "--json").stdout)
    metrics = diff["reports/metrics/summary.json"]
    assert {key.split(".")[0] for key in metrics} == {*MODELS, "fusion"}

    runs = mlflow_runs(reproduced, "tags.`dvc.exp` = 'slow-lr'")
    assert sorted(run.get("model", run["kind"]) for run in runs) == ["experiment", *MODELS]
    assert len({run["dvc.lock.md5"] for run in runs}) == 1


def test_every_system_trains_and_is_in_the_report_and_in_mlflow(reproduced: Clone) -> None:
    everything = [*MODELS, "cnn3d", "res2plus1d", "cnn_lstm", "clip_resnet3d", "stgcn", "feature_sequence"]
    enabled = f"enabled=[{','.join(everything)}]"
    done = reproduced.run("dvc", "exp", "run", "--temp", "--name", "all-systems", "-S", enabled)
    assert "Running stage 'train@frame_resnet'" not in done.stdout  # nothing of it changed
    shown = reproduced.run("dvc", "exp", "show", "--json").stdout
    assert "all-systems" in shown
    diff = json.loads(reproduced.run("dvc", "metrics", "diff", "HEAD", "all-systems", "--all", "--json").stdout)
    metrics = diff["reports/metrics/summary.json"]
    assert {key.split(".")[0] for key in metrics} == {*everything, "fusion"}
    runs = mlflow_runs(reproduced, "tags.`dvc.exp` = 'all-systems'")
    assert sorted(run.get("model", run["kind"]) for run in runs) == sorted(["experiment", *everything])
    reproduced.run("dvc", "exp", "branch", "all-systems", "everything")
    reproduced.run("git", "checkout", "--quiet", "everything")
    try:
        reproduced.run("dvc", "checkout")
        page = (reproduced.root / "reports/index.html").read_text()
        assert all(name in page for name in everything)
        details = json.loads((reproduced.root / "reports/metrics/clip_resnet3d.json").read_text())
        assert sorted(details["subsets"]["test"]["protocols"]) == ["video_top1_whole", "video_top1_windows"]
    finally:
        reproduced.run("git", "checkout", "--quiet", "main")
        reproduced.run("dvc", "checkout")


def test_two_folds_answer_for_every_video_and_one_more_fold_costs_only_that(reproduced: Clone) -> None:
    root = reproduced.root
    try:
        reproduced.set_params({"split": {"folds": 2, "run_folds": [0]}})
        first = reproduced.run("dvc", "repro").stdout
        splits = [read_csv(root / f"data/splits/fold{fold}.csv") for fold in range(2)]
        assert read_csv(root / "data/splits/split.csv") == splits[0]
        tested = [{row["video_id"] for row in split if row["subset"] == "test"} for split in splits]
        assert not tested[0] & tested[1]
        assert tested[0] | tested[1] == {row["video_id"] for row in splits[0]}
        assert json.loads((root / "reports/metrics/summary.json").read_text())["fusion"]["num_videos"] == 4
        assert "1 of 2 folds" in (root / "reports/index.html").read_text()
        weights = {model: (root / f"data/models/{model}/fold0/weights.pt").read_bytes() for model in MODELS}

        reproduced.set_params({"split": {"run_folds": []}})
        second = reproduced.run("dvc", "repro").stdout
        # The fold that was trained before is known already; the other is trained, once a model.
        assert (first.count("epoch 1/2"), second.count("epoch 1/2")) == (len(MODELS), len(MODELS))
        for model in MODELS:
            assert f"{model}/fold0: epoch" in second
            assert (root / f"data/models/{model}/fold0/weights.pt").read_bytes() == weights[model]
            curves = [read_csv(root / f"data/models/{model}/fold{fold}/curves.csv") for fold in range(2)]
            mean = read_csv(root / f"reports/plots/curves/{model}.csv")
            assert [float(row["val_loss"]) for row in mean] == pytest.approx(
                [(float(one["val_loss"]) + float(two["val_loss"])) / 2 for one, two in zip(*curves, strict=True)]
            )
            confusion = read_csv(root / f"reports/plots/evaluation/confusion/{model}.csv")
            assert [row["video_id"] for row in confusion] == sorted(tested[0] | tested[1])
            assert sorted(path.name for path in (root / f"data/predictions/{model}").iterdir()) == [
                "fold0.h5",
                "fold1.h5",
                "folds.csv",
            ]
            details = json.loads((root / f"reports/metrics/{model}.json").read_text())
            top1 = [fold["test_top1"] for fold in details["folds"]]
            assert details["subsets"]["test"]["metrics"]["video_top1"] == pytest.approx(sum(top1) / 2)
        page = (root / "reports/index.html").read_text()
        assert "2 of 2 folds: every test video was answered by a model that had not seen its group" in page
        runs = {run["mlflow.runName"]: run for run in mlflow_runs(reproduced, "tags.fold = '1'")}
        assert sorted(runs) == [f"{model} workspace fold1" for model in MODELS]
        assert all({"val_loss", "video_top1", "temperature"} <= set(run) for run in runs.values())
    finally:
        reproduced.run("git", "reset", "--quiet", "--hard")  # DVC has staged its lock
        reproduced.run("dvc", "checkout")
    assert reproduced.run("git", "status", "--porcelain").stdout == ""


def test_a_wrong_parameter_stops_before_anything_is_lost(reproduced: Clone) -> None:
    before = (reproduced.root / "data/splits/split.csv").read_bytes()
    done = reproduced.run("dvc", "repro", check=False)
    assert done.returncode == 0
    reproduced.set_params({"split": {"val_fraction": 2.0}})
    try:
        done = reproduced.run("dvc", "repro", check=False)
        assert done.returncode != 0
        assert "split.val_fraction: Input should be less than 1, got 2.0" in done.stdout
        assert "Traceback" not in done.stdout
    finally:
        reproduced.run("git", "checkout", "params.yaml")
        reproduced.run("dvc", "checkout")
    assert (reproduced.root / "data/splits/split.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("+trian.lr=1e-4", "trian: unknown key, did you mean train?"),
        ("+compute.wokrers=1", "compute.wokrers: unknown key, did you mean workers?"),
    ],
)
def test_a_key_that_no_stage_reads_stops_before_the_first(reproduced: Clone, override: str, problem: str) -> None:
    done = reproduced.run("dvc", "exp", "run", "--temp", "-S", override, check=False)
    assert done.returncode != 0
    assert problem in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith("Running stage")] == ["Running stage 'check':"]


def test_another_clone_pulls_all_of_it_has_nothing_to_do_and_records_on_a_server(
    reproduced: Clone, tmp_path: Path
) -> None:
    second = replace(reproduced, root=tmp_path / "second")
    with dvc_remote(tmp_path) as remote, mlflow_server(tmp_path) as server:
        reproduced.run("git", "clone", "--quiet", str(reproduced.root), str(second.root))
        for clone in (reproduced, second):
            clone.run("dvc", "remote", "add", "--local", "--default", "store", remote.url)
            for name, value in remote.settings.items():
                clone.run("dvc", "remote", "modify", "--local", "store", name, value)
        try:
            reproduced.run("dvc", "push", **remote.environment)
        finally:
            reproduced.run("dvc", "remote", "remove", "--local", "store")
        second.run("dvc", "pull", **remote.environment)
        page = "reports/index.html"
        assert (second.root / page).read_bytes() == (reproduced.root / page).read_bytes()
        shards = sorted(path.name for path in (reproduced.root / "data/packed/rgb64").iterdir())
        assert len(shards) == 3  # 8 videos, 3 at most in each
        assert sorted(path.name for path in (second.root / "data/packed/rgb64").iterdir()) == shards
        done = second.run("dvc", "repro")
        assert "Running stage" not in done.stdout
        assert "Data and pipelines are up to date." in done.stdout

        second.run("dvc", "repro", "--force", "--single-item", "track", MLFLOW_TRACKING_URI=server)
        runs = mlflow_runs(second, "", store=server)
        assert sorted(run.get("model", run["kind"]) for run in runs) == ["experiment", *MODELS]
        assert not (second.root / "mlflow.db").exists()
    assert second.run("git", "status", "--porcelain").stdout == ""


def test_every_stage_has_a_description() -> None:
    stages = YAML(typ="safe").load(Path("dvc.yaml").read_text())["stages"]
    assert all(stage.get("desc") for stage in stages.values())


def test_a_change_in_one_models_file_retrains_only_that_model(reproduced: Clone) -> None:
    """Last, since it leaves a run more in MLflow."""
    models = reproduced.root / "src/actionrec/models"
    comment, change = models / "fused_convlstm.py", models / "frame_resnet.py"
    comment.write_text("# Looked through.\n" + comment.read_text())
    change.write_text(change.read_text().replace("_VAL_FRAMES = 3\n", "_VAL_FRAMES = 2\n"))
    try:
        early = {stage for stage in stages_that_would_run(reproduced) if not stage.startswith(("train", "predict"))}
        assert early <= {"evaluate", "report", "track"}
        trained = {model: reproduced.run("dvc", "repro", "-s", f"train@{model}").stdout for model in MODELS}
        assert "epoch 2/2" in trained["frame_resnet"]
        assert " kept, val top-1" in trained["fused_convlstm"]
        assert "epoch 1/2" not in trained["fused_convlstm"]  # known already
    finally:
        reproduced.run("git", "checkout", "--quiet", "src", "dvc.lock")
        reproduced.run("dvc", "checkout")
