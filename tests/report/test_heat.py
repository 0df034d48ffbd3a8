from __future__ import annotations

import base64
import re

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from actionrec.clips.sampling import NO_FRAME
from actionrec.core.answers import Answer, AnsweredVideo
from actionrec.models.kind import ModelParams
from actionrec.models.table import build_model, kind_of, parse_model, recipe_of
from actionrec.models.torchvision_video import TorchvisionVideoParams
from actionrec.pack.section import ViewParams
from actionrec.report.heat import HeatReader, Spread, clip_maps, nearest
from actionrec.report.strips import Strip
from tests.models.small import small_models
from tests.packed_data import PackedData, make_packed_data

STRETCHED = ViewParams(encoding="raw", fit="stretch", size=64)
KEPT = ViewParams(encoding="jpeg", fit="keep", size=64)
R3D = TorchvisionVideoParams(
    type="torchvision_video", backbone="r3d_18", clip_frames=4, image_size=32, test_sampling="centre"
)
SMALL = small_models() | {"r3d_18": R3D}
WITHOUT_MAPS = {"stgcn", "feature_sequence", "torchvision_video"}  # torchvision's is a transformer here


class _Places(nn.Module):
    """Answer 1 is three times the bottom left pixel minus the top left one, in every frame; answer 0 nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Identity()

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        images = self.maps(inputs["frames"].permute(0, 4, 1, 2, 3))  # (B, 3, T, S, S)
        logit = (3 * images[:, 0, :, -1, 0] - images[:, 0, :, 0, 0]).sum(dim=1)
        return torch.stack([0 * logit, logit], dim=1)


def test_what_speaks_for_the_answer_is_marked_where_it_is() -> None:
    frames = torch.full((1, 2, 4, 4, 3), 10, dtype=torch.uint8)
    frames[:, 1] = 20
    maps = clip_maps(_Places(), ["maps"], {"frames": frames}, 1)
    assert maps is not None
    assert maps[:, 3, 0].tolist() == [30, 60]
    assert maps.sum() == 90  # what speaks against it is not marked
    assert clip_maps(_Places(), ["maps"], {"frames": frames}, 0).sum() == 0  # type: ignore[union-attr]
    assert clip_maps(_Places(), ["maps"], {"frames": frames[:, :, :3, :3]}, 1) is None  # too small


def test_the_clip_that_shows_a_frame_or_comes_closest() -> None:
    clips = np.array([[0, 4, 8], [2, 6, NO_FRAME]])
    assert [nearest(clips, frame) for frame in (0, 2, 5, 7, 90)] == [(0, 0), (1, 0), (0, 1), (0, 2), (0, 2)]


def _spread(view: ViewParams, section: dict[str, object]) -> np.ndarray:
    """A map that is 1 everywhere, over a frame of 40 x 80."""
    params = parse_model({"image_size": 32, **section})
    return Spread.of(recipe_of(params), view, (40, 80)).over(np.ones((4, 4)))


def test_what_a_model_did_not_see_is_not_marked() -> None:
    whole = _spread(STRETCHED, {"type": "cnn3d", "centre_share": 1.0})
    assert whole.shape == (40, 80)
    assert whole.min() == 1
    square = _spread(KEPT, {"type": "cnn3d", "centre_share": 1.0})  # of 80 columns the 40 in the middle
    assert np.flatnonzero(square.sum(axis=0)).tolist() == pytest.approx(range(20, 60), abs=1)
    assert square[:, 22:58].min() == 1
    smaller = _spread(KEPT, {"type": "cnn3d", "centre_share": 0.5})
    assert smaller.sum() == pytest.approx(20 * 20, rel=0.1)
    assert _spread(KEPT, {"type": "fused_convlstm"}).min() == 1  # stretches the whole frame
    padded = ViewParams(encoding="raw", fit="pad", size=64)
    assert _spread(padded, {"type": "cnn3d", "centre_share": 1.0}).min() == 1
    cropped = ViewParams(encoding="raw", fit="crop", size=64, crop_from=80)
    assert _spread(cropped, {"type": "frame_resnet"}).sum() == pytest.approx(32 * 32, rel=0.1)


def test_places_of_the_square_are_places_of_the_frame() -> None:
    maps = np.zeros((4, 4))
    maps[3, 0] = 1.0
    recipe = recipe_of(parse_model({"type": "cnn3d", "image_size": 32, "centre_share": 1.0}))
    heat = Spread.of(recipe, KEPT, (40, 80)).over(maps)
    assert np.unravel_index(heat.argmax(), heat.shape) == pytest.approx((36, 22), abs=3)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PackedData:
    return make_packed_data(tmp_path_factory.mktemp("packed"), groups=1, size=32)


def _reader(data: PackedData) -> HeatReader:
    views = {"rgb64": STRETCHED, "rgb": KEPT}
    return HeatReader(data.rows, views, data.packed_path, data.keypoints_path, folded=False)


def _answered(data: PackedData) -> AnsweredVideo:
    row = data.rows[0]
    answer = Answer(label=row.label, probability=1.0, label_probability=1.0, right=True)
    return AnsweredVideo(video_id=row.video_id, group="g", fold=0, label=row.label, answers={"m": answer})


def _trained(params: ModelParams, data: PackedData, monkeypatch: pytest.MonkeyPatch) -> None:
    classes = sorted({row.label for row in data.rows})
    torch.manual_seed(1)
    params = params.model_copy(update={"weights": "none"}) if hasattr(params, "weights") else params
    model = build_model(params, num_classes=len(classes)).eval()
    monkeypatch.setattr("actionrec.report.heat.trained_model", lambda name, fold: (classes, model))


@pytest.mark.parametrize("name", SMALL)
def test_models_of_frames_have_maps(name: str, data: PackedData, monkeypatch: pytest.MonkeyPatch) -> None:
    params = SMALL[name]
    assert bool(kind_of(params.type).maps(params)) == (name not in WITHOUT_MAPS)
    _trained(params, data, monkeypatch)
    shown = (0, 10, 20)
    asked = {"clip_cost": 1, "size": (24, 32)}
    heat = _reader(data).of("m", params, _answered(data), shown, **asked)
    if name in WITHOUT_MAPS:
        assert heat is None
        return
    assert heat is not None
    assert heat.shape == (3, 24, 32)
    assert heat.min() == 0
    assert 0.5 < heat.max() <= 1
    if name in ("cnn3d", "fused_convlstm"):
        assert np.array_equal(heat, _reader(data).of("m", params, _answered(data), shown, **asked))


def test_what_would_take_too_long_is_left_out_and_counted(data: PackedData, monkeypatch: pytest.MonkeyPatch) -> None:
    params = SMALL["frame_resnet"]  # two clips of one frame each
    _trained(params, data, monkeypatch)
    reader = _reader(data)
    reader.left = 1000
    found = [
        reader.of("m", params, _answered(data), (0, 40), clip_cost=100, size=(24, 32)) is not None for _ in range(2)
    ]
    assert found == [True, False]
    assert (reader.left, reader.skipped) == (400, 1)


def test_a_tint_is_a_small_picture_that_lets_through_what_is_not_marked() -> None:
    heat = np.zeros((2, 12, 16))
    heat[1, :, 8:] = 1
    tint = Strip("", 34, 12, 16, (0, 5)).tint(heat)
    assert tint == Strip("", 34, 12, 16, (0, 5)).tint(heat)
    assert 'width="36" height="12"' in tint
    found = re.search(r"base64,([^\"]*)", tint)
    assert found is not None
    image = cv2.imdecode(np.frombuffer(base64.b64decode(found[1]), np.uint8), cv2.IMREAD_UNCHANGED)
    assert image.shape == (6, 18, 4)
    assert image[0, :, 3].tolist() == [0] * 13 + [166] * 4 + [0]
