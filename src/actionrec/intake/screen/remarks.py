"""What is worth knowing of a video that is kept: what was done with its pictures, and what could not be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from actionrec.core.tables import ScreenedRow

_SEPARATOR = "; "
_COUNTED = re.compile(r"\d+ complaint")


def remarks_on(header: dict[str, Any]) -> str:
    """A line from the attributes of a frame file, see :func:`actionrec.intake.extract.decode.extract_video`."""
    return _SEPARATOR.join(_remarks(header))


def remark_counts(rows: Iterable[ScreenedRow]) -> list[str]:
    """A line for each remark on kept videos: ``12 kept videos: interlaced, top first: deinterlaced``."""
    remarks = (remark for row in rows if row.kept and row.evidence for remark in row.evidence.split(_SEPARATOR))
    counts = Counter(_COUNTED.sub("some complaint", remark) for remark in remarks)
    return [f"{count} kept video{'' if count == 1 else 's'}: {remark}" for remark, count in sorted(counts.items())]


def _remarks(header: dict[str, Any]) -> Iterator[str]:
    if order := header["field_order"]:
        done = "deinterlaced" if header["deinterlaced"] else f"stored as it is ({header['decoder']} lacks the filter)"
        yield f"interlaced, {order}: {done}"
    if transfer := header["transfer"]:
        done = "tone-mapped" if header["tone_mapped"] else f"not tone-mapped ({header['decoder']} cannot)"
        yield f"high dynamic range, {transfer}: {done}"
    if aspect := header["sample_aspect"]:
        yield f"pixels of {aspect}: stored as displayed"
    if count := header["lead_in_errors"]:
        yield (
            f"starts between key frames: {count} complaint(s) of the decoder ({header['decoder']}) before its first "
            "picture"
        )
