"""A stream passes in order of time, in batches that no outcome, day or due moment cuts through."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.entrypoints.cli.replay import stream as module
from watchfloor.entrypoints.cli.replay.protocol import (
    About,
    BrokenRow,
    RecordedEvent,
    RecordedOutcome,
)
from watchfloor.entrypoints.cli.replay.stream import EventBatch, OutcomeBatch, RecordedStream

START = datetime(2025, 3, 29, tzinfo=UTC)


class Minutes:
    """A stream of events and outcomes at given minutes, Berlin time."""

    def __init__(self, events=(), outcomes=(), broken=0):
        self._events, self._outcomes, self._broken = sorted(events), sorted(outcomes), broken

    @property
    def about(self):
        return About(
            name="minutes",
            model_type="late",
            time_zone="Europe/Berlin",
            first_model_at=START,
            features=(),
            unit="minutes",
            n_events=len(self._events),
        )

    def sites(self):
        return ()

    def events(self):
        for place in range(self._broken):
            yield BrokenRow(place=place, payload=b"{}", field="time", error="no time")
        for place, minute in enumerate(self._events):
            yield RecordedEvent(
                event_id=f"e{place}",
                entity_type="order",
                entity_id=f"e{place}",
                occurred_at=at(minute),
                features={},
            )

    def outcomes(self):
        for place, minute in enumerate(self._outcomes):
            yield RecordedOutcome(event_id=f"e{place}", value=1.0, known_at=at(minute))


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def batches(stream: RecordedStream, until=None) -> list[EventBatch | OutcomeBatch]:
    found = []
    while stream.next_at is not None:
        found.append(stream.take(until=until if until and until >= stream.next_at else None))
    return found


MINUTES = st.lists(st.integers(0, 3 * 24 * 60), max_size=60)


class TestRecordedStream:
    @given(events=MINUTES, outcomes=MINUTES, due=st.integers(0, 3 * 24 * 60))
    def test_yields_everything_once_and_in_order(self, events, outcomes, due):
        taken = batches(RecordedStream(Minutes(events, outcomes)), until=at(due))

        flat = [item for batch in taken for item in batch.items]
        times = [
            item.occurred_at if isinstance(item, RecordedEvent) else item.known_at for item in flat
        ]
        assert times == sorted(times)
        assert sum(isinstance(item, RecordedEvent) for item in flat) == len(events)
        assert len(flat) == len(events) + len(outcomes)

    @given(events=MINUTES, outcomes=MINUTES, due=st.integers(0, 3 * 24 * 60))
    def test_cuts_a_batch_at_the_due_moment_and_at_local_midnight(self, events, outcomes, due):
        taken = batches(RecordedStream(Minutes(events, outcomes)), until=at(due))

        for batch in taken:
            first = batch.items[0]
            began = first.occurred_at if isinstance(batch, EventBatch) else first.known_at
            assert not began <= at(due) < batch.at
            # Berlin was at UTC+1 until the night of the 30th, then at UTC+2.
            assert _berlin_day(began) == _berlin_day(batch.at)

    def test_takes_events_before_outcomes_of_the_same_moment(self):
        taken = batches(RecordedStream(Minutes(events=[5], outcomes=[5])))

        assert [type(batch) for batch in taken] == [EventBatch, OutcomeBatch]

    def test_bounds_a_batch(self, monkeypatch):
        monkeypatch.setattr(module, "MOST_IN_A_BATCH", 4)

        taken = batches(RecordedStream(Minutes(events=range(10))))

        assert [len(batch.items) for batch in taken] == [4, 4, 2]

    def test_keeps_rows_that_are_no_events_apart(self):
        stream = RecordedStream(Minutes(events=[1], broken=2))

        assert len(stream.broken) == 2
        assert stream.next_at == at(1)


def _berlin_day(moment: datetime):
    offset = 1 if moment < datetime(2025, 3, 30, 1, tzinfo=UTC) else 2
    return (moment + timedelta(hours=offset)).date()


@pytest.mark.parametrize("broken", [0, 3])
def test_an_empty_stream_is_over_at_once(broken):
    assert RecordedStream(Minutes(broken=broken)).next_at is None
