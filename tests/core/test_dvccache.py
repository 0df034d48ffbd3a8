"""Damage that DVC would put back."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from actionrec.core import dvccache


def keep(cache: Path, content: bytes, *, suffix: str = "") -> Path:
    """A file of DVC's cache, named as DVC names it."""
    name = hashlib.md5(content, usedforsecurity=False).hexdigest()
    path = cache / "files/md5" / name[:2] / f"{name[2:]}{suffix}"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_a_damaged_file_goes_with_the_outputs_that_are_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / ".dvc/cache"
    monkeypatch.setattr(dvccache, "_cache_dir", lambda root: cache)
    sound, listing, damaged = keep(cache, b"sound"), keep(cache, b"[]", suffix=".dir"), keep(cache, b"damaged")
    outputs = tmp_path / "data/frames"
    outputs.mkdir(parents=True)
    for name, path in {"a.h5": sound, "b.h5": damaged}.items():
        os.link(path, outputs / name)
    assert dvccache.remove_damaged(tmp_path) == []
    damaged.write_bytes(b"damagee")
    assert dvccache.remove_damaged(tmp_path) == [damaged, outputs / "b.h5"]
    assert sorted(path.name for path in outputs.iterdir()) == ["a.h5"]
    assert sound.exists()
    assert listing.exists()
