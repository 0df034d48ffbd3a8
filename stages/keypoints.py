"""Detect MediaPipe Holistic keypoints in every frame of the kept videos."""

from actionrec.core import paths
from actionrec.core.errors import run_main
from actionrec.core.tables import ScreenedRow, read_rows
from actionrec.keypoints.found import coverage_notes, crowd_notes, crowded_videos, pose_shares
from actionrec.keypoints.pack import pack_keypoints
from actionrec.keypoints.videos import extract_keypoints
from actionrec.params import load_params


def main() -> None:
    """Write ``data/keypoints/`` and ``data/packed/keypoints.h5``; both are empty when disabled."""
    params = load_params()
    screened = read_rows(paths.SCREENED, ScreenedRow, stage="screen")
    video_ids = [row.video_id for row in screened if row.kept and params.keypoints.enabled]
    faces = extract_keypoints(
        video_ids, paths.KEYPOINTS, frames_path=paths.frames_path, params=params.keypoints, compute=params.compute
    )
    pack_keypoints(
        video_ids,
        paths.PACKED_KEYPOINTS,
        keypoints_path=paths.keypoints_path,
        frames_path=paths.frames_path,
        params=params.keypoints,
        faces=faces,
    )
    notes = coverage_notes(pose_shares(paths.PACKED_KEYPOINTS))
    notes += crowd_notes(crowded_videos(paths.PACKED_KEYPOINTS), num_videos=len(video_ids))
    for note in notes:
        print(f"note: {note}")


if __name__ == "__main__":
    run_main(main)
