"""The command line: help, JSON, and what pruning leaves."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
from pathlib import Path

import pytest
from tests.evaluation.made import make_split, predict

from actionrec.cli import main, make_parser
from actionrec.cli.output import Parser
from actionrec.evaluation.evaluate import evaluate
from actionrec.evaluation.outputs import write_metrics
from actionrec.evaluation.section import EvaluateParams


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["actionrec", *arguments])
    main()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    entry = tmp_path / ".itemcache/extract/ab/abcd"
    entry.parent.mkdir(parents=True)
    entry.write_bytes(b"12345")
    return tmp_path


def commands(parser: Parser) -> dict[str, Parser]:
    """Every command below ``parser``, by its words."""
    found = {parser.prog: parser}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name in action.choices:
                found |= commands(action.choices[name])
    return found


COMMANDS = commands(make_parser())


@pytest.mark.parametrize("words", COMMANDS)
def test_help_says_what_it_does_with_examples_that_parse(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, *words.split()[1:], "--help")
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: {words}")
    assert COMMANDS[words].description in shown
    if words == "actionrec":
        return
    examples = re.findall(r"^  ((?:actionrec|dvc) .*)$", shown, re.MULTILINE)
    assert examples
    for example in examples:
        for command in re.findall(r"actionrec [^()|>]+", example):
            assert command.startswith(words)
            make_parser().parse_args(shlex.split(command)[1:])


@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        (["docter"], "did you mean doctor?"),
        (["cache", "shwo"], "did you mean show?"),
        (["doctor", "--jsn"], "unrecognized arguments: --jsn, did you mean --json?"),
        (["models", "--clases=3"], "did you mean --classes?"),
        (["export", "cnn3d", "--format", "onx"], "did you mean onnx?"),
    ],
)
def test_a_typo_gets_the_right_word(
    typed: list[str], advice: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, *typed)
    assert caught.value.code == 2
    assert advice in capsys.readouterr().err


def test_errors_are_one_message_and_with_debug_a_traceback(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(arguments: object) -> None:
        raise ValueError("too deep")

    monkeypatch.setattr("actionrec.cli.cache.show", fail)
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, "cache", "show")
    assert caught.value.code == 1
    assert capsys.readouterr().err == "error: ValueError: too deep (not foreseen: --debug shows where it arose)\n"
    for typed in (["--debug", "cache", "show"], ["cache", "show", "--debug"]):
        with pytest.raises(ValueError, match="too deep"):
            run(monkeypatch, *typed)


def test_cache_show_and_prune(root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run(monkeypatch, "cache", "show", "--json")
    assert json.loads(capsys.readouterr().out) == [{"stage": "extract", "entries": 1, "num_bytes": 5, "leftovers": 0}]
    run(monkeypatch, "cache", "prune")  # younger than 30 days
    assert capsys.readouterr().out == "removed 0 entries, 0.0 MB\n"
    run(monkeypatch, "cache", "prune", "--older-than-days", "0", "--json")
    assert json.loads(capsys.readouterr().out) == {"stage": "all", "entries": 1, "num_bytes": 5, "leftovers": 0}
    assert not (root / ".itemcache/extract/ab/abcd").exists()


def test_doctor_names_what_is_wrong(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, "doctor", "--json")
    assert caught.value.code == 1
    captured = capsys.readouterr()
    findings = {finding["name"]: finding for finding in json.loads(captured.out)}
    assert findings["ffmpeg"]["ok"]
    assert findings["mediapipe"]["detail"] == "0.10.21"
    assert not findings["params"]["ok"]  # no params.yaml in this folder
    assert "error: not ready: params" in captured.err


def test_models_as_table_and_as_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run(monkeypatch, "models")
    table = capsys.readouterr().out.splitlines()
    assert table[0].split()[:2] == ["model", "inputs"]
    assert "7,174,718" in table[1]
    run(monkeypatch, "models", "--json", "--classes", "10")
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert (rows["fused_convlstm"]["parameters"], rows["fused_convlstm"]["num_classes"]) == (7_161_917, 10)
    assert {"name", "parameters", "trainable_parameters", "num_classes"} <= set(rows["cnn3d"])
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, "models", "--classes", "0")
    assert caught.value.code == 2


def test_recipes_are_listed_and_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run(monkeypatch, "recipe")
    assert capsys.readouterr().out.startswith("a_asl ")
    run(monkeypatch, "recipe", "e1")
    assert capsys.readouterr().out.startswith("-S enabled=[frame_resnet_reference] -S data.name=ucf101 ")
    run(monkeypatch, "recipe", "b", "--json")
    assert "split.train_groups=20" in json.loads(capsys.readouterr().out)["overrides"]
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, "recipe", "z")
    assert caught.value.code == 1
    assert "no recipe 'z'; there are a_asl" in capsys.readouterr().err


def test_leak_prints_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    split = make_split()
    params = EvaluateParams(aggregation="mean", confidence=0.95)
    for name, wrong in (("honest", ["v000_g0"]), ("leaking", [])):
        (tmp_path / name).mkdir()
        evaluation = evaluate([predict(split, model="a", wrong=wrong)], split, params, leaking=name == "leaking")
        write_metrics(evaluation, tmp_path / name)
    folders = [str(tmp_path / "honest"), str(tmp_path / "leaking")]
    run(monkeypatch, "leak", *folders, "--out", str(tmp_path / "leak.json"))
    header, row = capsys.readouterr().out.splitlines()
    assert header.endswith("the leak adds (95 %)")
    assert row.split()[:2] == ["a", "0.889"]
    assert "+0.111 [" in row
    run(monkeypatch, "leak", *folders, "--json")
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "leak.json").read_text())
