"""The section ``extract`` of ``params.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from actionrec.core.section import Section


class ExtractParams(Section):
    short_side: Annotated[int, Field(ge=32, le=4096)]
    """Larger frames are scaled down to this short side (pixels); smaller ones stay as they are."""
    jpeg_quality: Annotated[int, Field(ge=2, le=31)]
    """ffmpeg's ``-q:v``: 2 is best, 31 worst."""
    timeout_seconds: Annotated[float, Field(gt=0)]
    """A video whose decoding takes longer is stopped, and kept as unreadable."""
    max_pixels: Annotated[int, Field(ge=1)] = 1 << 26
    """A video or image with more pixels is not decoded: damaged headers state any size. The default is 8192 x 8192."""
    max_memory_mb: Annotated[int, Field(ge=256)] = 4096
    """Address space of the decoder in megabytes (on Linux); a video that needs more is kept as unreadable."""
    images_per_second: Annotated[float, Field(gt=0, le=1000)] = 25.0
    """Rate of what states none: folders of images, and arrays of keypoints."""
