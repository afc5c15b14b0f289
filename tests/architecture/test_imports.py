"""The law of imports holds, and the core stays light enough to be used alone."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from architecture.source import ROOMS, ROOT, SRC, in_rooms, name_of, tree_of

# What would make `import watchfloor.core...` slow, or tie the maths to a framework.
HEAVY = (
    "amqtt",
    "celery",
    "channels",
    "django",
    "lightgbm",
    "paho",
    "pandas",
    "pydantic",
    "rest_framework",
    "sklearn",
    "structlog",
    "uvicorn",
)


def test_the_law_of_imports_holds():
    pytest.importorskip("importlinter")
    # A process of its own: the linter changes logging and the import system of the one it is in.
    checked = subprocess.run(
        [sys.executable, "-c", _LINT], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


_LINT = """
import sys
from pathlib import Path
from importlinter.cli import lint_imports
sys.path.insert(0, "src")
sys.exit(lint_imports(no_cache=True))
"""


def test_every_folder_of_the_package_is_a_room_of_the_law():
    folders = {path.name for path in SRC.iterdir() if path.is_dir()} - {"__pycache__"}

    assert folders == set(ROOMS)


def test_the_core_is_imported_without_any_framework():
    names = [
        ".".join(path.relative_to(SRC.parent).with_suffix("").parts)
        for path in in_rooms("core")
        if path.name != "__init__.py"
    ]
    code = (
        "import importlib, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        f"print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    )

    # A process of its own: this one has Django loaded already.
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SRC.parent, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == []


def imported_by(path: Path) -> set[str]:
    """Return the modules of the package that a module imports, at any depth of its code."""
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("watchfloor.")}


def test_no_door_imports_another_door():
    doors = SRC / "entrypoints"
    names = {path.name for path in doors.iterdir() if path.is_dir()}
    crossings = {
        f"{name_of(path)} imports {imported}"
        for path in in_rooms("entrypoints")
        for imported in imported_by(path)
        if (own := path.relative_to(doors).parts[0]) in names
        and (other := _after(imported, "watchfloor.entrypoints.")) in names
        and other != own
    }

    assert crossings == set()


def test_no_workflow_calls_another_workflow():
    calls = {
        f"{name_of(path)} imports {imported}"
        for path in in_rooms("workflows")
        for imported in imported_by(path)
        if imported.startswith("watchfloor.workflows")
    }

    assert calls == set()


def _after(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).partition(".")[0] if name.startswith(prefix) else ""
