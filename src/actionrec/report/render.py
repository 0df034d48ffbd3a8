"""Put the page together, and write the figures as files."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from actionrec.core import paths
from actionrec.core.tables import SUBSETS
from actionrec.intake.screen.rules import RULES
from actionrec.keypoints.found import crowded_videos
from actionrec.keypoints.layout import PARTS
from actionrec.keypoints.reader import PackedKeypoints
from actionrec.report import data_view, results_view, wording
from actionrec.report.cost import amount, cost_rows, draw_cost, frontier
from actionrec.report.coverage import Coverage
from actionrec.report.distrust import FEW_GROUPS, FEW_VIDEOS, MANY_REJECTED, crowded, distrust, unseen
from actionrec.report.factors import draw_factors, factors
from actionrec.report.gallery import Gallery, Videos, fill
from actionrec.report.gather import FUSION, Inputs
from actionrec.report.heat import Heat, HeatReader
from actionrec.report.joints import JointReader, Shares
from actionrec.report.picks import chapters
from actionrec.report.published import published_rows
from actionrec.report.strips import STRIP_FRAMES
from actionrec.report.videos import answer_table

SECTIONS = (
    ("models", "Models"),
    ("space-time", "Space or time"),
    ("classes", "Classes"),
    ("confusion", "Confusion"),
    ("videos", "Videos"),
    ("pictures", "Pictures"),
    ("calibration", "Calibration"),
    ("fusion", "Fusion"),
    ("cost", "Cost"),
    ("training", "Training"),
    ("split", "Split"),
    ("screening", "Screening"),
    ("keypoints", "Keypoints"),
    ("run", "Run"),
    ("reading", "How to read"),
    ("rebuild", "Rebuild"),
)
"""Of the page in their order: file below ``sections``, which is the anchor too, and name in the navigation."""


def render(
    inputs: Inputs,
    coverage: Coverage | None,
    frames_path: Mapping[str, Path],
    keypoints_path: Path,
    *,
    with_models: bool = True,
) -> str:
    """The whole page as HTML, at most ``report.max_mb`` large as long as that holds without pictures.

    ``frames_path`` maps the ids of all videos, rejected ones too, to their frame files. ``with_models`` asks the
    trained models which joints and places their answers hang on. Everything from outside is escaped; the page loads
    nothing and runs one script of its own, which its content security policy states as well.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("actionrec.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["signed"] = wording.signed
    environment.filters["p_value"] = wording.p_value
    environment.filters["amount"] = amount
    css, script = (_own_file(name) for name in ("style.css", "videos.js"))
    template = environment.get_template("template.html")
    context = _results(inputs) | _data(inputs, coverage, frames_path) | _factors(inputs, coverage)
    context["doubts"] += unseen(inputs, coverage) + crowded(inputs, coverage, crowded_videos(keypoints_path))
    context |= {"css": css, "script": script, "script_hash": _csp_hash(script)}
    without = template.render(gallery=Gallery.empty(), untinted=0, **context)
    heat = HeatReader(inputs.split, inputs.params.pack, paths.packed_path, keypoints_path, folded=bool(inputs.folds))
    gallery = fill(
        chapters(inputs, list(results_view.shown_entries(inputs))),
        _videos(
            inputs, frames_path, PackedKeypoints(keypoints_path) if coverage else None, heat if with_models else None
        ),
        max_bytes=int(inputs.params.report.max_mb * 1e6) - len(without.encode()),
    )
    return template.render(gallery=gallery, untinted=heat.skipped, **context)


def _videos(
    inputs: Inputs, frames_path: Mapping[str, Path], keypoints: PackedKeypoints | None, heat: HeatReader | None
) -> Videos:
    """Without ``heat`` no model is asked."""
    if heat is None:
        return Videos(frames_path, keypoints)
    joints = JointReader(keypoints, folded=bool(inputs.folds)) if keypoints else None
    answered = {video.video_id: video for video in inputs.answers}

    def shares_of(name: str, video_id: str) -> Shares | None:
        return joints.shares(name, inputs.models[name], answered[video_id]) if joints else None

    def heat_of(name: str, video_id: str, shown: Sequence[int], size: tuple[int, int]) -> Heat | None:
        clip_cost = int(inputs.details[name]["multiply_adds_clip"])
        return heat.of(name, inputs.models[name], answered[video_id], shown, clip_cost=clip_cost, size=size)

    return Videos(frames_path, keypoints, shares_of, heat_of)


def _own_file(name: str) -> Markup:
    return Markup((Path(__file__).parent / name).read_text(encoding="utf-8"))  # noqa: S704 (a file of this package)


def _csp_hash(script: str) -> str:
    """As a content security policy names the one script that may run."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"sha256-{digest}"


def write_figures(inputs: Inputs, coverage: Coverage | None, folder: Path) -> None:
    """Write every figure of the page as PNG into the existing ``folder``."""
    drawn = [results_view.models_figure(inputs)]
    drawn.append(draw_cost(cost_rows(inputs)))
    drawn += [training.figure for training in results_view.trainings(inputs)]
    drawn += [confusion.figure for confusion in results_view.confusions(inputs)]
    drawn += [confusion.figure for confusion in results_view.confusions(inputs, subset="train")]
    drawn += [calibrated.figure for calibrated in results_view.calibrations(inputs)]
    if measured := factors(inputs, coverage, list(results_view.shown_entries(inputs))):
        drawn.append(draw_factors(measured, results_view.colors(inputs)))
    for figure in drawn:
        figure.write_png(folder)


def _results(inputs: Inputs) -> dict[str, Any]:
    calibrations = results_view.calibrations(inputs)
    space_time_rows = results_view.space_time_rows(inputs)
    models = {row.name: row for row in results_view.model_rows(inputs)}
    answered = answer_table(inputs, results_view.shown_entries(inputs))
    return {
        "sections": [item for item in SECTIONS if item[0] != "space-time" or space_time_rows],
        "title": inputs.params.report.title,
        "headline_entry": wording.headline_entry(inputs.details),
        "best": wording.best_model(inputs.details),
        "headline": wording.headline(inputs),
        "subtitle": wording.subtitle(inputs),
        "cross_validation": wording.folds(inputs),
        "folds": results_view.fold_rows(inputs),
        "num_test_groups": next(iter(inputs.details.values()))["interval"]["num_groups"]["test"],
        "strip_frames": STRIP_FRAMES,
        "max_mb": inputs.params.report.max_mb,
        "doubts": distrust(inputs),
        "doubted_below": {"groups": FEW_GROUPS, "videos": FEW_VIDEOS, "rejected": wording.percent(MANY_REJECTED)},
        "comparison": wording.comparison(inputs),
        "space_time": inputs.details[FUSION]["space_time"],
        "space_time_answer": wording.space_time(space_time_rows) if space_time_rows else "",
        "space_time_rows": space_time_rows,
        "leaking": inputs.guard.leaking,
        "models": list(models.values()),
        "colors": results_view.colors(inputs),
        "details": inputs.details,
        "single": len(inputs.params.enabled) == 1,
        "models_figure": results_view.models_figure(inputs),
        "smallest_p": f"{2.0 ** (1 - inputs.details[FUSION]['interval']['num_groups']['test']):.2g}",
        "confidence": wording.percent(inputs.params.evaluate.confidence),
        "evaluate": inputs.params.evaluate,
        "published": published_rows(inputs),
        "protocols": results_view.protocol_rows(inputs),
        "classes": results_view.class_rows(inputs),
        "rankings": results_view.rankings(inputs),
        "calibrations": calibrations,
        "calibration_answer": wording.calibration({item.name: item.found for item in calibrations}),
        "answered": answered,
        "answering": [models[name] for name in answered.entries],
        "train_confusions": results_view.confusions(inputs, subset="train"),
        "confusions": results_view.confusions(inputs),
        "costs": cost_rows(inputs),
        "cost_frontier": [row.name for row in frontier(cost_rows(inputs))],
        "cost_figure": draw_cost(cost_rows(inputs)),
        "trainings": results_view.trainings(inputs),
        "fusion": inputs.details[FUSION]["fusion"],
        "train_of": {name: inputs.params.train_of(name) for name in inputs.params.enabled},
        "model_params": inputs.models,
    }


def _factors(inputs: Inputs, coverage: Coverage | None) -> dict[str, Any]:
    found = factors(inputs, coverage, list(results_view.shown_entries(inputs)))
    figure = draw_factors(found, results_view.colors(inputs)) if found else None
    return {"factors": found, "factors_figure": figure}


def _data(inputs: Inputs, coverage: Coverage | None, frames_path: Mapping[str, Path]) -> dict[str, Any]:
    rejected, reasons = data_view.rejected(inputs.screened)
    counts = data_view.split_counts(inputs.split)
    return {
        "data": inputs.params.data,
        "num_videos": len(inputs.screened),
        "num_kept": len(inputs.split),
        "num_groups": len({row.group for row in inputs.split}),
        "subsets": SUBSETS,
        "split_counts": counts,
        "subset_totals": [sum(row.counts[place] for row in counts) for place in range(len(SUBSETS))],
        "tiles": data_view.tiles(inputs),
        "fold_counts": data_view.fold_counts(inputs),
        "split_method": wording.SPLIT_METHODS[inputs.params.split.method],
        "guard": inputs.guard,
        "leak": inputs.leak,
        "leak_confidence": wording.percent(inputs.leak["confidence"]) if inputs.leak else "",
        "leak_answer": wording.leak(inputs.leak) if inputs.leak else "",
        "rejected": rejected[: data_view.MAX_REJECTED_ROWS],
        "num_rejected": len(rejected),
        "reasons": reasons,
        "reason_meaning": {rule.reason: rule.meaning for rule in RULES},
        "quality": data_view.quality_rows(inputs),
        "parts": [part.replace("_", " ") for part in PARTS],
        "coverage": coverage,
        "frames": data_view.shown_frames(coverage.frames, frames_path) if coverage else [],
        "settings": data_view.settings(inputs.params, inputs.models),
    }
