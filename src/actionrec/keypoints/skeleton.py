"""Pose and hands of MediaPipe Holistic as one graph of 75 joints.

Joints 0-32 are the pose, 33-53 the left hand, 54-74 the right hand; each hand hangs on its wrist.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from actionrec.keypoints import layout

LEFT_HAND_START = layout.NUM_POSE
RIGHT_HAND_START = LEFT_HAND_START + layout.NUM_HAND
NUM_JOINTS = RIGHT_HAND_START + layout.NUM_HAND

_HEAD = ((0, 1), (1, 2), (2, 3), (3, 7), (0, 4), (4, 5), (5, 6), (6, 8), (9, 10))
_NECK = ((0, 9), (0, 10), (0, 11), (0, 12))
_PALMS = ((15, 17), (15, 19), (15, 21), (17, 19), (16, 18), (16, 20), (16, 22), (18, 20))
_FEET = ((27, 29), (29, 31), (27, 31), (28, 30), (30, 32), (28, 32))
_HANDS = tuple((start + a, start + b) for start in (LEFT_HAND_START, RIGHT_HAND_START) for a, b in layout.HAND_EDGES)
_WRISTS = ((layout.LEFT_WRIST, LEFT_HAND_START), (layout.RIGHT_WRIST, RIGHT_HAND_START))

EDGES: tuple[tuple[int, int], ...] = (*layout.POSE_EDGES, *_HEAD, *_NECK, *_PALMS, *_FEET, *_HANDS, *_WRISTS)
"""Pairs of joints that are connected."""

POSE_LINES: tuple[tuple[int, int], ...] = (*layout.POSE_EDGES, *_HEAD, *_PALMS, *_FEET)
"""Landmarks of the pose that MediaPipe's own drawing connects: no neck, and a mouth by itself."""
_KNUCKLES = ((5, 9), (9, 13), (13, 17))
HAND_LINES = (*(edge for edge in layout.HAND_EDGES if edge not in ((0, 9), (0, 13))), *_KNUCKLES)
"""Landmarks of a hand that MediaPipe's own drawing connects: the knuckles with one another."""

_CENTRE = (layout.LEFT_SHOULDER, layout.RIGHT_SHOULDER)


def hops_from_centre() -> npt.NDArray[np.int64]:
    """Edges from each joint to the nearer shoulder: (75,)."""
    neighbours: dict[int, list[int]] = {joint: [] for joint in range(NUM_JOINTS)}
    for a, b in EDGES:
        neighbours[a].append(b)
        neighbours[b].append(a)
    hops = np.full(NUM_JOINTS, -1, np.int64)
    hops[list(_CENTRE)] = 0
    waiting = deque(_CENTRE)
    while waiting:
        joint = waiting.popleft()
        for other in neighbours[joint]:
            if hops[other] < 0:
                hops[other] = hops[joint] + 1
                waiting.append(other)
    return hops


def spatial_partition() -> npt.NDArray[np.float32]:
    """Normalised adjacency (3, 75, 75): a joint and those as near to the centre, those nearer, those farther.

    Yan et al. 2018, spatial configuration partitioning. Column ``w`` holds the weights with which joints are summed
    into joint ``w``; over the three parts a column sums to 1.
    """
    adjacent = np.eye(NUM_JOINTS, dtype=np.float32)
    for a, b in EDGES:
        adjacent[a, b] = adjacent[b, a] = 1
    normalised: npt.NDArray[np.float32] = adjacent / adjacent.sum(axis=0, keepdims=True)
    hops = hops_from_centre()
    farther = hops[:, None] - hops[None, :]  # of the source, seen from the target
    return np.stack([normalised * chosen for chosen in (farther == 0, farther < 0, farther > 0)])
