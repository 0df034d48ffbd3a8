"""The item cache: whole entries, keys that change with what matters, pruning."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from actionrec.core.itemcache import (
    CacheUsage,
    ItemCache,
    cache_usage,
    is_sealed,
    output_leftovers,
    project_root,
    prune_cache,
    seal,
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


def put(stage: str, key: str, content: bytes) -> Path:
    cache = ItemCache.of_stage(stage)
    with cache.writing(key) as aside:
        aside.write_bytes(content)
    return cache.path(key)


def test_entries_are_anchored_on_dvc_root_and_read_only(root: Path) -> None:
    assert project_root() == root
    path = put("extract", "abcd", b"12345")
    assert path == root / ".itemcache/extract/ab/abcd"
    assert path.stat().st_mode & 0o222 == 0
    assert ItemCache.of_stage("extract").has("abcd")
    assert not ItemCache.of_stage("extract").has("abce")


def test_a_failed_write_leaves_no_entry(root: Path) -> None:
    cache = ItemCache.of_stage("extract")

    def fail() -> None:
        with cache.writing("abcd") as aside:
            aside.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not cache.has("abcd")


def test_usage_and_pruning_by_age_and_stage(root: Path) -> None:
    old = put("extract", "aa1", b"12345")
    put("extract", "bb2", b"123")
    put("keypoints", "cc3", b"1")
    two_days_ago = time.time() - 2 * 86_400
    os.utime(old, (two_days_ago, two_days_ago))
    assert cache_usage(root) == [CacheUsage("extract", 2, 8), CacheUsage("keypoints", 1, 1)]
    assert prune_cache(root, older_than_days=1) == CacheUsage("all", 1, 5)
    assert cache_usage(root) == [CacheUsage("extract", 1, 3), CacheUsage("keypoints", 1, 1)]
    assert prune_cache(root, older_than_days=0, stage="keypoints") == CacheUsage("keypoints", 1, 1)
    assert cache_usage(root) == [CacheUsage("extract", 1, 3), CacheUsage("keypoints", 0, 0)]


def damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "flipped":
        content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content if how == "flipped" else b"" if how == "emptied" else content[:-1])
    path.chmod(0o444)


@pytest.mark.parametrize("how", ["flipped", "truncated", "emptied"])
def test_a_damaged_entry_is_noticed_and_made_again(root: Path, capsys: pytest.CaptureFixture[str], how: str) -> None:
    path = put("extract", "abcd", b"12345")
    damage(path, how)
    cache = ItemCache.of_stage("extract")
    assert not cache.has("abcd")
    assert capsys.readouterr().err == f"note: {path} is damaged and is made again\n"
    assert not path.exists()
    put("extract", "abcd", b"12345")
    assert cache.has("abcd")
    assert capsys.readouterr().err == ""
    damage(path, how)  # after it was found whole
    assert not cache.has("abcd")


def test_an_entry_without_its_checksum_is_not_believed(root: Path) -> None:
    path = put("extract", "abcd", b"12345")
    path.with_name("abcd.crc32").unlink()
    assert not ItemCache.of_stage("extract").has("abcd")


def test_an_empty_entry_is_an_entry(root: Path) -> None:
    put("params", "abcd", b"")
    assert ItemCache.of_stage("params").has("abcd")


def make_leftover(folder: Path, name: str) -> Path:
    """What kill -9 leaves of a file that was being written."""
    left = folder / f".{name}.abcd1234.tmp"
    left.mkdir(parents=True)
    (left / name).write_bytes(b"half")
    (left / ".owner").touch()
    return left


def test_leftovers_are_counted_and_go_with_the_next_run(root: Path) -> None:
    put("extract", "aa1", b"12345")
    now = make_leftover(root / ".itemcache/extract", "aa2")
    old = make_leftover(root / ".itemcache/extract/aa", "aa3")  # where earlier versions wrote
    beside = make_leftover(root / "data/packed", "rgb64.h5")
    assert cache_usage(root) == [CacheUsage("extract", 1, 5, 2)]
    assert output_leftovers(root) == [beside]
    ItemCache.of_stage("extract")
    assert not now.exists()
    assert prune_cache(root, older_than_days=30) == CacheUsage("all", 0, 0, 1)
    assert not old.exists()
    assert cache_usage(root) == [CacheUsage("extract", 1, 5)]


def test_pruning_takes_the_checksums_too_and_spares_who_is_at_work(root: Path) -> None:
    put("extract", "aa1", b"12345")
    train = ItemCache.of_stage("train")
    with train.alone("bb2", what="cnn3d") as folder:
        (folder / "last.ckpt").write_bytes(b"123")
        assert prune_cache(root, older_than_days=0).entries == 1
        assert (folder / "last.ckpt").exists()
    assert prune_cache(root, older_than_days=0).entries == 1
    assert [path for path in (root / ".itemcache").rglob("*") if path.is_file()] == []


def test_a_clock_that_goes_backwards_does_not_keep_entries_for_ever(root: Path) -> None:
    path = put("extract", "aa1", b"12345")
    tomorrow = time.time() + 86_400
    os.utime(path, (tomorrow, tomorrow))
    assert ItemCache.of_stage("extract").has("aa1")
    assert prune_cache(root, older_than_days=1).entries == 0
    assert prune_cache(root, older_than_days=0).entries == 1


HOLDER = """
import sys, time
from pathlib import Path
from actionrec.core.itemcache import ItemCache
with ItemCache(Path(sys.argv[1])).alone("abcd", what="cnn3d"):
    print("has it", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.mark.parametrize("ends", ["by itself", "killed"])
def test_an_entry_is_one_process_at_a_time(root: Path, capfd: pytest.CaptureFixture[str], ends: str) -> None:
    seconds = "1" if ends == "by itself" else "60"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, root, seconds], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "has it\n"
    killer = threading.Timer(0.5, holder.kill)
    if ends == "killed":
        killer.start()
    with ItemCache(root).alone("abcd", what="cnn3d"):
        assert holder.wait(timeout=5) == (0 if ends == "by itself" else -signal.SIGKILL)
    holder.communicate()
    assert capfd.readouterr().err == "cnn3d is being made by another process; waiting for it\n"


def test_a_sealed_folder_is_known_again(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"12345")
    assert not is_sealed(tmp_path)
    seal(tmp_path)
    assert is_sealed(tmp_path)
    (tmp_path / "weights.pt").write_bytes(b"12344")
    assert not is_sealed(tmp_path)
    (tmp_path / "weights.pt").write_bytes(b"12345")
    (tmp_path / "checksums.json").write_text("{")
    assert not is_sealed(tmp_path)
    assert not is_sealed(tmp_path / "absent")
