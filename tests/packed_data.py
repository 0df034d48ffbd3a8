"""Tiny packed files: moving skeletons and a moving blob, told apart by motion only, with group-specific looks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from actionrec.core.hdf5 import create_h5, write_json_attr, write_strings
from actionrec.core.tables import SplitRow
from actionrec.keypoints import layout
from actionrec.models.fused_convlstm import FusedConvLSTMParams
from actionrec.pack.features.reader import FEATURES_FORMAT, FEATURES_VERSION

CLASSES = ("circle_ccw", "circle_cw", "hold", "wave")
SUBSETS = ("train", "train", "train", "val", "test")
"""Of the groups, in turn."""


def small_fused(**changes: object) -> FusedConvLSTMParams:
    """A ``fused_convlstm`` that trains in moments on this data; ``changes`` are further parameters."""
    basis = {
        "type": "fused_convlstm",
        "view": "rgb64",
        "clip_frames": 4,
        "image_size": 8,
        "channels": 2,
        "lstm_hidden": 4,
        "keypoint_features": "body",
        "augment": True,
        "sampling": "random",
        "test_sampling": "strided",
        "test_clips": 2,
    }
    return FusedConvLSTMParams(**{**basis, **changes})


@dataclass(frozen=True)
class PackedData:
    """Where the files lie and what they hold."""

    root: Path
    rows: list[SplitRow]
    frames: dict[str, np.ndarray]
    keypoints: dict[str, np.ndarray]
    presence: dict[str, np.ndarray]

    @property
    def keypoints_path(self) -> Path:
        return self.root / "keypoints.h5"

    def packed_path(self, view: str) -> Path:
        return self.root / f"{view}.h5"


def make_packed_data(root: Path, *, groups: int = 5, clips: int = 1, seed: int = 0, size: int = 64) -> PackedData:
    """Write ``rgb64.h5`` (raw), ``rgb.h5`` (JPEG, 4:3), ``imagenet.h5`` (features) and ``keypoints.h5``."""
    generator = np.random.default_rng(seed)
    rows, frames, keypoints, presence = [], {}, {}, {}
    for group in range(groups):
        look = _Look.draw(generator)
        for label in CLASSES:
            for clip in range(clips):
                video_id = f"{label}/g{group:02d}_c{clip}"
                path = _path(label, num_frames=int(generator.integers(36, 51)), generator=generator)
                rows.append(SplitRow(video_id, label, f"g{group:02d}", SUBSETS[group % len(SUBSETS)]))
                keypoints[video_id], presence[video_id] = _skeleton(path, look, generator)
                frames[video_id] = _pictures(path, look, size=size, generator=generator)
    data = PackedData(root, sorted(rows, key=lambda row: row.video_id), frames, keypoints, presence)
    write_packed(data)
    return data


def write_packed(data: PackedData) -> None:
    """Write the four files of ``data``."""
    ids = [row.video_id for row in data.rows]
    starts = np.cumsum([0, *(len(data.frames[video_id]) for video_id in ids)])
    for view in ("rgb64", "rgb"):
        with create_h5(data.packed_path(view), format="actionrec-packed", version=1, fingerprint=view) as file:
            write_json_attr(file, "view", {"encoding": "raw" if view == "rgb64" else "jpeg"})
            write_strings(file, "video_id", ids)
            file["frame_start"] = starts
            file["timestamps"] = np.arange(starts[-1]) / 20.0
            if view == "rgb64":
                file["frames"] = np.concatenate([data.frames[video_id] for video_id in ids])
            else:
                jpegs = [_encode(frame) for video_id in ids for frame in data.frames[video_id]]
                file["jpeg"] = np.concatenate(jpegs)
                file["offsets"] = np.cumsum([0, *map(len, jpegs)])
    with create_h5(
        data.keypoints_path, format="actionrec-packed-keypoints", version=1, fingerprint="keypoints"
    ) as file:
        write_strings(file, "video_id", ids)
        file["frame_start"] = starts
        file["keypoints"] = np.concatenate([data.keypoints[video_id] for video_id in ids])
        file["presence"] = np.concatenate([data.presence[video_id] for video_id in ids])
        file["aspect"] = np.full(len(ids), 4 / 3, np.float32)
        file["timestamps"] = np.arange(starts[-1]) / 20.0

    _write_features(data)


NUM_FEATURES = 12
FEATURE_STRIDE = 2


def _write_features(data: PackedData) -> None:
    """Of every second frame the mean colour of each quarter, 0-1."""
    ids = [row.video_id for row in data.rows]
    indices = [np.arange(0, len(data.frames[video_id]), FEATURE_STRIDE) for video_id in ids]
    vectors = []
    for video_id, rows in zip(ids, indices, strict=True):
        frames = data.frames[video_id][rows]
        halves = frames.shape[1] // 2
        quarters = frames.reshape(len(rows), 2, halves, 2, halves, 3).mean(axis=(2, 4)) / 255
        vectors.append(quarters.reshape(len(rows), NUM_FEATURES).astype(np.float16))
    with create_h5(
        data.packed_path("imagenet"), format=FEATURES_FORMAT, version=FEATURES_VERSION, fingerprint="imagenet"
    ) as file:
        file.attrs["multiply_adds"] = 1000
        write_strings(file, "video_id", ids)
        file["frame_start"] = np.cumsum([0, *map(len, indices)])
        file["frame_index"] = np.concatenate(indices)
        file["timestamps"] = np.concatenate(indices) / 20.0
        file["features"] = np.concatenate(vectors)


def _encode(frame: np.ndarray) -> np.ndarray:
    wide = cv2.resize(frame, (frame.shape[1] * 4 // 3, frame.shape[0]))
    return cv2.imencode(".jpg", wide[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].ravel()


@dataclass(frozen=True)
class _Look:
    """Of one group: where the person stands, how large, what colours."""

    centre: np.ndarray
    torso: float
    colours: np.ndarray
    face: np.ndarray

    @classmethod
    def draw(cls, generator: np.random.Generator) -> _Look:
        return cls(
            generator.uniform((0.4, 0.35), (0.6, 0.5)),
            generator.uniform(0.2, 0.3),
            generator.integers(0, 256, (2, 3)),
            generator.normal(0, 0.05, (layout.NUM_FACE, 3)),
        )


def _path(label: str, *, num_frames: int, generator: np.random.Generator) -> np.ndarray:
    """The right wrist over time, (T, 2), in torso lengths from the shoulders."""
    turn = 2 * np.pi * (generator.uniform(1.2, 2.0) * np.linspace(0, 1, num_frames) + generator.random())
    match label:
        case "circle_cw":
            offset = 0.4 * np.stack([np.cos(turn), np.sin(turn)], 1)
        case "circle_ccw":
            offset = 0.4 * np.stack([np.cos(turn), -np.sin(turn)], 1)
        case "wave":
            offset = 0.4 * np.stack([np.cos(turn), np.zeros(num_frames)], 1)
        case _:
            offset = np.tile(generator.uniform(-0.4, 0.4, 2), (num_frames, 1))
    return np.array([-0.6, -0.3]) + offset


def _skeleton(path: np.ndarray, look: _Look, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    num_frames = len(path)
    scale = look.torso * np.array([3 / 4, 1.0])  # x is a share of the width
    body = np.zeros((num_frames, layout.NUM_POSE, 4), np.float32)
    body[:, :, :2] = look.centre + scale * np.random.default_rng(7).uniform(-1, 1, (layout.NUM_POSE, 2))
    for landmark, place in {
        layout.LEFT_SHOULDER: (0.3, 0.0),
        layout.RIGHT_SHOULDER: (-0.3, 0.0),
        layout.LEFT_HIP: (0.2, 1.0),
        layout.RIGHT_HIP: (-0.2, 1.0),
    }.items():
        body[:, landmark, :2] = look.centre + scale * np.array(place)
    wrist = look.centre + scale * path  # (T, 2)
    body[:, layout.RIGHT_WRIST, :2] = wrist
    body[..., :2] += generator.normal(0, 0.004, body[..., :2].shape)
    body[..., 3] = 1
    hand = np.zeros((num_frames, layout.NUM_HAND, 3), np.float32)
    hand[..., :2] = wrist[:, None] + generator.normal(0, 0.01, (num_frames, layout.NUM_HAND, 2))
    presence = np.ones((num_frames, 4), bool)
    presence[:, 2] = False
    presence[:, 3] = generator.random(num_frames) > 0.1
    face = np.tile(look.face + np.array([*look.centre, 0]), (num_frames, 1, 1))
    values = np.zeros((num_frames, layout.NUM_VALUES), np.float32)
    values[:, layout.POSE] = body.reshape(num_frames, -1)
    values[:, layout.FACE] = face.reshape(num_frames, -1)
    values[:, layout.RIGHT_HAND] = hand.reshape(num_frames, -1) * presence[:, 3, None]
    return values, presence


def _pictures(path: np.ndarray, look: _Look, *, size: int, generator: np.random.Generator) -> np.ndarray:
    frames = np.empty((len(path), size, size, 3), np.uint8)
    frames[:] = look.colours[0]
    for frame, place in zip(frames, look.centre + look.torso * path, strict=True):
        column, row = (place * size).astype(int).tolist()
        cv2.circle(frame, (column, row), size // 12, look.colours[1].tolist(), -1)
    noise = generator.integers(-6, 7, frames.shape)
    return np.clip(frames + noise, 0, 255).astype(np.uint8)
