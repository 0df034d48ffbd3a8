"""Fixtures that many tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent
REAL_CLIPS = REPO.parent / "shared" / "real"


@pytest.fixture(scope="session")
def real_clips() -> Path:
    """The folder of real clips beside the project; skips where it is missing."""
    if not REAL_CLIPS.is_dir():
        pytest.skip("the real clips are not at ../shared/real beside the project")
    return REAL_CLIPS


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is marked ``faults`` runs only where it is asked for by name.

    Files that take long come first, so that no worker is left alone with one at the end: pipelines, then others.
    """
    if "faults" not in config.option.markexpr:
        skip = pytest.mark.skip(reason="takes ten minutes; -m faults runs it")
        for item in items:
            if item.get_closest_marker("faults"):
                item.add_marker(skip)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, item.path.parent.name != "pipeline"))
