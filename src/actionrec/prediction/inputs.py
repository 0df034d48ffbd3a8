"""All that models read of one new video: packed files of its own, made by the same steps as those for training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from actionrec.clips.recipes import Recipe
from actionrec.clips.sampling import NO_FRAME
from actionrec.core.arrays import Frames, Indices
from actionrec.core.compute import ComputeParams, num_workers
from actionrec.core.errors import ActionrecError
from actionrec.core.hdf5 import JpegWriter, create_h5
from actionrec.core.tables import SplitRow
from actionrec.intake.extract import frames as frame_files
from actionrec.intake.extract.frames import open_frames
from actionrec.keypoints import detect
from actionrec.keypoints.detect import detect_keypoints
from actionrec.keypoints.layout import NUM_VALUES, PARTS, ClipKeypoints
from actionrec.keypoints.pack import pack_keypoints
from actionrec.keypoints.reader import PackedKeypoints
from actionrec.pack.features.single import VideoFeatures, write_video_features
from actionrec.pack.writer import pack_view
from actionrec.prediction.bundle import Bundle
from actionrec.training.datasets import ClipSource, open_source

VIDEO = "video"
"""The id of the one video in its files."""
Span = tuple[int, int]
"""Frames from the first on, up to the second without it."""

_HERE = ComputeParams(backend="local", workers=0)


@dataclass(frozen=True)
class VideoFiles:
    """The packed files of one video."""

    folder: Path
    num_frames: int

    @property
    def frames_path(self) -> Path:
        """As the stage ``extract`` leaves them."""
        return self.folder / "frames.h5"

    @property
    def keypoints_path(self) -> Path:
        return self.folder / "keypoints.h5"

    def packed_path(self, view: str) -> Path:
        return self.folder / f"{view}.view.h5"

    def read_keypoints(self) -> ClipKeypoints:
        """Those of every frame."""
        packed = PackedKeypoints(self.keypoints_path)
        try:
            return packed.read(VIDEO, np.arange(self.num_frames))
        finally:
            packed.close()

    @contextmanager
    def source(self, recipe: Recipe) -> Iterator[ClipSource]:
        """Reads what a model with ``recipe`` sees of the video."""
        row = SplitRow(VIDEO, "", "", "test")
        source = open_source(recipe, [row], packed_path=self.packed_path, keypoints_path=self.keypoints_path)
        try:
            yield source
        finally:
            for packed in (source.view, source.keypoints):
                if packed is not None:
                    packed.close()


@dataclass(frozen=True)
class InputMaker:
    """Makes what the models with ``recipes`` read, and no more; what is slow to load stays loaded."""

    bundle: Bundle
    views: Sequence[str]
    """Of frames."""
    networks: Mapping[str, VideoFeatures] = field(default_factory=dict)
    """Of features, by view."""
    reads_keypoints: bool = False

    @classmethod
    def of(cls, bundle: Bundle, recipes: Sequence[Recipe]) -> InputMaker:
        facts = bundle.facts
        names = sorted({recipe.view for recipe in recipes if recipe.view})
        networks = {
            name: VideoFeatures(
                facts.features[name],
                facts.pack.get(facts.features[name].view),
                bundle.backbone(name),
                threads=num_workers(_HERE),
                kept=bundle.kept,
            )
            for name in names
            if name in facts.features
        }
        return cls(
            bundle,
            [name for name in names if name not in networks],
            networks,
            any(recipe.reads_keypoints for recipe in recipes),
        )

    def fill(
        self,
        files: VideoFiles,
        *,
        keypoints: ClipKeypoints | None = None,
        features: Mapping[str, npt.NDArray[np.floating]] | None = None,
    ) -> None:
        """Make the packed files out of the extracted frames; what is given is not computed.

        ``keypoints`` are of every frame, ``features`` vectors (rows, D) by view.
        """
        facts, frames_path = self.bundle.facts, files.frames_path
        for view in self.views:
            pack_view(
                [VIDEO],
                files.packed_path(view),
                frames_path=lambda _: frames_path,
                view=facts.pack[view],
                compute=_HERE,
                desc=None,
            )
        for view, network in self.networks.items():
            given = (features or {}).get(view)
            write_video_features(
                network.vectors(frames_path) if given is None else given,
                files.packed_path(view),
                video_id=VIDEO,
                frames_file=frames_path,
                params=network.params,
            )
        if self.reads_keypoints:
            found = files.folder / "found.h5"
            if keypoints is None:
                detect_keypoints(frames_path, found, params=facts.keypoints, fingerprint="")
            else:
                _write_keypoints(keypoints, found, num_frames=files.num_frames)
            pack_keypoints(
                [VIDEO],
                files.keypoints_path,
                keypoints_path=lambda _: found,
                frames_path=lambda _: frames_path,
                params=facts.keypoints,
            )


def write_frames(frames: Frames, timestamps: npt.NDArray[np.floating], path: Path) -> None:
    """Write decoded ``frames`` uint8 (T, H, W, 3), RGB 0-255, without loss, as if they had been extracted."""
    import cv2

    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or len(frames) != len(timestamps):
        raise ActionrecError(
            f"frames {frames.dtype} {frames.shape} and {len(timestamps)} timestamps: expected uint8 (T, H, W, 3), RGB "
            "0-255, and a time in seconds for each"
        )
    with create_h5(path, format=frame_files.FORMAT, version=frame_files.VERSION, fingerprint="") as file:
        file.attrs["height"], file.attrs["width"] = frames.shape[1:3]
        file["timestamps"] = np.asarray(timestamps, np.float64)
        with JpegWriter(file) as writer:
            for frame in frames:
                # The reader tells by its first bytes what kind an image is. A bitmap costs next to nothing.
                writer.append(cv2.imencode(".bmp", frame[..., ::-1])[1].tobytes())


def num_extracted(frames_path: Path) -> int:
    """Frames of an extracted video."""
    with open_frames(frames_path) as frames:
        return frames.num_frames


def clips_of_span(source: ClipSource, span: Span, *, sampling: str) -> Indices:
    """The test clips (num_clips, clip_frames) of a part of the video, as if it were a video of its own.

    Of a view of features the part has the rows that are about its frames, and at least the one before its first frame.
    """
    num_rows = source.num_frames(VIDEO)
    about = source.source_frames(VIDEO, np.arange(num_rows))
    first, stop = np.searchsorted(about, span).tolist()
    first = min(first, num_rows - 1)
    clips = source.recipe.test_clips(max(1, stop - first), sampling)
    return np.where(clips == NO_FRAME, NO_FRAME, clips + first)


def _write_keypoints(found: ClipKeypoints, path: Path, *, num_frames: int) -> None:
    expected = (num_frames, NUM_VALUES), (num_frames, len(PARTS))
    if (found.keypoints.shape, found.presence.shape) != expected:
        raise ActionrecError(
            f"keypoints {found.keypoints.shape} and presence {found.presence.shape}: expected {expected[0]} and "
            f"{expected[1]}, one row a frame"
        )
    with create_h5(path, format=detect.FORMAT, version=detect.VERSION, fingerprint="") as file:
        file["keypoints"] = np.asarray(found.keypoints, np.float32)
        file["presence"] = np.asarray(found.presence, np.bool_)
        file.attrs["aspect"] = np.float32(found.aspect)
