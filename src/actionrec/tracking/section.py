"""The section ``tracking`` of ``params.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from actionrec.core.section import Section


class TrackingParams(Section):
    enabled: bool
    """False keeps no MLflow record."""
    experiment: Annotated[str, Field(min_length=1)]
    """Name of the MLflow experiment."""
