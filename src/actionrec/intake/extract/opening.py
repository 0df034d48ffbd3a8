"""What may be opened as a video: regular files, in containers that refer to no other file, under plain names.

A playlist or a concat file is a text that names other files and addresses, and opening it opens those.
"""

from __future__ import annotations

import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CONTAINERS = """
    mov,mp4,m4a,3gp,3g2,mj2 matroska,webm avi mpeg mpegts mpegtsraw mpegvideo asf asf_o flv live_flv kux ogg gif
    apng webp_anim webp_pipe jpegxl_anim mjpeg mjpeg_2000 mpjpeg smjpeg ingenient mxf mxf_d10 gxf lxf mtv nut nsv
    ivf dv wtv rm rl2 roq smk bink flic flv m4v h261 h263 h264 hevc evc vvc av1 obu vc1 vc1test cavsvideo avs avs2
    avs3 dirac dnxhd yuv4mpegpipe vmd vivo 4xm amv anm bfi c93 cdxl cine cdg dhav dsicin dxa ea film_cpk filmstrip
    frm gdv idcin iff ifv iv8 jv lmlm4 luodat lvf mgsts mm mods moflex mv mvi nc nuv paf pmp psxstr pva r3d sdr2 sga
    siff smush thp tiertexseq tmv txd usm vividas wc3movie wsvqa wve xmv yop bethsoftvid hnm iss mlv msnwctcp
    simbiosis_imx ipmovie ipu pdv aac ac3 aiff amr au caf eac3 flac mp3 truehd tta w64 wav bmp_pipe jpeg_pipe
    png_pipe ppm_pipe pgm_pipe pam_pipe tiff_pipe
"""
FORMATS = ",".join(_CONTAINERS.split())
"""ffmpeg's names of the demuxers that may be used. Not among them: ``hls``, ``dash``, ``concat``, ``imf``, ``sdp``,
``rtsp`` and ``image2``, which open what is named in a file or in its name."""

_PLAIN_NAME = re.compile(r"[\w .,+=@()/\[\]-]+", re.ASCII)
_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISDIR, "a folder"),
)


def not_a_file(path: Path) -> str:
    """What ``path`` is but a regular file: ``a named pipe``, ``missing``; empty for a file. It is not opened."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return "missing"
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "")


@contextmanager
def plain_name(path: Path) -> Iterator[Path]:
    """``path`` under a name in which neither ffmpeg nor its log can see anything but a name.

    ``%04d`` would be a pattern, a line end would begin a line of the log: such a file is opened by way of a link.
    """
    if _PLAIN_NAME.fullmatch(str(path)):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="actionrec-") as folder:
        suffix = path.suffix if _PLAIN_NAME.fullmatch(path.suffix) else ""
        link = Path(folder) / f"video{suffix}"
        link.symlink_to(path.absolute())
        yield link
