"""In how many frames of each video a person was found: what the packed keypoints are worth to models that read them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from actionrec.core.errors import first_few
from actionrec.keypoints.layout import PARTS
from actionrec.keypoints.reader import PackedKeypoints

FEW_FRAMES = 0.5
"""A smaller share of frames with a person is worth a note."""

_POSE = PARTS.index("pose")


def pose_shares(path: Path) -> dict[str, float]:
    """Of every video of the packed keypoints at ``path`` the share of its frames in which a pose was found, by id."""
    packed = PackedKeypoints(path)
    try:
        return {video_id: float(packed.presence(video_id)[:, _POSE].mean()) for video_id in packed.video_ids}
    finally:
        packed.close()


def coverage_notes(shares: Mapping[str, float]) -> list[str]:
    """Lines that name the videos in which hardly anybody was found; none where there are no such videos.

    A person of a seventh of the picture's height is too small for MediaPipe, and of several people one is tracked.
    """
    nobody = sorted(video_id for video_id, share in shares.items() if share == 0)
    few = sorted(video_id for video_id, share in shares.items() if 0 < share < FEW_FRAMES)
    notes = []
    if nobody:
        notes.append(
            f"no person was found in any frame of {len(nobody)} of {len(shares)} videos, in which models that read "
            f"keypoints see nothing: {first_few(nobody)}"
        )
    if few:
        share = f"{100 * FEW_FRAMES:.0f} %"
        notes.append(f"a person was found in fewer than {share} of the frames of {len(few)} videos: {first_few(few)}")
    return notes
