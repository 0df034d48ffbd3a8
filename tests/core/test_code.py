"""What code a result depends on: imports are followed, comments and layout do not count."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionrec.core.code import SOURCE, code_digest, import_closure, syntax_digest

CODE = """
'''A module.'''
LIMIT = 3
"""

SAME = """
# A module that was looked through.

LIMIT = (
    3  # why
)
"""


def digest(tmp_path: Path, text: str) -> str:
    file = tmp_path / f"{abs(hash(text))}.py"
    file.write_text(text)
    return syntax_digest(file)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1", "x  =  1  # one"),
        ("x = 1", "'''A docstring.'''\nx = 1"),
        ("class A:\n    x: int\n", "class A:\n    '''Of A.'''\n    x: int\n    '''Of x.'''\n"),
        ("def f(a, b):\n    return a\n", "def f(\n    a,\n    b,\n):\n    '''Why.'''\n    return (a)\n"),
        ("x = 'a'", 'x = "a"'),
        ("x = 1000", "x = 1_000"),
    ],
)
def test_what_a_reader_alone_sees_does_not_count(tmp_path: Path, before: str, after: str) -> None:
    assert digest(tmp_path, before) == digest(tmp_path, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1", "x = 2"),
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = 'a'", "x = b'a'"),
        ("x = 'text'", "x = 'other text'"),
        ("x = -y", "x = not y"),
        ("f(a, b)", "f(b, a)"),
        ("f(a=b)", "f(b=a)"),
        ("def f(a, /): ...", "def f(a): ..."),
        ("def f(*, a): ...", "def f(a): ..."),
        ("for x in y: f()", "async def g():\n    async for x in y: f()"),
        ("if a:\n    f()\ng()", "if a:\n    f()\n    g()"),
        ("from a import b", "from .a import b"),
        ("x = [None, 1]", "x = [1]"),
    ],
)
def test_what_python_sees_counts(tmp_path: Path, before: str, after: str) -> None:
    assert digest(tmp_path, before) != digest(tmp_path, after)


@given(st.integers() | st.floats(allow_nan=False) | st.text(alphabet="ab\\'\"\n #", max_size=5))
def test_another_constant_is_another_digest(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    folder = tmp_path_factory.mktemp("code")
    assert (digest(folder, f"x = {value!r}") == digest(folder, "x = 'reference'")) == (value == "reference")


def make_package(root: Path, **files: str) -> Path:
    package = root / "src/actionrec"
    package.mkdir(parents=True)
    for name, text in {"__init__": "", **files}.items():
        (package / f"{name}.py").write_text(text)
    return root / "src"


def closure(script: Path, source: Path) -> set[str]:
    return {path.stem for path in import_closure(script, source=source)}


def test_the_closure_sees_lazy_imports_and_not_those_of_the_type_checker(tmp_path: Path) -> None:
    source = make_package(
        tmp_path,
        eager="def f():\n    from actionrec import lazy\n",
        lazy="import actionrec.deep\n",
        deep="",
        typed="",
        other="",
    )
    script = tmp_path / "stage.py"
    script.write_text(
        "from typing import TYPE_CHECKING\nfrom actionrec.eager import f\n"
        "if TYPE_CHECKING:\n    from actionrec.typed import T\nelse:\n    import actionrec.other\n"
    )
    assert closure(script, source) == {"stage", "__init__", "eager", "lazy", "deep", "other"}


def test_what_params_imports_is_not_followed_but_from_itself(tmp_path: Path) -> None:
    source = make_package(tmp_path, params="from actionrec import section\n", section="", used="")
    script = tmp_path / "stage.py"
    script.write_text("import actionrec.params\nimport actionrec.used\n")
    assert closure(script, source) == {"stage", "__init__", "params", "used"}
    assert closure(source / "actionrec/params.py", source) == {"params", "__init__", "section"}


def test_circles_end(tmp_path: Path) -> None:
    source = make_package(tmp_path, a="import actionrec.b\n", b="import actionrec.a\n")
    assert closure(source / "actionrec/a.py", source) == {"a", "b", "__init__"}


def test_a_digest_is_of_the_module_and_what_it_imports() -> None:
    assert code_digest("actionrec.core.files") == code_digest("actionrec.core.files")
    assert code_digest("actionrec.core.files") != code_digest("actionrec.core.hdf5")
    assert SOURCE / "actionrec/core/files.py" in import_closure(SOURCE / "actionrec/core/hdf5.py")
    with pytest.raises(ModuleNotFoundError, match=r"no module actionrec\.nonesuch"):
        code_digest("actionrec.nonesuch")
