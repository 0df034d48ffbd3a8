"""In how many frames a person was found, and in which videos several: what the packed keypoints are worth to models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from actionrec.core.errors import first_few
from actionrec.core.hdf5 import open_h5, read_strings
from actionrec.keypoints.layout import PARTS
from actionrec.keypoints.reader import KEYPOINTS_FORMAT, KEYPOINTS_VERSION, PackedKeypoints

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

    A person of a seventh of the picture's height is too small for MediaPipe.
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


def crowded_videos(path: Path) -> list[str]:
    """Ids of the videos that show several faces at once, by the packed keypoints at ``path``, sorted.

    None where faces were not counted, as in files of earlier versions.
    """
    with open_h5(path, format=KEYPOINTS_FORMAT, version=KEYPOINTS_VERSION, stage="keypoints") as file:
        if "faces" not in file:
            return []
        return [
            video_id for video_id, faces in zip(read_strings(file, "video_id"), file["faces"], strict=True) if faces > 1
        ]


def crowd_notes(crowded: Sequence[str], *, num_videos: int) -> list[str]:
    """A line that names the videos in which the keypoints may be somebody else's; none where there are none."""
    if not crowded:
        return []
    which = f"{len(crowded)} of {num_videos} videos show several people at once"
    return [f"{which}, of whom MediaPipe follows one, whoever that is: {first_few(crowded)}"]
