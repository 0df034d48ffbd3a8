"""docs/extending.md, put into a clone as it stands there: a model, a data set, a rule and a metric of one's own."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.helpers import read_csv
from tests.intake.extract.making import moving_bars, write_video
from tests.pipeline.conftest import REPO, Clone, make_clone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

DOCUMENT = REPO / "docs/extending.md"
_BLOCK = re.compile(
    r'^```\w+ (?P<how>new|in)=(?P<path>\S+)(?: (?P<side>after|before)="(?P<line>[^\n]*)")?\n(?P<text>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)


def apply_document(document: str, root: Path) -> list[str]:
    """Make every change that the document shows below ``root``; returns the files, in the document's order."""
    changed = []
    for block in _BLOCK.finditer(document):
        path = root / block["path"]
        if block["how"] == "new":
            assert not path.exists()
            path.write_text(block["text"])
        else:
            lines = path.read_text().splitlines(keepends=True)
            place = lines.index(f"{block['line']}\n") + (block["side"] == "after")
            path.write_text("".join([*lines[:place], block["text"], *lines[place:]]))
        changed.append(block["path"])
    return changed


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory, warm: Path) -> Clone:
    """A clone with the document's changes, in which the pipeline has run on videos that its adapter reads."""
    folder = tmp_path_factory.mktemp("extending")
    clone = replace(make_clone(folder / "clone"), programs=warm)
    videos = folder / "videos"
    for person in range(1, 5):
        bars = moving_bars(16 + person, width=64 + 16 * person) // person
        write_video(videos / f"wave-person{person:02d}-01.mkv", bars)
        write_video(videos / f"squat-person{person:02d}-01.mkv", bars[:, :, ::-1])
    write_video(videos / "wave-person09-01.mkv", moving_bars(20) // 16)

    assert len(apply_document(DOCUMENT.read_text(), clone.root)) == 11
    clone.set_params(
        {
            "enabled": ["frame_resnet", "colour_mean"],
            "data": {"name": "flat", "root": str(videos)},
            "keypoints": {"enabled": False},
            "compute": {"workers": 1},
        }
    )
    clone.run("dvc", "repro")
    return clone


def test_the_model_is_trained_listed_and_in_the_report(extended: Clone) -> None:
    summary = json.loads((extended.root / "reports/metrics/summary.json").read_text())
    assert sorted(summary) == ["colour_mean", "frame_resnet", "fusion"]
    page = (extended.root / "reports/index.html").read_text()
    assert "colour_mean" in page
    rows = json.loads(extended.run("python", "-m", "actionrec", "models", "--json", PYTHONPATH="src").stdout)
    assert {"name": "colour_mean", "parameters": 234}.items() <= rows[0].items()


def test_the_model_passes_what_every_model_must(extended: Clone) -> None:
    everywhere = (
        "tests/models/test_all_models.py",
        "tests/models/test_catalogue.py",
        "tests/training/test_every_type.py",
    )
    which = "colour_mean or every_type_states"
    done = extended.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", which, *everywhere)
    assert re.search(r"(\d+) passed", done.stdout)
    assert done.stdout.count("colour_mean") == 0  # nothing failed or was skipped


def test_the_models_own_rule_is_checked_before_anything_runs(extended: Clone) -> None:
    params = (extended.root / "params.yaml").read_text()
    extended.set_params({"models": {"colour_mean": {"type": "colour_mean", "frame_content": "motion"}}})
    try:
        done = extended.run("python", "stages/split.py", check=False, PYTHONPATH="src")
        assert "models.colour_mean.frame_content: motion has a mean of zero; set rgb" in done.stdout
    finally:
        (extended.root / "params.yaml").write_text(params)


def test_the_adapter_found_the_videos_and_their_groups(extended: Clone) -> None:
    manifest = {row["video_id"]: row for row in read_csv(extended.root / "data/manifest.csv")}
    assert len(manifest) == 9
    assert (manifest["squat-person02-01"]["label"], manifest["squat-person02-01"]["group"]) == ("squat", "person02")


def test_the_rule_rejects_with_its_reason_and_the_report_explains_it(extended: Clone) -> None:
    rejected = [row for row in read_csv(extended.root / "data/screened.csv") if row["kept"] == "0"]
    assert [(row["video_id"], row["reason"]) for row in rejected] == [("wave-person09-01", "too_dark")]
    assert re.fullmatch(r"the mean grey level is \d\.\d of 255, below 10", rejected[0]["evidence"])
    assert "hardly anything can be seen" in (extended.root / "reports/index.html").read_text()


def test_the_metric_is_among_the_details(extended: Clone) -> None:
    details = json.loads((extended.root / "reports/metrics/colour_mean.json").read_text())
    assert all(0 <= subset["metrics"]["brier"] <= 2 for subset in details["subsets"].values())


def test_nothing_else_has_to_be_listed(extended: Clone) -> None:
    """The document's changes import nothing across rooms that was not imported before."""
    before = (extended.root / "dvc.yaml").read_text()
    extended.run("python", "-m", "tests.pipeline.dvc_yaml", PYTHONPATH="src:.")
    assert (extended.root / "dvc.yaml").read_text() == before
