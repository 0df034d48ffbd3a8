"""Classes of new videos, by models that the pipeline trained.

Every step is the one that made the training data, through the same functions, so models see the same numbers, and a
video gives the log-probabilities that it has in ``data/predictions``: but for the last digits of 32-bit sums, whose
order may depend on how many clips are in a batch.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from actionrec.clips.recipes import Recipe
from actionrec.core.arrays import Frames
from actionrec.core.errors import ActionrecError
from actionrec.core.progress import Progress
from actionrec.evaluation.calibration import scale
from actionrec.evaluation.folds import FUSION
from actionrec.evaluation.fusion import fuse
from actionrec.intake.extract.sources import Source, extract_source
from actionrec.intake.screen.videos import screen_video
from actionrec.keypoints.layout import ClipKeypoints
from actionrec.models.table import recipe_of
from actionrec.prediction.aggregation import aggregate_clips, normalise_log_prob
from actionrec.prediction.bundle import Bundle, FoldFacts, choose_folds, read_bundle
from actionrec.prediction.found import find_videos
from actionrec.prediction.inputs import (
    VIDEO,
    InputMaker,
    Span,
    VideoFiles,
    clips_of_span,
    num_extracted,
    write_frames,
)
from actionrec.prediction.run import predict_clips
from actionrec.training.datasets import FixedClips
from actionrec.training.trained import section_of

Device = Literal["auto", "cpu", "cuda"]
LogProb = npt.NDArray[np.float64]


@dataclass(frozen=True)
class VideoPrediction:
    """What is said of one video."""

    path: str
    """As it was found; empty for frames from memory."""
    reason: str
    """Why it is not predicted, a code of :mod:`actionrec.intake.screen.rules`; empty for a predicted one."""
    evidence: str
    """What was seen, where there is a reason."""
    class_names: tuple[str, ...]
    probability: npt.NDArray[np.float64]
    """(C,), calibrated; sums to 1. Of a rejected video NaN."""
    log_prob: LogProb
    """(F, C), what each fold's model says before its temperature."""

    def top(self, k: int) -> list[tuple[str, float]]:
        """The ``k`` most probable classes and their probabilities; none of a rejected video."""
        if self.reason:
            return []
        # Of equals the class that comes first, as everywhere.
        places = np.argsort(-self.probability, kind="stable")[:k]
        return [(self.class_names[place], float(self.probability[place])) for place in places.tolist()]


@dataclass(frozen=True)
class Answers:
    """What is said of several parts of one video."""

    probability: npt.NDArray[np.float64]
    """(S, C), calibrated."""
    log_prob: LogProb
    """(F, S, C), of each fold, before its temperature."""


@dataclass(frozen=True)
class _Model:
    """One model, trained once a fold; the folds share recipe and classes."""

    recipe: Recipe
    networks: Sequence[nn.Module]
    batch_size: int


class Predictor:
    """Models that stay loaded from one video to the next.

    Trained in several folds, there are as many models of a name, and a video that is new to all of them is answered by
    all: each fold's log-probabilities (of the fusion: fused by its weights) are divided by the fold's temperature and
    normalised, and their mean over the folds is normalised again. ``fold`` leaves one of them.
    """

    def __init__(
        self, bundle: Bundle, *, model: str | None = None, fold: int | None = None, device: Device = "auto"
    ) -> None:
        """``model`` is a model's name or ``fusion``, which is the default where there are several models.

        ``device`` is where the models run; frozen networks of features take a GPU wherever torch finds one.
        Raises :class:`ActionrecError` for a model, fold or device that is not there.
        """
        facts = bundle.facts
        self.model = model or facts.choices[0]
        if self.model not in facts.choices:
            raise ActionrecError(f"--model {self.model}: there are {', '.join(facts.choices)}")
        self.bundle = bundle
        self.class_names = tuple(facts.class_names)
        self.folds: Sequence[FoldFacts] = choose_folds(facts, fold)
        self._device = _device(device)
        names = facts.models if self.model == FUSION else (self.model,)
        self._models = {name: self._load(name) for name in names}
        self._maker = InputMaker.of(bundle, [loaded.recipe for loaded in self._models.values()])

    @property
    def reads_frames(self) -> bool:
        """Whether any model sees pictures, or features of them; else keypoints are all that counts."""
        return any(loaded.recipe.view for loaded in self._models.values())

    def _load(self, name: str) -> _Model:
        loaded = [self.bundle.network(name, fold.fold) for fold in self.folds]
        card = loaded[0][0]
        if any(tuple(other.class_names) != self.class_names for other, _ in loaded):
            raise ActionrecError(f"{name} knows other classes than the others; run `dvc repro`")
        networks = [network.to(self._device) for _, network in loaded]
        return _Model(recipe_of(section_of(card)), networks, int(card.train["batch_size"]))

    @property
    def reads_keypoints(self) -> bool:
        """Whether the models read keypoints: then :meth:`of_frames` is far faster with them."""
        return self._maker.reads_keypoints

    def predict(self, paths: Iterable[str | Path], *, shows_progress: bool = False) -> list[VideoPrediction]:
        """:meth:`each`, as a list."""
        return list(self.each(paths, shows_progress=shows_progress))

    def each(self, paths: Iterable[str | Path], *, shows_progress: bool = False) -> Iterator[VideoPrediction]:
        """What is said of every video of ``paths``: files, folders (searched for videos) and patterns (``*.mp4``).

        One after another as they are done; memory does not grow with their number. Raises :class:`ActionrecError` for
        a path where there is nothing, before the first video is looked at.
        """
        videos = find_videos(paths)
        with Progress(
            len(videos) if shows_progress else 0, desc="predict", unit="video", failed="rejected"
        ) as progress:
            for path in videos:
                found = self.of_video(path)
                progress.update(failed=int(bool(found.reason)))
                yield found

    def of_video(self, path: str | Path) -> VideoPrediction:
        """What is said of the video ``path``; one that is screened out, or no video at all, has a ``reason``."""
        with self.opened(path) as found:
            if isinstance(found, VideoPrediction):
                return found
            return self._predicted(found, path=str(path))

    def of_frames(
        self,
        frames: Frames,
        timestamps: npt.NDArray[np.floating],
        *,
        keypoints: ClipKeypoints | None = None,
        features: Mapping[str, npt.NDArray[np.floating]] | None = None,
    ) -> VideoPrediction:
        """What is said of decoded ``frames`` uint8 (T, H, W, 3), RGB 0-255, at ``timestamps`` (T,) seconds.

        As trained, frames have at most ``bundle.facts.extract.short_side`` pixels on their short side. ``keypoints`` of
        every frame and ``features`` vectors (rows, D) by view are taken where they are given, else computed. Nothing
        is screened out. Raises :class:`ActionrecError` for arrays that do not belong together.
        """
        with tempfile.TemporaryDirectory(prefix="actionrec-") as folder:
            files = VideoFiles(Path(folder), len(frames))
            write_frames(frames, timestamps, files.frames_path)
            self._maker.fill(files, keypoints=keypoints, features=features)
            return self._predicted(files, path="")

    @contextmanager
    def opened(self, path: str | Path, *, keypoints: bool = False) -> Iterator[VideoFiles | VideoPrediction]:
        """All that the models read of the video ``path``, until the ``with`` ends; of a rejected one the prediction.

        ``keypoints`` asks for them also where no model reads them.
        """
        facts = self.bundle.facts
        with tempfile.TemporaryDirectory(prefix="actionrec-") as folder:
            frames_path = VideoFiles(Path(folder), 0).frames_path
            extract_source(Source(Path(path).resolve()), frames_path, params=facts.extract, fingerprint="")
            verdict = screen_video(frames_path, facts.screen)
            if verdict.reason:
                yield self._rejected(str(path), verdict.reason, verdict.evidence)
                return
            files = VideoFiles(Path(folder), num_extracted(frames_path))
            replace(self._maker, reads_keypoints=self.reads_keypoints or keypoints).fill(files)
            yield files

    def vectors(self, files: VideoFiles) -> dict[str, npt.NDArray[np.floating]]:
        """By view the features of a video that is open: what :meth:`of_frames` takes."""
        return {view: network.vectors(files.frames_path) for view, network in self._maker.networks.items()}

    def of_spans(self, files: VideoFiles, spans: Sequence[Span]) -> Answers:
        """What is said of parts of a video that is open, each as if it were a video of its own."""
        log_probs = {name: self._log_prob(model, files, spans) for name, model in self._models.items()}
        of_folds, calibrated = [], []
        for place, fold in enumerate(self.folds):
            if self.model == FUSION:
                stacked = np.stack([found[place] for found in log_probs.values()])  # (M, S, C)
                weights = np.asarray([fold.weights[name] for name in log_probs])
                log_prob = fuse(stacked, weights, smoothing=self.bundle.facts.smoothing)
            else:
                log_prob = log_probs[self.model][place]
            of_folds.append(log_prob)
            calibrated.append(scale(log_prob, fold.temperatures[self.model]))
        probability = np.exp(normalise_log_prob(np.mean(calibrated, axis=0)))
        return Answers(probability, np.stack(of_folds).astype(np.float64))

    def _log_prob(self, model: _Model, files: VideoFiles, spans: Sequence[Span]) -> list[npt.NDArray[np.float32]]:
        """Of each fold (S, C), as the stage ``predict`` computes and rounds them."""
        sampling = model.recipe.samplings[0]
        found = []
        with files.source(model.recipe) as source:
            clips = FixedClips(
                source,
                video_ids=[VIDEO] * len(spans),
                labels=[0] * len(spans),
                clips=[clips_of_span(source, span, sampling=sampling) for span in spans],
                num_crops=model.recipe.num_crops,
            )
            for network in model.networks:
                of_clips = predict_clips(network, clips, batch_size=model.batch_size, device=self._device)
                log_prob = aggregate_clips(
                    of_clips, clips.clip_video, num_videos=len(spans), method=self.bundle.facts.aggregation
                )
                found.append(log_prob.astype(np.float32))
        return found

    def _predicted(self, files: VideoFiles, *, path: str) -> VideoPrediction:
        answers = self.of_spans(files, [(0, files.num_frames)])
        return VideoPrediction(path, "", "", self.class_names, answers.probability[0], answers.log_prob[:, 0])

    def _rejected(self, path: str, reason: str, evidence: str) -> VideoPrediction:
        num_classes = len(self.class_names)
        nothing = np.full((len(self.folds), num_classes), np.nan)
        return VideoPrediction(path, reason, evidence, self.class_names, np.full(num_classes, np.nan), nothing)


def load_bundle(
    folder: str | Path, *, model: str | None = None, fold: int | None = None, device: Device = "auto"
) -> Predictor:
    """A predictor of what ``actionrec bundle`` wrote; runs no code that the folder may hold."""
    return Predictor(read_bundle(Path(folder)), model=model, fold=fold, device=device)


def _device(device: Device) -> Literal["cpu", "cuda"]:
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise ActionrecError("--device cuda, but torch finds no CUDA GPU here; set auto or cpu")
    return "cuda" if available and device != "cpu" else "cpu"
