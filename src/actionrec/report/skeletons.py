"""A frame with its keypoints drawn over it, as one SVG that scales."""

from __future__ import annotations

import base64
from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from actionrec.keypoints.layout import FACE, HAND_EDGES, LEFT_HAND, NUM_HAND, NUM_POSE, POSE, POSE_EDGES, RIGHT_HAND

_SHORT_SIDE = 240
_JPEG_QUALITY = 80
_MIN_VISIBILITY = 0.5
_DOTS = 8
_LARGEST_DOT = 9.0  # pixels across
_FACE_STEP = 4  # every fourth of 468 points shows the face as well and costs a quarter

_FACE_ALONE = np.array([False, True, False, False])

Points = npt.NDArray[np.float32]


def draw_frame(
    rgb: npt.NDArray[np.uint8], keypoints: npt.NDArray[np.float32], presence: npt.NDArray[np.bool_], *, alt: str
) -> Markup:
    """An ``<svg>`` of ``rgb (H, W, 3)`` with the parts of ``keypoints (1662,)`` that ``presence (4,)`` says are there.

    Bones carry the classes ``pose``, ``face``, ``left-hand`` and ``right-hand`` for the style sheet.
    """
    image = _shrunk(rgb)
    height, width = image.shape[:2]
    href = "data:image/jpeg;base64," + base64.b64encode(_jpeg(image)).decode("ascii")
    bones = draw_bones(keypoints, presence, width, height)
    return Markup(
        '<svg class="frame" viewBox="0 0 {w} {h}" role="img" aria-label="{alt}">'
        '<image href="{href}" width="{w}" height="{h}"/><g class="bones">{bones}</g></svg>'
    ).format(w=width, h=height, alt=alt, href=href, bones=bones)


def draw_bones(
    keypoints: npt.NDArray[np.float32],
    presence: npt.NDArray[np.bool_],
    width: int,
    height: int,
    *,
    with_face: bool = True,
) -> Markup:
    """The ``<path>`` of every part that is there, over a frame of ``width`` by ``height``."""
    if not with_face:
        presence = presence & ~_FACE_ALONE
    return Markup("").join(_parts(keypoints, presence, width, height))


def draw_joints(
    keypoints: npt.NDArray[np.float32],
    presence: npt.NDArray[np.bool_],
    shares: npt.NDArray[np.float64],
    width: int,
    height: int,
) -> Markup:
    """A dot on each joint that is there and has one of the largest ``shares (75,)``; its area is its share."""
    hands = (keypoints[part].reshape(-1, 3)[:, :2] for part in (LEFT_HAND, RIGHT_HAND))
    places = np.concatenate([keypoints[POSE].reshape(-1, 4)[:, :2], *hands]) * np.array([width, height], np.float32)
    found = np.repeat(presence[[0, 2, 3]], [NUM_POSE, NUM_HAND, NUM_HAND])
    largest = np.argsort(-shares, kind="stable")[:_DOTS]
    return Markup("").join(
        Markup('<path class="joint" style="stroke-width:{:.1f}" d="M{:.1f} {:.1f}h0"/>').format(
            _LARGEST_DOT * (shares[joint] / shares[largest[0]]) ** 0.5, *places[joint]
        )
        for joint in largest.tolist()
        if found[joint] and shares[joint] > 0
    )


def _parts(
    keypoints: npt.NDArray[np.float32], presence: npt.NDArray[np.bool_], width: int, height: int
) -> Iterable[Markup]:
    scale = np.array([width, height], np.float32)
    pose = keypoints[POSE].reshape(-1, 4)
    if presence[1]:
        yield _dots("face", keypoints[FACE].reshape(-1, 3)[::_FACE_STEP, :2] * scale)
    if presence[0]:
        visible = [(a, b) for a, b in POSE_EDGES if min(pose[a, 3], pose[b, 3]) >= _MIN_VISIBILITY]
        yield _lines("pose", pose[:, :2] * scale, visible)
    for name, found, part in (("left-hand", presence[2], LEFT_HAND), ("right-hand", presence[3], RIGHT_HAND)):
        if found:
            yield _lines(name, keypoints[part].reshape(-1, 3)[:, :2] * scale, HAND_EDGES)


def _lines(name: str, points: Points, edges: Iterable[tuple[int, int]]) -> Markup:
    steps = "".join(f"M{points[a, 0]:.1f} {points[a, 1]:.1f}L{points[b, 0]:.1f} {points[b, 1]:.1f}" for a, b in edges)
    return Markup('<path class="{}" d="{}"/>').format(name, steps)


def _dots(name: str, points: Points) -> Markup:
    # A stroke of no length with round caps is a dot.
    return Markup('<path class="{}" d="{}"/>').format(name, "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points))


def _shrunk(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    scale = min(1.0, _SHORT_SIDE / min(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _jpeg(rgb: npt.NDArray[np.uint8]) -> bytes:
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return encoded.tobytes()
