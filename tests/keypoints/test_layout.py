"""Offsets of the 1662 values, and what mirrors what."""

from __future__ import annotations

from actionrec.keypoints import layout


def test_parts_tile_the_row() -> None:
    parts = (layout.POSE, layout.FACE, layout.LEFT_HAND, layout.RIGHT_HAND)
    assert [(part.start, part.stop) for part in parts] == [(0, 132), (132, 1536), (1536, 1599), (1599, 1662)]
    assert layout.NUM_VALUES == 33 * 4 + 468 * 3 + 21 * 3 + 21 * 3 == 1662
    assert len(layout.PARTS) == len(parts)


def test_mirroring_twice_changes_nothing_and_swaps_the_named_sides() -> None:
    mirror = layout.POSE_MIRROR
    assert [mirror[mirror[joint]] for joint in range(33)] == list(range(33))
    assert mirror[layout.LEFT_WRIST] == layout.RIGHT_WRIST
    assert mirror[layout.LEFT_ANKLE] == layout.RIGHT_ANKLE
    assert mirror[layout.NOSE] == layout.NOSE


def test_edges_join_landmarks_that_exist() -> None:
    assert {joint for edge in layout.POSE_EDGES for joint in edge} <= set(range(33))
    assert len(layout.HAND_EDGES) == 20
    assert {joint for edge in layout.HAND_EDGES for joint in edge} == set(range(21))
    assert layout.HAND_EDGES[:5] == ((0, 1), (1, 2), (2, 3), (3, 4), (0, 5))
