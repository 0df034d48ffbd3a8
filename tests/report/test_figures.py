from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from actionrec.report.figures import Bar, Drawing, draw_confusion, draw_curves, draw_models, draw_reliability, shorten
from actionrec.report.gather import Curve

HOSTILE = "$\\frac<script>&\x00漢字 and a very long name of a class"

_BINS = [
    {"confidence": None, "accuracy": None, "count": 0},
    {"confidence": 0.4, "accuracy": 0.0, "count": 1},
    {"confidence": 0.9, "accuracy": 0.75, "count": 4},
]


def _curve(*, num_epochs: int = 3) -> Curve:
    values = tuple(float(epoch) for epoch in range(1, num_epochs + 1))
    return Curve(values, values, values, values, values, values)


def _drawings() -> list[Drawing]:
    names = [HOSTILE, "b"]
    return [
        draw_models([Bar(HOSTILE, 0.5, 0.4, 0.6, "#3b7dd8"), Bar("b", 1.0, 1.0, 1.0, "#c9731b")], chance=0.5),
        draw_curves("m", _curve(), best_epoch=2),
        draw_curves("one", _curve(num_epochs=1), best_epoch=1),
        draw_confusion("m", np.array([[3, 1], [0, 0]]), names),
        draw_confusion("large", np.eye(101, dtype=np.int64), [f"{HOSTILE}{i}" for i in range(101)]),
        draw_reliability("m", [("as predicted", 0.2, _BINS), ("temperature 1.50", 0.1, _BINS)], color="#3b7dd8"),
    ]


@pytest.mark.parametrize("place", range(6))
def test_svg_is_well_formed_themed_and_repeats(place: int) -> None:
    svg = _drawings()[place].svg(alt='a "figure" <b>')
    assert svg == _drawings()[place].svg(alt='a "figure" <b>')
    root = ET.fromstring(svg.replace("xlink:href", "href"))
    assert root.attrib["aria-label"] == 'a "figure" <b>'
    assert "currentColor" in svg
    assert "#010203" not in svg
    assert "<script" not in svg
    assert "<metadata" not in svg


def test_png_files_repeat(tmp_path: Path) -> None:
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        _drawings()[0].write_png(folder)
        _drawings()[3].write_png(folder)
    for name in ("models.png", "confusion_m.png"):
        content = (tmp_path / "a" / name).read_bytes()
        assert content.startswith(b"\x89PNG")
        assert content == (tmp_path / "b" / name).read_bytes()


def test_small_matrices_show_counts_and_large_ones_do_not() -> None:
    small = draw_confusion("m", np.array([[37, 0], [0, 0]]), ["left_class", "b"]).svg(alt="")
    assert ">37<" in small
    assert ">left_class<" in small
    large = draw_confusion("m", 37 * np.eye(46, dtype=np.int64), [f"class{i}" for i in range(46)]).svg(alt="")
    assert ">37<" not in large
    assert "class1<" not in large


def test_reliability_names_both_panels_and_their_errors() -> None:
    svg = _drawings()[5].svg(alt="")
    for text in ("as predicted", "ECE 0.200", "temperature 1.50", "ECE 0.100", "share that is right"):
        assert f">{text}<" in svg


def test_shorten() -> None:
    assert shorten("short") == "short"
    assert shorten("a\nb\x00c") == "a b c"
    assert shorten("x" * 30, limit=10) == "x" * 9 + "…"
