"""Other ways to the frames of a video, each with the two methods of a packed view that :class:`ClipSource` calls."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import av
import h5py
import numpy as np

from actionrec.core.arrays import Frames, Indices

_LENT = "BENCHMARKS_LENT_LIBRARIES"
"""The folder that :func:`lend_libraries` made for this process."""

Read = Callable[[Path, Indices], Frames]


class OtherView:
    """Frames of whole videos by ``read(path, indices)``, opened anew for each clip, as random access over many does."""

    def __init__(self, videos: Mapping[str, Path], num_frames: Mapping[str, int], read: Read) -> None:
        self._videos, self._num_frames, self._read = videos, num_frames, read

    def num_frames(self, video_id: str) -> int:
        return self._num_frames[video_id]

    def read(self, video_id: str, indices: Indices) -> Frames:
        """Frames ``indices``: uint8 (n, height, width, 3)."""
        return self._read(self._videos[video_id], indices)


@cache
def frame_ticks(video: Path) -> list[int]:
    """When each frame is shown, in ticks of its stream: an index, which whoever seeks makes once.

    Of frames, not of packets: some packets of some videos hold none.
    """
    with av.open(str(video), metadata_errors="replace") as container:
        return [frame.pts for frame in container.decode(video=0) if frame.pts is not None]


def read_by_pyav(video: Path, indices: Indices) -> Frames:
    """From the key frame before the first frame wanted on to the last one; only those wanted become pictures."""
    ticks = frame_ticks(video)
    wanted = {ticks[index]: index for index in indices.tolist()}
    found: dict[int, Frames] = {}
    with av.open(str(video), metadata_errors="replace") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        container.seek(min(wanted), stream=stream)
        for frame in container.decode(stream):
            if frame.pts in wanted:
                found[wanted[frame.pts]] = frame.to_ndarray(format="rgb24")
                if len(found) == len(wanted):
                    break
    return np.stack([found[index] for index in indices.tolist()])


def read_by_torchcodec(video: Path, indices: Indices) -> Frames:
    from torchcodec.decoders import VideoDecoder

    decoder = VideoDecoder(str(video), dimension_order="NHWC", num_ffmpeg_threads=1, seek_mode=_seek_mode(video))
    frames: Frames = decoder.get_frames_at(indices.tolist()).data.numpy()
    return frames


@cache
def _seek_mode(video: Path) -> str:
    """The faster one, that trusts the header, where it leads to the last frame."""
    from torchcodec.decoders import VideoDecoder

    last = len(frame_ticks(video)) - 1
    try:
        VideoDecoder(str(video), num_ffmpeg_threads=1, seek_mode="approximate").get_frames_at([last])
    except (RuntimeError, IndexError):
        return "exact"
    return "approximate"


def read_by_decord(video: Path, indices: Indices) -> Frames:
    from decord import VideoReader

    frames: Frames = VideoReader(str(video), num_threads=1).get_batch(indices.tolist()).asnumpy()
    return frames


def read_raw(path: Path, indices: Indices) -> Frames:
    """Reference E: of an HDF5 file with ``frames`` (T, height, width, 3), the whole of a window by one read."""
    with h5py.File(path, "r") as file:
        stored = file["frames"]
        first, last = int(indices.min()), int(indices.max())
        if last - first < len(indices):
            block: Frames = stored[first : last + 1]
            return block[indices - first]
        frames: Frames = np.empty((len(indices), *stored.shape[1:]), np.uint8)
        for frame, index in zip(frames, indices.tolist(), strict=True):
            stored.read_direct(frame, np.s_[index])
        return frames


def optional_decoders(video: Path) -> tuple[dict[str, Read], dict[str, str]]:
    """Those that are not in requirements.txt and read ``video`` here, by name; and why others do not."""
    found: dict[str, Read] = {}
    missing: dict[str, str] = {}
    for name, read in (("torchcodec", read_by_torchcodec), ("decord", read_by_decord)):
        if find_spec(name) is None:
            missing[name] = "not installed"
            continue
        try:
            read(video, np.zeros(1, np.int64))  # libraries are loaded only now
            found[name] = read
        except (ImportError, OSError, RuntimeError) as error:
            missing[name] = str(error).strip().splitlines()[0]
    return found, missing


def lend_libraries(video: Path) -> None:
    """Where torchcodec is installed and finds no ffmpeg, begin this process anew with the libraries in PyAV's wheel.

    They are the same ones that PyAV decodes with, under the names that torchcodec looks for.
    """
    if lent := os.environ.get(_LENT):
        optional_decoders(video)  # loads them
        shutil.rmtree(lent)
        return
    if find_spec("torchcodec") is None or "torchcodec" in optional_decoders(video)[0]:
        return
    package = Path(av.__file__).parent
    folder = Path(tempfile.mkdtemp(prefix="actionrec-"))
    libraries = [*package.parent.glob("av.libs/lib*.so.*")]
    for library in libraries:
        if named := re.fullmatch(r"(lib(?:av|sw)\w+)-\w+\.so\.(\d+)\..*", library.name):
            (folder / f"{named[1]}.so.{named[2]}").symlink_to(library)
    if not libraries:
        return
    search = [str(folder), str(libraries[0].parent), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    os.environ.update({_LENT: str(folder), "LD_LIBRARY_PATH": ":".join(search)})
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 (this program itself)
