"""The predictions of one model: log-probabilities of every clip and of every val and test video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from actionrec.core.errors import ActionrecError
from actionrec.core.hdf5 import create_h5, open_h5, read_strings, write_strings
from actionrec.core.tables import SplitRow, check_same_ids

FORMAT = "actionrec-predictions"
VERSION = 3
PREDICTED_SUBSETS = ("val", "test")
"""Always."""

_NORMALISED_WITHIN = 1e-4


@dataclass(frozen=True)
class Predictions:
    """``data/predictions/<model>.h5``: N videos, M clips of L frames, C classes."""

    model: str
    aggregation: Literal["mean", "sum"]
    """How the clips' log-probabilities became the video's."""
    protocol: str
    """What was averaged, for a person: ``mean of 4 strided clips of 16 frames``."""
    sampling: str
    """Short name of that protocol, as in ``video_top1_strided``."""
    parameters: int
    trainable_parameters: int
    multiply_adds_clip: int
    """Of one clip, those of the network behind its features included (:mod:`actionrec.prediction.cost`)."""
    multiply_adds_video: int
    """Of a video of mean length."""
    best_epoch: int
    """The epoch that is kept, counted from 1."""
    class_names: list[str]
    video_id: list[str]
    """Sorted."""
    subset: list[str]
    """``val`` or ``test``; ``train`` too where ``evaluate.subsets`` asks for it."""
    label: npt.NDArray[np.int64]
    """(N,) place of the true class in ``class_names``."""
    log_prob: npt.NDArray[np.float32]
    """(N, C), probabilities sum to 1."""
    clip_log_prob: npt.NDArray[np.float32]
    """(M, C), probabilities sum to 1."""
    clip_video: npt.NDArray[np.int64]
    """(M,) place of the clip's video in ``video_id``."""
    clip_frames: npt.NDArray[np.int64]
    """(M, L) frame indices of the clip within its video, -1 where it shows none."""
    protocols: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    """``log_prob`` (N, C) by other ways to sample the video, by the short name of each."""

    def check_covers(self, rows: Sequence[SplitRow]) -> None:
        """Raise :class:`ActionrecError` unless exactly the val and test videos of ``rows`` are predicted.

        Where a training video is, all of them have to be.
        """
        wanted = {*PREDICTED_SUBSETS, *self.subset}
        expected = [row.video_id for row in rows if row.subset in wanted]
        check_same_ids(expected, self.video_id, left_name="the split", right_name=f"the predictions of {self.model}")


def write_predictions(predictions: Predictions, path: Path, *, fingerprint: str) -> None:
    """Write ``predictions`` atomically; raises ``ValueError`` for arrays that contradict each other."""
    _check(predictions)
    with create_h5(path, format=FORMAT, version=VERSION, fingerprint=fingerprint) as file:
        for name in (
            "model",
            "aggregation",
            "protocol",
            "sampling",
            "parameters",
            "trainable_parameters",
            "multiply_adds_clip",
            "multiply_adds_video",
            "best_epoch",
        ):
            file.attrs[name] = getattr(predictions, name)
        for name in ("class_names", "video_id", "subset"):
            write_strings(file, name, getattr(predictions, name))
        for name in ("label", "log_prob", "clip_log_prob", "clip_video", "clip_frames"):
            file.create_dataset(name, data=getattr(predictions, name))
        others = file.create_group("protocols")
        for name, log_prob in predictions.protocols.items():
            others.create_dataset(name, data=log_prob)


def read_predictions(path: Path, *, model: str) -> Predictions:
    """Read what :func:`write_predictions` wrote for ``model``.

    Raises :class:`ActionrecError` for a file that is absent, unfinished, or another model's.
    """
    with open_h5(path, format=FORMAT, version=VERSION, stage=f"predict@{model}") as file:
        if file.attrs["model"] != model:
            raise ActionrecError(
                f"{path} holds predictions of {file.attrs['model']!r}, not of {model!r}; "
                f"rebuild it with `dvc repro -f predict@{model}`"
            )
        return Predictions(
            model=model,
            aggregation="sum" if file.attrs["aggregation"] == "sum" else "mean",
            protocol=str(file.attrs["protocol"]),
            sampling=str(file.attrs["sampling"]),
            parameters=int(file.attrs["parameters"]),
            trainable_parameters=int(file.attrs["trainable_parameters"]),
            multiply_adds_clip=int(file.attrs["multiply_adds_clip"]),
            multiply_adds_video=int(file.attrs["multiply_adds_video"]),
            best_epoch=int(file.attrs["best_epoch"]),
            class_names=read_strings(file, "class_names"),
            video_id=read_strings(file, "video_id"),
            subset=read_strings(file, "subset"),
            label=file["label"][:],
            log_prob=file["log_prob"][:],
            clip_log_prob=file["clip_log_prob"][:],
            clip_video=file["clip_video"][:],
            clip_frames=file["clip_frames"][:],
            protocols={name: others[:] for name, others in file["protocols"].items()},
        )


def _check(predictions: Predictions) -> None:
    num_videos, num_clips = len(predictions.video_id), len(predictions.clip_video)
    num_classes = len(predictions.class_names)
    others = predictions.protocols
    shapes = {
        "subset": (len(predictions.subset), num_videos),
        "label": (predictions.label.shape, (num_videos,)),
        "log_prob": (predictions.log_prob.shape, (num_videos, num_classes)),
        "clip_log_prob": (predictions.clip_log_prob.shape, (num_clips, num_classes)),
        "clip_frames": (predictions.clip_frames.shape[:1], (num_clips,)),
        **{f"protocols/{name}": (found.shape, (num_videos, num_classes)) for name, found in others.items()},
    }
    problems = [
        f"{name} has {found}, expected {expected}" for name, (found, expected) in shapes.items() if found != expected
    ]
    if sorted(set(predictions.video_id)) != predictions.video_id:
        problems.append("video_id is not sorted and unique")
    if set(predictions.clip_video.tolist()) != set(range(num_videos)):
        problems.append("clip_video does not name every video")
    log_probs = {"log_prob": predictions.log_prob, "clip_log_prob": predictions.clip_log_prob}
    log_probs |= {f"protocols/{name}": log_prob for name, log_prob in others.items()}
    for name, log_prob in log_probs.items():
        totals = np.exp(log_prob.astype(np.float64)).sum(axis=-1)
        if not np.allclose(totals, 1, atol=_NORMALISED_WITHIN):
            problems.append(f"{name} is not normalised")
    # The names become names of metrics and of data sets in the file.
    problems += [f"{name!r} is no short name" for name in (predictions.sampling, *others) if not name.isidentifier()]
    if predictions.sampling in others:
        problems.append(f"protocols hold {predictions.sampling} again")
    if problems:
        raise ValueError(f"predictions of {predictions.model}: " + "; ".join(problems))
