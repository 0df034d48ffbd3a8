"""Landmarks drawn into frames: known pixels, and MediaPipe's own drawing."""

from __future__ import annotations

import numpy as np
import pytest

from actionrec.clips.overlay import draw_landmarks
from actionrec.clips.sampling import generator_for
from actionrec.keypoints import layout
from actionrec.keypoints.layout import ClipKeypoints
from actionrec.keypoints.skeleton import HAND_LINES, POSE_LINES
from actionrec.models.fused_convlstm import FusedConvLSTMParams
from actionrec.models.table import recipe_of

COLUMNS = {
    "pose": (layout.POSE, 4),
    "face": (layout.FACE, 3),
    "left_hand": (layout.LEFT_HAND, 3),
    "right_hand": (layout.RIGHT_HAND, 3),
}
GREY = np.full((1, 16, 16, 3), 50, np.uint8)


def nobody(num_frames: int = 1) -> ClipKeypoints:
    return ClipKeypoints(np.zeros((num_frames, layout.NUM_VALUES), np.float32), np.zeros((num_frames, 4), bool), 4 / 3)


def with_part(found: ClipKeypoints, part: str, points: dict[int, tuple[float, ...]]) -> ClipKeypoints:
    """``points`` by landmark, shares of the frame; all other landmarks lie outside it."""
    columns, width = COLUMNS[part]
    values = np.full((found.keypoints[:, columns].shape[1] // width, width), -1, np.float32)
    for landmark, point in points.items():
        values[landmark] = (*point, 0, 1)[:width] if len(point) == 2 else point
    found.keypoints[:, columns] = values.ravel()
    found.presence[:, layout.PARTS.index(part)] = True
    return found


def picture(frame: np.ndarray) -> list[str]:
    """``#`` blue, ``o`` the light border, ``.`` as it was."""
    shown = {(0, 0, 255): "#", (224, 224, 224): "o", (50, 50, 50): "."}
    return ["".join(shown[tuple(pixel)] for pixel in row) for row in frame.tolist()]


def test_a_landmark_is_a_ring_in_a_ring() -> None:
    found = with_part(nobody(), "right_hand", {7: (0.5, 0.25)})  # column 8, row 4
    [frame] = draw_landmarks(GREY, found)
    assert [row[5:12] for row in picture(frame)[1:8]] == [
        ".......",
        "...o...",
        "..o#o..",
        ".o#.#o.",
        "..o#o..",
        "...o...",
        ".......",
    ]
    assert (frame != 50).any(axis=2).sum() == 12
    assert (GREY == 50).all()  # drawn on a copy


def test_a_line_lies_below_the_rings() -> None:
    found = with_part(nobody(), "left_hand", {5: (2 / 16, 8 / 16), 9: (12 / 16, 8 / 16), 13: (12.9 / 16, 8 / 16)})
    [frame] = draw_landmarks(GREY, found)
    row = picture(frame)[8]
    assert row == "o###o#####o###o."  # knuckles 5, 9 and 13, the last two in one pixel


def test_what_was_not_found_or_not_seen_is_not_drawn() -> None:
    found = with_part(nobody(), "pose", {11: (0.2, 0.2, 0, 0.49), 12: (0.8, 0.8, 0, 0.5), 13: (0.2, 1.01, 0, 1)})
    [frame] = draw_landmarks(GREY, found)
    changed = np.argwhere((frame != 50).any(axis=2))
    assert changed.min(axis=0).tolist() == [10, 10]  # about (12, 12): no line to 11, which hides, or to 13, outside
    found.presence[:] = False
    assert np.array_equal(draw_landmarks(GREY, found), GREY)


def test_the_last_row_and_column_belong_to_the_frame() -> None:
    [frame] = draw_landmarks(GREY, with_part(nobody(), "left_hand", {0: (1.0, 1.0)}))
    assert picture(frame)[15][13:] == "o#."
    assert picture(frame)[14][13:] == ".o#"


def test_every_frame_has_its_own_landmarks() -> None:
    found = nobody(3)
    found = with_part(found, "left_hand", {0: (0.5, 0.5)})
    found.presence[1] = False
    drawn = draw_landmarks(np.repeat(GREY, 3, axis=0), found)
    assert [bool((frame != 50).any()) for frame in drawn] == [True, False, True]


def anybody(*, face_width: float, seed: int) -> ClipKeypoints:
    generator = generator_for("overlay", seed)
    found = nobody()
    for part, (columns, width) in COLUMNS.items():
        points = generator.uniform(-0.1, 1.1, (found.keypoints[:, columns].shape[1] // width, width))
        if part == "face":
            points[:, :2] = 0.4 + face_width * generator.random((len(points), 2))
        found.keypoints[0, columns] = points.ravel()
    found.presence[:] = True
    return found


def drawn_by_mediapipe(frame: np.ndarray, found: ClipKeypoints, *, parts: tuple[str, ...]) -> np.ndarray:
    """As the author's preparation calls it, the mesh of the face included."""
    from mediapipe.framework.formats.landmark_pb2 import NormalizedLandmarkList
    from mediapipe.python.solutions import drawing_utils, holistic

    lines = {
        "pose": holistic.POSE_CONNECTIONS,
        "face": holistic.FACEMESH_TESSELATION,
        "left_hand": holistic.HAND_CONNECTIONS,
        "right_hand": holistic.HAND_CONNECTIONS,
    }
    style = drawing_utils.DrawingSpec(color=(0, 0, 255), thickness=1, circle_radius=1)
    frame = frame.copy()
    for part in parts:
        columns, width = COLUMNS[part]
        landmarks = NormalizedLandmarkList()
        for values in found.keypoints[0, columns].reshape(-1, width).tolist():
            landmarks.landmark.add(**dict(zip(("x", "y", "z", "visibility"), values, strict=False)))
        drawing_utils.draw_landmarks(frame, landmarks, lines[part], style, style)
    return frame


@pytest.mark.parametrize("part", ["pose", "left_hand", "right_hand"])
@pytest.mark.parametrize("seed", range(5))
def test_pose_and_hands_are_drawn_as_mediapipe_draws_them(part: str, seed: int) -> None:
    found = anybody(face_width=0.1, seed=seed)
    found.presence[:] = [part == name for name in layout.PARTS]
    frame = np.full((64, 64, 3), 50, np.uint8)
    [drawn] = draw_landmarks(frame[None], found)
    assert np.array_equal(drawn, drawn_by_mediapipe(frame, found, parts=(part,)))


@pytest.mark.parametrize("face_width", [0.1, 0.2, 0.3])
def test_the_mesh_of_a_face_is_hidden_by_its_rings(face_width: float) -> None:
    found = anybody(face_width=face_width, seed=0)
    frame = np.full((64, 64, 3), 50, np.uint8)
    [drawn] = draw_landmarks(frame[None], found)
    whole = drawn_by_mediapipe(frame, found, parts=("face", "pose", "left_hand", "right_hand"))
    differs = (drawn != whole).any(axis=2)
    assert differs.sum() <= 8  # of 4,096 pixels


def test_the_lines_are_mediapipes() -> None:
    from mediapipe.python.solutions import holistic

    for ours, theirs, count in (
        (POSE_LINES, holistic.POSE_CONNECTIONS, 35),
        (HAND_LINES, holistic.HAND_CONNECTIONS, 21),
    ):
        assert len(ours) == count
        assert {frozenset(edge) for edge in ours} == {frozenset(edge) for edge in theirs}


def fused(**changes: object) -> FusedConvLSTMParams:
    return FusedConvLSTMParams(type="fused_convlstm", image_size=16, frame_overlay="landmarks", **changes)


def test_the_model_sees_what_is_drawn_into_its_small_frames() -> None:
    found = with_part(nobody(), "left_hand", {0: (0.75, 0.5)})
    frames = np.full((1, 48, 64, 3), 50, np.uint8)
    recipe = recipe_of(fused())
    inputs = recipe.prepare(frames, found, generator=None)
    assert np.array_equal(inputs["frames"], draw_landmarks(GREY, found))
    assert np.array_equal(inputs["keypoints"], found.keypoints)
    plain = recipe_of(fused().model_copy(update={"frame_overlay": "none"})).prepare(frames, found, generator=None)
    assert np.array_equal(plain["frames"], GREY)


def test_a_mirrored_frame_shows_mirrored_landmarks() -> None:
    found = with_part(nobody(), "left_hand", {0: (0.75, 0.5)})
    flips = next(seed for seed in range(99) if generator_for(seed).random() < 0.5)
    inputs = recipe_of(fused(flip=True)).prepare(GREY, found, generator=generator_for(flips))
    assert np.array_equal(inputs["frames"], draw_landmarks(GREY, found)[:, :, ::-1])


def test_frames_alone_are_drawn_into_as_well() -> None:
    recipe = recipe_of(fused(inputs="frames"))
    assert recipe.reads_keypoints
    found = with_part(nobody(), "left_hand", {0: (0.75, 0.5)})
    assert list(recipe.prepare(GREY, found, generator=None)) == ["frames"]
    alone = recipe_of(fused(inputs="keypoints"))
    assert alone.view is None
    assert list(alone.prepare(None, found, generator=None)) == ["keypoints"]
