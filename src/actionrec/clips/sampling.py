"""Which frames of a video make up its clips: pure index arithmetic.

Every sampler maps ``num_frames`` to ``int64 (num_clips, clip_frames)`` of indices in ``0..num_frames-1``, never
decreasing within a clip. Videos shorter than a clip: samplers that cover the whole video (``even``, ``sorted``,
``segments``, ``strided_clips``) repeat frames in place, so the action is slowed down but whole. Windows (``window``,
``cover_windows``, ``overlapping_windows``, ``whole_video``) keep its speed, and ``short_videos`` says what follows its
end: the last frame again and again, the video from its start (``loop``, where indices begin anew), or ``black``, where
the index is ``NO_FRAME``.
"""

from __future__ import annotations

import hashlib

import numpy as np

from actionrec.clips.section import ShortVideos
from actionrec.core.arrays import Indices

NO_FRAME = -1
"""The index of a black frame, which no video holds; in it no keypoint is found."""


def generator_for(*parts: object) -> np.random.Generator:
    """A generator that depends on ``parts`` alone, for example ``(seed, epoch, video_id)``.

    The same on every machine and in every process: a resumed run draws what an uninterrupted one draws.
    """
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little"))


def sample_all(num_frames: int) -> Indices:
    """Every frame as a clip of its own: (num_frames, 1)."""
    _check(num_frames, clip_frames=1)
    return np.arange(num_frames, dtype=np.int64)[:, None]


def sample_even(num_frames: int, *, clip_frames: int) -> Indices:
    """``k * (num_frames // clip_frames)``, the sampling of reference systems A and B: (1, clip_frames).

    A's own code has ``k * max(num_frames // clip_frames, 1)``, which is the same but for a video shorter than the clip:
    there it asks for frames that are not there (and B's for the first frame alone), where this covers the video.
    """
    _check(num_frames, clip_frames=clip_frames)
    steps = np.arange(clip_frames, dtype=np.int64)
    if num_frames < clip_frames:
        return (steps * num_frames // clip_frames)[None]
    return (steps * (num_frames // clip_frames))[None]


def sample_window(
    num_frames: int,
    *,
    clip_frames: int,
    stride_frames: int = 1,
    generator: np.random.Generator | None,
    short_videos: ShortVideos = "repeat_last",
) -> Indices:
    """``clip_frames`` frames, ``stride_frames`` apart, from a random start (C: 15, E2: 1): (1, clip_frames).

    Without ``generator`` the window lies in the middle.
    """
    last_start = _last_start(num_frames, clip_frames=clip_frames, stride_frames=stride_frames)
    start = last_start // 2 if generator is None else int(generator.integers(last_start + 1))
    steps = _steps(clip_frames=clip_frames, stride_frames=stride_frames)
    return _windows(np.array([start]), steps, num_frames, short_videos)


def sample_sorted(num_frames: int, *, clip_frames: int, generator: np.random.Generator) -> Indices:
    """Random frames without replacement, in time order (system A): (1, clip_frames)."""
    _check(num_frames, clip_frames=clip_frames)
    if num_frames < clip_frames:
        return sample_even(num_frames, clip_frames=clip_frames)
    chosen = generator.choice(num_frames, size=clip_frames, replace=False)
    return np.sort(chosen).astype(np.int64)[None]


def sample_one(num_frames: int, *, generator: np.random.Generator) -> Indices:
    """One random frame (system E1): (1, 1)."""
    _check(num_frames, clip_frames=1)
    return np.full((1, 1), generator.integers(num_frames), dtype=np.int64)


def sample_segments(num_frames: int, *, clip_frames: int, generator: np.random.Generator) -> Indices:
    """A random frame of each of ``clip_frames`` equal segments (temporal segment networks): (1, clip_frames)."""
    _check(num_frames, clip_frames=clip_frames)
    edges = np.arange(clip_frames + 1, dtype=np.int64) * num_frames // clip_frames
    lengths = np.maximum(edges[1:] - edges[:-1], 1)
    return np.minimum(edges[:-1] + generator.integers(lengths), num_frames - 1)[None]


def strided_clips(num_frames: int, *, clip_frames: int, num_clips: int) -> Indices:
    """Interleaved clips, each of which covers the whole video: (num_clips, clip_frames).

    Clip ``j`` takes from each of ``clip_frames`` equal segments the frame at ``(j + 1/2) / num_clips`` of it.
    """
    _check(num_frames, clip_frames=clip_frames)
    if num_clips < 1:
        raise ValueError(f"num_clips={num_clips} must be at least 1")
    clips = np.arange(num_clips, dtype=np.int64)[:, None]
    segments = np.arange(clip_frames, dtype=np.int64)[None]
    return (2 * (segments * num_clips + clips) + 1) * num_frames // (2 * num_clips * clip_frames)


def cover_windows(
    num_frames: int, *, clip_frames: int, stride_frames: int = 1, short_videos: ShortVideos = "repeat_last"
) -> Indices:
    """Windows in a row, from the first frame to the last: (n, clip_frames).

    They do not overlap, except that the last one is moved back to end with the video's last frame. With a
    stride of 1 no frame is left out.
    """
    last_start = _last_start(num_frames, clip_frames=clip_frames, stride_frames=stride_frames)
    span = clip_frames * stride_frames
    # The window that would begin past the last start begins there.
    starts = np.minimum(np.arange(-(-last_start // span) + 1, dtype=np.int64) * span, last_start)
    return _windows(starts, _steps(clip_frames=clip_frames, stride_frames=stride_frames), num_frames, short_videos)


def overlapping_windows(
    num_frames: int,
    *,
    clip_frames: int,
    stride_frames: int = 1,
    window_step: int = 1,
    short_videos: ShortVideos = "repeat_last",
) -> Indices:
    """A window from every ``window_step``-th frame on, and the last one that fits: (n, clip_frames)."""
    if window_step < 1:
        raise ValueError(f"window_step={window_step} must be at least 1")
    last_start = _last_start(num_frames, clip_frames=clip_frames, stride_frames=stride_frames)
    starts = np.unique(np.append(np.arange(0, last_start + 1, window_step, dtype=np.int64), last_start))
    return _windows(starts, _steps(clip_frames=clip_frames, stride_frames=stride_frames), num_frames, short_videos)


def whole_video(
    num_frames: int, *, clip_frames: int, stride_frames: int = 1, short_videos: ShortVideos = "repeat_last"
) -> Indices:
    """Every ``stride_frames``-th frame as one long clip, at least ``clip_frames`` of them: (1, n)."""
    _last_start(num_frames, clip_frames=clip_frames, stride_frames=stride_frames)  # checks the numbers
    length = max(clip_frames, -(-num_frames // stride_frames))
    steps = _steps(clip_frames=length, stride_frames=stride_frames)
    return _windows(np.zeros(1, np.int64), steps, num_frames, short_videos)


def _last_start(num_frames: int, *, clip_frames: int, stride_frames: int) -> int:
    """Where the last window that fits begins; 0 where none does.

    A window spans ``(clip_frames - 1) * stride_frames + 1`` frames, not ``clip_frames * stride_frames``: three frames,
    two apart, are ``f.f.f``, so the last window of 7 frames begins at frame 2.
    """
    _check(num_frames, clip_frames=clip_frames)
    if stride_frames < 1:
        raise ValueError(f"stride_frames={stride_frames} must be at least 1")
    return max(0, num_frames - 1 - (clip_frames - 1) * stride_frames)


def _steps(*, clip_frames: int, stride_frames: int) -> Indices:
    return np.arange(clip_frames, dtype=np.int64) * stride_frames


def _windows(starts: Indices, steps: Indices, num_frames: int, short_videos: ShortVideos) -> Indices:
    indices = starts[:, None] + steps
    match short_videos:
        case "repeat_last":
            return np.minimum(indices, num_frames - 1)
        case "loop":
            return indices % num_frames
        case "black":
            return np.where(indices < num_frames, indices, NO_FRAME)


def even_frames(num_frames: int, *, max_frames: int) -> Indices:
    """At most ``max_frames`` different single frames, the centres of equal segments: (n, 1); all where it is 0."""
    if max_frames == 0 or num_frames <= max_frames:
        return sample_all(num_frames)
    return strided_clips(num_frames, clip_frames=max_frames, num_clips=1).T


def _check(num_frames: int, *, clip_frames: int) -> None:
    if num_frames < 1 or clip_frames < 1:
        raise ValueError(f"num_frames={num_frames} and clip_frames={clip_frames} must both be at least 1")
