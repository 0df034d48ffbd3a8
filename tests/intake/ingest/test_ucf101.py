"""Official lists, also of a partial copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from actionrec.core.errors import ActionrecError
from actionrec.intake.ingest.found import FoundVideo
from actionrec.intake.ingest.manifest import find_videos
from actionrec.intake.ingest.section import DataParams
from actionrec.intake.ingest.ucf101 import find_ucf101


@pytest.fixture
def copy(tmp_path: Path) -> tuple[Path, Path]:
    """A copy that lacks one listed video and has one that no list names."""
    root, lists = tmp_path / "UCF-101", tmp_path / "lists"
    lists.mkdir()
    (lists / "classInd.txt").write_text("1 Lunges\r\n2 YoYo\r\n")
    (lists / "trainlist01.txt").write_text("Lunges/v_Lunges_g08_c01.avi 1\nYoYo/v_YoYo_g09_c02.avi 2\n")
    (lists / "testlist01.txt").write_text("Lunges/v_Lunges_g01_c01.avi\nYoYo/v_YoYo_g01_c01.avi\n")
    for name in ("Lunges/v_Lunges_g08_c01.avi", "Lunges/v_Lunges_g01_c01.avi", "YoYo/v_YoYo_g09_c02.avi", "YoYo/x.avi"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root, lists


def test_groups_are_scoped_by_class_and_absent_videos_are_counted(copy: tuple[Path, Path]) -> None:
    found = find_ucf101(*copy, fold=1)
    assert found.videos == [
        FoundVideo("Lunges/v_Lunges_g01_c01.avi", "Lunges", "Lunges_g01", "test"),
        FoundVideo("Lunges/v_Lunges_g08_c01.avi", "Lunges", "Lunges_g08", "train"),
        FoundVideo("YoYo/v_YoYo_g09_c02.avi", "YoYo", "YoYo_g09", "train"),
    ]
    assert found.notes[0].startswith("3 of the 4 videos listed for fold 1 are under")
    assert found.notes[0].endswith("1 are absent")
    assert "1 video(s) are in no list of fold 1 and are left out: YoYo/x.avi" in found.notes[1]


def test_missing_list_wrong_root_and_contradictory_lists(copy: tuple[Path, Path], tmp_path: Path) -> None:
    root, lists = copy
    with pytest.raises(ActionrecError, match=r"the list .*trainlist02\.txt is missing; set data\.annotations"):
        find_ucf101(root, lists, fold=2)
    with pytest.raises(ActionrecError, match="none of the 4 videos of fold 1 is under"):
        find_ucf101(root / "YoYo", lists, fold=1)
    (lists / "testlist01.txt").write_text("Lunges/v_Lunges_g08_c01.avi\n")
    with pytest.raises(ActionrecError, match=r"v_Lunges_g08_c01\.avi is in both the train and the test list"):
        find_ucf101(root, lists, fold=1)


def test_the_subset_is_named_for_every_list_that_is_there(copy: tuple[Path, Path]) -> None:
    root, lists = copy
    (lists / "trainlist03.txt").write_text("Lunges/v_Lunges_g01_c01.avi 1\nYoYo/v_YoYo_g09_c02.avi 2\n")
    assert [video.official_subset for video in find_ucf101(root, lists, fold=1).videos] == ["test", "train", "train"]
    (lists / "testlist03.txt").write_text("Lunges/v_Lunges_g08_c01.avi\n")
    for fold in (1, 3):
        subsets = [video.official_subset for video in find_ucf101(root, lists, fold=fold).videos]
        assert subsets == ["test||train", "train||test", "train||train"]
    (lists / "testlist03.txt").write_text("Lunges/v_Lunges_g01_c01.avi\n")
    with pytest.raises(ActionrecError, match="in both the train and the test list of fold 3"):
        find_ucf101(root, lists, fold=1)


def test_classes_are_selected_and_unknown_ones_refused(copy: tuple[Path, Path]) -> None:
    root, lists = copy
    data = DataParams(name="ucf101", root=str(root), annotations=str(lists))
    with pytest.raises(ActionrecError, match="no video of Diving; the classes found are Lunges, YoYo"):
        find_videos(data.model_copy(update={"classes": ("Lunges", "Diving")}))
    with pytest.raises(ActionrecError, match="at least 2 classes, found only Lunges"):
        find_videos(data.model_copy(update={"classes": ("Lunges",)}))


@pytest.mark.real
def test_the_real_partial_copy(real_clips: Path) -> None:
    found = find_ucf101(real_clips / "ucf101/UCF-101", real_clips / "ucf101/ucfTrainTestlist", fold=1)
    assert len(found.videos) == 250
    subsets = [video.official_subset.split("|") for video in found.videos]
    assert [sum(of_lists[place] == "test" for of_lists in subsets) for place in range(3)] == [70, 70, 70]
    assert not any(of_lists.count("test") > 1 for of_lists in subsets)
    assert "250 of the 13320 videos listed for fold 1" in found.notes[0]
    assert "13070 are absent" in found.notes[0]
