"""What a section of ``params.yaml`` is. Every room keeps its own beside the code that reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item")
# YAML has lists only; a frozen type wants tuples. Items stay strictly typed.
ListOf = Annotated[tuple[Item, ...], Field(strict=False)]
PositiveInt = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(gt=0, lt=1)]


class Section(BaseModel):
    """A section of ``params.yaml``: frozen, strictly typed, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)

    def problems(self, name: str) -> list[str]:  # noqa: ARG002 (for the sections that have rules)
        """What its values rule out together, a line each; ``name`` is the section's own, as ``models.cnn3d``."""
        return []


def known_keys(section: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """The keys that are legal beside the last of ``place``, the way to a key from ``section`` down."""
    found: Any = section
    for part in place[:-1]:
        if isinstance(found, type) and issubclass(found, BaseModel):
            field = found.model_fields.get(str(part))
            found = field.annotation if field else None
        else:  # of a dict[str, Section]: what every value is
            found = (get_args(found) or (None,))[-1]
    return list(found.model_fields) if isinstance(found, type) and issubclass(found, BaseModel) else []
