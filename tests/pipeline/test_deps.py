"""dvc.yaml names the rooms whose code a stage runs, and no other."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.pipeline.dvc_yaml import REPO, WINGS, code_deps, is_code, script_of

HEAVY = {
    "dask", "lightning", "matplotlib", "mediapipe", "mlflow", "onnxruntime", "pandas", "plotly", "scipy", "sklearn",
    "torch", "torchvision",
}  # fmt: skip
"""What takes longer to import than most stages to start."""
HEAVY_AT_THE_START = {"evaluate": {"scipy"}, "report": {"matplotlib"}}
"""By stage, what it cannot do without whatever its parameters are."""
_SHOW_IMPORTS = """
import json, runpy, sys
for script in sys.argv[1:]:
    runpy.run_path(script, run_name="stage")
    print(json.dumps(list(sys.modules)))
"""

STAGES: dict[str, Any] = YAML(typ="safe").load((REPO / "dvc.yaml").read_text())["stages"]


@pytest.mark.parametrize("name", STAGES)
def test_code_deps_are_what_the_imports_say(name: str) -> None:
    listed = [dep for dep in STAGES[name]["deps"] if is_code(dep)]
    assert listed == code_deps(script_of(STAGES[name])), "run `make dvc-yaml`"


@pytest.mark.parametrize("script", sorted((REPO / "stages").glob("*.py")), ids=lambda path: path.stem)
def test_stages_wire_and_nothing_imports_them(script: Path) -> None:
    assert len(script.read_text().splitlines()) <= 60
    assert script in {script_of(stage) for stage in STAGES.values()}
    for module in (REPO / "src").rglob("*.py"):
        assert "import stages" not in module.read_text()
        assert "from stages" not in module.read_text()


def test_stages_start_without_what_is_slow_to_import() -> None:
    """A wrong parameter is said at once, and a stage without a network takes a second to start."""
    names = sorted(STAGES, key=lambda name: name in HEAVY_AT_THE_START)
    command = [sys.executable, "-c", _SHOW_IMPORTS, *(script_of(STAGES[name]) for name in names)]
    environment = {**os.environ, "PYTHONPATH": str(REPO / "src")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    allowed: set[str] = set()
    for name, imported in zip(names, map(json.loads, done.stdout.splitlines()), strict=True):
        allowed |= HEAVY_AT_THE_START.get(name, set())
        assert set(imported) & HEAVY == allowed, name


def test_the_report_and_the_models_are_dependencies_of_few() -> None:
    rooms = ("report", "models", "evaluation", "core")
    users = {
        room: {name for name, stage in STAGES.items() if f"src/actionrec/{room}" in stage["deps"]} for room in rooms
    }
    assert users["report"] == {"report"}
    assert users["models"] == {"train", "predict", "report"}
    assert users["evaluation"] == {"evaluate"}
    assert users["core"] == set(STAGES)


def test_the_house_can_be_taken_in_at_a_glance() -> None:
    root = {path.name for path in (REPO / "src/actionrec").iterdir() if path.name != "__pycache__"}
    assert len(root) <= 16
    assert {name for name in root if name.endswith(".py")} == {"__init__.py", "__main__.py", "params.py"}
    assert len((REPO / "dvc.yaml").read_text().splitlines()) < 250
    long = {path.name: lines for path in (REPO / "src").rglob("*.*") if (lines := _num_lines(path)) > 300}
    assert long == {}


def _num_lines(path: Path) -> int:
    return len(path.read_text().splitlines()) if path.suffix in (".py", ".html", ".css") else 0


@pytest.mark.parametrize("wing", WINGS)
def test_the_file_that_opens_a_wing_computes_nothing(wing: str) -> None:
    """No stage depends on it. The one of the package sets variables of the environment (telemetry, threads), and
    imports what ``from actionrec import`` offers when it is asked for."""
    body = ast.parse((REPO / wing / "__init__.py").read_text()).body
    assert {ast.unparse(node).split("(")[0].splitlines()[0] for node in body[1:]} <= {
        "from __future__ import annotations",
        "import os",
        "from importlib import import_module",
        "from typing import TYPE_CHECKING, Any",
        "if TYPE_CHECKING:",
        "if 'DVC_STAGE' in os.environ:",
        "__all__ = ['load_bundle']",
        "os.environ.setdefault",
        "def __getattr__",
    }
