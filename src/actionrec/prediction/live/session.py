"""What one open page has: the last seconds of frames, one slot for the next, and how fast it goes. Pure."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from actionrec.clips.landmarks import LEFT_HAND, POSE, RIGHT_HAND, landmarks
from actionrec.core.arrays import Frames
from actionrec.core.errors import ActionrecError
from actionrec.keypoints import layout
from actionrec.keypoints.layout import ClipKeypoints

_HEADER = struct.Struct("<IIdd")
_KEPT_ANSWERS = 200
_RATE_SECONDS = 3.0
_MIN_SHARE = 0.5
_MIN_CLIP_FRAMES = 5

Item = TypeVar("Item")
Points = list[tuple[float, float, float]]


@dataclass(frozen=True)
class FrameMessage:
    """What the page sends: a header of 24 bytes, little-endian, in this order, and the picture."""

    number: int
    """uint32, by which the answer is known."""
    skipped: int
    """uint32: frames that the page did not send since it opened, as the answer to another was outstanding."""
    seconds: float
    """float64: when the picture was taken, by the camera's or the file's own clock."""
    round_trip_ms: float
    """float64: from picture to answer, of the frame before; 0 of the first."""
    jpeg: bytes

    @classmethod
    def read(cls, message: bytes) -> FrameMessage:
        """Raises :class:`ActionrecError` for what is no such message."""
        if len(message) <= _HEADER.size:
            raise ActionrecError(f"a message of {len(message)} bytes: expected {_HEADER.size} and a JPEG")
        number, skipped, seconds, round_trip_ms = _HEADER.unpack_from(message)
        if not (np.isfinite(seconds) and np.isfinite(round_trip_ms)):
            raise ActionrecError(f"seconds {seconds} and round_trip_ms {round_trip_ms}: expected finite numbers")
        return cls(number, skipped, seconds, round_trip_ms, message[_HEADER.size :])

    def written(self) -> bytes:
        return _HEADER.pack(self.number, self.skipped, self.seconds, self.round_trip_ms) + self.jpeg


class Slot(Generic[Item]):
    """Room for one: what comes later takes the place of what was not fetched."""

    def __init__(self) -> None:
        self._item: Item | None = None
        self.num_dropped = 0

    def put(self, item: Item) -> None:
        self.num_dropped += self._item is not None
        self._item = item

    def take(self) -> Item | None:
        """What lies there, once; None where nothing came since."""
        item, self._item = self._item, None
        return item


@dataclass
class Speed:
    """Milliseconds from picture to answer, and answers a second, of the last ones."""

    milliseconds: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT_ANSWERS))
    answered: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT_ANSWERS))

    def add(self, milliseconds: float | None, *, now: float) -> None:
        """An answer goes out at ``now`` (seconds of any clock); ``milliseconds`` are those of an earlier one."""
        if milliseconds is not None:
            self.milliseconds.append(milliseconds)
        self.answered.append(now)

    def percentile(self, percent: float) -> float | None:
        """The smallest time that ``percent`` of the answers did not exceed; None before the first."""
        if not self.milliseconds:
            return None
        return float(np.percentile(self.milliseconds, percent, method="inverted_cdf"))

    @property
    def per_second(self) -> float | None:
        """Of the last three seconds; None before the second answer."""
        recent = [at for at in self.answered if at >= self.answered[-1] - _RATE_SECONDS]
        return (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 and recent[-1] > recent[0] else None


@dataclass(frozen=True)
class Seen:
    """One frame and what was found in it."""

    seconds: float
    frame: Frames
    """uint8 (H, W, 3), RGB 0-255."""
    keypoints: npt.NDArray[np.float32]
    """(1662,)"""
    presence: npt.NDArray[np.bool_]
    """(4,)"""
    aspect: float
    """Width / height of the camera's picture."""


@dataclass(frozen=True)
class Clip:
    """The last seconds at an even rate: what :meth:`actionrec.prediction.predictor.Predictor.of_frames` takes."""

    frames: Frames
    timestamps: npt.NDArray[np.float64]
    keypoints: ClipKeypoints


class RollingBuffer:
    """The last ``window_seconds``, by time stamps."""

    def __init__(self, *, window_seconds: float, rate: float) -> None:
        """``rate`` is that of the training videos, frames a second: clips are of this rate, whatever the camera's."""
        self.window_seconds, self.rate = window_seconds, rate
        self._seen: deque[Seen] = deque()

    def __len__(self) -> int:
        return len(self._seen)

    def add(self, seen: Seen) -> None:
        """Starts anew where time went back, stood still longer than the window, or pictures have another size."""
        if self._seen:
            last = self._seen[-1]
            gap = seen.seconds - last.seconds
            if gap < 0 or gap > self.window_seconds or seen.frame.shape != last.frame.shape:
                self._seen.clear()
        self._seen.append(seen)
        while seen.seconds - self._seen[0].seconds > self.window_seconds:
            self._seen.popleft()

    @property
    def share(self) -> float:
        """Of the window that is full, 0 to 1."""
        if not self._seen:
            return 0.0
        return min(1.0, (self._seen[-1].seconds - self._seen[0].seconds + 1 / self.rate) / self.window_seconds)

    def clip(self) -> Clip | None:
        """None before half the window is full."""
        if self.share < _MIN_SHARE:
            return None
        kept = list(self._seen)
        seconds = np.asarray([seen.seconds for seen in kept])
        times = even_times(seconds[0], seconds[-1], rate=self.rate)
        chosen = [kept[place] for place in nearest(seconds, times).tolist()]
        found = ClipKeypoints(
            np.stack([seen.keypoints for seen in chosen]), np.stack([seen.presence for seen in chosen]), kept[0].aspect
        )
        return Clip(np.stack([seen.frame for seen in chosen]), times - times[0], found)


def even_times(first: float, last: float, *, rate: float) -> npt.NDArray[np.float64]:
    """Times ``1 / rate`` apart that end at ``last`` and begin at ``first`` or less than a step after it.

    At least five, as the shortest video that is kept: before ``first`` where the window is that short.
    """
    count = max(_MIN_CLIP_FRAMES, int((last - first) * rate + 1e-6) + 1)
    return np.asarray(last - np.arange(count - 1, -1, -1) / rate, np.float64)


def nearest(seconds: npt.NDArray[np.float64], times: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Of each of ``times`` (T,) the place in the ascending ``seconds`` (n,) that is nearest, the earlier of two."""
    after = np.clip(np.searchsorted(seconds, times), 1, max(1, len(seconds) - 1))
    before = after - 1
    after = np.minimum(after, len(seconds) - 1)
    return np.where(times - seconds[before] <= seconds[after] - times, before, after).astype(np.int64)


def drawn_points(keypoints: npt.NDArray[np.float32], presence: npt.NDArray[np.bool_]) -> dict[str, Points]:
    """``pose``, ``left_hand`` and ``right_hand`` as (x, y, visibility), shares of the picture; empty if not found."""
    found: dict[str, Points] = {}
    for part in (POSE, LEFT_HAND, RIGHT_HAND):
        rows: Sequence[Sequence[float]] = landmarks(keypoints[None], part)[0].tolist()
        shown = [(round(row[0], 4), round(row[1], 4), round(row[3], 2) if part == POSE else 1.0) for row in rows]
        found[layout.PARTS[part]] = shown if presence[part] else []
    return found
