"""What a guide tells its reader to write can be read by what reads it."""

import re
from pathlib import Path

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
def test_what_a_guide_imports_exists(page: Path):
    blocks = re.findall(
        r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    imports = [line for block in blocks for line in block.splitlines() if "import " in line]

    for line in imports:
        exec(line, {})
