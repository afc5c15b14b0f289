"""Nothing but behaviour may tell frauds apart: no id, no order, no rounding, no missing value."""

import ast
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import rankdata

from watchfloor.core.features import guard_checkin
from watchfloor.entrypoints.simulator.records import (
    EVENT_COLUMNS,
    PUNCHES,
    DriftMark,
    EventType,
    Label,
    TruthRow,
)

SPECIFIED = [
    "event_id",
    "tenant_id",
    "event_type",
    "guard_id",
    "site_id",
    "post_id",
    "shift_id",
    "planned_at",
    "device_at",
    "server_at",
    "lat",
    "lon",
    "accuracy_m",
    "altitude_m",
    "speed_mps",
    "provider",
    "mock_flag",
    "device_id",
    "device_model",
    "os",
    "app_version",
    "rooted_flag",
    "wifi_bssid_hash",
    "cell_id_hash",
    "face_score",
    "liveness_score",
    "photo_phash",
    "battery_pct",
    "network",
    "steps_since_last",
    "manual_by",
]
NULLABLE = [
    "shift_id",
    "planned_at",
    "lat",
    "accuracy_m",
    "mock_flag",
    "rooted_flag",
    "wifi_bssid_hash",
    "cell_id_hash",
    "face_score",
    "liveness_score",
    "photo_phash",
    "steps_since_last",
]


@pytest.fixture(scope="module")
def punches(demo_stream):
    return [event for event in demo_stream.events if event.event_type in PUNCHES]


@pytest.fixture(scope="module")
def is_fraud(demo_stream, punches):
    return np.array([demo_stream.truth.is_fraud(event.event_id) for event in punches])


def auc(values, is_fraud) -> float:
    """Chance that a fraud ranks above an honest event; ties count one half."""
    ranks = rankdata(values)
    n_fraud, n_honest = is_fraud.sum(), (~is_fraud).sum()
    above = ranks[is_fraud].sum() - n_fraud * (n_fraud + 1) / 2
    return float(above / (n_fraud * n_honest))


class TestEvents:
    def test_have_exactly_the_specified_columns(self):
        assert list(EVENT_COLUMNS) == SPECIFIED

    def test_share_no_column_with_truth_labels_or_drift(self):
        hidden = {
            *TruthRow.__struct_fields__,
            *Label.__struct_fields__,
            *DriftMark.__struct_fields__,
        }

        assert hidden & set(EVENT_COLUMNS) == {"event_id", "guard_id"}

    def test_have_ids_that_say_nothing_about_fraud(self, punches, is_fraud):
        numbers = [int(event.event_id, 16) for event in punches]

        # About 400 frauds among 3,400: standard error 1 / sqrt(12 * 400) = 0.014; four of them.
        assert abs(auc(numbers, is_fraud) - 0.5) < 0.06

    def test_have_codes_and_an_order_that_say_little_about_fraud(self, punches, is_fraud):
        # Six sites and thirty guards differ by nature; an order would rank them nearly apart.
        assert 0.3 < auc([event.device_id for event in punches], is_fraud) < 0.7
        assert 0.4 < auc(np.arange(len(punches)), is_fraud) < 0.6

    @pytest.mark.parametrize("field", ["device_at", "server_at"])
    def test_have_milliseconds_alike_in_both_classes(self, punches, is_fraud, field):
        milliseconds = np.array([getattr(event, field).microsecond // 1000 for event in punches])

        assert abs(auc(milliseconds, is_fraud) - 0.5) < 0.06
        assert (milliseconds[is_fraud] == 0).mean() < 0.02

    @pytest.mark.parametrize("name", NULLABLE)
    def test_have_missing_and_present_values_in_both_classes(self, punches, is_fraud, name):
        missing = np.array([getattr(event, name) is None for event in punches])

        assert 0 < missing[is_fraud].mean() < 1
        assert 0 < missing[~is_fraud].mean() < 1

    def test_have_unique_ids(self, demo_stream):
        assert len({event.event_id for event in demo_stream.events}) == len(demo_stream.events)

    def test_never_arrive_before_they_happen(self, demo_stream):
        offsets = {d.code: d.clock_offset_s for d in demo_stream.world.devices}

        for event in demo_stream.events:
            waited_s = (event.server_at - event.device_at).total_seconds()
            assert waited_s + offsets[event.device_id] > 0.2


class TestLabels:
    def test_never_become_known_before_their_event_arrives(self, demo_stream):
        arrived = {event.event_id: event.server_at for event in demo_stream.events}

        for label in demo_stream.labels:
            if label.event_id in arrived:
                assert label.available_at > arrived[label.event_id]


class TestFeatures:
    def test_know_nothing_of_the_simulator(self):
        tree = ast.parse(Path(guard_checkin.__file__).read_text())
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

        assert not [name for name in imported if name and "simulator" in name]


class TestSignals:
    def test_of_a_shared_phone_are_also_honest(self, demo_stream):
        """One post shares a phone, so a foreign phone alone proves nothing."""
        shared = {d.code for d in demo_stream.world.devices if d.kind == "post"}

        honest = [
            event
            for event in demo_stream.events
            if event.device_id in shared
            and event.event_type is EventType.CHECK_IN
            and not demo_stream.truth.is_fraud(event.event_id)
        ]

        assert len({event.guard_id for event in honest}) > 1

    def test_of_a_mock_flag_are_also_honest(self, demo_stream):
        mocked = [event for event in demo_stream.events if event.mock_flag]

        assert any(not demo_stream.truth.is_fraud(event.event_id) for event in mocked)
