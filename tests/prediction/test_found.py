"""Paths of videos: files, folders, patterns."""

from __future__ import annotations

from pathlib import Path

import pytest

from actionrec.core.errors import ActionrecError
from actionrec.prediction.found import find_videos


@pytest.fixture
def videos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a/1.mp4", "a/b/2.AVI", "a/notes.txt", "a/[3].mkv", "4.dat"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def found(*paths: str) -> list[str]:
    return [path.as_posix() for path in find_videos(paths)]


@pytest.mark.usefixtures("videos")
def test_files_folders_and_patterns_in_order_each_once() -> None:
    assert found("a") == ["a/1.mp4", "a/[3].mkv", "a/b/2.AVI"]
    assert found("4.dat", "a/b", "a") == ["4.dat", "a/b/2.AVI", "a/1.mp4", "a/[3].mkv"]
    assert found("a/*.mp4") == ["a/1.mp4"]
    assert found("**/*.AVI") == ["a/b/2.AVI"]
    assert found("a/[3].mkv") == ["a/[3].mkv"]  # a name that is there is no pattern


def test_what_is_not_there_is_said_before_anything_is_done(videos: Path) -> None:
    (videos / "empty").mkdir()
    with pytest.raises(ActionrecError, match=r"no video at empty, \*\.mov; name files"):
        find_videos(["a", "empty", "*.mov"])
