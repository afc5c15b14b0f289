"""Many series at once are one shock; a single one, a gap and a weekend are none."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.core.drift.common_cause import days_together, shocks_of
from watchfloor.core.errors import InvalidInput

MONDAY = date(2026, 1, 5)
DAYS, SERIES = 140, 10


def quiet(*, seed=1, days=DAYS, series=SERIES):
    """Return counts that are lower on Sundays, and of which each series has its own luck."""
    rng = np.random.default_rng(seed)
    means = np.where(np.arange(days) % 7 == 6, 40.0, 100.0)
    return rng.poisson(means[:, None], (days, series)).astype(float)


def moved(table, *, at, by, series=SERIES):
    table = table.copy()
    table[at, :series] *= by
    return table


def shocks(table):
    return shocks_of(days_together(table, first=MONDAY))


class TestAShock:
    def test_is_dated_by_its_days(self):
        found = shocks(moved(quiet(), at=slice(120, 124), by=0.6))

        [shock] = found
        assert (shock.first, shock.last) == (
            MONDAY + timedelta(days=120),
            MONDAY + timedelta(days=123),
        )
        assert shock.peak.total_z < 0
        assert len(shock.peak.moved) >= 8

    def test_goes_on_over_two_quieter_days(self):
        table = moved(moved(quiet(), at=slice(120, 122), by=1.5), at=slice(124, 126), by=1.5)

        [shock] = shocks(table)

        assert (shock.last - shock.first).days == 5

    def test_is_none_where_one_series_moves(self):
        assert shocks(moved(quiet(), at=slice(120, 124), by=0.3, series=1)) == []

    def test_is_none_of_two_series(self):
        assert shocks(moved(quiet(series=2), at=slice(120, 124), by=0.3)) == []

    def test_up_and_down_are_two(self):
        table = moved(moved(quiet(), at=slice(120, 122), by=1.5), at=slice(122, 124), by=0.5)

        assert [np.sign(one.peak.total_z) for one in shocks(table)] == [1, -1]

    def test_that_lasts_is_no_passing_cause(self):
        [shock] = shocks(moved(quiet(), at=slice(120, 135), by=0.6))

        assert not shock.is_passing

    def test_is_known_on_its_first_night(self):
        table = moved(quiet(), at=slice(120, 124), by=0.6)

        [shock] = shocks(table[:121])

        assert shock.first == shock.last == MONDAY + timedelta(days=120)
        assert shock.is_passing


class TestAQuietYear:
    def test_has_next_to_none(self):
        found = [len(shocks(quiet(seed=seed, days=365))) for seed in range(10)]

        # Measured are 4 in 30 years, so 1.3 in these ten; 5 have a chance of 1 %, 6 of 2e-3.
        assert sum(found) <= 5

    def test_is_not_disturbed_by_days_that_are_missing(self):
        table = quiet()
        table[100:110] = np.nan

        assert shocks(table) == []
        assert days_together(table, first=MONDAY)[105] is None


class TestTheVerdict:
    @given(scale=st.sampled_from([0.01, 3.0, 1000.0]), seed=st.integers(0, 5))
    def test_does_not_depend_on_the_unit(self, scale, seed):
        table = moved(quiet(seed=seed), at=slice(120, 123), by=0.6)
        # Far above the smallest spread, which has a unit of its own.
        table = table * 1000

        def dates(values):
            return [(one.first, one.last) for one in shocks(values)]

        assert dates(table * scale) == dates(table)

    def test_says_nothing_before_there_are_weeks_enough(self):
        found = days_together(quiet(), first=MONDAY)

        assert found[:35] == [None] * 35
        assert found[60] is not None

    def test_refuses_what_is_infinite(self):
        with pytest.raises(InvalidInput, match="values"):
            days_together(np.array([[np.inf, 1, 2]]), first=MONDAY)
