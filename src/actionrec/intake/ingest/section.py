"""The section ``data`` of ``params.yaml``."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from actionrec.core.section import ListOf, Section


class DataParams(Section):
    name: str
    """Adapter that reads the raw videos (:mod:`actionrec.intake.ingest.adapters`)."""
    root: Annotated[str, Field(min_length=1)]
    """Folder of the videos; a ``video_id`` is a path below it without suffix. Absolute outside the repository."""
    annotations: Annotated[str, Field(min_length=1)]
    """``ucf101``: folder of the official lists. Else a CSV ``path,label,group,official_subset``, or a header only."""
    classes: ListOf[str] = ()
    """Classes to keep; all of them where empty."""
    group_pattern: str = ""
    """``folder``: regular expression searched in the path below ``root``; ``(?P<group>...)`` names the group."""
    max_per_class: Annotated[int, Field(ge=0)] = 0
    """Draw so many videos of each class by ``seed``, spread over its groups; 0 takes all."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Of that draw."""
    fold: Annotated[int, Field(ge=1, le=3)] = 1
    """Which of the official lists is the split where ``split.folds`` is 1 (``ucf101``)."""

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
