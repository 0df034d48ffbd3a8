"""Which clips exist, and their frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from actionrec.core.errors import ActionrecError
from actionrec.synthetic.actions import ACTIONS, draw_motion
from actionrec.synthetic.actors import make_actor
from actionrec.synthetic.randomness import generator
from actionrec.synthetic.render import Renderer
from actionrec.synthetic.scene import Framing, make_camera
from actionrec.synthetic.section import SyntheticParams


@dataclass(frozen=True)
class ClipSpec:
    video_id: str
    label: str
    group: int
    """1-based; one actor each."""
    clip_index: int
    """1-based within class and group."""
    num_frames: int
    framing: Framing
    """By turns with the clip index, so it tells nothing about the class."""


def video_id_of(label: str, group: int, clip_index: int) -> str:
    """``wave/v_wave_g01_c02``: the naming of UCF101."""
    return f"{label}/v_{label}_g{group:02d}_c{clip_index:02d}"


def group_name(group: int) -> str:
    """``actor01``: the value of the column ``group``."""
    return f"actor{group:02d}"


def plan_clips(params: SyntheticParams) -> tuple[ClipSpec, ...]:
    """Every clip, sorted by ``video_id``; raises :class:`ActionrecError` for a class that nobody can act."""
    unknown = sorted(set(params.classes) - set(ACTIONS))
    if unknown:
        raise ActionrecError(f"synthetic.classes: {', '.join(unknown)} unknown; legal: {', '.join(ACTIONS)}")
    clips = [
        _plan_clip(params, label, group, clip_index)
        for label in params.classes
        for group in range(1, params.groups + 1)
        for clip_index in range(1, params.clips_per_group + 1)
    ]
    return tuple(sorted(clips, key=lambda spec: spec.video_id))


def _plan_clip(params: SyntheticParams, label: str, group: int, clip_index: int) -> ClipSpec:
    rng = generator(params.seed, "length", group, label, clip_index)
    return ClipSpec(
        video_id=video_id_of(label, group, clip_index),
        label=label,
        group=group,
        clip_index=clip_index,
        num_frames=int(rng.integers(params.min_frames, params.max_frames + 1)),
        framing="mid" if clip_index % 2 else "full",
    )


def render_clip(spec: ClipSpec, params: SyntheticParams) -> Iterator[NDArray[np.uint8]]:
    """The frames, uint8 (240, 320, 3) RGB; they follow from ``spec``, ``params.seed`` and ``params.fps`` alone."""
    cv2.setNumThreads(1)  # the pool already takes every core
    rng = generator(params.seed, "clip", spec.group, spec.label, spec.clip_index)
    action = ACTIONS[spec.label]
    motion = draw_motion(rng, action, clip_seconds=spec.num_frames / params.fps)
    actor = make_actor(spec.group, params.seed)
    camera = make_camera(actor, spec.framing, rng)
    renderer = Renderer(actor, camera, rng, first_pose=action.pose(motion, 0.0))
    for frame in range(spec.num_frames):
        yield renderer.frame(action.pose(motion, frame / params.fps))
