"""Every key of params.yaml explained, and docs/parameters.md up to date."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.cli.test_cli import run
from tests.conftest import REPO

from actionrec.cli.parameters import Parameter, markdown, parameters

DOCUMENT = REPO / "docs/parameters.md"


@pytest.fixture(autouse=True)
def in_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPO)


@pytest.fixture(scope="module")
def found() -> dict[str, Parameter]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(REPO)
        return {one.key: one for one in parameters()}


def test_the_document_is_up_to_date(found: dict[str, Parameter]) -> None:
    assert DOCUMENT.read_text() == markdown(list(found.values())), "run `make docs`"


def test_every_key_has_a_meaning(found: dict[str, Parameter]) -> None:
    assert [key for key, one in found.items() if not one.meaning] == []


def test_every_shipped_key_is_among_them(found: dict[str, Parameter]) -> None:
    shipped: dict[str, Any] = YAML(typ="safe").load((REPO / "params.yaml").read_text())
    for section, values in shipped.items():
        if section in ("pack", "features"):
            keys = {f"{section}.VIEW.{key}" for view in values.values() for key in view}
        elif section == "models":
            keys = {f"models.{model['type']}.{key}" for model in values.values() for key in model}
        else:
            keys = {f"{section}.{key}" for key in values} if isinstance(values, dict) else {section}
        assert keys <= set(found)


def test_what_is_legal_is_said_in_words(found: dict[str, Parameter]) -> None:
    assert found["train.lr"] == Parameter("train.lr", "number > 0", "", "0.001", "Learning rate, after any warm-up.")
    assert found["compute.scheduler"].legal == "text or null"
    assert found["split.run_folds"].legal == "list of: integer >= 0"
    assert found["models.cnn3d.test_crops"].legal == "1 or 3"
    assert found["models.stgcn.clip_frames"].meaning == "Frames of a clip."  # narrowed there, explained in its base


def test_a_key_a_section_and_a_typo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run(monkeypatch, "params", "pack.rgb.size")
    assert capsys.readouterr().out.startswith("pack.VIEW.size: integer >= 8 and <= 2048\n    Side of the square")
    run(monkeypatch, "params", "models.keypoint_lstm.hidden", "--json")
    assert [one["default"] for one in json.loads(capsys.readouterr().out)] == ["128"]
    with pytest.raises(SystemExit):
        run(monkeypatch, "params", "train.ephocs")
    assert capsys.readouterr().err == "error: no parameter 'train.ephocs', did you mean train.epochs?\n"
