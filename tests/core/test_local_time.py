"""Days begin where the tenant's wall clock says, also when the clock moves."""

import math
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from watchfloor.core.local_time import cyclic, day_bounds, hour_of_week, local_day

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    *("UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/Havana"),
    *("Asia/Kolkata", "Asia/Kathmandu", "Asia/Beirut", "Australia/Lord_Howe", "Atlantic/Azores"),
]


class TestDayBounds:
    @pytest.mark.parametrize(
        ("day", "hours"),
        [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)],
        ids=["spring", "autumn", "summer"],
    )
    def test_a_day_has_the_hours_it_has(self, day, hours):
        start, end = day_bounds(day, BERLIN)

        assert end - start == timedelta(hours=hours)

    @given(
        day=st.dates(date(1995, 1, 1), date(2040, 1, 1)),
        zone=st.sampled_from(ZONES).map(ZoneInfo),
    )
    @example(day=date(2017, 10, 15), zone=ZoneInfo("America/Sao_Paulo"))  # no midnight
    @example(day=date(2024, 11, 3), zone=ZoneInfo("America/Havana"))  # midnight twice
    @example(day=date(2022, 3, 27), zone=ZoneInfo("Asia/Beirut"))  # no midnight
    def test_hold_the_day_and_nothing_else(self, day, zone):
        start, end = day_bounds(day, zone)

        moment = timedelta(microseconds=1)
        assert local_day(start, zone) == local_day(end - moment, zone) == day
        assert local_day(start - moment, zone) < day < local_day(end, zone)
        assert start.tzinfo is end.tzinfo is UTC


class TestHourOfWeek:
    def test_begins_on_monday_at_local_midnight(self):
        assert hour_of_week(datetime(2026, 1, 4, 23, tzinfo=UTC), BERLIN) == 0
        assert hour_of_week(datetime(2026, 1, 4, 22, 59, tzinfo=UTC), BERLIN) == 167

    def test_counts_the_repeated_hour_of_autumn_twice(self):
        first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

        hours = [hour_of_week(first + timedelta(hours=h), BERLIN) for h in range(3)]

        assert hours == [146, 146, 147]


class TestCyclic:
    def test_makes_neighbours_of_the_ends(self):
        late, early, noon = (cyclic(hour, period=24) for hour in (23, 0, 12))

        assert math.dist(late, early) < math.dist(late, noon)

    @given(value=st.floats(-1e6, 1e6))
    def test_lies_on_the_unit_circle(self, value):
        assert math.hypot(*cyclic(value, period=7)) == pytest.approx(1)
