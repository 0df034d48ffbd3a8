"""Every step on single videos gives on a Dask cluster, bit for bit, what it gives on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actionrec.core.compute import ComputeParams
from actionrec.core.tables import ManifestRow, ScreenedRow, write_rows
from actionrec.intake.extract.section import ExtractParams
from actionrec.intake.extract.videos import extract_videos
from actionrec.intake.ingest.manifest import build_manifest
from actionrec.intake.ingest.section import DataParams
from actionrec.intake.screen.rules import ScreenParams
from actionrec.intake.screen.videos import QualityRow, screen_videos
from actionrec.keypoints.section import KeypointParams
from actionrec.keypoints.videos import extract_keypoints
from actionrec.pack.features.backbones import build_backbone
from actionrec.pack.features.extract import pack_features
from actionrec.pack.features.section import FeatureParams
from actionrec.pack.section import ViewParams
from actionrec.pack.writer import pack_view
from actionrec.params import load_params
from actionrec.synthetic.dataset import write_dataset
from tests.core.dask_work import DaskProcesses


@pytest.fixture
def two_workers(tmp_path: Path) -> Iterator[DaskProcesses]:
    processes = DaskProcesses(tmp_path)
    try:
        processes.start_scheduler()
        for worker in [processes.start_worker(), processes.start_worker()]:
            processes.wait_for(worker)
        yield processes
    finally:
        processes.stop()


def run_steps(root: Path, compute: ComputeParams) -> dict[str, bytes]:
    """Every file that the steps write below ``root``, by its path there."""
    params = load_params()
    small = {
        "classes": ["wave", "squat"],
        "groups": 1,
        "clips_per_group": 1,
        "min_frames": 16,
        "max_frames": 17,
        "defects": False,
    }
    write_dataset(params.synthetic.model_copy(update=small), root / "raw", compute)
    data = DataParams(name="folder", root=str(root / "raw"), annotations=str(root / "raw/labels.csv"))
    manifest = build_manifest(data, compute).rows
    manifest.sort(key=lambda row: row.video_id)
    write_rows(root / "manifest.csv", manifest, ManifestRow)
    frames = root / "frames"
    extract_videos(
        manifest,
        root=root / "raw",
        out_dir=frames,
        params=ExtractParams(**params.extract.model_dump()),
        compute=compute,
    )
    screened, quality = screen_videos(
        manifest, frames_dir=frames, params=ScreenParams(**params.screen.model_dump()), compute=compute
    )
    write_rows(root / "screened.csv", screened, ScreenedRow)
    write_rows(root / "quality.csv", quality, QualityRow)
    ids = [row.video_id for row in screened]

    def frames_path(video_id: str) -> Path:
        return frames / f"{video_id}.h5"

    for view in (
        ViewParams(encoding="raw", fit="stretch", size=16),
        ViewParams(encoding="jpeg", fit="keep", size=32),
    ):
        pack_view(ids, root / f"{view.encoding}.h5", frames_path=frames_path, view=view, compute=compute)
    features = FeatureParams(image_size=32, batch_size=8)
    pack_features(
        ids,
        root / "features.h5",
        frames_path=frames_path,
        params=features,
        view=None,
        backbone=build_backbone(features),
        compute=compute,
    )
    keypoints = KeypointParams(enabled=True, min_detection_confidence=0.5, min_tracking_confidence=0.5)
    extract_keypoints(ids, root / "keypoints", frames_path=frames_path, params=keypoints, compute=compute)
    files = [path for path in root.rglob("*") if path.is_file() and ".itemcache" not in path.parts]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_every_step_gives_the_same_bytes_on_a_cluster(
    two_workers: DaskProcesses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = {}
    for backend, compute in {"local": ComputeParams(backend="local", workers=2), "dask": two_workers.compute}.items():
        root = tmp_path / backend
        monkeypatch.setenv("DVC_ROOT", str(root))  # an item cache each
        written[backend] = run_steps(root, compute)
    assert set(written["local"]) == set(written["dask"])
    assert len([name for name in written["local"] if name.endswith((".mp4", ".h5"))]) == 3 * 2 + 3
    assert [name for name, content in written["local"].items() if written["dask"][name] != content] == []
