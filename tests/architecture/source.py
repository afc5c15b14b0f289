"""The source tree as the architecture tests read it: modules, their rooms and their syntax."""

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "watchfloor"
# Rooms from left to right; a room imports only rooms to its right.
ROOMS = ("config", "entrypoints", "workflows", "noc", "ml", "ledger", "tenants", "core")
# The rooms that own tables.
OWNERS = ("noc", "ml", "ledger", "tenants")


def _modules() -> list[Path]:
    return sorted(path for path in SRC.rglob("*.py") if "migrations" not in path.parts)


MODULES = _modules()


def name_of(path: Path) -> str:
    """Return a path as it is written in a test's id and in a failure."""
    return path.relative_to(ROOT).as_posix()


def room_of(path: Path) -> str:
    """Return the room a module stands in; the package's own files stand in none."""
    parts = path.relative_to(SRC).parts
    return parts[0] if len(parts) > 1 else ""


def in_rooms(*rooms: str) -> list[Path]:
    """Return the modules of some rooms."""
    return [path for path in MODULES if room_of(path) in rooms]


def by_module(judge: Callable[[ast.Module], Any], paths: Iterable[Path]) -> dict[str, Any]:
    """Return what `judge` finds, by the name of the module; empty findings are left out."""
    return {name_of(path): found for path in paths if (found := judge(tree_of(path)))}


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax of a module."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions_of(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of a module, nested ones too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def dotted(node: ast.expr) -> str:
    """
    Return `a.b.c` for a chain of names, and an empty text for anything else.

    >>> dotted(ast.parse("datetime.now").body[0].value)
    'datetime.now'
    """
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""
