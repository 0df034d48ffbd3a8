"""Index arithmetic of clips."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionrec.clips.sampling import (
    NO_FRAME,
    cover_windows,
    even_frames,
    generator_for,
    overlapping_windows,
    sample_all,
    sample_even,
    sample_one,
    sample_segments,
    sample_sorted,
    sample_window,
    strided_clips,
    whole_video,
)

COUNTS = st.integers(1, 400)
CLIPS = st.integers(1, 40)


def test_generators_depend_on_their_parts_alone():
    draws = [generator_for(0, 3, "a/b").integers(1 << 30) for _ in range(2)]
    assert draws[0] == draws[1]
    assert generator_for(0, 4, "a/b").integers(1 << 30) != draws[0]


def test_generator_is_the_same_on_every_machine():
    assert generator_for(0, 1, "v").integers(0, 1000, 4).tolist() == [479, 528, 418, 824]


def test_even_is_the_reference_formula():
    assert sample_even(70, clip_frames=4).tolist() == [[0, 17, 34, 51]]
    assert sample_even(3, clip_frames=6).tolist() == [[0, 0, 1, 1, 2, 2]]


def test_windows_start_at_random_and_stays_inside():
    starts = {
        sample_window(20, clip_frames=3, stride_frames=5, generator=generator_for(seed))[0, 0] for seed in range(99)
    }
    assert starts == set(range(10))
    assert sample_window(20, clip_frames=3, stride_frames=5, generator=None).tolist() == [[4, 9, 14]]


def test_windows_of_short_videos_repeat_the_last_frame():
    assert sample_window(8, clip_frames=4, stride_frames=3, generator=generator_for(0)).tolist() == [[0, 3, 6, 7]]
    assert sample_window(2, clip_frames=4, generator=generator_for(0)).tolist() == [[0, 1, 1, 1]]


def test_sorted_takes_all_frames_when_there_are_just_enough():
    assert sample_sorted(5, clip_frames=5, generator=generator_for(0)).tolist() == [[0, 1, 2, 3, 4]]


def test_clips_that_cover_a_short_video_slow_it_down():
    assert sample_sorted(2, clip_frames=4, generator=generator_for(0)).tolist() == [[0, 0, 1, 1]]
    assert sample_segments(2, clip_frames=4, generator=generator_for(0)).tolist() == [[0, 0, 1, 1]]
    assert strided_clips(2, clip_frames=4, num_clips=1).tolist() == [[0, 0, 1, 1]]


def test_strided_clips_interleave():
    assert strided_clips(12, clip_frames=3, num_clips=2).tolist() == [[1, 5, 9], [3, 7, 11]]
    assert strided_clips(12, clip_frames=3, num_clips=4).tolist() == [[0, 4, 8], [1, 5, 9], [2, 6, 10], [3, 7, 11]]


def test_windows_leave_no_frame_out():
    assert cover_windows(10, clip_frames=4).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [6, 7, 8, 9]]
    assert cover_windows(8, clip_frames=4).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert cover_windows(2, clip_frames=4).tolist() == [[0, 1, 1, 1]]


def test_windows_of_a_stride():
    assert cover_windows(20, clip_frames=3, stride_frames=3).tolist() == [[0, 3, 6], [9, 12, 15], [13, 16, 19]]
    assert cover_windows(4, clip_frames=3, stride_frames=3).tolist() == [[0, 3, 3]]


def test_overlapping_windows():
    assert overlapping_windows(6, clip_frames=4).tolist() == [[0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5]]
    assert overlapping_windows(10, clip_frames=4, window_step=4)[:, 0].tolist() == [0, 4, 6]
    assert overlapping_windows(10, clip_frames=2, stride_frames=4, window_step=2).tolist() == [
        [0, 4],
        [2, 6],
        [4, 8],
        [5, 9],
    ]
    assert overlapping_windows(2, clip_frames=4).tolist() == [[0, 1, 1, 1]]
    with pytest.raises(ValueError, match="window_step=0"):
        overlapping_windows(6, clip_frames=4, window_step=0)


@given(COUNTS, CLIPS)
def test_every_overlapping_window_is_there(num_frames, clip_frames):
    windows = overlapping_windows(num_frames, clip_frames=clip_frames)
    assert windows[:, 0].tolist() == list(range(max(1, num_frames - clip_frames + 1)))


def test_the_whole_video():
    assert whole_video(5, clip_frames=2).tolist() == [[0, 1, 2, 3, 4]]
    assert whole_video(7, clip_frames=2, stride_frames=3).tolist() == [[0, 3, 6]]
    assert whole_video(3, clip_frames=5).tolist() == [[0, 1, 2, 2, 2]]


def test_what_follows_the_end_of_a_short_video():
    def window(short_videos):
        return sample_window(5, clip_frames=4, stride_frames=3, generator=None, short_videos=short_videos).tolist()

    assert window("repeat_last") == [[0, 3, 4, 4]]
    assert window("loop") == [[0, 3, 1, 4]]
    assert window("black") == [[0, 3, -1, -1]]
    assert cover_windows(2, clip_frames=4, short_videos="loop").tolist() == [[0, 1, 0, 1]]
    assert cover_windows(2, clip_frames=4, short_videos="black").tolist() == [[0, 1, -1, -1]]
    assert overlapping_windows(2, clip_frames=3, short_videos="black").tolist() == [[0, 1, -1]]
    assert whole_video(3, clip_frames=5, short_videos="loop").tolist() == [[0, 1, 2, 0, 1]]
    assert whole_video(3, clip_frames=5, short_videos="black").tolist() == [[0, 1, 2, -1, -1]]


def frame_after_frame(num_frames, start, *, clip_frames, stride_frames, short_videos):
    """The window read off a list of what follows what, as one who shows a video would."""
    after = {
        "repeat_last": lambda: num_frames - 1,
        "loop": lambda: (shown[-1] + 1) % num_frames,
        "black": lambda: NO_FRAME,
    }
    shown = list(range(num_frames))
    while len(shown) < start + clip_frames * stride_frames:
        shown.append(after[short_videos]())
    return shown[start::stride_frames][:clip_frames]


@given(
    num_frames=st.integers(1, 60),
    clip_frames=st.integers(1, 20),
    stride=st.integers(1, 9),
    short_videos=st.sampled_from(["repeat_last", "loop", "black"]),
    seed=st.integers(0, 9),
)
def test_windows_of_short_videos_are_what_one_would_be_shown(num_frames, clip_frames, stride, short_videos, seed):
    options = {"clip_frames": clip_frames, "stride_frames": stride, "short_videos": short_videos}
    span = (clip_frames - 1) * stride + 1
    length = max(clip_frames, -(-num_frames // stride))
    for clips in (
        sample_window(num_frames, generator=generator_for(seed), **options),
        sample_window(num_frames, generator=None, **options),
        cover_windows(num_frames, **options),
        overlapping_windows(num_frames, **options),
    ):
        for clip in clips.tolist():
            assert clip == frame_after_frame(num_frames, clip[0], **options)
            assert clip[0] == 0 or clip[0] + span <= num_frames  # a window that fits is never moved past the end
    [whole] = whole_video(num_frames, **options).tolist()
    assert whole == frame_after_frame(num_frames, 0, **{**options, "clip_frames": length})


@given(num_frames=COUNTS, clip_frames=CLIPS, stride=st.integers(1, 20))
def test_a_window_that_fits_knows_no_policy(num_frames, clip_frames, stride):
    if (clip_frames - 1) * stride < num_frames:
        for sampler in (cover_windows, overlapping_windows):
            found = [
                sampler(num_frames, clip_frames=clip_frames, stride_frames=stride, short_videos=policy).tolist()
                for policy in ("repeat_last", "loop", "black")
            ]
            assert found[0] == found[1] == found[2]


def test_the_black_frames_of_c():
    """Ten frames, 15 apart: of a video of 100 frames the clip shows seven, and is black from frame 105 on."""
    [clip] = sample_window(100, clip_frames=10, stride_frames=15, generator=generator_for(0), short_videos="black")
    assert clip.tolist() == [0, 15, 30, 45, 60, 75, 90, -1, -1, -1]
    [clip] = sample_window(136, clip_frames=10, stride_frames=15, generator=generator_for(0), short_videos="black")
    assert clip.tolist() == [0, 15, 30, 45, 60, 75, 90, 105, 120, 135]


@given(num_frames=COUNTS, clip_frames=CLIPS)
def test_even_is_the_formula_of_both_references(num_frames, clip_frames):
    """A's own code and B's agree wherever there are enough frames, and so does ours."""
    if num_frames >= clip_frames:
        of_a = [k * max(num_frames // clip_frames, 1) for k in range(clip_frames)]
        of_b = [k * (num_frames // clip_frames) for k in range(clip_frames)]
        assert sample_even(num_frames, clip_frames=clip_frames)[0].tolist() == of_a == of_b


@given(COUNTS, CLIPS)
def test_windows_are_consecutive_and_cover_every_video(num_frames, clip_frames):
    windows = cover_windows(num_frames, clip_frames=clip_frames)
    assert windows.shape == (-(-num_frames // clip_frames), clip_frames)
    assert set(windows.ravel().tolist()) == set(range(num_frames))
    if num_frames >= clip_frames:
        assert (np.diff(windows, axis=1) == 1).all()


def test_even_frames():
    assert even_frames(10, max_frames=2).tolist() == [[2], [7]]
    assert even_frames(3, max_frames=5).tolist() == [[0], [1], [2]]
    assert even_frames(3, max_frames=0).tolist() == sample_all(3).tolist()


@given(num_frames=COUNTS, clip_frames=CLIPS, seed=st.integers(0, 99), stride=st.integers(1, 20))
def test_every_sampler_stays_in_range_and_in_time_order(num_frames, clip_frames, seed, stride):
    generator = generator_for(seed)
    sampled = [
        sample_even(num_frames, clip_frames=clip_frames),
        sample_window(num_frames, clip_frames=clip_frames, stride_frames=stride, generator=generator),
        sample_window(num_frames, clip_frames=clip_frames, generator=generator),
        sample_sorted(num_frames, clip_frames=clip_frames, generator=generator),
        sample_segments(num_frames, clip_frames=clip_frames, generator=generator),
        strided_clips(num_frames, clip_frames=clip_frames, num_clips=3),
        even_frames(num_frames, max_frames=clip_frames),
        sample_one(num_frames, generator=generator),
    ]
    assert [clips.shape for clips in sampled] == [
        *[(1, clip_frames)] * 5,
        (3, clip_frames),
        (min(num_frames, clip_frames), 1),
        (1, 1),
    ]
    for clips in sampled:
        assert clips.dtype == np.int64
        assert clips.min() >= 0
        assert clips.max() < num_frames
        assert (np.diff(clips, axis=1) >= 0).all()


@given(num_frames=COUNTS, clip_frames=CLIPS, seed=st.integers(0, 99))
def test_a_segment_sample_lies_in_its_segment(num_frames, clip_frames, seed):
    clip = sample_segments(num_frames, clip_frames=clip_frames, generator=generator_for(seed))[0]
    for k, index in enumerate(clip.tolist()):
        first = k * num_frames // clip_frames
        assert first <= index < max(first + 1, (k + 1) * num_frames // clip_frames)


@given(num_frames=st.integers(1, 60), clip_frames=st.integers(1, 60))
def test_frames_are_distinct_when_there_are_enough(num_frames, clip_frames):
    for clips in (
        sample_even(num_frames, clip_frames=clip_frames),
        sample_sorted(num_frames, clip_frames=clip_frames, generator=generator_for(0)),
        sample_segments(num_frames, clip_frames=clip_frames, generator=generator_for(0)),
    ):
        assert len(set(clips[0].tolist())) == min(num_frames, clip_frames)


@pytest.mark.parametrize(("num_frames", "clip_frames"), [(0, 4), (4, 0)])
def test_nothing_to_sample_is_refused(num_frames, clip_frames):
    with pytest.raises(ValueError, match="at least 1"):
        sample_even(num_frames, clip_frames=clip_frames)


def test_impossible_strides_and_counts_are_refused():
    with pytest.raises(ValueError, match="stride_frames=0"):
        sample_window(4, clip_frames=2, stride_frames=0, generator=None)
    with pytest.raises(ValueError, match="num_clips=0"):
        strided_clips(4, clip_frames=2, num_clips=0)
