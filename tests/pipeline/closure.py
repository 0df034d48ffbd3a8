"""Which of the project's files a stage script imports, found by reading the code."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = "actionrec"


def import_closure(script: Path, source: Path) -> set[Path]:
    """Files of the package below ``source`` that running ``script`` imports, lazily or not."""
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        for module in _imported_modules(waiting.pop()):
            for file in _files_of(module, source):
                if file not in found:
                    found.add(file)
                    waiting.append(file)
    return found


def _imported_modules(path: Path) -> set[str]:
    modules: set[str] = set()
    for node in _running_nodes(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            # `from a import b`: b may be a module too.
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {module for module in modules if module.split(".")[0] == PACKAGE}


def _running_nodes(tree: ast.AST) -> list[ast.AST]:
    """All nodes but those that only type checkers see."""
    nodes: list[ast.AST] = []
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        typing_only = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        waiting += node.orelse if typing_only else list(ast.iter_child_nodes(node))  # type: ignore[attr-defined]
    return nodes


def _files_of(module: str, source: Path) -> list[Path]:
    """The module's file and the ``__init__.py`` of every package on the way to it."""
    parts = module.split(".")
    packages = [source.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    files = [path for path in packages if path.exists()]
    as_file = source.joinpath(*parts).with_suffix(".py")
    return [*files, as_file] if as_file.exists() else files
