"""The core draws no randomness that it was not handed: equal arguments give equal results."""

import ast

import pytest
from architecture.source import by_module, dotted, in_rooms

# A generator made from a stated seed is handed over; drawing from a global one is not.
ALLOWED_OF_NUMPY = frozenset(
    {"Generator", "SeedSequence", "default_rng", "PCG64", "Philox", "BitGenerator"}
)
DRAWING_MODULES = frozenset({"random", "secrets", "uuid"})
ALLOWED_OF_UUID = frozenset({"UUID", "uuid5", "uuid3"})


def draws(tree: ast.AST) -> list[str]:
    """Return every draw from a source of randomness that no caller chose."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = {alias.name for alias in node.names} & (DRAWING_MODULES - {"uuid"})
            found += [f"line {node.lineno}: import {name}" for name in sorted(names)]
        if isinstance(node, ast.ImportFrom) and node.module in DRAWING_MODULES:
            names = {alias.name for alias in node.names}
            allowed = ALLOWED_OF_UUID if node.module == "uuid" else frozenset[str]()
            found += [f"line {node.lineno}: {node.module}.{name}" for name in names - allowed]
        if isinstance(node, ast.Attribute):
            found += _attribute(node)
        if isinstance(node, ast.Call):
            found += _unseeded(node)
    return found


def _attribute(node: ast.Attribute) -> list[str]:
    owner, name = dotted(node.value), node.attr
    if owner in {"np.random", "numpy.random"} and name not in ALLOWED_OF_NUMPY:
        return [f"line {node.lineno}: {owner}.{name}"]
    if owner == "uuid" and name in {"uuid1", "uuid4"}:
        return [f"line {node.lineno}: uuid.{name}"]
    if owner == "os" and name == "urandom":
        return [f"line {node.lineno}: os.urandom"]
    return []


def _unseeded(node: ast.Call) -> list[str]:
    if dotted(node.func).endswith("default_rng") and not node.args and not node.keywords:
        return [f"line {node.lineno}: default_rng without a seed"]
    return []


def test_the_core_draws_nothing_it_was_not_handed():
    assert by_module(draws, in_rooms("core")) == {}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import random", ["line 1: import random"]),
        ("np.random.normal(size=3)", ["line 1: np.random.normal"]),
        ("np.random.default_rng()", ["line 1: default_rng without a seed"]),
        ("uuid.uuid4()", ["line 1: uuid.uuid4"]),
        ("from uuid import uuid4", ["line 1: uuid.uuid4"]),
        ("np.random.default_rng(seed)", []),
        ("def f(rng: np.random.Generator): rng.normal()", []),
    ],
    ids=["module", "global state", "no seed", "uuid4", "bare uuid4", "seed", "handed over"],
)
def test_draws_are_found(code: str, expected: list[str]):
    assert draws(ast.parse(code)) == expected
