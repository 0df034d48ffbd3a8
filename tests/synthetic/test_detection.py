"""The point of the embedded data set: MediaPipe finds its people."""

from __future__ import annotations

import numpy as np
import pytest

from actionrec.synthetic.plan import plan_clips, render_clip
from tests.synthetic.helpers import tiny


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("label", "group"), [("wave", 1), ("circle_cw", 6), ("raise_hold", 13)])
def test_holistic_finds_the_people(label, group):
    from mediapipe.python.solutions.holistic import Holistic

    params = tiny(classes=("circle_cw", "raise_hold", "wave"), groups=13, min_frames=24, max_frames=24)
    spec = next(spec for spec in plan_clips(params) if (spec.label, spec.group, spec.clip_index) == (label, group, 1))
    found = []
    with Holistic(model_complexity=1) as holistic:
        for frame in list(render_clip(spec, params))[::3]:
            result = holistic.process(frame)
            found.append(
                [
                    part is not None
                    for part in (result.pose_landmarks, result.face_landmarks, result.right_hand_landmarks)
                ]
            )
    assert len(found) == 8
    pose, face, right_hand = np.mean(found, axis=0)
    assert pose == 1
    assert face == 1
    assert right_hand >= 0.75
