"""Windows lie end to end: every event has one, and one only."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.core.errors import InvalidInput
from watchfloor.core.ticket_windows import EPOCH, window_start

MOMENTS = st.datetimes(
    min_value=datetime(1971, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)
)
HOURS = st.sampled_from([1, 1.5, 6, 24, 720])


class TestWindowStart:
    @given(at=MOMENTS, hours=HOURS)
    def test_begins_the_window_that_holds_the_event(self, at, hours):
        start = window_start(at, hours=hours)

        assert start <= at < start + timedelta(hours=hours)

    @given(at=MOMENTS, hours=HOURS)
    def test_is_the_same_for_every_event_of_the_window(self, at, hours):
        start = window_start(at, hours=hours)
        last = start + timedelta(hours=hours) - timedelta(microseconds=1)

        assert window_start(start, hours=hours) == window_start(last, hours=hours) == start

    @given(at=MOMENTS, hours=HOURS)
    def test_leaves_no_gap_before_the_next(self, at, hours):
        start = window_start(at, hours=hours)
        after = start + timedelta(hours=hours)

        assert window_start(after, hours=hours) == after

    def test_does_not_depend_on_the_zone_an_event_is_told_in(self):
        at = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
        told_in_berlin = at.astimezone(timezone(timedelta(hours=2)))

        assert window_start(told_in_berlin, hours=24) == window_start(at, hours=24)

    def test_goes_back_before_1970(self):
        assert window_start(EPOCH - timedelta(seconds=1), hours=24) == EPOCH - timedelta(days=1)

    @pytest.mark.parametrize("hours", [0, -1, math.nan])
    def test_refuses_a_length_that_is_none(self, hours):
        with pytest.raises(InvalidInput, match="hours"):
            window_start(EPOCH, hours=hours)
