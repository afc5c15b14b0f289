"""What a guide tells its reader to write can be read by what reads it."""

import ast
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

from watchfloor.entrypoints.cli.replay.csv_mapping import MappedTable
from watchfloor.entrypoints.cli.replay.mapping import KEYS, REQUIRED, read_mapping
from watchfloor.entrypoints.cli.replay.protocol import RecordedEvent

HOW_TO = Path(__file__).resolve().parents[2] / "docs/how-to"
REPLAY = (HOW_TO / "replay-your-own-history.md").read_text(encoding="utf-8")


def _block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", REPLAY, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_table_and_the_mapping_of_the_replay_guide_fit_each_other(tmp_path: Path):
    table, mapping = tmp_path / "tickets.csv", tmp_path / "tickets.yaml"
    table.write_text(_block(""))
    mapping.write_text(_block("yaml"))

    replayed = MappedTable(table, read_mapping(mapping, table=table))

    events = [event for event in replayed.events() if isinstance(event, RecordedEvent)]
    assert [event.event_id for event in events] == ["INC001", "INC002"]
    assert [outcome.value for outcome in replayed.outcomes()] == [0.0, 1.0]


def test_the_replay_guide_lists_every_key_and_which_are_required():
    rows = re.findall(r"^\| (`[^|]+`) \| (yes|) ?\|", REPLAY, re.MULTILINE)
    listed = {key: bool(needed) for keys, needed in rows for key in re.findall(r"`(\w+)`", keys)}

    assert set(listed) == set(KEYS)
    assert {key for key, needed in listed.items() if needed} == set(REQUIRED)


@pytest.mark.parametrize("page", sorted(HOW_TO.glob("*.md")), ids=lambda page: page.stem)
def test_what_a_guide_calls_exists(page: Path):
    blocks = re.findall(
        r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    tree = ast.parse("\n".join(blocks))
    known = _imported(tree)
    missing = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in known
        and not hasattr(known[node.value.id], node.attr)
    }

    assert missing == set()


@pytest.mark.parametrize("page", sorted(HOW_TO.glob("*.md")), ids=lambda page: page.stem)
def test_a_guide_calls_functions_as_they_want_to_be_called(page: Path):
    blocks = re.findall(
        r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    tree = ast.parse("\n".join(blocks))
    known = _imported(tree)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]

    for call in calls:
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            owner = known.get(call.func.value.id)
            if isinstance(owner, ModuleType):
                keywords = {str(keyword.arg): None for keyword in call.keywords}
                # Raises TypeError for an argument that is missing or unknown.
                signature = inspect.signature(getattr(owner, call.func.attr))
                signature.bind(*call.args, **keywords)


def _imported(tree: ast.Module) -> dict[str, object]:
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    names: dict[str, object] = {}
    exec(compile(ast.Module(imports, []), "guide", "exec"), names)
    return names
