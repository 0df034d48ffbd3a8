"""Published data sets, each on a made tree of its layout."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.intake.ingest.making import data_of, make_tree

from actionrec.core.errors import ActionrecError
from actionrec.intake.ingest import hmdb51, keypoint_arrays, kinetics, ucf11, ucf50, wlasl
from actionrec.intake.ingest.adapters import ADAPTERS, WITHOUT_PICTURES
from actionrec.intake.ingest.found import Found, FoundVideo
from actionrec.intake.ingest.manifest import find_videos
from actionrec.keypoints.layout import NUM_VALUES


def test_every_adapter_says_what_layout_it_reads() -> None:
    assert set(ADAPTERS) >= {"ucf50", "ucf11", "hmdb51", "csv", "kinetics", "wlasl", "keypoint_arrays"}
    assert set(ADAPTERS) >= WITHOUT_PICTURES


def test_ucf50_groups_are_numbers_over_all_classes(tmp_path: Path) -> None:
    names = [f"{label}/v_{label}_g{group:02d}_c01.avi" for label in ("Biking", "YoYo") for group in (1, 25)]
    root = make_tree(tmp_path, [*names, "Biking/other.avi", "Biking/deeper/v_Biking_g01_c01.avi", "readme.txt"])
    found = ucf50.find(data_of("ucf50", root))
    assert found.videos[0] == FoundVideo("Biking/v_Biking_g01_c01.avi", "Biking", "g01")
    assert [video.group for video in found.videos] == ["g01", "g25", "g01", "g25"]
    [note] = found.notes
    assert note.startswith("2 video(s) are not named <Class>/v_<Class>_gNN_cMM.avi and are left out: ")
    assert note.endswith(": Biking/deeper/v_Biking_g01_c01.avi, Biking/other.avi")
    with pytest.raises(ActionrecError, match=r"none of the 1 video\(s\) under .* is named <Class>"):
        ucf50.find(data_of("ucf50", make_tree(tmp_path / "empty", ["a/b.avi"])))


def test_ucf11_groups_are_folders_and_annotations_are_ignored(tmp_path: Path) -> None:
    names = ["golf_swing/v_golf_01/v_golf_01_01.mpg", "basketball/v_shooting_25/v_shooting_25_03.mpg"]
    ignored = ["golf_swing/Annotation/v_golf_01_01.mpg", "golf_swing/Annotation/v_golf_01_01.xgtf"]
    root = make_tree(tmp_path, [*names, *ignored, "golf_swing/loose_01.mpg"])
    found = ucf11.find(data_of("ucf11", root))
    assert found.videos == [
        FoundVideo("basketball/v_shooting_25/v_shooting_25_03.mpg", "basketball", "g25"),
        FoundVideo("golf_swing/v_golf_01/v_golf_01_01.mpg", "golf_swing", "g01"),
    ]
    assert found.notes == [
        "1 video(s) are not named <class>/<group>_NN/<video>.mpg and are left out: golf_swing/loose_01.mpg"
    ]


HMDB = {
    "brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_0.avi": (1, 0, 2),
    "brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_1.avi": (1, 1, 2),
    "brush_hair/#20_[A] (b c)_brush_hair_f_cm_np2_le_med_4.avi": (2, 1, 1),
    "shoot_ball/Kid & Co!_shoot_ball_l_nm_np1_ri_bad_12.avi": (0, 2, 1),
    "shoot_ball/Ed_shoot_ball_h_nm_np1_fr_med_2.avi": (1, 2, 0),
}


def hmdb_lists(folder: Path, lists: Sequence[int]) -> Path:
    folder.mkdir()
    for label in ("brush_hair", "shoot_ball"):
        for number in lists:
            lines = [f"{path.split('/')[1]} {flags[number - 1]} " for path, flags in HMDB.items() if label in path[:10]]
            (folder / f"{label}_test_split{number}.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_hmdb51_reads_the_flags_of_three_lists(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "videos", [*HMDB, "shoot_ball/unlisted.avi"])
    lists = hmdb_lists(tmp_path / "lists", (1, 2, 3))
    found = hmdb51.find(data_of("hmdb51", root, lists))
    assert {video.path: (video.official_subset, video.group) for video in found.videos} == {
        "brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_0.avi": ("train||test", "brush_hair_April_09"),
        "brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_1.avi": ("train|train|test", "brush_hair_April_09"),
        "brush_hair/#20_[A] (b c)_brush_hair_f_cm_np2_le_med_4.avi": ("test|train|train", "brush_hair_#20_[A] (b c)"),
        "shoot_ball/Ed_shoot_ball_h_nm_np1_fr_med_2.avi": ("train|test|", "shoot_ball_Ed"),
    }
    assert found.notes == [
        "4 of the 4 videos that list 1 uses are under " + str(root),
        "1 video(s) are in neither subset of list 1 and are left out",
        "1 video(s) are in no list and are left out: shoot_ball/unlisted.avi",
    ]
    third = hmdb51.find(data_of("hmdb51", root, lists, fold=3)).videos
    assert sorted(video.official_subset.split("|")[2] for video in third) == ["test", "test", "train", "train"]


def test_hmdb51_with_the_first_list_alone_and_with_faults(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "videos", [path for path in HMDB if "April" not in path])
    lists = hmdb_lists(tmp_path / "lists", (1,))
    found = hmdb51.find(data_of("hmdb51", root, lists))
    assert [video.official_subset for video in found.videos] == ["test", "train"]
    assert found.notes[0].endswith("; 2 are absent")
    with pytest.raises(ActionrecError, match=r"holds no lists <class>_test_split2\.txt"):
        hmdb51.find(data_of("hmdb51", root, lists, fold=2))
    (lists / "brush_hair_test_split1.txt").write_text("a.avi 1\nb.avi 3\n")
    with pytest.raises(ActionrecError, match=r"brush_hair_test_split1\.txt line 2: expected a name and the flag"):
        hmdb51.find(data_of("hmdb51", root, lists))
    with pytest.raises(ActionrecError, match="none of the videos of list 1 is under"):
        hmdb51.find(data_of("hmdb51", make_tree(tmp_path / "other", ["a/b.avi"]), hmdb_lists(tmp_path / "l2", (1,))))


KINETICS = """label,youtube_id,time_start,time_end,split
abseiling,-3B32lodo2M,59,69,train
abseiling,_cUt_id00000,0,10,validate
"playing ""x"", loud",zzzzzzzzzzz,12,22,test
zumba,gone0000000,1,11,train
"""


def test_kinetics_finds_trimmed_files_by_id_and_times(tmp_path: Path) -> None:
    names = ["train/abseiling/-3B32lodo2M_000059_000069.mp4", "_cUt_id00000_0_10.mkv", "zzzzzzzzzzz_000012_000022.mp4"]
    root = make_tree(tmp_path / "videos", [*names, "other_000001_000011.mp4"])
    table = tmp_path / "k.csv"
    table.write_text(KINETICS)
    found = kinetics.find(data_of("kinetics", root, table))
    assert found.videos == [
        FoundVideo(names[0], "abseiling", "-3B32lodo2M", "train"),
        FoundVideo(names[1], "abseiling", "_cUt_id00000", "val"),
        FoundVideo(names[2], 'playing "x", loud', "zzzzzzzzzzz", "test"),
    ]
    assert found.notes == [
        "3 of the 4 listed clips are there; 1 are absent: gone0000000_000001_000011",
        "1 video(s) are in no list and are left out: other_000001_000011.mp4",
    ]


def test_kinetics_cuts_whole_files_where_that_is_wanted(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "videos", ["-3B32lodo2M.mp4", "zzzzzzzzzzz_000012_000022.mp4"])
    lists = tmp_path / "lists"
    lists.mkdir()
    head, *rows = KINETICS.splitlines()
    for name, chosen in (("train", rows[:2]), ("test", rows[2:])):
        (lists / f"{name}.csv").write_text("\n".join([head, *chosen]) + "\n")
    with pytest.raises(ActionrecError, match=r"1 video\(s\) are whole ones, .*-3B32lodo2M\.mp4; data\.segments: true"):
        kinetics.find(data_of("kinetics", root, lists))
    found = kinetics.find(data_of("kinetics", root, lists, segments=True))
    assert {video.video_id: (video.start_seconds, video.end_seconds) for video in found.videos} == {
        "-3B32lodo2M@59-69": (59.0, 69.0),
        "zzzzzzzzzzz_000012_000022": (0.0, 0.0),
    }
    make_tree(root, ["copy/zzzzzzzzzzz_000012_000022.mp4"])
    with pytest.raises(ActionrecError, match="have one name; remove or rename all but one"):
        kinetics.find(data_of("kinetics", root, lists, segments=True))
    (lists / "more.csv").write_text(f"{head}\nzumba,zzzzzzzzzzz,12,22,train\n")
    (root / "copy/zzzzzzzzzzz_000012_000022.mp4").unlink()
    with pytest.raises(ActionrecError, match=r"is playing .* here, and zumba"):
        kinetics.find(data_of("kinetics", root, lists, segments=True))


def wlasl_json(path: Path, glosses: dict[str, list[dict[str, Any]]]) -> Path:
    path.write_text(json.dumps([{"gloss": gloss, "instances": found} for gloss, found in glosses.items()]))
    return path


def instance(video_id: str, **other: Any) -> dict[str, Any]:
    return {"video_id": video_id, "signer_id": 7, "split": "train", "source": "aslu", "bbox": [0, 0, 1, 1], **other}


def test_wlasl_signers_are_groups_and_the_json_orders_the_classes(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "videos", ["00001.mp4", "00002.mp4", "00003.mkv", "99999.mp4"])
    glosses = {
        "drink": [instance("00002", split="test"), instance("00009")],
        "book": [instance("00001", signer_id=4, split="val", frame_start=26, frame_end=75, fps=25)],
        "all": [instance("00003")],
    }
    json_file = wlasl_json(tmp_path / "w.json", glosses)
    found = wlasl.find(data_of("wlasl", root, json_file))
    assert [(v.path, v.label, v.group, v.official_subset) for v in found.videos] == [
        ("00002.mp4", "drink", "signer7", "test"),
        ("00001.mp4", "book", "signer4", "val"),
        ("00003.mkv", "all", "signer7", "train"),
    ]
    assert found.videos[0].extra == (("source", "aslu"),)
    assert found.notes == [
        "3 of the 4 listed videos are there; 1 are absent: 00009",
        "1 video(s) are not in the list and are left out: 99999.mp4",
    ]
    first = find_videos(data_of("wlasl", root, json_file, classes=2))
    assert {video.label for video in first.videos} == {"drink", "book"}
    cut = wlasl.find(data_of("wlasl", root, json_file, segments=True)).videos
    assert [video.video_id for video in cut] == ["00002", "00001@1-3", "00003"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{", "is no JSON"),
        ('{"a": 1}', "expected the JSON of WLASL"),
        ('[{"gloss": "a", "instances": [{"video_id": "1"}]}]', r"0\.instances\.0\.signer_id: Field required"),
        ('[{"gloss": "a", "instances": []}]', "none of the 0 videos"),
    ],
)
def test_wlasl_of_another_shape_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "w.json").write_text(text)
    with pytest.raises(ActionrecError, match=message):
        wlasl.find(data_of("wlasl", make_tree(tmp_path / "v", ["1.mp4"]), tmp_path / "w.json"))


FRAMES = np.zeros((3, 1662), np.float32)


def test_keypoint_arrays_knows_the_same_number_of_values_as_their_owner() -> None:
    assert keypoint_arrays.VALUES == NUM_VALUES


def arrays_in(root: Path, **other: Any) -> Found:
    return keypoint_arrays.find(data_of("keypoint_arrays", root, **other))


def test_keypoint_arrays_of_folders_and_of_single_files(tmp_path: Path) -> None:
    for sign in ("hello", "thanks"):
        for sequence in ("0", "10"):
            (tmp_path / sign / sequence).mkdir(parents=True)
            for number, frame in enumerate(FRAMES):
                np.save(tmp_path / sign / sequence / f"{number}.npy", frame)
    np.save(tmp_path / "hello" / "y_2.npy", FRAMES)
    found = arrays_in(tmp_path)
    assert [(video.video_id, video.label) for video in found.videos] == [
        ("hello/0", "hello"),
        ("hello/10", "hello"),
        ("hello/y_2", "hello"),
        ("thanks/0", "thanks"),
        ("thanks/10", "thanks"),
    ]
    assert found.notes[0].startswith("5 sequences of keypoints; there are no pictures")
    groups = [video.group for video in arrays_in(tmp_path, group_pattern=r"/(?P<group>[^/.]+)(\.npy)?$").videos]
    assert groups == ["0", "10", "y_2", "0", "10"]


def test_keypoint_arrays_of_stacks_with_labels(tmp_path: Path) -> None:
    np.save(tmp_path / "X_train.npy", np.stack([FRAMES] * 4))
    np.save(tmp_path / "y_train.npy", np.eye(2)[[0, 1, 1, 0]])
    np.save(tmp_path / "groups_train.npy", np.array(["ann", "bob", "ann", "bob"]))
    np.save(tmp_path / "X_test.npy", np.stack([FRAMES] * 2))
    np.save(tmp_path / "y_test.npy", np.array([1, 0]))
    (tmp_path / "classes.txt").write_text("hello\nthanks\n")
    found = arrays_in(tmp_path)
    assert [(video.video_id, video.label, video.official_subset) for video in found.videos] == [
        ("X_test@00000", "thanks", "test"),
        ("X_test@00001", "hello", "test"),
        ("X_train@00000", "hello", "train"),
        ("X_train@00001", "thanks", "train"),
        ("X_train@00002", "thanks", "train"),
        ("X_train@00003", "hello", "train"),
    ]
    assert [video.group for video in found.videos] == ["X_test@00000", "X_test@00001", "ann", "bob", "ann", "bob"]


def test_keypoint_arrays_of_an_npz(tmp_path: Path) -> None:
    stack = np.stack([FRAMES] * 2)
    np.savez(tmp_path / "asl.npz", X=stack, labels=[[1], [0]], classes=np.array(["no", "yes"]), groups=[3, 4])
    found = arrays_in(tmp_path)
    assert [(v.video_id, v.label, v.group) for v in found.videos] == [
        ("asl@00000", "yes", "3"),
        ("asl@00001", "no", "4"),
    ]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": np.zeros((2, 3, 1662))}, r"X has no labels; expected y or labels beside it, of 2 values"),
        ({"X": np.zeros((2, 3, 1662)), "y": [0]}, "X has 2 sequences, but 1 labels"),
        ({"X": np.zeros((2, 3, 258)), "y": [0, 1]}, r"has shape \(2, 3, 258\); a frame has 1662 values"),
        ({"X": np.zeros((2, 3, 1662)), "y": [0.5, 1]}, "expected names or whole numbers"),
        ({"X": np.zeros((2, 3, 1662)), "y": [[1, 1], [0, 1]]}, "neither numbers nor one 1 among zeros"),
        ({"X": np.zeros((2, 3, 1662)), "y": [0, 2], "classes": ["a", "b"]}, "go to 2, but there are 2 classes"),
        ({"X": np.zeros((2, 3, 1662)), "y": [0, 1], "groups": [1]}, r"groups of X have shape \(1,\), not \(2,\)"),
        ({"X": np.zeros((2, 3, 1662)), "y": np.array(["a", None], dtype=object)}, "cannot be read"),
    ],
)
def test_keypoint_arrays_that_cannot_be_meant_are_refused(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ActionrecError, match=message):
        arrays_in(tmp_path)


def test_keypoint_arrays_without_any_or_outside_a_sign(tmp_path: Path) -> None:
    with pytest.raises(ActionrecError, match="holds no sequence of keypoints"):
        arrays_in(tmp_path)
    np.save(tmp_path / "loose.npy", FRAMES)
    with pytest.raises(ActionrecError, match="lies in no folder <sign>"):
        arrays_in(tmp_path)
