"""The section ``data`` of ``params.yaml``."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from actionrec.core.section import ListOf, PositiveInt, Section


class DataParams(Section):
    name: str
    """Adapter that reads the raw videos (:mod:`actionrec.intake.ingest.adapters`)."""
    root: Annotated[str, Field(min_length=1)]
    """Folder of the videos; a ``video_id`` is a path below it without suffix. Absolute outside the repository."""
    annotations: Annotated[str, Field(min_length=1)]
    """CSV, JSON or folder of official lists, as the adapter wants it; for ``folder`` a CSV, or its header alone."""
    classes: PositiveInt | ListOf[str | PositiveInt] = ()
    """Classes to keep, by name or number (from 1), or the first so many; all of them where empty."""
    group_pattern: str = ""
    """Regular expression searched in paths below ``root`` where nothing else names groups: ``(?P<group>...)``."""
    segments: bool = False
    """Cut videos by the seconds that a CSV (columns ``start``, ``end``) or list gives; one file may hold several."""
    follow_links: bool = False
    """Follow symbolic links that leave ``root`` too; those that stay below it always are."""
    max_per_class: Annotated[int, Field(ge=0)] = 0
    """Draw so many videos of each class by ``seed``, spread over its groups; 0 takes all."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Of that draw."""
    fold: Annotated[int, Field(ge=1, le=3)] = 1
    """Which of the official lists is the split where ``split.folds`` is 1 (``ucf101``, ``hmdb51``)."""

    def problems(self, name: str) -> list[str]:
        if not self.group_pattern:
            return []
        try:
            pattern = re.compile(self.group_pattern)
        except re.error as error:
            return [f"{name}.group_pattern: {self.group_pattern!r} is not a regular expression ({error})"]
        if "group" not in pattern.groupindex:
            return [f"{name}.group_pattern: {self.group_pattern!r} has no named group (?P<group>...)"]
        return []
