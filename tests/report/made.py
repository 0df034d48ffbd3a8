"""A whole made-up project, as the earlier stages leave it, below the current directory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from actionrec.core import paths
from actionrec.core.answers import write_answers
from actionrec.core.files import atomic_dir
from actionrec.core.hdf5 import create_h5, write_strings
from actionrec.core.tables import ScreenedRow, SplitRow, write_rows, write_table
from actionrec.evaluation.evaluate import evaluate_folds
from actionrec.evaluation.folds import Fold
from actionrec.evaluation.outputs import answered_videos, write_metrics, write_plot_tables
from actionrec.intake.split.guard import Guard, write_guard
from actionrec.keypoints.layout import NUM_VALUES
from actionrec.keypoints.reader import KEYPOINTS_FORMAT, KEYPOINTS_VERSION
from actionrec.params import Params, load_params
from tests.conftest import REPO
from tests.evaluation.made import make_split, predict
from tests.helpers import flat_frames, write_frames

NUM_FRAMES = 6


SECOND_FOLD = dict.fromkeys(("g3", "g4", "g5", "g6"), "test") | {"g0": "val"}
"""Subsets of the groups; the others train. The first fold is the single split."""


def params_of(*models: str, skeleton_frames: int = 3, folds: int = 1, run_folds: Sequence[int] = ()) -> Params:
    """The project's parameters with other models enabled."""
    params = load_params(REPO / "params.yaml")
    report = params.report.model_copy(update={"skeleton_frames": skeleton_frames})
    split = params.split.model_copy(update={"folds": folds, "run_folds": tuple(run_folds)})
    return params.model_copy(update={"enabled": models, "report": report, "split": split})


def write_project(
    params: Params,
    classes: Sequence[str] = ("clap", "squat", "wave"),
    *,
    rejected: Sequence[ScreenedRow] = (),
    keypoints: bool = True,
    leaking: bool = False,
    clip_frames: int = 4,
    protocols: Sequence[str] = (),
) -> list[SplitRow]:
    """Write every input of the report; the first model is wrong on all test videos of the first class.

    ``clip_frames`` is that of the first model; other ``protocols`` predict what the reported one does.
    """
    split = make_split(classes)
    screened = [ScreenedRow(r.video_id, r.label, r.group, "", "d", 1, "", "", 6, 0.3, 64, 48, "00") for r in split]
    write_rows(paths.SCREENED, [*screened, *rejected], ScreenedRow)
    write_rows(paths.SPLIT, split, SplitRow)
    crossing = int(leaking)
    guard = Guard(leaking, params.split.method, crossing, 0, 0, 0.02, len(split), len({row.group for row in split}))
    write_guard(guard, paths.GUARD)
    write_table(paths.EXTRA, ["video_id", "camera"], [[split[0].video_id, "</script> roof"], [split[1].video_id, ""]])
    write_table(
        paths.QUALITY_PLOT, ["video_id", "contrast", "kept", "reason"], [[row.video_id, 50.5, 1, ""] for row in split]
    )
    wrong = [row.video_id for row in split if row.label == min(classes) and row.subset == "test"]
    first, *others = params.enabled
    folds = []
    for fold in params.split.running:
        rows = split if not fold else [replace(r, subset=SECOND_FOLD.get(r.group, "train")) for r in split]
        predictions = [
            predict(rows, model=first, wrong=wrong, clip_frames=clip_frames),
            *(predict(rows, model=name) for name in others),
        ]
        predictions = [replace(p, protocols=dict.fromkeys(protocols, p.log_prob)) for p in predictions]
        write_rows(paths.split_path(fold), rows, SplitRow)
        folds.append(Fold(fold, predictions, rows))
    evaluation = evaluate_folds(folds, params.evaluate, leaking=leaking)
    with atomic_dir(paths.METRICS) as metrics, atomic_dir(paths.EVALUATION_PLOTS) as tables:
        write_metrics(evaluation, metrics)
        write_plot_tables(evaluation, tables)
    write_answers(answered_videos(evaluation), paths.ANSWERS)
    for name in params.enabled:
        header = ["epoch", "train_loss", "train_top1", "val_loss", "val_top1", "lr"]
        write_table(paths.curves_path(name), header, [[1, 1.5, 0.3, 1.6, 0.2, 0.1], [2, 1.0, 0.6, 1.2, 0.5, 0.1]])
    write_keypoints([row.video_id for row in split] if keypoints else [])
    for row in split:
        write_frames(paths.frames_path(row.video_id), flat_frames([100] * NUM_FRAMES))
    return split


def write_keypoints(video_ids: Sequence[str]) -> None:
    """Pose in every frame, the face in the first half, the left hand in the first frame, no right hand.

    The first video shows two people.
    """
    presence = np.zeros((NUM_FRAMES, 4), np.bool_)
    presence[:, 0] = presence[: NUM_FRAMES // 2, 1] = presence[0, 2] = True
    ids = sorted(video_ids)
    num_rows = len(ids) * NUM_FRAMES
    with create_h5(paths.PACKED_KEYPOINTS, format=KEYPOINTS_FORMAT, version=KEYPOINTS_VERSION, fingerprint="") as file:
        write_strings(file, "video_id", ids)
        file["frame_start"] = np.arange(len(ids) + 1) * NUM_FRAMES
        file["aspect"] = np.full(len(ids), 4 / 3, np.float32)
        file["faces"] = [2 if number == 0 else 1 for number in range(len(ids))]
        file["keypoints"] = np.full((num_rows, NUM_VALUES), 0.5, np.float32)
        file["presence"] = np.tile(presence, (len(ids), 1)).reshape(num_rows, 4)
