"""Maps over a real Dask scheduler with worker processes: who takes part, and what is lost when one dies."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

import pytest
from tests.core.dask_work import DaskProcesses, slow_square, square, uneven_square

from actionrec.core import cluster, worker
from actionrec.core.compute import map_in_order, map_items
from actionrec.core.errors import ActionrecError
from actionrec.core.worker import SharedFiles, differences, facts

REPO = Path(__file__).resolve().parents[2]


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DaskProcesses]:
    """A scheduler without workers; the item cache is in a folder of the test."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setattr(cluster, "LOOK_SECONDS", 0.2)
    processes = DaskProcesses(tmp_path)
    try:
        processes.start_scheduler()
        yield processes
    finally:
        processes.stop()


def other_source(folder: Path) -> Path:
    """The package with a function more."""
    shutil.copytree(REPO / "src/actionrec", folder / "actionrec", ignore=shutil.ignore_patterns("__pycache__"))
    errors = folder / "actionrec/core/errors.py"
    errors.write_text(errors.read_text() + "\n\ndef another() -> None:\n    raise NotImplementedError\n")
    return folder


class Endless(Sequence[int]):
    """A million numbers that are counted as they are taken."""

    def __init__(self) -> None:
        self.taken = 0

    def __len__(self) -> int:
        return 1_000_000

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[int]: ...
    def __getitem__(self, place: int | slice) -> int | Sequence[int]:
        assert isinstance(place, int)
        self.taken = max(self.taken, place + 1)
        return place


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_two_workers_return_the_same_in_a_bounded_window_and_one_may_die(
    started: DaskProcesses, capfd: pytest.CaptureFixture[str]
) -> None:
    compute = started.compute
    workers = [started.start_worker(), started.start_worker()]
    for process in workers:
        started.wait_for(process)
    expected = {n: n * n for n in range(20)}
    assert dict(map_items(square, list(range(20)), compute=compute, desc="t")) == expected
    assert list(map_in_order(uneven_square, list(range(20)), compute=compute, desc="t")) == list(expected.values())

    endless = Endless()
    mapped = map_items(square, endless, compute=compute, desc="t")
    assert len(list(itertools.islice(mapped, 10))) == 10
    mapped.close()
    assert endless.taken <= 10 + 4 + 1  # two under way a thread

    with pytest.raises(TypeError):
        list(map_items(len, [1, 2, 3], compute=compute, desc="t"))

    found = []
    for number, result in map_items(slow_square, list(range(40)), compute=compute, desc="t"):
        found.append((number, result))
        if len(found) == 5:
            workers[0].kill()
        if len(found) == 20:
            started.start_worker(source=other_source(started.folder / "other"))
    assert sorted(found) == [(n, n * n) for n in range(40)]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_workers_with_other_code_are_refused_and_those_that_join_are_not_used(
    started: DaskProcesses, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    with pytest.raises(ActionrecError, match=r"has no workers; start them with `PYTHONPATH=.*src dask worker tcp:"):
        list(map_items(square, [1], compute=started.compute, desc="t"))
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 60)
    started.wait_for(started.start_worker())
    stranger = other_source(started.folder / "other")
    joined = False
    for _ in map_items(slow_square, list(range(60)), compute=started.compute, desc="t"):
        if not joined:
            started.wait_for(started.start_worker(source=stranger))
            joined = True
    assert "is not used: it runs another version of actionrec" in capfd.readouterr().err
    (started.folder / "empty/actionrec").mkdir(parents=True)
    (started.folder / "empty/actionrec/__init__.py").touch()
    started.wait_for(started.start_worker(source=started.folder / "empty"))
    with pytest.raises(ActionrecError, match=r"2 of 3 worker\(s\) of tcp://.* cannot take part: ") as error:
        list(map_items(square, [1], compute=started.compute, desc="t"))
    assert "runs another version of actionrec" in str(error.value)
    assert "cannot import this version of actionrec (ModuleNotFoundError" in str(error.value)


def shared(folder: Path, *, content: str = "token") -> SharedFiles:
    token, video = folder / "token", folder / "a.avi"
    token.write_text("token")
    video.write_bytes(b"12345")
    return SharedFiles(token, content, {str(video): 5})


def test_a_worker_like_this_process_may_take_part(tmp_path: Path) -> None:
    assert differences(facts(), shared(tmp_path)) == []


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        (lambda files: files.token.unlink(), "does not see {folder}"),
        (lambda files: files.token.write_text("of another disk"), "does not see {folder}"),
        (lambda files: (files.token.parent / "a.avi").unlink(), "does not see {folder}/a.avi"),
        (lambda files: (files.token.parent / "a.avi").write_bytes(b"1"), "does not see {folder}/a.avi"),
    ],
    ids=["no cache", "another cache", "no video", "another video"],
)
def test_a_worker_without_the_shared_files_may_not(
    tmp_path: Path, change: Callable[[SharedFiles], object], phrase: str
) -> None:
    files = shared(tmp_path)
    change(files)
    assert differences(facts(), files) == [phrase.format(folder=tmp_path)]


@dataclass(frozen=True)
class Source:
    path: Path
    start_seconds: float = 0.0


@dataclass(frozen=True)
class Item:
    source: Source
    frames: Path
    name: str


def test_the_files_of_an_item_are_found_wherever_it_names_them(tmp_path: Path) -> None:
    shared(tmp_path)
    video = tmp_path / "a.avi"
    item = Item(Source(video), tmp_path / "not there yet.h5", "a.avi")
    assert worker._sizes_of(item) == worker._sizes_of(str(video)) == {str(video): 5}
    assert worker._sizes_of(7) == {}


def test_a_worker_with_other_versions_may_not(tmp_path: Path) -> None:
    own = facts()
    other = replace(own, code="other", versions={**own.versions, "numpy": "0.1"})
    assert differences(other, shared(tmp_path)) == [
        "runs another version of actionrec",
        f"has numpy {own.versions['numpy']}, not 0.1",
    ]
