"""A table of a user and its mapping: read right, or refused by the key that does not fit."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from entrypoints.cli.replay.orders import (
    MAPPING,
    N_BROKEN,
    N_EVENTS,
    N_REPEATED,
    N_UNLABELLED,
    World,
    write_orders,
)

from watchfloor.core.errors import InvalidInput, NotReady
from watchfloor.entrypoints.cli.replay.catalogue import open_dataset
from watchfloor.entrypoints.cli.replay.mapping import read_mapping
from watchfloor.entrypoints.cli.replay.protocol import BrokenRow, RecordedEvent
from watchfloor.entrypoints.cli.replay.tables import parquet_columns

ORDERS = yaml.safe_load(MAPPING)


@pytest.fixture
def mapped(tmp_path: Path):
    """Write a mapping with some keys changed (None takes a key out) and read it."""

    def read(**changes):
        content = {key: value for key, value in (ORDERS | changes).items() if value is not None}
        path = tmp_path / "changed.yaml"
        path.write_text(yaml.safe_dump(content))
        return read_mapping(path, table=tmp_path / "My Orders 2025.csv")

    return read


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        *(
            ({key: None}, key)
            for key in ("model_type", "time", "id", "label", "label_known_at", "features")
        ),
        ({"labels": "late"}, "labels"),
        ({"time": 7}, "time"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"model_type": "Late Order"}, "model_type"),
        ({"model_type": "fraud_detector"}, "model_type"),
        ({"name": "Über"}, "name"),
        ({"features": "workload"}, "features"),
        ({"features": []}, "features"),
        ({"features": {"workload": "integer"}}, "features.workload"),
        ({"features": ["workload", "late"]}, "features.late"),
        ({"features": ["closed"]}, "features.closed"),
        ({"label_positive": ["yes"], "label_negative": ["YES"]}, "label_negative"),
        ({"label_positive": []}, "label_positive"),
        ({"first_model_at": "soon"}, "first_model_at"),
        ({"site": ""}, "site"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_is_refused_by_its_key(mapped, changes, key):
    with pytest.raises(InvalidInput) as refused:
        mapped(**changes)

    assert refused.value.field == key


@pytest.mark.parametrize("content", ["- a list", "{", "just words"])
def test_what_is_no_mapping_is_refused_by_its_option(tmp_path, content):
    path = tmp_path / "no.yaml"
    path.write_text(content)

    with pytest.raises(InvalidInput, match="--mapping"):
        read_mapping(path, table=tmp_path / "orders.csv")


def test_the_stream_is_named_after_its_table_where_the_mapping_gives_no_name(mapped):
    assert mapped(name=None).name == "my-orders-2025"


class TestMappedTable:
    def test_reads_events_outcomes_and_broken_rows(self, orders):
        rows = list(orders.events())
        events = [row for row in rows if isinstance(row, RecordedEvent)]

        assert len(events) == N_EVENTS + N_REPEATED
        assert len(rows) - len(events) == N_BROKEN
        assert len(list(orders.outcomes())) == N_EVENTS + N_REPEATED - N_UNLABELLED
        assert orders.about.first_model_at == datetime(2025, 3, 22, 23, tzinfo=UTC)
        assert [site.code for site in orders.sites()] == ["harbour", "hill"]

    def test_names_the_key_that_a_broken_row_does_not_fit(self, orders):
        broken = [row for row in orders.events() if isinstance(row, BrokenRow)]

        assert [row.field for row in broken] == ["time", "features.workload"]
        assert b"yesterday" in broken[0].payload

    @pytest.mark.parametrize(
        ("key", "column"),
        [("time", "when"), ("label_known_at", "then"), ("site", "where"), ("entity", "what")],
    )
    def test_names_the_key_whose_column_is_not_there(self, tmp_path, key, column):
        table, mapping = write_orders(tmp_path, world=World(days=1))
        mapping.write_text(yaml.safe_dump(ORDERS | {key: column}))
        dataset = open_dataset(str(table), data_dir=None, mapping=mapping, units=None)

        with pytest.raises(InvalidInput) as refused:
            list(dataset.events())

        assert (refused.value.field, refused.value.value) == (key, column)

    @pytest.mark.parametrize(
        ("change", "key"),
        [
            ({"late": "perhaps"}, "label"),
            ({"closed": "2025-03-01T00:00:00+00:00"}, "label_known_at"),
            ({"closed": "at night"}, "label_known_at"),
            ({"number": ""}, "id"),
            ({"number": "x" * 121}, "id"),
            ({"depot": "y" * 61}, "site"),
            ({"noise": "inf"}, "features.noise"),
            ({"opened": ""}, "time"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_keeps_a_row_that_does_not_fit_with_its_key(self, tmp_path, change, key):
        table, mapping = write_orders(tmp_path, world=World(days=1))
        header, first, *_ = table.read_text().splitlines()
        good = dict(zip(header.split(","), first.split(","), strict=True))
        bad = ",".join((good | change).values())
        table.write_text("\n".join([header, first, bad]) + "\n")
        dataset = open_dataset(str(table), data_dir=None, mapping=mapping, units=None)

        [broken, event] = list(dataset.events())

        assert (broken.field, event.event_id) == (key, "R00-00")

    def test_reads_the_same_from_parquet(self, tmp_path, orders):
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import csv, parquet

        table, mapping = tmp_path / "orders.csv", tmp_path / "orders.yaml"
        text = csv.ConvertOptions(column_types=dict.fromkeys(("workload",), pyarrow.string()))
        parquet.write_table(csv.read_csv(table, convert_options=text), tmp_path / "orders.parquet")

        replayed = open_dataset(
            str(tmp_path / "orders.parquet"), data_dir=None, mapping=mapping, units=None
        )

        assert list(replayed.outcomes()) == list(orders.outcomes())

    def test_samples_entities_and_a_larger_sample_holds_a_smaller(self, tmp_path):
        table, mapping = write_orders(tmp_path, world=World(days=2))

        def ids(units):
            dataset = open_dataset(str(table), data_dir=None, mapping=mapping, units=units)
            return {e.event_id for e in dataset.events() if isinstance(e, RecordedEvent)}

        assert len(ids(10)) == 10
        assert ids(10) < ids(20)

    def test_chooses_the_first_midnight_at_which_both_classes_are_known(self, tmp_path):
        table, mapping = write_orders(tmp_path)
        mapping.write_text(yaml.safe_dump(ORDERS | {"first_model_at": None}))

        about = open_dataset(str(table), data_dir=None, mapping=mapping, units=None).about

        # 50 orders a day, four in ten late: 200 late ones are known on the night of day 10.
        assert datetime(2025, 3, 12, tzinfo=UTC) < about.first_model_at
        assert about.first_model_at < datetime(2025, 3, 15, tzinfo=UTC)
        assert about.first_model_at.hour == 23


def test_parquet_without_its_extra_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / "table.parquet"
    path.touch()

    with pytest.raises(NotReady, match=r"watchfloor\[replay\]"):
        parquet_columns(path)


@pytest.mark.parametrize(
    ("name", "key"),
    [("no_such_set", "DATASET"), ("itsm_incidents", "--data-dir"), ("own.csv", "--mapping")],
)
def test_what_is_missing_is_named(name, key):
    with pytest.raises(InvalidInput) as refused:
        open_dataset(name, data_dir=None, mapping=None, units=None)

    assert refused.value.field == key
