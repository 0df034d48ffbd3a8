from __future__ import annotations

from collections import Counter
from itertools import islice

import numpy as np
import pytest

from actionrec.core.errors import ActionrecError
from actionrec.synthetic.actions import ACTIONS
from actionrec.synthetic.plan import ClipSpec, group_name, plan_clips, render_clip
from tests.synthetic.helpers import tiny

FULL = {"classes": tuple(ACTIONS), "groups": 14, "clips_per_group": 2, "min_frames": 22, "max_frames": 30}


def frames(spec, params, count=2):
    return np.stack(list(islice(render_clip(spec, params), count)))


def test_plan_has_every_class_group_and_clip_once():
    clips = plan_clips(tiny(**FULL))
    assert len(clips) == 6 * 14 * 2
    assert len({spec.video_id for spec in clips}) == len(clips)
    assert list(clips) == sorted(clips, key=lambda spec: spec.video_id)
    assert Counter(spec.label for spec in clips) == dict.fromkeys(ACTIONS, 28)
    assert {spec.group for spec in clips} == set(range(1, 15))
    assert clips[0] == ClipSpec(
        "circle_ccw/v_circle_ccw_g01_c01", "circle_ccw", 1, 1, clips[0].num_frames, "mid"
    )  # fmt: skip


def test_lengths_cover_their_range():
    lengths = [spec.num_frames for spec in plan_clips(tiny(**FULL))]
    assert min(lengths) == 22
    assert max(lengths) == 30


def test_framing_is_balanced_within_every_class_and_group():
    counts = Counter((spec.label, spec.group, spec.framing) for spec in plan_clips(tiny(**FULL)))
    assert set(counts.values()) == {1}
    assert len(counts) == 6 * 14 * 2


def test_fewer_classes_and_groups_leave_the_other_clips_as_they_are():
    every, few = plan_clips(tiny(**FULL)), plan_clips(tiny(**FULL | {"classes": ("squat", "wave"), "groups": 3}))
    assert set(few) < set(every)


def test_an_unknown_class_is_refused_with_the_legal_ones():
    with pytest.raises(ActionrecError, match=r"synthetic\.classes: juggle unknown; legal: wave, raise_hold"):
        plan_clips(tiny(classes=("wave", "juggle")))


def test_group_name_is_two_digits():
    assert group_name(3) == "actor03"


def test_frames_are_rgb_bytes_of_the_planned_number():
    params = tiny()
    spec = plan_clips(params)[0]
    rendered = list(render_clip(spec, params))
    assert len(rendered) == spec.num_frames
    assert {(frame.shape, frame.dtype.name) for frame in rendered} == {((240, 320, 3), "uint8")}


def test_the_same_clip_is_rendered_bit_by_bit_again_and_whatever_else_exists():
    params, fewer = tiny(), tiny(classes=("circle_cw", "wave"), groups=4, clips_per_group=1)
    spec = plan_clips(params)[0]
    first = frames(spec, params)
    np.testing.assert_array_equal(first, frames(spec, params))
    np.testing.assert_array_equal(first, frames(spec, fewer))


def test_another_seed_actor_or_clip_gives_other_frames():
    params = tiny()
    by_id = {spec.video_id: spec for spec in plan_clips(params)}
    spec = by_id["wave/v_wave_g01_c01"]
    first = frames(spec, params, 1)
    for other, other_params in (
        (spec, tiny(seed=1)),
        (by_id["wave/v_wave_g02_c01"], params),
        (by_id["wave/v_wave_g01_c02"], params),
    ):
        assert (frames(other, other_params, 1) != first).mean() > 0.5


def test_the_actor_moves_and_the_grain_changes():
    params = tiny(min_frames=20, max_frames=20)
    spec = next(spec for spec in plan_clips(params) if spec.label == "wave")
    rendered = frames(spec, params, 10).astype(int)
    still = np.abs(rendered[9, :20] - rendered[0, :20])
    moving = np.abs(rendered[9] - rendered[0])
    assert 0 < still.mean() < 5  # grain of a few grey levels on the wall
    assert moving.max() > 60
