"""The arrays that pass from room to room."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.uint8]
"""(n, height, width, 3), RGB 0-255."""
Indices = npt.NDArray[np.int64]
"""Of frames within their video, (clip_frames,) or (num_clips, clip_frames)."""
