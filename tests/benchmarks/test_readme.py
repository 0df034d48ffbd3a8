"""The README shows what was measured, and nothing else."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from benchmarks.first_run import table
from benchmarks.growth import SERIES, Cost, Point, read_points, table_of_series
from benchmarks.readme import README, with_block, with_blocks


@pytest.mark.parametrize("between", ["", "\nold\n\n"])
def test_only_what_stands_between_the_marks_is_replaced(between: str) -> None:
    text = "a\n<!-- x: begin -->\n{}<!-- x: end -->\nb\n"
    assert with_block(text.format(between), "x", "new") == text.format("\nnew\n\n")


def test_the_readme_shows_the_committed_results() -> None:
    text = README.read_text()
    assert with_blocks(text) == text


def test_a_first_run_is_shown_stage_by_stage_with_those_of_one_kind_summed() -> None:
    before = {"commit": "abc", "stages": {"check": 2.0, "train@a": 30.4, "train@b": 20.3}, "wall_seconds": 60.0}
    now = {"commit": "def", "stages": {"train@a": 10.0}, "wall_seconds": 12.0}
    assert table([before, now]) == [
        "| stage | abc | def |",
        "|---|---|---|",
        "| `check` | 2 |  |",
        "| `train` | 51 | 10 |",
        "| all | **60** | **12** |",
    ]


def test_growth_is_shown_at_every_point_and_read_as_it_was_written() -> None:
    points = list(dict.fromkeys(point for of in SERIES.values() for point in of))
    found = {point: [Cost("extract", 1.0, 2.0 + place, 3, 4)] for place, point in enumerate(points)}
    written = {"points": [{**asdict(point), "costs": [asdict(cost) for cost in of]} for point, of in found.items()]}
    assert read_points(written) == found
    heads, _, row = table_of_series(found)
    assert heads.startswith("| stage | 50 videos | 100 videos | 200 videos | 16 frames a video")
    assert row.startswith("| `extract` | 2.0 | 3.0 | 4.0 | 2.0 |")
    assert found[Point(50)] is found[SERIES["frames a video"][0]]
