"""A project with the embedded people and a small model of their keypoints."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.prediction.project import make_project

from actionrec.params import load_params
from actionrec.prediction.bundle import project_bundle
from actionrec.prediction.predictor import Predictor


@pytest.fixture(scope="session")
def project_of_people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("live")
    make_project(root, ["stgcn"], people=True)
    return root


@pytest.fixture
def predictor(project_of_people: Path, monkeypatch: pytest.MonkeyPatch) -> Predictor:
    monkeypatch.chdir(project_of_people)
    monkeypatch.setenv("DVC_ROOT", str(project_of_people))
    return Predictor(project_bundle(load_params()), device="cpu")


@pytest.fixture
def video(project_of_people: Path) -> Path:
    return min((project_of_people / "data/raw/synthetic/wave").glob("*_c01.mp4"))
