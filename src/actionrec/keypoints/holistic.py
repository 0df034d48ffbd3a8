"""The one adapter to ``mediapipe==0.10.21``, the last version whose Holistic models are in the wheel."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from actionrec.core.errors import ActionrecError
from actionrec.keypoints.layout import (
    FACE,
    LEFT_HAND,
    NUM_FACE,
    NUM_HAND,
    NUM_POSE,
    NUM_VALUES,
    PARTS,
    POSE,
    RIGHT_HAND,
)
from actionrec.keypoints.noise import without_noise

_SUPPORTED = ((3, 9), (3, 12))


class HolisticDetector:
    """Tracks one person through the frames of one video; make a new one for every video, in a ``with``.

    ``model_complexity`` is 1: the models of 0 and 2 are not in the wheel and would be downloaded.
    Inside the ``with`` standard error lacks the lines that MediaPipe prints for every video, and no other.
    """

    def __init__(self, *, min_detection_confidence: float, min_tracking_confidence: float) -> None:
        try:
            from mediapipe.python.solutions.holistic import Holistic
        except ImportError as error:
            low, high = (".".join(map(str, version)) for version in _SUPPORTED)
            raise ActionrecError(
                f"mediapipe cannot be imported on Python {sys.version.split()[0]} ({error}); "
                f"mediapipe 0.10.21 has wheels for Python {low} to {high}; "
                "install requirements.txt there, or set keypoints.enabled: false"
            ) from error
        self._make = partial(
            Holistic,
            static_image_mode=False,
            model_complexity=1,
            smooth_landmarks=True,
            min_detection_confidence=min_detection_confidence,
            min_tracking_confidence=min_tracking_confidence,
        )
        self._open = ExitStack()

    def detect(self, frame: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Keypoints (1662,) and presence (4,) of the next frame: uint8 (H, W, 3), RGB 0-255."""
        return to_row(self._holistic.process(np.ascontiguousarray(frame)))

    def __enter__(self) -> Self:
        self._open.enter_context(without_noise())
        self._holistic = self._make()
        self._open.callback(self._holistic.close)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()


def to_row(result: Any) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """MediaPipe's result as keypoints (1662,) float32 and presence (4,) bool."""
    row = np.zeros(NUM_VALUES, np.float32)
    presence = np.zeros(len(PARTS), np.bool_)
    if result.pose_landmarks:
        row[POSE] = _values(result.pose_landmarks.landmark, NUM_POSE, visibility=True)
        presence[0] = True
    parts = ((FACE, NUM_FACE, "face"), (LEFT_HAND, NUM_HAND, "left_hand"), (RIGHT_HAND, NUM_HAND, "right_hand"))
    for column, (where, count, name) in enumerate(parts, start=1):
        landmarks = getattr(result, f"{name}_landmarks")
        if landmarks:
            row[where] = _values(landmarks.landmark, count, visibility=False)
            presence[column] = True
    return row, presence


def _values(landmarks: Iterable[Any], count: int, *, visibility: bool) -> npt.NDArray[np.float32]:
    points = [(p.x, p.y, p.z, p.visibility) if visibility else (p.x, p.y, p.z) for p in landmarks]
    # Iris refinement appends points to the face; only the 468 of the mesh have a place.
    return np.asarray(points[:count], np.float32).reshape(-1)
