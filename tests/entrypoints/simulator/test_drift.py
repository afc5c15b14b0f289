from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from watchfloor.entrypoints.simulator import config as worlds
from watchfloor.entrypoints.simulator.drift import corrupt_labels, drift_marks, evolved_share
from watchfloor.entrypoints.simulator.records import Detectability, EventType
from watchfloor.entrypoints.simulator.stream import generate

from .baseline import accuracy, feature_table, train
from .conftest import MONDAY


@pytest.fixture(scope="module")
def drifting_stream():
    return generate(worlds.demo(11, drift_day=70), start=MONDAY, days=95)


class TestDriftMarks:
    def test_say_that_nothing_drifts(self):
        [mark] = drift_marks(worlds.small(1), start=MONDAY)

        assert (mark.scenario, mark.kind) == ("D0", "none")

    def test_give_each_scenario_its_date(self):
        config = replace(worlds.small(1), drift_day=90, bad_retrain_day=120)

        marks = drift_marks(config, start=MONDAY)

        assert [(mark.scenario, mark.start) for mark in marks] == [
            ("D3", date(2026, 4, 5)),
            ("D11", date(2026, 5, 5)),
        ]


class TestEvolvedShare:
    def test_rises_over_the_ramp(self):
        config = replace(worlds.small(1), drift_day=90, drift_ramp_days=30)

        shares = [evolved_share(config, day) for day in (0, 89, 90, 105, 120, 500)]

        assert shares == [0.0, 0.0, 0.0, 0.5, 1.0, 1.0]


class TestConceptDrift:
    def test_changes_nothing_before_its_day(self, drifting_stream):
        undisturbed = generate(worlds.demo(11, drift_day=None), start=MONDAY, days=95)
        until = drifting_stream.world.date_of(70)

        def before(stream):
            return [e for e in stream.events if e.server_at.date() < until]

        assert before(drifting_stream) == before(undisturbed)

    def test_takes_away_the_old_signals(self, drifting_stream):
        changed = drifting_stream.world.date_of(71)
        rows = drifting_stream.truth.by_subject
        punches = [
            event
            for event in drifting_stream.events
            if event.event_type is EventType.CHECK_IN
            and event.device_at.date() >= changed
            and event.event_id in rows
        ]
        holders = {device.code: device for device in drifting_stream.world.devices}

        assert punches
        assert not [event for event in punches if event.mock_flag]
        assert all(
            holders[event.device_id].kind == "post"
            or holders[event.device_id].holder == event.guard_id
            for event in punches
        )

    def test_leaves_a_portrait_that_is_not_alive(self, drifting_stream):
        changed = drifting_stream.world.date_of(71)
        rows = drifting_stream.truth.by_subject
        alive = [
            event.liveness_score
            for event in drifting_stream.events
            if event.liveness_score is not None
            and event.device_at.date() >= changed
            and (row := rows.get(event.event_id)) is not None
            and row.archetype == "A1"
            and row.detectability is not Detectability.HIDDEN
        ]

        # Beta(2, 7) has median 0.2; who is alive has Beta(14, 2.5), median 0.86.
        assert np.median(alive) < 0.4

    def test_costs_a_model_trained_before_eight_points_of_accuracy(self, drifting_stream):
        table = feature_table(drifting_stream, types=(EventType.CHECK_IN,))
        champion = train(table.rows(table.day < 55))
        before = table.rows((table.day >= 55) & (table.day < 70))
        after = table.rows(table.day >= 71)

        lost = accuracy(champion, before) - accuracy(champion, after)

        assert lost >= 0.08


class TestCorruptLabels:
    def test_turns_the_asked_share_around(self, demo_stream):
        labels = demo_stream.labels

        corrupted = corrupt_labels(labels, 0.2, seed=5)

        turned = np.mean([a.label != b.label for a, b in zip(labels, corrupted, strict=True)])
        # 1,500 labels: standard error 1 %; four of them.
        assert abs(turned - 0.2) < 0.045

    def test_turns_the_same_ones_every_time_and_none_for_a_share_of_zero(self, demo_stream):
        labels = demo_stream.labels

        assert corrupt_labels(labels, 0.2, seed=5) == corrupt_labels(labels, 0.2, seed=5)
        assert corrupt_labels(labels, 0.0, seed=5) == labels
