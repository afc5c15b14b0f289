import csv
import hashlib
import json

import pytest

from watchfloor.core.errors import InvalidInput
from watchfloor.entrypoints.simulator import config as worlds
from watchfloor.entrypoints.simulator.output import config_json, write
from watchfloor.entrypoints.simulator.records import EVENT_COLUMNS
from watchfloor.entrypoints.simulator.stream import generate

from .conftest import MONDAY


@pytest.fixture(scope="module")
def stream():
    return generate(worlds.demo(3), start=MONDAY, days=4)


class TestWrite:
    @pytest.mark.parametrize("form", ["csv", "jsonl"])
    def test_gives_equal_bytes_for_an_equal_seed(self, stream, tmp_path, form):
        again = generate(worlds.demo(3), start=MONDAY, days=4)

        digests = write(stream, tmp_path / "one", form=form)

        assert write(again, tmp_path / "two", form=form) == digests
        manifests = [(tmp_path / name / "manifest.json").read_bytes() for name in ("one", "two")]
        assert manifests[0] == manifests[1]

    def test_says_the_digest_of_every_file_in_the_manifest(self, stream, tmp_path):
        write(stream, tmp_path)

        manifest = json.loads((tmp_path / "manifest.json").read_text())

        assert set(manifest["sha256"]) == {"events.csv", "truth.csv", "labels.csv", "drift.csv"}
        for name, digest in manifest["sha256"].items():
            assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest
        assert manifest["config"]["seed"] == 3
        assert manifest["events"] == len(stream.events)

    def test_writes_one_row_an_event_and_an_empty_cell_for_null(self, stream, tmp_path):
        write(stream, tmp_path)

        with (tmp_path / "events.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))

        assert len(rows) == len(stream.events)
        assert tuple(rows[0]) == EVENT_COLUMNS
        for row, event in zip(rows, stream.events, strict=True):
            assert (row["lat"] == "") == (event.lat is None)
            assert row["mock_flag"] in {"", "true", "false"}

    def test_keeps_truth_out_of_the_events(self, stream, tmp_path):
        write(stream, tmp_path, form="jsonl")

        keys = {key for line in (tmp_path / "events.jsonl").open() for key in json.loads(line)}

        assert keys == set(EVENT_COLUMNS)

    def test_refuses_another_form(self, stream, tmp_path):
        with pytest.raises(InvalidInput, match="form"):
            write(stream, tmp_path, form="xlsx")


class TestConfigJson:
    def test_holds_every_number_of_a_world(self):
        config = json.loads(config_json(worlds.demo(3)))

        assert config["sites"]["radius_m"]["office"] == [60.0, 100.0]
        assert config["fraud"]["common_factor"] > 1
