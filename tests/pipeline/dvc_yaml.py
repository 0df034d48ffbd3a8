"""The code that every stage of dvc.yaml depends on, computed: ``make dvc-yaml`` writes it, a test compares it.

A stage depends on rooms, not on modules: a room is the unit of change, and a list of five rooms can be read. Which
rooms follows from the imports of the stage's script.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from actionrec.core.code import PACKAGE, import_closure

REPO = Path(__file__).resolve().parents[2]
WINGS = (f"src/{PACKAGE}", f"src/{PACKAGE}/intake", f"src/{PACKAGE}/pack")
"""Folders of rooms: of these a stage depends on single files, never on the whole. The file that opens a wing says
what it is and computes nothing (a test looks), so it is not listed."""


MODELS_ROOM = Path(f"src/{PACKAGE}/models")
"""A file a model, and what they share. A stage that runs no model depends on what it uses of the latter, so that a
change in a model's file does not start it."""


def script_of(stage: dict[str, Any]) -> Path:
    """The script that a stage runs."""
    return REPO / next(word for word in stage["cmd"].split() if word.startswith("stages/"))


def code_deps(script: Path) -> list[str]:
    """The script itself, and the rooms (or files beside the rooms) that it imports, sorted."""
    imported = {path.relative_to(REPO) for path in import_closure(script)} - {script.relative_to(REPO)}
    files_of = set(WINGS)
    if MODELS_ROOM / "table.py" not in imported:
        files_of.add(MODELS_ROOM.as_posix())
    rooms = {
        path if path.parent.as_posix() in files_of else path.parent
        for path in imported
        if not (path.parent.as_posix() in files_of and path.name == "__init__.py")
    }
    return [script.relative_to(REPO).as_posix(), *sorted(room.as_posix() for room in rooms)]


def is_code(dep: str) -> bool:
    """Whether a dependency is code, not data."""
    return dep.startswith(("src/", "stages/"))


def main() -> None:
    """Bring the code dependencies in dvc.yaml up to date; everything else in it is written by hand and stays."""
    yaml = YAML()
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    path = REPO / "dvc.yaml"
    pipeline = yaml.load(path.read_text(encoding="utf-8"))
    for stage in pipeline["stages"].values():
        data = [dep for dep in stage["deps"] if not is_code(str(dep))]
        stage["deps"] = [*code_deps(script_of(stage)), *data]
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(pipeline, file)


if __name__ == "__main__":
    main()
