"""What :mod:`actionrec.prediction.annotate` draws: into an RGBA canvas (H, W, 4) that lies over a frame."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from actionrec.clips.landmarks import FACE, LEFT_HAND, POSE, RIGHT_HAND, landmarks
from actionrec.keypoints.skeleton import HAND_LINES, POSE_LINES

Canvas = npt.NDArray[np.uint8]

_BACKGROUND = (16, 16, 16, 150)
_BAR = (70, 130, 220, 220)
_WHITE = (255, 255, 255, 255)
_FACE = (255, 255, 255, 160)
_FACE_STEP = 4  # every fourth of 468 points shows the face as well
_MIN_VISIBILITY = 0.5
_PARTS: tuple[tuple[int, Sequence[tuple[int, int]], tuple[int, int, int, int]], ...] = (
    (POSE, POSE_LINES, (0, 200, 120, 255)),
    (LEFT_HAND, HAND_LINES, (255, 160, 0, 255)),
    (RIGHT_HAND, HAND_LINES, (230, 70, 160, 255)),
)
_CLASS_COLOURS = np.asarray(
    [(70, 130, 220), (230, 120, 40), (60, 170, 90), (210, 60, 60), (140, 100, 200), (150, 110, 70), (220, 120, 190)],
    np.uint8,
)


def draw_skeleton(canvas: Canvas, keypoints: npt.NDArray[np.float32], presence: npt.NDArray[np.bool_]) -> None:
    """The parts of ``keypoints`` (1662,) that ``presence`` (4,) says were found; lines grow with the frame."""
    size = np.asarray([canvas.shape[1], canvas.shape[0]])
    thickness = max(1, round(min(canvas.shape[:2]) / 200))
    if presence[FACE]:
        for place in (landmarks(keypoints[None], FACE)[0, ::_FACE_STEP, :2] * size).astype(int).tolist():
            cv2.circle(canvas, place, max(1, thickness // 2), _FACE, -1)
    for part, lines, colour in _PARTS:
        if not presence[part]:
            continue
        points = landmarks(keypoints[None], part)[0]
        seen = points[:, 3] >= _MIN_VISIBILITY if part == POSE else np.ones(len(points), np.bool_)
        places = (points[:, :2] * size).astype(int).tolist()
        for start, end in lines:
            if seen[start] and seen[end]:
                cv2.line(canvas, places[start], places[end], colour, thickness, cv2.LINE_AA)


def draw_panel(canvas: Canvas, classes: Sequence[tuple[str, float]]) -> None:
    """Names and probabilities, most probable first, with a bar each, in the upper left corner."""
    unit = max(10, round(min(canvas.shape[:2]) / 16))
    scale, thickness = unit / 30, max(1, round(unit / 18))
    lines = [f"{label} {probability:.2f}" for label, probability in classes]
    widths = [cv2.getTextSize(line, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)[0][0] for line in lines]
    width = min(canvas.shape[1], max(*widths, 6 * unit) + unit)
    canvas[: len(lines) * unit + unit // 2, :width] = _BACKGROUND
    for row, (line, (_, probability)) in enumerate(zip(lines, classes, strict=True)):
        top = row * unit + unit // 4
        canvas[top + 1 : top + unit - 1, : round(width * probability)] = _BAR
        place = (unit // 2, top + round(0.75 * unit))
        cv2.putText(canvas, line, place, cv2.FONT_HERSHEY_SIMPLEX, scale, _WHITE, thickness, cv2.LINE_AA)


def draw_timeline(canvas: Canvas, probability: npt.NDArray[np.float64], frame: int) -> None:
    """The most probable class of every frame (T, C) along the lower edge, as high as it is probable; a line is now."""
    height = max(8, canvas.shape[0] // 16)
    strip = canvas[-height:]
    strip[:] = _BACKGROUND
    width = strip.shape[1]
    shown = np.arange(width) * len(probability) // width
    best = probability[shown].argmax(axis=1)
    rows = np.arange(height, 0, -1)[:, None] <= np.ceil(probability[shown, best] * height)  # (height, width)
    colours = _CLASS_COLOURS[best % len(_CLASS_COLOURS)]
    strip[..., :3] = np.where(rows[..., None], colours, strip[..., :3])
    strip[..., 3] = np.where(rows, 220, strip[..., 3])
    now = round((frame + 0.5) / len(probability) * width)
    strip[:, max(0, now - 1) : now + 1] = _WHITE
