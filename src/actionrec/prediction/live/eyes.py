"""From a JPEG to keypoints, and from the last seconds to classes: each slow, each in a thread of its own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from actionrec.core.arrays import Frames
from actionrec.core.errors import ActionrecError
from actionrec.keypoints.holistic import HolisticDetector
from actionrec.keypoints.layout import NUM_VALUES, PARTS
from actionrec.prediction.live.session import Clip, FrameMessage, RollingBuffer, Seen
from actionrec.prediction.predictor import Predictor

# Pixels, of pictures that no model reads: nothing of them is used but how many there are.
_UNREAD_SHORT_SIDE = 8


class Eyes:
    """Sees the frames of one camera in their order; open it, and close it at the end.

    Without ``keypoints.enabled`` nothing is looked for.
    """

    def __init__(self, predictor: Predictor, *, detect_width: int) -> None:
        facts = predictor.bundle.facts
        self._detect_width = detect_width
        self._short_side = facts.extract.short_side if predictor.reads_frames else _UNREAD_SHORT_SIDE
        self._thread = ThreadPoolExecutor(1, "keypoints")
        params = facts.keypoints
        self._detector = (
            HolisticDetector(
                min_detection_confidence=params.min_detection_confidence,
                min_tracking_confidence=params.min_tracking_confidence,
            )
            if params.enabled
            else None
        )

    @property
    def thread(self) -> ThreadPoolExecutor:
        """In which everything here is to be called: MediaPipe keeps to the thread it was opened in."""
        return self._thread

    def open(self) -> None:
        if self._detector:
            self._detector.__enter__()

    def close(self) -> None:
        if self._detector:
            self._detector.__exit__(None, None, None)

    def see(self, message: FrameMessage) -> Seen:
        """Raises :class:`ActionrecError` for bytes that are no picture."""
        image = cv2.imdecode(np.frombuffer(message.jpeg, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise ActionrecError(f"frame {message.number}, {len(message.jpeg)} bytes, is no JPEG")
        frame = np.asarray(image[..., ::-1], np.uint8)
        height, width = frame.shape[:2]
        if self._detector:
            keypoints, presence = self._detector.detect(shrunk(frame, self._detect_width / width))
        else:
            keypoints, presence = np.zeros(NUM_VALUES, np.float32), np.zeros(len(PARTS), np.bool_)
        kept = shrunk(frame, self._short_side / min(height, width))
        return Seen(message.seconds, kept, keypoints, presence, width / height)


def shrunk(frame: Frames, factor: float) -> Frames:
    """``frame`` (H, W, 3) at ``factor`` of its size; as it is where that is no smaller."""
    if factor >= 1:
        return frame
    height, width = (max(1, round(side * factor)) for side in frame.shape[:2])
    return np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def warm_up(predictor: Predictor) -> None:
    """Let the models answer once, of black pictures: networks of features are compiled at their first answer."""
    buffer = RollingBuffer(window_seconds=1.0, rate=25.0)
    for seconds in (0.0, 1.0):
        nobody = np.zeros(NUM_VALUES, np.float32), np.zeros(len(PARTS), np.bool_)
        buffer.add(Seen(seconds, np.zeros((64, 64, 3), np.uint8), *nobody, 1.0))
    clip = buffer.clip()
    assert clip is not None
    top_classes(predictor, clip, k=1)


def top_classes(predictor: Predictor, clip: Clip, *, k: int) -> Sequence[tuple[str, float]]:
    """The ``k`` most probable classes of ``clip`` and their calibrated probabilities."""
    return predictor.of_frames(clip.frames, clip.timestamps, keypoints=clip.keypoints).top(k)
