"""The published systems as changes of ``params.yaml``: one small file each, which ``dvc exp run -S`` takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from actionrec.core.errors import ActionrecError, near_or_all

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class PublishedRecipe:
    """Data, split, model and protocol of one published system."""

    name: str
    about: str
    overrides: tuple[str, ...]
    """As ``-S`` takes them, without spaces, so that a shell splits them right."""


def recipe_names() -> list[str]:
    """Names that :func:`read_recipe` knows."""
    return sorted(path.stem for path in _FOLDER.glob("*.txt"))


def read_recipe(name: str) -> PublishedRecipe:
    """The recipe ``name``; raises :class:`ActionrecError` for an unknown one."""
    if name not in recipe_names():
        raise ActionrecError(f"no recipe {name!r}{near_or_all(name, recipe_names())}")
    lines = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    about = " ".join(line.removeprefix("#").strip() for line in lines if line.startswith("#"))
    return PublishedRecipe(name, about, tuple(line for line in lines if line and not line.startswith("#")))


def as_arguments(recipe: PublishedRecipe) -> str:
    """``-S key=value -S key=value``: for ``dvc exp run $(actionrec recipe NAME)``."""
    return " ".join(f"-S {override}" for override in recipe.overrides)
