"""What README and docs tell to type can be typed: commands parse, targets, parameters and linked files exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from dvc.cli import parse_args
from ruamel.yaml import YAML

from actionrec.cli import make_parser
from actionrec.cli.parameters import _general, parameters
from actionrec.cli.recipes import read_recipe
from tests.conftest import REPO

DOCUMENTS = sorted([REPO / "README.md", *(REPO / "docs").glob("*.md")])
TARGETS = set(re.findall(r"^([a-z-]+):", (REPO / "Makefile").read_text(), re.MULTILINE))
PARAMS: dict[str, Any] = YAML(typ="safe").load((REPO / "params.yaml").read_text())

_SHELL_BLOCK = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
_OTHER_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:actionrec|make|dvc) [^`]+)`")
_NESTED = re.compile(r"\$\(actionrec recipe (\w+)\)")
_OVERRIDE = re.compile(r"-S\s+[\"']?([+~]{0,2})([A-Za-z_][\w.-]*)=")
_ASSIGNED = re.compile(rf"(?<![\w.+])((?:{'|'.join(PARAMS)})\.[\w.]+)=")


def commands(text: str) -> list[list[str]]:
    """Every command that the text shows, in words: of blocks for a shell and of code within a line."""
    blocks = "\n".join(_SHELL_BLOCK.findall(text)).replace("\\\n", " ")
    lines = [*blocks.splitlines(), *_INLINE.findall(_OTHER_BLOCK.sub("", text))]
    found = []
    for line in lines:
        recipes = _NESTED.findall(line)
        found += [["actionrec", "recipe", name] for name in recipes]
        plain = _NESTED.sub("", line)
        words = shlex.split(plain, comments=True)
        while "&&" in words:
            place = words.index("&&")
            found.append(words[:place])
            words = words[place + 1 :]
        found.append(words)
    return [words[: words.index(">")] if ">" in words else words for words in found if words]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_parses(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in commands(document.read_text()):
        match words[0]:
            case "actionrec":
                check_actionrec(words[1:], capsys)
                if words[1:2] == ["recipe"] and len(words) > 2 and words[2] != "NAME":
                    read_recipe(words[2])
            case "make":
                assert words[1] in TARGETS, words
            case "dvc":
                parse_args(words[1:])
            case other:
                assert other in ("cp", "git", "xdg-open", "source"), words


def check_actionrec(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A line may name a command without all that it needs, and ask for its help."""
    code: Any = 0
    try:
        make_parser().parse_args(words)
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr().err
    assert code == 0 or "are required" in said or "expected one argument" in said, said


def test_some_are_found_at_all() -> None:
    found = [words for document in DOCUMENTS for words in commands(document.read_text())]
    assert ["make", "repro"] in found
    assert ["actionrec", "recipe", "a_asl"] in found
    assert sum(words[:3] == ["dvc", "exp", "run"] for words in found) > 15


@pytest.fixture(scope="module")
def known() -> set[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(REPO)
        keys = [one.key.split(".") for one in parameters()]
    return {".".join(parts[:depth]) for parts in keys for depth in range(1, len(parts) + 1)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_parameter_exists(document: Path, known: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPO)
    text = document.read_text()
    for sign, key in _OVERRIDE.findall(text):
        assert _general(key) in known, f"-S {sign}{key}"
        assert (sign == "+") != _stands(key), f"-S {sign}{key}: params.yaml holds it, or a + is missing"
    for key in _ASSIGNED.findall(text):
        assert _general(key) in known, key


def _stands(key: str) -> bool:
    section: Any = PARAMS
    for name in key.split("."):
        if not isinstance(section, dict) or name not in section:
            return False
        section = section[name]
    return True


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
        assert target.startswith("http") or (document.parent / target).exists(), target
