"""What the answers cost: parameters and multiply-adds of every entry, beside its accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from actionrec.report.figures import Drawing, shorten
from actionrec.report.gather import FUSION, Inputs
from actionrec.report.results_view import ModelRow, model_rows


@dataclass(frozen=True)
class CostRow:
    """One entry; the fusion costs what its models cost together."""

    name: str
    color: str
    parameters: int
    trainable: int
    clip: int | None
    """Multiply-adds; None for the fusion, which has no clips."""
    video: int
    top1: float


def cost_rows(inputs: Inputs) -> list[CostRow]:
    """Every entry in its order, the fusion last."""
    return [_row(inputs, row) for row in model_rows(inputs)]


def _row(inputs: Inputs, row: ModelRow) -> CostRow:
    models = list(inputs.models) if row.name == FUSION else [row.name]
    total = {
        key: sum(int(inputs.details[model][key]) for model in models)
        for key in ("parameters", "trainable_parameters", "multiply_adds_video")
    }
    clip = None if row.name == FUSION else int(inputs.details[row.name]["multiply_adds_clip"])
    return CostRow(
        row.name,
        row.color,
        total["parameters"],
        total["trainable_parameters"],
        clip,
        total["multiply_adds_video"],
        row.metrics["video_top1"],
    )


def draw_cost(rows: Sequence[CostRow]) -> Drawing:
    """Accuracy over the multiply-adds of a video, on a logarithmic axis; a line joins the :func:`frontier`."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        best = frontier(rows)
        axes.plot([row.video for row in best], [row.top1 for row in best], color="#888888", linewidth=1, alpha=0.5)
        middle = (min(row.video for row in rows) * max(row.video for row in rows)) ** 0.5
        for row in rows:
            axes.plot([row.video], [row.top1], marker="o", markersize=9, color=row.color)
            on_left = row.video > middle
            axes.annotate(
                shorten(row.name),
                (row.video, row.top1),
                xytext=(-9 if on_left else 9, 0),
                textcoords="offset points",
                ha="right" if on_left else "left",
                va="center",
                fontsize=8.5,
            )
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: amount(value))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set(xlabel="multiply-adds of a video", ylabel="video top-1", ylim=(0, 1.06))
        axes.margins(x=0.12)
        axes.grid()
        axes.tick_params(which="both", length=0)

    return Drawing("cost", (6.0, 2.9), draw)


def frontier(rows: Sequence[CostRow]) -> list[CostRow]:
    """The entries that no cheaper one equals, from the cheapest."""
    found: list[CostRow] = []
    for row in sorted(rows, key=lambda item: (item.video, -item.top1)):
        if not found or row.top1 > found[-1].top1:
            found.append(row)
    return found


def amount(value: float) -> str:
    """A number of operations or parameters with three figures, as ``4.22 billion``."""
    for size, unit in ((1e12, " trillion"), (1e9, " billion"), (1e6, " million"), (1e3, " thousand")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:g}"
