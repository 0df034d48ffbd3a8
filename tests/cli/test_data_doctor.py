"""``doctor --data``: what a folder of videos holds, and an estimate of the run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.cli.test_cli import run
from tests.conftest import REPO
from tests.intake.extract.making import moving_bars, write_video

from actionrec.cli.survey import survey
from actionrec.core.compute import ComputeParams
from actionrec.intake.ingest.listing import LEAVING_LINKS
from actionrec.intake.ingest.section import DataParams

SERIAL = ComputeParams(backend="local", workers=1)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four videos of two classes, two of them the same file, and much that is none; in a checkout beside it."""
    videos = tmp_path / "videos"
    for name, frames in (("wave/anna.mkv", 20), ("wave/bert.mkv", 24), ("clap/anna.mkv", 28)):
        (videos / name).parent.mkdir(parents=True, exist_ok=True)
        write_video(videos / name, moving_bars(frames))
    shutil.copy(videos / "wave/anna.mkv", videos / "clap/copy.mkv")
    for name in ("notes.txt", "wave/thumb.jpg", "wave/.hidden.mkv", ".git/x.mkv"):
        (videos / name).parent.mkdir(exist_ok=True)
        (videos / name).write_text("x")
    (tmp_path / "elsewhere").mkdir()
    (videos / "linked").symlink_to(tmp_path / "elsewhere")
    (videos / "wave/dangling.mkv").symlink_to(tmp_path / "nowhere.mkv")
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    shutil.copy(REPO / "params.yaml", checkout)
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("DVC_ROOT", str(checkout))
    return videos


def data_of(root: Path, tmp_path: Path) -> DataParams:
    labels = tmp_path / "labels.csv"
    labels.write_text("path,label,group,official_subset\n")
    return DataParams(name="folder", root=str(root), annotations=str(labels))


def test_what_is_found_skipped_and_copied(folder: Path, tmp_path: Path) -> None:
    seen = survey(data_of(folder, tmp_path), SERIAL)
    assert (seen.classes, seen.groups, seen.suffixes) == ({"clap": 2, "wave": 2}, 4, {".mkv": 4})
    assert {skipped.what: (skipped.count, skipped.examples) for skipped in seen.skipped} == {
        "hidden files": (1, "wave/.hidden.mkv"),
        "hidden folders": (1, ".git"),
        ".txt files": (1, "notes.txt"),
        ".jpg files": (1, "wave/thumb.jpg"),
        LEAVING_LINKS: (1, "linked"),
        "symbolic links to nothing": (1, "wave/dangling.mkv"),
    }
    assert seen.identical == ["under different labels: clap/copy.mkv, wave/anna.mkv"]
    assert seen.headers is not None
    assert (seen.headers.videos, seen.headers.mean_frames, seen.headers.unreadable) == (4, 23.0, "")
    assert (seen.headers.median_seconds, seen.headers.typical) == (0.96, "wave/bert.mkv")
    assert seen.problems == []


def test_what_the_adapter_refuses_is_a_problem_with_all_that_was_seen(folder: Path, tmp_path: Path) -> None:
    shutil.move(folder / "wave/anna.mkv", folder / "loose.mkv")
    seen = survey(data_of(folder, tmp_path), SERIAL)
    assert seen.videos == 0
    assert seen.suffixes == {".mkv": 4}
    assert "1 video(s) lie directly in" in seen.problems[0]
    seen = survey(data_of(folder / "nothing", tmp_path), SERIAL)
    assert "is not a folder" in seen.problems[0]


def test_links_that_stay_are_followed_and_what_an_adapter_leaves_out_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "linked").unlink()
    (folder / "linked").symlink_to(folder / "wave")
    (folder / "clap/Anna.mkv").symlink_to(folder / "wave/bert.mkv")
    table = tmp_path / "some.csv"
    table.write_text("path,label,group\nwave/anna.mkv,wave,Anna\nclap/anna.mkv,clap,anna\nlinked/bert.mkv,linked,b\n")
    seen = survey(DataParams(name="csv", root=str(folder), annotations=str(table), classes=["wave", "clap"]), SERIAL)
    assert (seen.videos, seen.groups, seen.problems) == (2, 2, [])
    skipped = {item.what: (item.count, item.examples) for item in seen.skipped}
    assert skipped[".mkv files that data.name, data.classes or data.max_per_class leave out"] == (
        5,
        "clap/Anna.mkv, clap/copy.mkv, linked/anna.mkv and 2 more",
    )
    assert "1 groups are written in several ways and count as different: Anna = anna" in seen.notes


def test_parts_images_and_arrays_are_surveyed_too(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "parts.csv"
    table.write_text("path,label,start,end\nwave/bert.mkv,wave,0,0.4\nwave/bert.mkv,b,0.4,\nclap/anna.mkv,clap,,\n")
    data = DataParams(name="csv", root=str(folder), annotations=str(table), segments=True)
    seen = survey(data, SERIAL)
    assert (seen.videos, seen.groups, seen.identical) == (3, 2, [])
    assert seen.headers is not None
    assert seen.headers.mean_frames == pytest.approx((28 + 25 * (24 / 25 - 0.4)) / 2, abs=0.1)
    for label in ("a", "b"):
        (tmp_path / "arrays" / label).mkdir(parents=True)
        np.save(tmp_path / "arrays" / label / "one.npy", np.zeros((4, 1662), np.float32))
    seen = survey(DataParams(name="keypoint_arrays", root=str(tmp_path / "arrays"), annotations="none"), SERIAL)
    assert (seen.videos, seen.suffixes, seen.headers, seen.skipped) == (2, {".npy": 2}, None, [])
    assert seen.identical == ["under different labels: a/one.npy, b/one.npy"]


@pytest.mark.slow
def test_the_command_estimates_time_and_disk(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "doctor", "--data", "--root", str(folder), "--json", "-S", "compute.workers=1")
    found = json.loads(capsys.readouterr().out)
    assert found["survey"]["adapter"] == "folder"  # not the embedded data, whose folder this is not
    assert found["forecast"]["num_frames"] == 92
    assert found["forecast"]["decode_seconds"] > 0
    assert found["forecast"]["keypoint_seconds"] > 0
    assert found["forecast"]["disk_bytes"] > 92 * 64 * 64 * 3
    few = ["-S", "keypoints.enabled=false", "-S", "compute.workers=1", "-S", "enabled=[cnn3d]"]
    run(monkeypatch, "doctor", "--data", "--root", str(folder), *few)
    shown = capsys.readouterr().out
    assert "to decode 92 frames; features and training come on top" in shown
    assert f"  skipped    1 {LEAVING_LINKS}: linked" in shown


def test_wrong_changes_and_folders_are_errors(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, message in (
        (["--data", "-S", "data.nmae=x"], "Could not override 'data.nmae'"),
        (["--data", "-S", "+data.nmae=x"], "data.nmae: unknown key, did you mean name?"),
        (["--data", "--root", str(folder / "nothing")], "is not a folder"),
        (["--root", str(folder)], "add --data"),
    ):
        with pytest.raises(SystemExit) as caught:
            run(monkeypatch, "doctor", *arguments)
        assert caught.value.code == 1
        assert message in capsys.readouterr().err
