"""Only doors read the clock: everything inward is handed `now`, so any story can be replayed."""

import ast

import pytest
from architecture.source import MODULES, ROOT, by_module, dotted, functions_of, in_rooms, room_of

CLOCK_ROOMS = ("config", "entrypoints")
WALL_CLOCK = frozenset(
    {
        "datetime.now",
        "datetime.today",
        "datetime.utcnow",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "date.today",
        "datetime.date.today",
        "time.time",
        "time.time_ns",
        "timezone.now",
    }
)
# `from time import time` would hide the clock behind a bare name.
WALL_CLOCK_NAMES = {
    "time": {"time", "time_ns"},
    "django.utils.timezone": {"now"},
    "django.db.models.functions": {"Now"},
}
# Columns that fill themselves read the clock too.
SELF_FILLING = frozenset({"auto_now", "auto_now_add"})
# Given a moment they convert it; without one they read the clock.
CLOCK_WITHOUT_ARGUMENT = frozenset({"localtime", "localdate"})
MACHINE_TIME = WALL_CLOCK | {"time.perf_counter", "time.monotonic", "time.process_time"}


def readings(tree: ast.AST, clocks: frozenset[str] = WALL_CLOCK) -> list[str]:
    """Return every mention of a clock with its line, called or only handed on."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (name := dotted(node)) in clocks:
            found.append(f"line {node.lineno}: {name}")
        if isinstance(node, ast.ImportFrom) and node.module in WALL_CLOCK_NAMES:
            hidden = {alias.name for alias in node.names} & WALL_CLOCK_NAMES[node.module]
            found += [f"line {node.lineno}: from {node.module} import {name}" for name in hidden]
        if isinstance(node, ast.Call) and not node.args and not node.keywords:
            name = dotted(node.func)
            if name.rpartition(".")[2] in CLOCK_WITHOUT_ARGUMENT:
                found.append(f"line {node.lineno}: {name}()")
        if isinstance(node, ast.keyword) and node.arg in SELF_FILLING:
            found.append(f"line {node.lineno}: {node.arg}")
    return found


def test_only_doors_and_config_read_the_clock():
    inward = [path for path in MODULES if room_of(path) not in CLOCK_ROOMS]

    assert by_module(readings, inward) == {}


# Who may ask the machine, and why: leases, sockets and rates are no part of any story.
MACHINE_TIME_DOORS = {
    "clock.py": "it is the one that reads it for the others",
    "rate_limits.py": "the counting library tells the end of its window in machine time",
}


def test_a_door_asks_clock_py_and_not_the_machine():
    # A virtual clock that one door goes round is no virtual clock.
    doors = [path for path in in_rooms("entrypoints") if path.name not in MACHINE_TIME_DOORS]

    assert by_module(readings, doors) == {}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from time import time", ["line 1: from time import time"]),
        ("at = datetime.now(UTC)", ["line 1: datetime.now"]),
        ("field(default_factory=timezone.now)", ["line 1: timezone.now"]),
        ("DateTimeField(auto_now_add=True)", ["line 1: auto_now_add"]),
        ("day = timezone.localdate()", ["line 1: timezone.localdate()"]),
        ("wall = localtime(at)", []),
        ("started = time.monotonic()", []),
    ],
    ids=["bare name", "call", "handed on", "column", "no argument", "conversion", "stopwatch"],
)
def test_readings_of_the_clock_are_found(code: str, expected: list[str]):
    assert readings(ast.parse(code)) == expected


def test_no_assertion_depends_on_the_speed_of_the_machine():
    tests = sorted((ROOT / "tests").rglob("*.py"))

    assert by_module(timed_assertions, tests) == {}


def timed_assertions(tree: ast.AST) -> list[str]:
    """Return the assertions that compare a stopwatch, or a value read from one."""
    return [line for function in functions_of(tree) for line in _timed_in(function)]


def _timed_in(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    timed = {
        target.id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and _mentions_clock(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return [
        f"line {node.lineno}"
        for node in ast.walk(function)
        if isinstance(node, ast.Assert) and (_mentions_clock(node) or _names(node) & timed)
    ]


def _mentions_clock(node: ast.AST) -> bool:
    return any(
        isinstance(each, ast.Attribute) and dotted(each) in MACHINE_TIME for each in ast.walk(node)
    )


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("began = time.perf_counter(); f(); assert time.perf_counter() - began < 1", ["line 1"]),
        ("took = time.monotonic() - began; assert took < 1", ["line 1"]),
        ("until = time.monotonic() + 5; wait(until); assert done", []),
    ],
    ids=["stopwatch", "variable", "deadline"],
)
def test_timed_assertions_are_found(body: str, expected: list[str]):
    assert timed_assertions(ast.parse(f"def test(): {body}")) == expected
