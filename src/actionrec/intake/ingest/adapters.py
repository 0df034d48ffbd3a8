"""The data sets that ``data.name`` knows. To add one: a file beside this one, and a line here."""

from __future__ import annotations

from collections.abc import Callable

from actionrec.intake.ingest import (
    folder,
    hmdb51,
    keypoint_arrays,
    kinetics,
    listed,
    ucf11,
    ucf50,
    ucf101,
    wlasl,
)
from actionrec.intake.ingest.found import Found
from actionrec.intake.ingest.section import DataParams

ADAPTERS: dict[str, Callable[[DataParams], Found]] = {
    "synthetic": folder.find,  # its renderer writes the CSV
    "folder": folder.find,
    "csv": listed.find,
    "ucf101": ucf101.find,
    "ucf50": ucf50.find,
    "ucf11": ucf11.find,
    "hmdb51": hmdb51.find,
    "kinetics": kinetics.find,
    "wlasl": wlasl.find,
    "keypoint_arrays": keypoint_arrays.find,
}
WITHOUT_PICTURES = frozenset({"keypoint_arrays"})
"""Data sets for which only models that read keypoints alone can be trained."""
