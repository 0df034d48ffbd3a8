"""What code a result depends on: found by following imports, never listed by hand.

The digest of a module covers every module of this package that it imports, directly or not, at the top
or inside a function. It is taken of the syntax, so that comments, docstrings and formatting do not count.
What is imported by name at run time is not seen: whoever does that names it (:mod:`actionrec.models.table`).
"""

from __future__ import annotations

import ast
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[2]
"""The folder that holds the package."""
PACKAGE = "actionrec"

NOT_FOLLOWED = frozenset({f"{PACKAGE}.params"})
"""Modules whose own imports do not count. ``params`` knows every room's section, in order to refuse what is wrong;
what a room makes of its section is in the room, which whoever uses it imports."""


def code_digest(*modules: str) -> str:
    """Digest of ``modules`` (dotted names) and all that they import: results change when it does."""
    files = sorted({file for module in modules for file in import_closure(_file_of(module))})
    sha = hashlib.sha256()
    for file in files:
        sha.update(f"{file.relative_to(SOURCE).as_posix()}\0{syntax_digest(file)}\0".encode())
    return sha.hexdigest()


def import_closure(start: Path, *, source: Path = SOURCE) -> set[Path]:
    """Files of the package below ``source`` that importing or running ``start`` takes, itself among them."""
    unfollowed = {_path_of(module, source) for module in NOT_FOLLOWED}
    found: set[Path] = set()
    waiting = [start]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found.add(file)
        if file == start or file not in unfollowed:
            waiting += [imported for module in _imported_modules(file) for imported in _files_of(module, source)]
    return found


@cache
def syntax_digest(file: Path) -> str:
    """Digest of what a file of code says, without comments, docstrings and layout."""
    shape = _shape(ast.parse(file.read_text(encoding="utf-8")))
    return hashlib.sha256(json.dumps(shape).encode()).hexdigest()


def _shape(node: Any) -> Any:
    """A syntax tree as nested lists. Not ``ast.dump``: versions of Python differ in the empty fields that it prints."""
    if isinstance(node, ast.AST):
        fields = [(name, value) for name, value in ast.iter_fields(node) if value is not None and value != []]
        return [type(node).__name__, *([name, _shape(value)] for name, value in fields)]
    if isinstance(node, list):
        return [_shape(item) for item in node if not _is_text_alone(item)]
    return repr(node)


def _is_text_alone(node: Any) -> bool:
    """Docstrings, those of attributes among them: a string that nothing is done with."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@cache
def _imported_modules(file: Path) -> frozenset[str]:
    modules: set[str] = set()
    for node in _running_nodes(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            # `from a import b`: b may be a module too.
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(module for module in modules if module.split(".")[0] == PACKAGE)


def _running_nodes(tree: ast.AST) -> list[ast.AST]:
    """All nodes but those that only type checkers see."""
    nodes: list[ast.AST] = []
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        typing_only = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        waiting += node.orelse if isinstance(node, ast.If) and typing_only else ast.iter_child_nodes(node)
    return nodes


def _files_of(module: str, source: Path) -> list[Path]:
    """The module's file and the ``__init__.py`` of every package on the way to it."""
    parts = module.split(".")
    packages = [source.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    return [path for path in (*packages, _path_of(module, source)) if path.exists()]


def _path_of(module: str, source: Path) -> Path:
    return source.joinpath(*module.split(".")).with_suffix(".py")


def _file_of(module: str) -> Path:
    file = _path_of(module, SOURCE)
    if not file.exists():
        raise ModuleNotFoundError(f"code_digest: no module {module} below {SOURCE}")
    return file
