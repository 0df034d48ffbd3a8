from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from actionrec.cli import main
from actionrec.core import paths
from actionrec.core.errors import ActionrecError
from actionrec.report.against import Change, VideoChange, compare, read_run, render_comparison
from tests.report.made import params_of, write_project

HOSTILE = "<script>x</script>"


def _run(folder: Path, monkeypatch: pytest.MonkeyPatch, *models: str, lr: str, classes: tuple[str, ...]) -> Path:
    """A run whose first model is wrong on all test videos of its first class."""
    folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(folder)
    write_project(params_of(*models), classes)
    (folder / "params.yaml").write_text(f"train:\n  lr: {lr}\nenabled: [{', '.join(models)}]\n")
    return folder


@pytest.fixture
def before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return _run(tmp_path / "before", monkeypatch, "cnn3d", "stgcn", lr="0.1", classes=("a", "b"))


@pytest.fixture
def after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return _run(tmp_path / "after", monkeypatch, "stgcn", "cnn3d", "cnn_lstm", lr="0.2", classes=("a", "b"))


def test_what_differs(before: Path, after: Path) -> None:
    found = compare(read_run(before), read_run(after), revision="main")
    assert found.params == (
        Change("enabled", "", '["cnn3d", "stgcn"]', '["stgcn", "cnn3d", "cnn_lstm"]'),
        Change("train.lr", "", "0.1", "0.2"),
    )
    top1 = [change for change in found.metrics if change.name == "video_top1"]
    assert top1[:2] == [
        Change("cnn3d", "video_top1", 0.5, 1.0),
        Change("cnn_lstm", "video_top1", None, 1.0),
    ]
    assert [change for change in found.classes if change.of != "fusion"] == [
        Change("cnn3d", "a", 0.0, 1.0),
        Change("stgcn", "a", 1.0, 0.0),
    ]
    videos = [change for change in found.videos if change.entry != "fusion"]
    assert videos[0] == VideoChange("v000_g0", "a", "cnn3d", "b", "a", "right")
    assert videos[3] == VideoChange("v000_g0", "a", "stgcn", "a", "b", "wrong")
    assert len(videos) == 6
    assert found.not_compared == ""


def test_a_run_without_answers_and_one_of_other_videos(
    before: Path, after: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = _run(tmp_path / "other", monkeypatch, "cnn3d", "stgcn", lr="0.1", classes=("a", "b", "c"))
    assert compare(read_run(before), read_run(other), revision="r").not_compared == "3 test videos of one run only"
    (before / paths.ANSWERS).unlink()
    found = compare(read_run(before), read_run(after), revision="r")
    assert (found.videos, found.not_compared) == ((), "the other run has no reports/predictions.csv")
    (before / paths.SUMMARY).unlink()
    with pytest.raises(ActionrecError, match="does not hold a whole run"):
        read_run(before)


def test_the_page_escapes_and_says_what_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _run(tmp_path / "run", monkeypatch, "cnn3d", "stgcn", lr="0.1", classes=(HOSTILE, "b"))
    same = compare(read_run(folder), read_run(folder), revision=HOSTILE)
    html = render_comparison(same)
    assert "<script>" not in html
    assert all(text in html for text in ("All parameters are the same.", "No recall changed.", "No answer changed."))


@pytest.mark.slow
def test_a_run_is_read_from_the_cache_of_dvc(
    before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(before)
    dvc = [sys.executable, "-m", "dvc"]
    user = ["-c", "user.name=x", "-c", "user.email=x"]
    for command in (
        ["git", "init", "-q"],
        [*dvc, "init", "-q"],
        [*dvc, "add", "-q", "reports/metrics", "reports/predictions.csv"],
        ["git", "add", "params.yaml", "reports/metrics.dvc", "reports/predictions.csv.dvc", ".dvc"],
        ["git", *user, "commit", "-qm", "before"],
    ):
        subprocess.run(command, check=True)
    _run(before, monkeypatch, "stgcn", "cnn3d", lr="0.2", classes=("a", "b"))
    page = tmp_path / "against.html"
    monkeypatch.setattr(sys, "argv", ["actionrec", "report", "--against", "HEAD", "--out", str(page)])
    main()
    printed = capsys.readouterr().out
    assert "train.lr: 0.1 -> 0.2" in printed
    assert "cnn3d: v000_g0 (a): b -> a, right" in printed
    assert "This run against HEAD" in page.read_text()
    monkeypatch.setattr(sys, "argv", ["actionrec", "report", "--against", "nowhere"])
    with pytest.raises(SystemExit):
        main()
    assert "the run of nowhere cannot be read" in capsys.readouterr().err
