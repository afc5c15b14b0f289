"""
A message only wakes a worker: what is due later is a row.

With Redis as broker an ETA past the visibility timeout is delivered again and again; RabbitMQ
closes a channel whose message stays unacknowledged for half an hour.
"""

import ast

import pytest
from architecture.source import MODULES, by_module, dotted

LONGEST_COUNTDOWN_S = 60
SENDING = frozenset({"apply_async", "send_task", "retry", "signature", "s", "si", "set"})


def postponed(tree: ast.AST) -> list[str]:
    """Return every message that is sent to wait in the broker for longer than a minute."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or dotted(node.func).rpartition(".")[2] not in SENDING:
            continue
        for keyword in node.keywords:
            if keyword.arg == "eta":
                found.append(f"line {node.lineno}: eta")
            if keyword.arg == "countdown" and not _is_short(keyword.value):
                found.append(f"line {node.lineno}: countdown")
    return found


def _is_short(value: ast.expr) -> bool:
    # What is not written as a number may be any number.
    return (
        isinstance(value, ast.Constant)
        and isinstance(value.value, int | float)
        and value.value <= LONGEST_COUNTDOWN_S
    )


def test_no_message_waits_in_the_broker():
    assert by_module(postponed, MODULES) == {}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("task.apply_async(countdown=86400)", ["line 1: countdown"]),
        ("task.apply_async(countdown=wait_s)", ["line 1: countdown"]),
        ("task.apply_async(eta=at)", ["line 1: eta"]),
        ("self.retry(countdown=61)", ["line 1: countdown"]),
        ("task.apply_async(countdown=5)", []),
        ("task.apply_async(expires=60)", []),
    ],
    ids=["a day", "any number", "eta", "retry", "seconds", "expires"],
)
def test_postponed_messages_are_found(code: str, expected: list[str]):
    assert postponed(ast.parse(code)) == expected
