"""The data sets that ``data.name`` knows. To add one: a file beside this one, and a line here."""

from __future__ import annotations

from collections.abc import Callable

from actionrec.intake.ingest import folder, ucf101
from actionrec.intake.ingest.found import Found
from actionrec.intake.ingest.section import DataParams

ADAPTERS: dict[str, Callable[[DataParams], Found]] = {
    "synthetic": folder.find,  # its renderer writes the CSV
    "folder": folder.find,
    "ucf101": ucf101.find,
}
