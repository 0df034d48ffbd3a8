"""The packed keypoints: those of any frames of a video, straight from disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from actionrec.core.arrays import Indices
from actionrec.core.errors import ActionrecError
from actionrec.core.times import shown_at
from actionrec.keypoints import layout
from actionrec.keypoints.layout import ClipKeypoints
from actionrec.pack.reader import PackedFile

_HANDS = [layout.PARTS.index("left_hand"), layout.PARTS.index("right_hand")]
KEYPOINTS_FORMAT, KEYPOINTS_VERSION = "actionrec-packed-keypoints", 1


class PackedKeypoints(PackedFile):
    """Keypoints of all videos (``data/packed/keypoints.h5``); frames are numbered as in the views."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, format=KEYPOINTS_FORMAT, version=KEYPOINTS_VERSION, stage="keypoints")
        values = self._file["keypoints"].shape[1]
        if values != layout.NUM_VALUES:
            raise ActionrecError(f"{path} has {values} values a frame, expected {layout.NUM_VALUES}; rebuild it")
        self._frames_with_hands: dict[str, Indices] = {}

    def read(self, video_id: str, indices: Indices) -> ClipKeypoints:
        """Keypoints of the frames ``indices`` of one video, in that order."""
        wanted, places = np.unique(self._flat(video_id, indices), return_inverse=True)
        keypoints, presence = (self._rows_at(name, wanted)[places] for name in ("keypoints", "presence"))
        place = self._place(video_id)
        return ClipKeypoints(keypoints, presence, float(self._rows("aspect", place, place + 1)[0]))

    def counted_frames(self, video_id: str, *, fps: float | None, only_hands: bool) -> Indices:
        """Frames of one video that clips are counted in: shown at ``fps`` moments a second, or all; those with hands.

        Where a hand was found at none of these moments, they all count.
        """
        frames = np.arange(self.num_frames(video_id))
        if fps is not None:
            frames = shown_at(self.timestamps(video_id), fps=fps).frames
        if only_hands:
            with_hands = frames[np.isin(frames, self.frames_with_hands(video_id))]
            frames = with_hands if len(with_hands) else frames
        return frames

    def presence(self, video_id: str) -> npt.NDArray[np.bool_]:
        """Which of :data:`actionrec.keypoints.layout.PARTS` were found in each frame of one video: (num_frames, 4)."""
        place = self._place(video_id)
        return self._rows("presence", self._starts[place], self._starts[place + 1])

    def frames_with_hands(self, video_id: str) -> Indices:
        """Frames of one video in which a hand was found; all of them where none was."""
        if video_id not in self._frames_with_hands:
            presence = self.presence(video_id)
            seen = np.flatnonzero(presence[:, _HANDS].any(axis=1))
            self._frames_with_hands[video_id] = seen if len(seen) else np.arange(len(presence))
        return self._frames_with_hands[video_id]
