"""How many people a video shows at once, of whom MediaPipe Holistic follows one: faces, counted in a few frames.

A second face that one frame alone shows is mostly none: so it is in five of six real clips out of 382. So a face counts
that is seen beside others in two frames, which no clip of one person has. Small faces and such as are turned away are
missed: of eight clips in which two people are about as large, four are found.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from actionrec.core.arrays import Indices
from actionrec.core.errors import ActionrecError
from actionrec.core.files import write_json
from actionrec.intake.extract.frames import open_frames
from actionrec.keypoints.noise import without_noise

MOST_FRAMES = 10
ONE_FRAME_IN = 10
"""Of a short video fewer frames are looked at, so that counting costs a fiftieth of the keypoints at most."""
_MIN_CONFIDENCE = 0.5


def looked_at(num_frames: int) -> Indices:
    """The frames in which faces are counted: int64 (n,), in the middle of equal parts of the video."""
    count = min(MOST_FRAMES, math.ceil(num_frames / ONE_FRAME_IN))
    return (2 * np.arange(count) + 1) * num_frames // max(1, 2 * count)


def count_faces(frames_file: Path, path: Path) -> None:
    """Write to ``path`` which frames of the extracted video ``frames_file`` were looked at, and the faces in each."""
    with open_frames(frames_file) as frames:
        indices = looked_at(frames.num_frames if frames.has_pictures else 0)
        with without_noise():
            found = [_detector().process(np.ascontiguousarray(frame)).detections for frame in frames.decode(indices)]
    write_json(path, {"frames": indices.tolist(), "faces": [len(faces or ()) for faces in found]})


def read_counts(path: Path) -> list[int]:
    """The faces in each frame, as :func:`count_faces` wrote them."""
    counts: list[int] = json.loads(path.read_text(encoding="utf-8"))["faces"]
    return counts


def at_once(counts: Sequence[int]) -> int:
    """The largest number of faces that at least two of the frames show, of ``counts`` in each."""
    return min(sorted(counts)[-2:], default=0)


@cache
def _detector() -> Any:
    """MediaPipe's face detector for faces up to five metres away, one a process: it remembers nothing of a frame."""
    try:
        from mediapipe.python.solutions.face_detection import FaceDetection
    except ImportError as error:
        raise ActionrecError(
            f"mediapipe cannot be imported ({error}); install requirements.txt, or set keypoints.enabled: false"
        ) from error
    return FaceDetection(model_selection=1, min_detection_confidence=_MIN_CONFIDENCE)
