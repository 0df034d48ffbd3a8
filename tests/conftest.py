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
