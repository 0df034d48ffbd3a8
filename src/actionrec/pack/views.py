"""Opens the packed file of a view, whichever kind it is."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import h5py

from actionrec.core.errors import ActionrecError
from actionrec.pack.features.reader import FEATURES_FORMAT, PackedFeatures
from actionrec.pack.reader import SHARDS_FORMAT, PackedView, ShardedView

View: TypeAlias = PackedView | ShardedView | PackedFeatures


def open_view(path: Path, *, view: str) -> View:
    """The frames or the features of ``view``; raises :class:`ActionrecError` for one that is absent or cut short."""
    if not path.exists():
        raise ActionrecError(f"{path} does not exist; make it with `dvc repro pack features`")
    found = _format_of(path)
    if found == FEATURES_FORMAT:
        return PackedFeatures(path, view=view)
    return ShardedView(path, view=view) if found == SHARDS_FORMAT else PackedView(path, view=view)


def _format_of(path: Path) -> str | None:
    try:
        with h5py.File(path, "r") as file:
            return str(file.attrs.get("format"))
    except OSError:
        return None  # the reader says what is wrong with it
