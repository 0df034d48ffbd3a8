"""The table of benchmarks says what the results hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.pairs import Way, alternate, ratios
from benchmarks.table import lines_of, results, table


def way(name: str, wall: list[float], **others: Any) -> dict[str, Any]:
    return {
        "name": name,
        "wall": wall,
        "cpu": [2 * value for value in wall],
        "aim": None,
        "num_bytes": None,
        "bytes_aim": None,
        "limit_seconds": None,
        "limit_share": None,
        **others,
    }


def result(*ways: dict[str, Any], note: str = "") -> dict[str, Any]:
    machine = {"cpu": "Some CPU", "vectors": "AVX2", "cores": 2}
    return {"row": "clips", "what": "clips", "ways": list(ways), "gpu": None, "note": note, "machine": machine}


def test_ratios_are_of_rounds() -> None:
    assert ratios([4.0, 6.0, 20.0], [2.0, 2.0, 2.0]) == (3.0, 2.0, 10.0)


def test_every_way_runs_in_every_round_in_turn() -> None:
    calls: list[str] = []
    ways = [Way("slow", lambda: calls.append("slow")), Way("fast", lambda: calls.append("fast"))]
    times = alternate(ways, num_items=4, rounds=2)
    assert calls == ["slow", "fast", "slow", "fast", "fast", "slow"]  # the first two warm up
    assert [len(times[name].wall) for name in ("slow", "fast")] == [2, 2]


def test_a_row_holds_ratios_of_time_and_bytes_and_the_aims() -> None:
    slow = way("slow", [4.0, 6.0, 20.0], num_bytes=1000, aim=2, bytes_aim=40)
    assert list(lines_of(result(slow, way("ours", [2.0, 2.0, 2.0], num_bytes=100)))) == [
        "| clips | slow | **3** (2 to 10) | **3** (2 to 10) | **10** | 2, 40 as small |"
    ]


def test_of_several_baselines_the_first_names_the_row() -> None:
    lines = list(lines_of(result(way("a", [2.0]), way("b", [3.0]), way("ours", [1.0]))))
    assert [line.split(" | ")[:2] for line in lines] == [["| clips", "a"], ["| ", "b"]]


def test_what_has_a_limit_is_shown_in_seconds() -> None:
    found = result(way("with torch", [1.0, 2.0, 3.0], limit_seconds=4))
    assert list(lines_of(found)) == ["| clips: with torch | | 2.00 s | 4.00 s | | 4 s |"]


def test_what_has_a_limit_as_a_share_is_shown_in_percent() -> None:
    found = result(way("cnn3d", [0.01, 0.02, 0.03], limit_share=0.05))
    assert list(lines_of(found)) == ["| clips: cnn3d | | 2.0% | 4.0% | | 5% |"]


def test_what_the_last_round_left_is_cleared_before_the_clock_starts() -> None:
    calls: list[str] = []
    ways = [Way("slow", lambda: calls.append("run"), before=lambda: calls.append("clear"))]
    alternate(ways, num_items=1, rounds=1)
    assert calls == ["clear", "run", "clear", "run"]


def test_notes_and_the_machine_stand_below() -> None:
    lines = table([result(way("slow", [2.0]), way("ours", [1.0]), note="Bound by decoding.")]).splitlines()
    assert lines[-1] == "- clips: Bound by decoding."
    assert "Measured on: Some CPU (AVX2), 2 cores." in lines


def test_results_come_in_the_order_of_the_rows(tmp_path: Path) -> None:
    for name in ("features", "starting", "features-cuda", "of_another_time"):
        (tmp_path / f"{name}.json").write_text(json.dumps({"row": name}))
    assert [found["row"] for found in results(tmp_path)] == ["starting", "features", "features-cuda"]
