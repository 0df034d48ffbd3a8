"""Views in shards: which videos share a file, what is packed again, and that readers see no difference."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers import flat_frames, write_frames

from actionrec.core.compute import ComputeParams
from actionrec.core.errors import ActionrecError
from actionrec.pack import reader
from actionrec.pack.reader import ShardedView
from actionrec.pack.section import ViewParams
from actionrec.pack.views import open_view
from actionrec.pack.writer import plan_shards, write_view

LOCAL = ComputeParams(backend="local", workers=1)
RAW = ViewParams(encoding="raw", fit="stretch", size=8, shard_videos=3)
JPEG = ViewParams(encoding="jpeg", fit="keep", size=24, shard_videos=3)


def ids(start: int, stop: int) -> list[str]:
    return [f"{number:06d}" for number in range(start, stop)]


def test_a_hundred_videos_more_are_one_shard_more() -> None:
    before = plan_shards(ids(0, 100_000), [], shard_videos=1000)
    new = [f"{number:06d}new" for number in range(0, 100_000, 1000)]  # between the others, in the order of ids
    after = plan_shards([*ids(0, 100_000), *new], before, shard_videos=1000)
    assert len(before) == 100
    assert [shard for shard in after if shard not in before] == [new]
    assert len(after) == 101


def test_small_shards_are_joined_like_the_digits_of_a_counter() -> None:
    known: list[list[str]] = []
    packed = 0
    for number in range(64):
        plan = plan_shards(ids(0, number + 1), known, shard_videos=16)
        packed += sum(len(shard) for shard in plan if shard not in known)
        known += [shard for shard in plan if shard not in known]
    assert sorted(map(len, plan)) == [16, 16, 16, 16]
    assert packed <= 64 * 5  # each at most once a doubling


@settings(max_examples=60, deadline=None)
@given(lots=st.lists(st.sets(st.integers(0, 60), max_size=25), min_size=1, max_size=5), shard_videos=st.integers(1, 9))
def test_every_video_is_in_one_shard_and_what_is_known_is_not_planned_anew(
    lots: Sequence[set[int]], shard_videos: int
) -> None:
    known: list[list[str]] = []
    for lot in lots:
        wanted = {f"{number:03d}" for number in lot}
        plan = plan_shards(wanted, known, shard_videos=shard_videos)
        assert sorted(video_id for shard in plan for video_id in shard) == sorted(wanted)
        assert all(0 < len(shard) <= shard_videos and shard == sorted(shard) for shard in plan)
        assert plan_shards(wanted, plan, shard_videos=shard_videos) == plan
        known += plan


@pytest.fixture
def frames_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    for number in range(9):
        write_video(tmp_path, number)
    return tmp_path


def write_video(folder: Path, number: int, *, fingerprint: str = "") -> None:
    levels = [20 * number, 20 * number + 9][: 1 + number % 2]
    write_frames(folder / f"frames/{number}.h5", flat_frames(levels), fingerprint=fingerprint)


def write(folder: Path, view: ViewParams, numbers: Sequence[int], *, name: str = "view") -> Path:
    path = folder / f"{name}.h5"
    write_view(
        [str(number) for number in numbers],
        path,
        frames_path=lambda v: folder / f"frames/{v}.h5",
        view=view,
        compute=LOCAL,
    )
    return path


def inodes(path: Path) -> set[int]:
    return {file.stat().st_ino for file in path.with_suffix("").iterdir()}


@pytest.mark.parametrize("view", [RAW, JPEG], ids=["raw", "jpeg"])
def test_readers_see_what_one_file_would_hold(frames_dir: Path, view: ViewParams) -> None:
    whole = open_view(write(frames_dir, view.model_copy(update={"shard_videos": 0}), range(8), name="one"), view="one")
    sharded = open_view(write(frames_dir, view, range(8)), view="view")
    assert isinstance(sharded, ShardedView)
    assert len(inodes(frames_dir / "view.h5")) == 3
    assert list((frames_dir / "one").iterdir()) == []
    assert sharded.fingerprint == whole.fingerprint
    assert sharded.video_ids == whole.video_ids
    sharded.check_covers(list("01234567"), name="the split")
    for number in range(8):
        video_id, every = str(number), np.arange(1 + number % 2)
        assert sharded.num_frames(video_id) == whole.num_frames(video_id) == len(every)
        assert np.array_equal(sharded.read(video_id, every[::-1]), whole.read(video_id, every[::-1]))
    with pytest.raises(IndexError, match=r"frames 2..2 asked for"):
        sharded.read("1", np.array([2]))
    with pytest.raises(ActionrecError, match="holds no video 'x'"):
        sharded.read("x", np.array([0]))


def test_only_what_is_new_is_packed(frames_dir: Path) -> None:
    first = inodes(write(frames_dir, RAW, [0, 1, 2, 6, 7, 8]))
    index = write(frames_dir, RAW, range(7)).read_bytes()  # 8 and 7 are gone, 3, 4 and 5 are new
    grown = inodes(frames_dir / "view.h5")
    assert len(first & grown) == 1
    assert len(grown) == 3  # two of them new: 3, 4, 5 and 6
    write_video(frames_dir, 1, fingerprint="another")
    changed = inodes(write(frames_dir, RAW, range(7)))
    assert len(changed - grown) == 1
    write_video(frames_dir, 1)
    assert write(frames_dir, RAW, range(7)).read_bytes() == index
    assert inodes(frames_dir / "view.h5") == grown


def test_a_killed_run_goes_on_and_ends_alike(frames_dir: Path) -> None:
    path = write(frames_dir, RAW, range(9))
    whole = {file.name: file.read_bytes() for file in (frames_dir / "view").iterdir()}
    index = path.read_bytes()
    entries = sorted(path for path in (frames_dir / ".itemcache/pack").rglob("*-*") if not path.suffix)
    kept = {entry.stat().st_ino for entry in entries[1:]}
    entries[0].unlink()
    write(frames_dir, RAW, range(9))
    assert path.read_bytes() == index
    assert {file.name: file.read_bytes() for file in (frames_dir / "view").iterdir()} == whole
    assert kept < inodes(path)


def test_few_files_are_open_and_a_reader_pickles(frames_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_OPEN_SHARDS", 1)
    view = open_view(write(frames_dir, RAW, range(9)), view="view")
    assert isinstance(view, ShardedView)
    for video_id in ("0", "8", "1", "4"):
        level = view.read(video_id, np.array([0])).mean()
        assert level == pytest.approx(20 * int(video_id), abs=2)
        assert len(view._open) == 1
    assert pickle.loads(pickle.dumps(view)).read("8", np.array([0])).mean() == pytest.approx(160, abs=2)
    view.close()
    assert view.read("8", np.array([0])).mean() == pytest.approx(160, abs=2)


def test_a_missing_shard_and_one_of_other_videos_are_refused(frames_dir: Path) -> None:
    path = write(frames_dir, RAW, range(9))
    with h5py.File(path) as index:
        first, second, _ = index["shard"].asstr()[:]
    (frames_dir / f"view/{first}.h5").rename(frames_dir / "aside.h5")
    with pytest.raises(ActionrecError, match=r"does not exist; rebuild it with `dvc repro -f pack@view`"):
        open_view(path, view="view").read("0", np.array([0]))
    (frames_dir / f"view/{second}.h5").rename(frames_dir / f"view/{first}.h5")
    with pytest.raises(ActionrecError, match=r"holds other videos than its name says; rebuild it with `dvc repro -f"):
        open_view(path, view="view").read("0", np.array([0]))


def test_nothing_to_pack_is_an_index_of_nothing(frames_dir: Path) -> None:
    view = open_view(write(frames_dir, RAW, []), view="view")
    assert view.video_ids == []
