"""The recorded sets tell nothing before its time, and what their publishers measured on them."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest

from watchfloor.entrypoints.cli.replay.catalogue import NAMED, open_dataset
from watchfloor.entrypoints.cli.replay.itsm_incidents import FIRST_MODEL_AT

SAMPLES = [("itsm_incidents", 400), ("elec2", 2), ("db_elevators", 5)]


@pytest.fixture(scope="module")
def recorded(data_dir):
    @cache
    def read(name, units=None):
        return open_dataset(name, data_dir=data_dir, mapping=None, units=units)

    return read


@pytest.mark.parametrize(("name", "units"), SAMPLES)
def test_a_stream_is_in_order_and_each_outcome_comes_after_its_event(recorded, name, units):
    dataset = recorded(name, units)

    events, outcomes = list(dataset.events()), list(dataset.outcomes())

    assert len(events) == dataset.about.n_events
    assert [e.occurred_at for e in events] == sorted(e.occurred_at for e in events)
    assert [o.known_at for o in outcomes] == sorted(o.known_at for o in outcomes)
    occurred = {event.event_id: event.occurred_at for event in events}
    assert len(occurred) == len(events)
    assert all(o.known_at >= occurred[o.event_id] for o in outcomes)
    assert {o.value for o in outcomes} == {0.0, 1.0}


@pytest.mark.parametrize(("name", "units"), SAMPLES)
def test_every_event_has_the_features_that_are_stated(recorded, name, units):
    dataset = recorded(name, units)
    codes = {site.code for site in dataset.sites()}

    for event in dataset.events():
        assert tuple(event.features) == dataset.about.features
        assert all(isinstance(v, float | str | None) for v in event.features.values())
        assert event.site is None or event.site in codes


def test_a_sample_is_part_of_a_larger_one_with_the_same_features(recorded):
    small, large = (
        {event.event_id: event for event in recorded("itsm_incidents", n).events()}
        for n in (100, 300)
    )

    assert len(small) == 100
    assert all(large[event_id] == event for event_id, event in small.items())


class TestItsmIncidents:
    def test_holds_every_ticket_and_no_column_of_its_end(self, recorded):
        dataset = recorded("itsm_incidents")

        events, outcomes = list(dataset.events()), list(dataset.outcomes())

        assert len(events) == len(outcomes) == 24_918
        assert sum(outcome.value for outcome in outcomes) == 9_115
        forbidden = {
            *("closed_code", "resolved_at", "closed_at", "resolved_by", "reopen_count"),
            *("n_events", "reassignment_count", "label_delay_h", "caller_id"),
        }
        assert not forbidden & set(dataset.about.features)

    def test_knows_4914_labels_when_the_first_model_is_trained(self, recorded):
        known = [
            outcome
            for outcome in recorded("itsm_incidents").outcomes()
            if outcome.known_at < FIRST_MODEL_AT
        ]

        assert len(known) == 4_914
        assert sum(o.value for o in known) / len(known) == pytest.approx(0.61, abs=0.01)

    def test_counts_the_tickets_of_the_day_before(self, recorded):
        events = list(recorded("itsm_incidents").events())
        one = events[5_000]

        day_before = one.occurred_at - timedelta(days=1)
        expected = sum(day_before <= e.occurred_at < one.occurred_at for e in events)
        assert one.features["opened_last_24h"] == expected


class TestElec2:
    def test_has_each_half_hour_once_and_the_open_market_from_the_change(self, recorded):
        events = list(recorded("elec2").events())

        days = Counter(event.occurred_at.date() for event in events)
        assert (len(events), len(days), set(days.values())) == (943 * 48, 943, {48})
        transfers = {
            day: {e.features["transfer"] for e in events if e.occurred_at.date() == day}
            for day in (date(1997, 5, 3), date(1997, 5, 4))
        }
        assert len(transfers[date(1997, 5, 3)]) == 1
        # The first live day happens to be constant as well, at another value than the filler.
        assert transfers[date(1997, 5, 4)].isdisjoint(transfers[date(1997, 5, 3)])

    def test_leaves_the_price_out_of_the_features(self, recorded):
        assert "nswprice" not in recorded("elec2").about.features


class TestDbElevators:
    def test_predicts_only_where_the_day_after_was_observed(self, recorded):
        dataset = recorded("db_elevators", 5)

        days = {event.occurred_at.date() for event in dataset.events()}

        # The collector missed 9 January to 12 March 2019, and the first 27 days are history.
        assert min(days) == date(2018, 9, 22)
        assert not any(date(2019, 1, 8) <= day <= date(2019, 3, 12) for day in days)

    def test_has_the_published_rate_of_new_outages(self, recorded):
        values = [outcome.value for outcome in recorded("db_elevators", 200).outcomes()]

        # Published 0.0441 over all lifts and days; 200 lifts differ among each other, so the
        # rate of a sample of them is known to about a quarter of itself.
        assert sum(values) / len(values) == pytest.approx(0.0441, rel=0.4)


def test_a_folder_without_the_set_names_the_file(tmp_path):
    from watchfloor.core.errors import NotFound

    for name in NAMED:
        dataset = open_dataset(name, data_dir=tmp_path, mapping=None, units=1)
        with pytest.raises(NotFound, match=name):
            list(dataset.events())


def test_the_first_model_of_the_tickets_waits_for_late_labels():
    assert datetime(2016, 3, 28, tzinfo=UTC) == FIRST_MODEL_AT
