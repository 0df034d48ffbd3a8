"""The matplotlib figures, drawn once: as SVG for the page, as PNG files for MLflow.

Ink is one sentinel colour that becomes ``currentColor`` on the page, so figures follow light and dark.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from actionrec.report.fonts import families_for
from actionrec.report.gather import Curve

Corner: TypeAlias = Literal["upper right", "lower right"]

_INK = "#010203"
_HEAT = "#1d4ed8"
COLORS = (
    "#3b7dd8",
    "#c9731b",
    "#23956a",
    "#c2508f",
    "#8a7a1f",
    "#5b6ee1",
    "#2d98a6",
    "#a34a3c",
    "#64748b",
    "#4d7c2f",
    "#d14d57",
    "#6b5b4b",
    "#1f6f78",
    "#b0559f",
    "#7f9a2b",
    "#3d4f8f",
)
FUSION_COLOR = "#8f5bd0"
_PAGE_SCALE = 1.25  # drawn small enough for a phone, shown larger where there is room
_CELL_TEXT_CLASSES = 20
_TICK_LABEL_CLASSES = 45
_LABEL_CHARS = 22
_STYLE: Any = {
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "grid.color": _INK,
    "grid.alpha": 0.12,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "text.parse_math": False,  # a class name may hold a dollar sign
    "figure.constrained_layout.use": True,
}


@dataclass(frozen=True)
class Bar:
    """One entry of the chart of models."""

    name: str
    value: float
    low: float
    high: float
    color: str


def shorten(text: str, *, limit: int = _LABEL_CHARS) -> str:
    """``text`` on one line without control characters, cut to ``limit`` characters."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def draw_models(bars: Sequence[Bar], *, chance: float) -> Drawing:
    """Dot and whiskers: video-level accuracy of every entry with its interval, beside chance."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        places = np.arange(len(bars))[::-1]
        for place, bar in zip(places, bars, strict=True):
            axes.plot(
                [bar.low, bar.high], [place, place], color=bar.color, linewidth=3, solid_capstyle="round", alpha=0.45
            )
            axes.plot([bar.value], [place], marker="o", markersize=9, color=bar.color)
            axes.annotate(
                f"{bar.value:.3f}",
                (bar.value, place),
                xytext=(0, 9),
                textcoords="offset points",
                ha="center",
                fontsize=9,
            )
        axes.axvline(chance, color=_INK, linewidth=1, linestyle=(0, (2, 3)), alpha=0.6)
        axes.annotate(
            f"chance {chance:.3f}",
            (chance, -0.62),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize=8.5,
            va="center",
        )
        axes.set(xlim=(0, 1.02), ylim=(-0.8, len(bars) - 0.35), xlabel="video top-1 on the test videos, with interval")
        axes.set_yticks(places, [shorten(bar.name) for bar in bars])
        axes.grid(axis="x")
        axes.tick_params(length=0)
        axes.spines["left"].set_visible(False)

    return Drawing("models", (6.0, 1.1 + 0.42 * len(bars)), draw)


def draw_curves(model: str, curve: Curve, *, best_epoch: int) -> Drawing:
    """Loss and accuracy by epoch, training and validation; the kept epoch is marked."""

    def panel(
        axes: Axes, train: Sequence[float], val: Sequence[float], *, title: str, color: str, legend: Corner
    ) -> None:
        marker = "o" if len(curve.epoch) == 1 else ""
        axes.plot(
            curve.epoch,
            train,
            color=_INK,
            linewidth=1.2,
            linestyle=(0, (4, 2)),
            alpha=0.55,
            label="train",
            marker=marker,
        )
        axes.plot(curve.epoch, val, color=color, linewidth=2, label="validation", marker=marker)
        axes.axvline(best_epoch, color=_INK, linewidth=0.8, alpha=0.35)
        axes.set(title=title, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        axes.grid()
        axes.tick_params(length=0)
        axes.legend(fontsize=8.5, loc=legend)

    def draw(figure: Figure) -> None:
        loss, top1 = figure.subplots(1, 2)
        panel(loss, curve.train_loss, curve.val_loss, title="Loss", color=COLORS[1], legend="upper right")
        panel(top1, curve.train_top1, curve.val_top1, title="Top-1 accuracy", color=COLORS[0], legend="lower right")
        top1.set_ylim(0, 1.03)

    return Drawing(f"curves_{model}", (6.0, 2.3), draw)


def draw_confusion(entry: str, counts: npt.NDArray[np.int64], class_names: Sequence[str]) -> Drawing:
    """Heat map: colour is the share of the actual class, numbers are videos (up to 20 classes)."""
    num_classes = len(class_names)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        colors = LinearSegmentedColormap.from_list("heat", [_HEAT + "00", _HEAT + "ff"])
        axes.imshow(share, cmap=colors, vmin=0, vmax=1, interpolation="none", aspect="equal")
        if num_classes <= _CELL_TEXT_CLASSES:
            _write_cells(axes, counts, share)
            axes.set_xticks(np.arange(num_classes + 1) - 0.5, minor=True)
            axes.set_yticks(np.arange(num_classes + 1) - 0.5, minor=True)
            axes.grid(which="minor")
        if num_classes <= _TICK_LABEL_CLASSES:
            labels = [shorten(name) for name in class_names]
            size = 8.5 if num_classes <= _CELL_TEXT_CLASSES else 6.5
            axes.set_xticks(
                np.arange(num_classes), labels, rotation=45, ha="right", rotation_mode="anchor", fontsize=size
            )
            axes.set_yticks(np.arange(num_classes), labels, fontsize=size)
            axes.set(xlabel="predicted", ylabel="actual")
        else:
            axes.set(
                xlabel="predicted (class number from 0, alphabetical)",
                ylabel="actual (class number from 0, alphabetical)",
            )
        axes.tick_params(which="both", length=0)

    side = min(6.4, 1.5 + 0.34 * num_classes)
    return Drawing(f"confusion_{entry}", (side, side), draw)


def draw_reliability(
    entry: str, panels: Sequence[tuple[str, float, Sequence[Mapping[str, Any]]]], *, color: str
) -> Drawing:
    """Confidence against accuracy, one panel for each title, ECE and list of bins; a dot's area is its videos.

    The upright line from a dot to the diagonal is its gap: above, more is right than was promised; below, less.
    """

    def draw(figure: Figure) -> None:
        every_axes = figure.subplots(1, len(panels), sharey=True)
        for axes, (title, ece, bins) in zip(every_axes, panels, strict=True):
            filled = [item for item in bins if item["count"]]
            confidence = [item["confidence"] for item in filled]
            accuracy = [item["accuracy"] for item in filled]
            share = np.array([item["count"] for item in filled]) / sum(item["count"] for item in filled)
            axes.plot([0, 1], [0, 1], color=_INK, linewidth=1, linestyle=(0, (2, 3)), alpha=0.6)
            axes.vlines(confidence, confidence, accuracy, color=color, linewidth=1.5, alpha=0.45)
            axes.scatter(confidence, accuracy, s=14 + 150 * share, color=color, alpha=0.85, linewidth=0, clip_on=False)
            axes.set_title(f"{title}\nECE {ece:.3f}", fontsize=9.5)
            axes.set(xlabel="stated probability", xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal")
            axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
            axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
            axes.grid()
            axes.tick_params(length=0)
        every_axes[0].set_ylabel("share that is right")

    return Drawing(f"reliability_{entry}", (4.6, 2.8), draw)


def _write_cells(axes: Axes, counts: npt.NDArray[np.int64], share: npt.NDArray[np.floating]) -> None:
    for (row, column), count in np.ndenumerate(counts):
        if count:
            # On the full colour white reads best; below it the ink of the page does, light or dark.
            ink = "#ffffff" if share[row, column] > 0.8 else _INK
            axes.text(column, row, str(count), ha="center", va="center", fontsize=9, color=ink)


@dataclass(frozen=True)
class Drawing:
    """A figure that can be written as SVG and as PNG, both bit-identical when repeated."""

    name: str
    size_inches: tuple[float, float]
    draw: Callable[[Figure], None]

    def svg(self, *, alt: str) -> Markup:
        """The ``<svg>`` element for the page: ink as ``currentColor``, transparent background."""
        box, body = self._svg
        return Markup('<svg viewBox="{}" style="max-width:{}px" role="img" aria-label="{}">').format(
            box, round(self.size_inches[0] * 96 * _PAGE_SCALE), alt
        ) + Markup(body)  # noqa: S704 (matplotlib has escaped every text in it)

    @cached_property
    def _svg(self) -> tuple[str, str]:
        """The view box, and what stands inside the element; drawn once, the page and the PDF show the same."""
        buffer = io.BytesIO()
        with _styled({"svg.hashsalt": self.name}):
            self._figure().savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
        text = buffer.getvalue().decode("utf-8").replace(_INK, "currentColor")
        # Groups have the same ids in every figure; nothing refers to them.
        text = re.sub(r'<g id="[^"]*"', "<g", text)
        opening = re.search(r'<svg [^>]*?viewBox="(?P<box>[^"]*)"[^>]*>\s*<metadata>.*?</metadata>', text, re.DOTALL)
        assert opening is not None
        return opening["box"], text[opening.end() :]

    def write_png(self, folder: Path) -> None:
        """Write ``<name>.png`` on white into ``folder``."""
        with _styled({}):
            self._figure().savefig(folder / f"{self.name}.png", format="png", dpi=150, metadata={"Software": None})

    def _figure(self) -> Figure:
        figure = self._drawn()
        families = families_for("".join(text.get_text() for text in figure.findobj(Text)))
        if len(families) == 1:
            return figure
        # A text keeps the fonts that were known when it was made.
        with mpl.rc_context({"font.family": families}):
            return self._drawn()

    def _drawn(self) -> Figure:
        figure = Figure(figsize=self.size_inches)
        self.draw(figure)
        return figure


@contextmanager
def _styled(extra: dict[str, Any]) -> Iterator[None]:
    with mpl.rc_context(_STYLE | extra), warnings.catch_warnings():
        # A class name may use a script that no font here has: the page's fonts have it, and the stage says so.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield
