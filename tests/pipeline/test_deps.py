"""dvc.yaml names every module that a stage runs, and no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.pipeline.closure import import_closure

REPO = Path(__file__).resolve().parents[2]
STAGES: dict[str, Any] = YAML(typ="safe").load((REPO / "dvc.yaml").read_text())["stages"]


def script_of(stage: dict[str, Any]) -> Path:
    return REPO / next(word for word in stage["cmd"].split() if word.startswith("stages/"))


@pytest.mark.parametrize("name", STAGES)
def test_code_deps_are_the_import_closure(name: str) -> None:
    stage = STAGES[name]
    script = script_of(stage)
    needed = {script.relative_to(REPO).as_posix()}
    needed |= {path.relative_to(REPO).as_posix() for path in import_closure(script, REPO / "src")}
    listed = {dep for dep in stage["deps"] if dep.startswith(("src/", "stages/"))}

    def covers(dep: str, path: str) -> bool:
        return path == dep or path.startswith(f"{dep}/")

    assert sorted(path for path in needed if not any(covers(dep, path) for dep in listed)) == []
    assert sorted(dep for dep in listed if not any(covers(dep, path) for path in needed)) == []


@pytest.mark.parametrize("script", sorted((REPO / "stages").glob("*.py")), ids=lambda path: path.stem)
def test_stages_wire_and_nothing_imports_them(script: Path) -> None:
    assert len(script.read_text().splitlines()) <= 60
    assert script in {script_of(stage) for stage in STAGES.values()}
    for module in (REPO / "src").rglob("*.py"):
        assert "import stages" not in module.read_text()
        assert "from stages" not in module.read_text()


def test_the_closure_sees_lazy_imports_and_not_those_of_the_type_checker(tmp_path: Path) -> None:
    package = tmp_path / "src/actionrec"
    package.mkdir(parents=True)
    for name in ("__init__", "eager", "lazy", "typed", "deep"):
        (package / f"{name}.py").write_text("")
    (package / "eager.py").write_text("def f():\n    from actionrec import lazy\n")
    (package / "lazy.py").write_text("import actionrec.deep\n")
    script = tmp_path / "stage.py"
    script.write_text(
        "from typing import TYPE_CHECKING\nfrom actionrec.eager import f\n"
        "if TYPE_CHECKING:\n    from actionrec.typed import T\n"
    )
    found = import_closure(script, tmp_path / "src")
    assert {path.stem for path in found} == {"__init__", "eager", "lazy", "deep"}
