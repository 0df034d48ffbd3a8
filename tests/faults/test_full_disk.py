"""A disk that is full: a clear error, nothing half-written, and what was finished is kept.

``RLIMIT_FSIZE`` stands for the full disk, since nobody has to be root for it: the kernel refuses to let a file grow,
with the error of a full disk but for its number.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from actionrec.core.files import leftovers
from tests.helpers import write_frames
from tests.packed_data import make_packed_data

REPO = Path(__file__).resolve().parents[2]

LIMIT = """
import resource, sys
from pathlib import Path
from actionrec.core.errors import run_main
limit = int(sys.argv[1])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
"""

PACK = """
from actionrec.core.compute import ComputeParams
from actionrec.pack.section import ViewParams
from actionrec.pack.writer import pack_view
def main():
    pack_view(["a"], Path("packed/rgb64.h5"), frames_path=lambda name: Path(f"{name}.h5"),
              view=ViewParams(encoding="raw", fit="stretch", size=64),
              compute=ComputeParams(backend="local", workers=1), desc=None)
run_main(main)
"""

EXTRACT = """
from actionrec.core.compute import ComputeParams
from actionrec.core.files import digest_file
from actionrec.core.tables import ManifestRow
from actionrec.intake.extract.section import ExtractParams
from actionrec.intake.extract.videos import extract_videos
def main():
    paths = [Path("raw/small.mkv"), Path("raw/large.mkv")]
    rows = [ManifestRow(path.stem, path.name, "c", "g", "", path.stat().st_size, digest_file(path)) for path in paths]
    params = ExtractParams(short_side=256, jpeg_quality=2, timeout_seconds=60.0)
    compute = ComputeParams(backend="local", workers=2)
    print(extract_videos(rows, root=Path("raw"), out_dir=Path("frames"), params=params, compute=compute), "decoded")
if __name__ == "__main__":
    run_main(main)
"""


def run(folder: Path, body: str, *, limit: int) -> subprocess.CompletedProcess[str]:
    (folder / "script.py").write_text(LIMIT + body)
    env = os.environ | {"PYTHONPATH": f"{REPO / 'src'}{os.pathsep}{REPO}", "DVC_ROOT": str(folder)}
    command = [sys.executable, "script.py", str(limit)]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=300)


def test_packing_says_that_the_disk_is_full_and_leaves_nothing(tmp_path: Path) -> None:
    write_frames(tmp_path / "a.h5", np.zeros((40, 48, 64, 3), np.uint8))
    done = run(tmp_path, PACK, limit=100_000)
    assert done.returncode == 1, done.stderr
    assert "rgb64.h5; make room (" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "packed").iterdir()) == leftovers(tmp_path / "packed") == []
    assert run(tmp_path, PACK, limit=0).returncode == 0


def make_video(path: Path, *, size: str, seconds: float) -> None:
    from actionrec.intake.ffmpeg import ffmpeg_program

    source = f"testsrc2=size={size}:rate=20:duration={seconds}"
    path.parent.mkdir(exist_ok=True)
    subprocess.run([ffmpeg_program(), "-loglevel", "error", "-f", "lavfi", "-i", source, path], check=True)


def test_extracting_keeps_what_was_finished(tmp_path: Path) -> None:
    make_video(tmp_path / "raw/small.mkv", size="64x48", seconds=0.4)
    make_video(tmp_path / "raw/large.mkv", size="320x240", seconds=8)
    done = run(tmp_path, EXTRACT, limit=1_200_000)
    assert done.returncode == 1, done.stderr
    assert "make room (" in done.stderr
    assert not (tmp_path / "frames").exists()
    done = run(tmp_path, EXTRACT, limit=0)
    assert (done.returncode, done.stdout) == (0, "1 decoded\n"), done.stderr
    assert not leftovers(tmp_path / ".itemcache/extract")


TRAIN = """
from tests.training.train_alone import train_in_processes
run_main(lambda: train_in_processes(Path("packed"), Path("out"), 1))
"""


@pytest.mark.slow
def test_training_goes_on_from_its_last_epoch_once_there_is_room(tmp_path: Path) -> None:
    (tmp_path / "packed").mkdir()
    make_packed_data(tmp_path / "packed", size=16)
    done = run(tmp_path, TRAIN, limit=4_000)
    assert done.returncode == 1, done.stderr
    assert "make room (" in done.stderr
    assert not (tmp_path / "out/model").exists()
    assert run(tmp_path, TRAIN, limit=0).returncode == 0
    assert (tmp_path / "out/model/weights.pt").exists()


TRACK = """
from actionrec.tracking.client import connect
from actionrec.tracking.section import TrackingParams
print(connect(TrackingParams(enabled=True, experiment="x")))
"""


@pytest.mark.slow
def test_a_record_without_room_is_a_warning(tmp_path: Path) -> None:
    done = run(tmp_path, TRACK, limit=20_000)
    assert (done.returncode, done.stdout) == (0, "None\n"), done.stderr
    assert done.stderr.count("warning: MLflow tracking failed, going on without it") == 1
