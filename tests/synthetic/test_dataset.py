from __future__ import annotations

import hashlib

import av
import pytest

from actionrec.synthetic import dataset
from actionrec.synthetic.dataset import write_dataset, write_empty_dataset
from actionrec.synthetic.defects import plan_defects
from actionrec.synthetic.plan import plan_clips
from tests.helpers import read_csv
from tests.synthetic.helpers import ONE_PROCESS, tiny

PARAMS = tiny(clips_per_group=1, defects=True)


def digests(root):
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def labels(root):
    return read_csv(root / "labels.csv")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    project = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_ROOT", str(project))
        write_dataset(PARAMS, project / "raw", ONE_PROCESS)
    return project


def test_labels_list_every_file_sorted(written):
    rows = labels(written / "raw")
    expected = {f"{spec.video_id}.mp4" for spec in plan_clips(PARAMS)}
    expected |= {f"{spec.video_id}{spec.suffix}" for spec in plan_defects(PARAMS)}
    paths = [row["path"] for row in rows]
    assert paths == sorted(expected)
    assert set(digests(written / "raw")) == expected | {"labels.csv"}
    first = rows[0]
    assert first == {
        "path": "circle_cw/v_circle_cw_g01_c01.mp4", "label": "circle_cw", "group": "actor01", "official_subset": "",
    }  # fmt: skip


def test_clips_are_h264_at_the_frame_rate(written):
    spec = plan_clips(PARAMS)[0]
    with av.open(str(written / "raw" / f"{spec.video_id}.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.average_rate, stream.width, stream.height) == ("h264", 20, 320, 240)
        assert sum(1 for _ in container.decode(video=0)) == spec.num_frames


def test_a_second_run_renders_nothing(written, tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(written))

    def refuse(*_arguments):
        raise AssertionError("rendered again")

    monkeypatch.setattr(dataset, "write_clip", refuse)
    monkeypatch.setattr(dataset, "write_defect", refuse)
    write_dataset(PARAMS, tmp_path / "again", ONE_PROCESS)
    assert digests(tmp_path / "again") == digests(written / "raw")


def test_files_are_bit_identical_when_rebuilt(written, tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    fewer = tiny(classes=("wave", "clap"), clips_per_group=1, defects=False)
    write_dataset(fewer, tmp_path / "raw", ONE_PROCESS)
    rebuilt, before = digests(tmp_path / "raw"), digests(written / "raw")
    shared = {name for name in rebuilt if name.startswith("wave/")}
    assert len(shared) == 3
    assert {name: rebuilt[name] for name in shared} == {name: before[name] for name in shared}


def test_the_empty_data_set_has_a_header_only(tmp_path):
    write_empty_dataset(tmp_path / "raw")
    assert digests(tmp_path / "raw").keys() == {"labels.csv"}
    assert (tmp_path / "raw" / "labels.csv").read_text(encoding="utf-8") == "path,label,group,official_subset\n"
