"""Vectors of videos: values, layout, what is kept, what an interruption leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.helpers import flat_frames, write_frames
from torch import Tensor, nn

from actionrec.core.compute import ComputeParams
from actionrec.core.errors import ActionrecError
from actionrec.core.hdf5 import open_h5, read_json_attr
from actionrec.pack.features.backbones import Backbone, build_backbone
from actionrec.pack.features.extract import pack_features
from actionrec.pack.features.reader import FEATURES_FORMAT, FEATURES_VERSION, PackedFeatures
from actionrec.pack.features.running import by_torch
from actionrec.pack.features.section import FeatureParams
from actionrec.pack.features.single import VideoFeatures, write_video_features
from actionrec.pack.section import ViewParams
from actionrec.pack.views import open_view

LOCAL = ComputeParams(backend="local", workers=2)
PARAMS = FeatureParams(backbone="made", weights="none", image_size=32, stride_frames=2, batch_size=8)
LEVELS = {"a/short": [10, 200, 90], "b/long": [(i * 3) % 250 for i in range(150)], "b/one": [77]}


class Mean(nn.Module):
    """A network whose vectors can be worked out: the mean of each colour, and of the image's upper half."""

    def forward(self, images: Tensor) -> Tensor:
        half = images.shape[-2] // 2
        return torch.cat([images.flatten(2).mean(dim=2), images[..., :half, :].flatten(2).mean(dim=2)], dim=1)


class Counting(Backbone):
    """Counts the windows that go through it; stops where told to."""

    def __init__(self, *, of_windows: bool = False, stop_after: int | None = None) -> None:
        super().__init__(Mean(), statistics=((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)), of_windows=of_windows)
        self.scale = nn.Parameter(torch.ones(1), requires_grad=False)  # tells the device
        self.level_sizes = (6,)
        self.batches, self.stop_after = 0, stop_after

    def forward(self, frames: Tensor) -> Tensor:
        if self.batches == self.stop_after:
            raise KeyboardInterrupt
        self.batches += 1
        return super().forward(frames)


@pytest.fixture
def frames_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    # The made network counts in Python, which ONNX Runtime would not see.
    monkeypatch.setattr("actionrec.pack.features.extract.runner_of", lambda backbone, *_, **__: by_torch(backbone))
    for video_id, levels in LEVELS.items():
        write_frames(tmp_path / f"frames/{video_id}.h5", flat_frames(levels), fps=10)
    return tmp_path / "frames"


def pack(frames_dir: Path, backbone: Backbone, **changes: Any) -> Path:
    path = frames_dir.parent / "made.h5"
    settings = {"params": PARAMS, "view": None} | changes
    pack_features(
        list(LEVELS), path, frames_path=lambda v: frames_dir / f"{v}.h5", backbone=backbone, compute=LOCAL, **settings
    )
    return path


def test_values_are_of_every_second_frame_in_order(frames_dir: Path) -> None:
    packed = PackedFeatures(pack(frames_dir, Counting()), view="made")
    assert packed.video_ids == sorted(LEVELS)
    assert packed.level_sizes == (6,)
    for video_id, levels in LEVELS.items():
        rows = np.arange(packed.num_frames(video_id))
        found = packed.read(video_id, rows)
        assert found.dtype == np.float32
        assert np.abs(found - np.array(levels[::2])[:, None]).max() <= 2  # what JPEG leaves
        assert packed.source_frames(video_id, rows).tolist() == (2 * rows).tolist()
    assert packed.read("b/long", np.array([5, 0, 5]))[:, 0] == pytest.approx([30, 0, 30], abs=2)


def test_the_layout_tells_times_and_parameters(frames_dir: Path) -> None:
    path = pack(frames_dir, Counting())
    with open_h5(path, format=FEATURES_FORMAT, version=FEATURES_VERSION, stage="features") as file:
        assert file["features"].dtype == np.float16
        assert file["frame_start"][:].tolist() == [0, 2, 77, 78]
        assert file["frame_index"][:3].tolist() == [0, 2, 0]
        assert file["timestamps"][:4].tolist() == pytest.approx([0, 0.2, 0, 0.2])
        assert read_json_attr(file, "params") == PARAMS.model_dump()
        assert read_json_attr(file, "level_sizes") == [6]
    assert PackedFeatures(path, view="made").multiply_adds == 0  # the made network only takes means


def test_at_a_rate_all_is_counted_in_the_frames_shown(frames_dir: Path) -> None:
    """Of 10 frames a second every second one is looked at, and of those a vector is made at every second."""
    params = PARAMS.model_copy(update={"fps": 5.0, "frame_content": "change", "change_frames": 1})
    path = pack(frames_dir, Counting(), params=params)
    packed = PackedFeatures(path, view="made")
    rows = np.arange(packed.num_frames("b/long"))
    assert packed.source_frames("b/long", rows).tolist() == list(range(0, 150, 4))
    np.testing.assert_allclose(packed.timestamps("b/long"), rows * 0.4)
    levels = np.asarray(LEVELS["b/long"])
    later = np.minimum(packed.source_frames("b/long", rows) + 2, 148)  # the next frame that is looked at
    expected = np.clip(128 + 2 * (levels[later] - levels[later - 2]), 0, 255)
    np.testing.assert_allclose(packed.read("b/long", rows)[:, 0], expected, atol=5)
    alone = VideoFeatures(params, None, Counting(), threads=1)
    vectors = alone.vectors(frames_dir / "b/long.h5")
    np.testing.assert_array_equal(vectors.astype(np.float32), packed.read("b/long", rows))
    write_video_features(
        vectors, path.with_name("one.h5"), video_id="v", frames_file=frames_dir / "b/long.h5", params=params
    )
    one = PackedFeatures(path.with_name("one.h5"), view="made")
    np.testing.assert_array_equal(one.source_frames("v", rows), packed.source_frames("b/long", rows))
    np.testing.assert_array_equal(one.timestamps("v"), packed.timestamps("b/long"))


def test_batches_hold_frames_of_several_videos(frames_dir: Path) -> None:
    backbone = Counting()
    pack(frames_dir, backbone)
    assert backbone.batches == -(-(2 + 75 + 1) // 8)


def test_nothing_is_computed_twice(frames_dir: Path) -> None:
    first = pack(frames_dir, Counting()).read_bytes()
    again = Counting()
    assert pack(frames_dir, again).read_bytes() == first
    assert again.batches == 0


def test_an_interrupted_run_goes_on_and_ends_alike(frames_dir: Path) -> None:
    whole = pack(frames_dir, Counting()).read_bytes()
    for entry in (frames_dir.parent / ".itemcache/features").rglob("*"):
        if entry.is_file():
            entry.unlink()
    with pytest.raises(KeyboardInterrupt):
        pack(frames_dir, Counting(stop_after=2))
    rest = Counting()
    assert pack(frames_dir, rest).read_bytes() == whole
    assert rest.batches == -(-(75 + 1) // 8)  # the short video was finished


@pytest.mark.parametrize(
    "changes",
    [
        {"params": PARAMS.model_copy(update={"stride_frames": 3})},
        {"params": PARAMS.model_copy(update={"image_size": 40})},
        {"view": ViewParams(encoding="raw", fit="stretch", size=16)},
    ],
)
def test_what_a_vector_depends_on_makes_it_new(frames_dir: Path, changes: dict[str, Any]) -> None:
    before = PackedFeatures(pack(frames_dir, Counting()), view="made").fingerprint
    again = Counting()
    assert PackedFeatures(pack(frames_dir, again, **changes), view="made").fingerprint != before
    assert again.batches > 0


def test_other_weights_make_it_new(frames_dir: Path) -> None:
    pack(frames_dir, Counting())
    other = Counting()
    other.scale.data += 1
    pack(frames_dir, other)
    assert other.batches > 0


def test_frames_take_the_geometry_of_the_view_first(frames_dir: Path) -> None:
    """The left half is white: half of the stretched square, a quarter of a centre crop that begins at 16 of 64."""
    picture = np.zeros((1, 48, 96, 3), np.uint8)
    picture[:, :, :36] = 255
    write_frames(frames_dir / "a/short.h5", picture)
    whole = PackedFeatures(pack(frames_dir, Counting()), view="made").read("a/short", np.array([0]))
    crop = ViewParams(encoding="raw", fit="crop", size=48, crop_from=48)
    cropped = PackedFeatures(pack(frames_dir, Counting(), view=crop), view="made").read("a/short", np.array([0]))
    assert whole[0, 0] == pytest.approx(255 * 36 / 96, abs=3)
    assert cropped[0, 0] == pytest.approx(255 * 12 / 48, abs=3)


def test_what_changes_is_twice_as_strong_on_mid_grey(frames_dir: Path) -> None:
    levels = [50, 60, 70, 80, 75, 70, 200]
    write_frames(frames_dir / "a/short.h5", flat_frames(levels))
    params = PARAMS.model_copy(update={"frame_content": "change", "change_frames": 2})
    packed = PackedFeatures(pack(frames_dir, Counting(), params=params), view="made")
    # Rows 0, 2, 4 and 6: the last one has no frame two later, and takes the change that ends with the video.
    expected = [128 + 2 * 20, 128 + 2 * 5, 255, 255]
    assert packed.read("a/short", np.arange(4))[:, 0] == pytest.approx(expected, abs=4)


def test_windows_of_a_video_network(frames_dir: Path) -> None:
    params = PARAMS.model_copy(update={"window_frames": 3, "window_stride": 2, "stride_frames": 4})
    packed = PackedFeatures(pack(frames_dir, Counting(of_windows=True), params=params), view="made")
    levels = LEVELS["b/long"]
    expected = [np.mean([levels[start], levels[start + 2], levels[start + 4]]) for start in range(0, 146, 4)]
    assert packed.read("b/long", np.arange(len(expected)))[:, 0] == pytest.approx(expected, abs=2)
    assert packed.num_frames("a/short") == 1
    assert packed.source_frames("b/long", np.array([0, 1])).tolist() == [2, 6]


def test_a_vector_does_not_depend_on_what_is_beside_it(frames_dir: Path) -> None:
    backbone = build_backbone(FeatureParams(image_size=32))
    params = FeatureParams(image_size=32, batch_size=8)
    together = PackedFeatures(pack(frames_dir, backbone, params=params), view="made")
    alone = frames_dir.parent / "alone.h5"
    for entry in (frames_dir.parent / ".itemcache/features").rglob("*"):
        if entry.is_file():
            entry.unlink()
    pack_features(
        ["b/one"],
        alone,
        frames_path=lambda v: frames_dir / f"{v}.h5",
        params=params,
        view=None,
        backbone=backbone,
        compute=LOCAL,
    )
    one = np.array([0])
    assert np.array_equal(PackedFeatures(alone, view="alone").read("b/one", one), together.read("b/one", one))


def test_no_video_gives_an_empty_file(frames_dir: Path) -> None:
    path = frames_dir.parent / "empty.h5"
    pack_features(
        [], path, frames_path=lambda v: frames_dir / v, params=PARAMS, view=None, backbone=Counting(), compute=LOCAL
    )
    assert PackedFeatures(path, view="empty").video_ids == []


def test_a_missing_file_names_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ActionrecError, match=r"x.h5 does not exist; make it with `dvc repro pack features`"):
        open_view(tmp_path / "x.h5", view="x")
