"""Acceptance checks of honest events: bands from the specification, on the small run and large."""

import numpy as np
import pytest

from watchfloor.entrypoints.simulator.records import PUNCHES, EventType
from watchfloor.entrypoints.simulator.rules import outside_m, speed_kmh
from watchfloor.entrypoints.simulator.stream import SimulatedStream


def honest(stream: SimulatedStream, *types: EventType) -> list:
    return [
        event
        for event in stream.events
        if event.event_type in (types or tuple(EventType))
        and not stream.truth.is_fraud(event.event_id)
    ]


def lateness_min(stream: SimulatedStream) -> np.ndarray:
    return np.array(
        [
            (event.device_at - event.planned_at).total_seconds() / 60
            for event in honest(stream, EventType.CHECK_IN)
            if event.planned_at is not None
        ]
    )


def outside_shares(stream: SimulatedStream) -> tuple[float, float]:
    """Share of honest punches outside the plain fence, and outside by more than the accuracy."""
    punches = honest(stream, *PUNCHES)
    beyond = [(outside_m(e, stream.world.index.site[e.site_id]), e.accuracy_m) for e in punches]
    plain = sum(m is not None and m > 0 for m, _ in beyond)
    allowed = sum(m is not None and m > accuracy for m, accuracy in beyond)
    return plain / len(punches), allowed / len(punches)


def speeds_kmh(stream: SimulatedStream) -> np.ndarray:
    last, speeds = {}, []
    for event in sorted(honest(stream), key=lambda event: event.device_at):
        if event.lat is None:
            continue
        before = last.get(event.guard_id)
        speed = None if before is None else speed_kmh(event, before)
        if speed is not None:
            speeds.append(speed)
        last[event.guard_id] = event
    return np.array(speeds)


def missing_check_outs(stream: SimulatedStream) -> float:
    counts = {kind: len(honest(stream, kind)) for kind in PUNCHES}
    return 1 - counts[EventType.CHECK_OUT] / counts[EventType.CHECK_IN]


class TestSmallRun:
    """900 check-ins: bands are widened by four standard errors, as derived beside them."""

    def test_people_come_a_little_early_and_sometimes_late(self, small_stream):
        minutes = lateness_min(small_stream)

        assert -5 <= np.median(minutes) <= 0
        # Band 4-7 %; standard error sqrt(.055 * .945 / 880) = 0.8 %.
        assert 0.04 - 0.031 <= np.mean(minutes > 15) <= 0.07 + 0.031

    def test_honest_fixes_fall_outside_the_fence_and_less_so_by_their_accuracy(self, small_stream):
        plain, allowed = outside_shares(small_stream)

        # Bands 10-15 % and 3-6 %; 1,750 punches of six sites, standard errors 0.8 and 0.5 %,
        # and one drawn pin more or less moves a site's share, hence twice as wide.
        assert 0.10 - 0.05 <= plain <= 0.15 + 0.05
        assert 0.03 - 0.02 <= allowed <= 0.06 + 0.04

    def test_some_check_outs_are_missing(self, small_stream):
        # Band 2-5 %; standard error 0.6 %, and twenty shifts are still open at the end.
        assert 0.02 - 0.024 <= missing_check_outs(small_stream) <= 0.05 + 0.024 + 0.022

    def test_some_events_are_delivered_late(self, small_stream):
        late = np.mean([event.network == "offline" for event in honest(small_stream)])

        # Band 4-6 %; outages come by the hour, 16 of them at 6 sites, so half as wide again.
        assert 0.025 <= late <= 0.075

    def test_a_plain_speed_rule_raises_false_alarms(self, small_stream):
        assert speeds_kmh(small_stream).max() > 500

    def test_accuracy_is_never_constant_but_for_beacons(self, small_stream):
        beacon_m = small_stream.world.config.positions.snapped_accuracy_m
        by_guard: dict[str, list[float]] = {}
        for event in honest(small_stream):
            if event.accuracy_m is not None and event.accuracy_m != beacon_m:
                by_guard.setdefault(event.guard_id, []).append(event.accuracy_m)

        assert all(len(set(values)) > len(values) / 8 for values in by_guard.values())

    def test_an_outage_delivers_many_events_within_one_minute(self, small_stream):
        late = [event for event in small_stream.events if event.network == "offline"]
        minutes: dict[tuple, set] = {}
        for event in late:
            key = (event.site_id, event.server_at.replace(second=0, microsecond=0))
            minutes.setdefault(key, set()).add(event.event_id)

        assert max(len(ids) for ids in minutes.values()) >= 4

    def test_corrections_come_from_a_supervisors_desk(self, small_stream):
        corrections = honest(small_stream, EventType.CORRECTION)
        desks = {one.code: one.device for one in small_stream.world.supervisors}

        assert corrections
        assert all(event.device_id == desks[event.manual_by] for event in corrections)

    def test_unrostered_shifts_name_neither_shift_nor_plan(self, small_stream):
        unrostered = [event for event in small_stream.events if event.shift_id is None]

        assert unrostered
        assert all(event.planned_at is None for event in unrostered)


@pytest.mark.slow
@pytest.mark.xdist_group("default worlds")
class TestDefaultRun:
    """Two worlds of 150 days together: 36,000 check-ins at 50 sites, so the bands as they are."""

    def test_marginals_lie_in_their_bands(self, default_streams):
        minutes = np.concatenate([lateness_min(stream) for stream in default_streams])
        outside = np.mean([outside_shares(stream) for stream in default_streams], axis=0)
        speeds = np.concatenate([speeds_kmh(stream) for stream in default_streams])
        late = np.mean([e.network == "offline" for s in default_streams for e in honest(s)])

        assert -5 <= np.median(minutes) <= 0
        assert 0.04 <= np.mean(minutes > 15) <= 0.07
        # One or two wrong pins in 25 sites move a world by up to four points: half a band wider.
        assert 0.10 <= outside[0] <= 0.17
        assert 0.03 <= outside[1] <= 0.08
        assert 0.02 <= np.mean([missing_check_outs(s) for s in default_streams]) <= 0.05
        assert 0.04 <= late <= 0.06
        assert 80 * 0.9 <= np.quantile(speeds, 0.999) <= 200
        assert speeds.max() > 500

    def test_numbers_are_those_of_the_specification(self, default_streams):
        for stream in default_streams:
            kinds = [event.event_type for event in stream.events]
            punches = sum(kind in PUNCHES for kind in kinds)
            activity = sum(k in (EventType.HEARTBEAT, EventType.CHECKPOINT) for k in kinds)
            # 43,000 and 250,000 to 550,000 in 180 days.
            assert 33_000 <= punches <= 38_000
            assert 208_000 <= activity <= 458_000
