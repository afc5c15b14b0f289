from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest

from watchfloor.core.errors import MalformedReading
from watchfloor.core.signals import SignalReading, parse_reading
from watchfloor.entrypoints.simulator import config as worlds
from watchfloor.entrypoints.simulator.mqtt_stream import payload_of
from watchfloor.entrypoints.simulator.records import TOPIC_KIND
from watchfloor.entrypoints.simulator.stream import generate, stream_days
from watchfloor.entrypoints.simulator.truth import LatentTruth
from watchfloor.entrypoints.simulator.world import build_world

from .conftest import MONDAY


def assert_parses(event) -> None:
    [reading] = parse_reading(
        tenant=event.tenant_id,
        device=event.device_id,
        kind=TOPIC_KIND[event.event_type],
        payload=payload_of([event]),
        received_at=event.server_at,
    )
    assert not isinstance(reading, MalformedReading), reading
    assert isinstance(reading, SignalReading)
    assert reading.event_id == event.event_id
    assert reading.occurred_at == event.device_at


class TestGenerate:
    def test_is_the_same_for_the_same_seed_and_differs_for_another(self):
        one = generate(worlds.demo(3), start=MONDAY, days=10)
        again = generate(worlds.demo(3), start=MONDAY, days=10)
        other = generate(worlds.demo(4), start=MONDAY, days=10)

        assert (one.events, one.truth.rows, one.labels) == (
            again.events,
            again.truth.rows,
            again.labels,
        )
        assert one.events != other.events

    def test_is_in_order_of_arrival(self, demo_stream):
        arrivals = [event.server_at for event in demo_stream.events]

        assert arrivals == sorted(arrivals)

    def test_puts_labels_in_the_order_in_which_they_become_known(self, demo_stream):
        known = [label.available_at for label in demo_stream.labels]

        assert known == sorted(known)

    def test_is_continued_without_gap_or_repeat_by_a_longer_run(self):
        short = generate(worlds.demo(3), start=MONDAY, days=6)
        long = generate(worlds.demo(3), start=MONDAY, days=12)

        assert long.events[: len(short.events)] == short.events
        assert long.truth.rows[: len(short.truth.rows)] == short.truth.rows

    def test_gives_every_payload_a_form_that_the_product_reads(self, small_stream, demo_stream):
        for event in (*small_stream.events, *demo_stream.events[::7]):
            assert_parses(event)

    def test_gives_every_tenant_of_the_default_world_payloads_that_are_read(self):
        stream = generate(worlds.default(11), start=MONDAY, days=2)

        for event in stream.events:
            assert_parses(event)
        assert {event.tenant_id for event in stream.events} == {"harbour", "meridian", "monsoon"}

    def test_knows_the_device_the_guard_and_the_site_of_every_event(self, demo_stream):
        world = demo_stream.world
        known = {
            "device_id": {device.code for device in world.devices},
            "guard_id": {guard.code for guard in world.guards},
            "site_id": {site.code for site in world.sites},
            "post_id": {post.code for post in world.posts},
        }

        for event in demo_stream.events:
            assert all(getattr(event, name) in codes for name, codes in known.items())

    def test_changes_nothing_elsewhere_when_a_site_is_added(self):
        config = worlds.small(11)
        before = generate(config, start=MONDAY, days=5)

        after = generate(replace(config, n_sites=7), start=MONDAY, days=5)

        at_old_sites = [e for e in after.events if e.site_id != "SITE-07"]
        # A guard of the new site may stand in at an old one; nothing else may change.
        newcomers = {e.guard_id for e in after.events} - {e.guard_id for e in before.events}
        theirs = {e.event_id for e in at_old_sites if e.guard_id in newcomers}
        kept = [e for e in at_old_sites if e.event_id not in theirs]
        assert len(set(before.events) - set(kept)) <= len(before.events) / 20


class TestStreamDays:
    def test_goes_on_from_any_day_as_if_it_had_never_stopped(self):
        config = worlds.demo(3, drift_day=8)
        days = list(islice(stream_days(config, MONDAY), 14))

        for first_day in (0, 1, 5, 11):
            resumed = list(islice(stream_days(config, MONDAY, first_day), 3))
            assert resumed == days[first_day : first_day + 3]

    def test_joins_to_what_generate_returns_in_bulk(self):
        config = worlds.demo(3)
        bulk = generate(config, start=MONDAY, days=9)

        days = list(islice(stream_days(config, MONDAY), 9))

        assert bulk.events == tuple(event for day in days for event in day.events)
        assert bulk.truth.rows == tuple(row for day in days for row in day.truth)
        assert set(bulk.labels) == {label for day in days for label in day.labels}

    def test_is_lazy(self):
        far_ahead = stream_days(worlds.demo(3), MONDAY, first_day=3000)

        assert next(far_ahead).on == MONDAY + timedelta(days=3000)

    @pytest.mark.parametrize("first_day", [0, 40])
    def test_gives_each_day_what_arrives_on_it(self, first_day):
        [day] = islice(stream_days(worlds.demo(3), MONDAY, first_day), 1)

        assert {event.server_at.date() for event in day.events} <= {day.on, day.on - timedelta(1)}
        assert day.index == first_day


class TestLatentTruth:
    def test_finds_in_an_endless_run_what_the_bulk_run_knows(self):
        stream = generate(worlds.demo(3), start=MONDAY, days=12)
        latent = LatentTruth(build_world(worlds.demo(3), start=MONDAY))

        for event in stream.events:
            found = latent.find(event.event_id, occurred_at=event.device_at)
            assert found == stream.truth.find(event.event_id)

    def test_finds_who_slept_by_the_shift(self):
        stream = generate(worlds.demo(3), start=MONDAY, days=30)
        latent = LatentTruth(stream.world)
        asleep = [row for row in stream.truth.rows if row.subject == "shift"]

        assert asleep
        for row in asleep:
            assert latent.is_fraud(row.subject_id, occurred_at=row.start)
