"""The item cache: whole entries, keys that change with what matters, pruning."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from actionrec.core.itemcache import CacheUsage, ItemCache, cache_usage, project_root, prune_cache


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
