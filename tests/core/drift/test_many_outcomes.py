"""Many outcomes at once leave what they leave one after another, in either twin."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchfloor.core import kernels
from watchfloor.core.drift.many_outcomes import observe_many
from watchfloor.core.drift.performance import baseline_of, observe, start
from watchfloor.core.errors import InvalidInput

AT = datetime(2026, 3, 9, tzinfo=UTC)
SINGLE = baseline_of(np.tile([1.0] + [0.0] * 17, 500), np.arange(9000) // 300)
CLUSTERED = baseline_of(
    np.repeat(np.clip(np.random.default_rng(9).normal(0.23, 0.14, 60), 0, 1), 20),
    np.arange(1200) // 20,
)
each_twin = pytest.mark.parametrize("twin", kernels.twins())


def arrivals(n):
    return [AT + timedelta(minutes=i) for i in range(n)]


def one_by_one(monitor, losses, ats, *, days=None):
    alarms = []
    for i, (x, at) in enumerate(zip(losses, ats, strict=True)):
        monitor, alarm = observe(monitor, x, at, day=None if days is None else days[i])
        alarms += [alarm] if alarm else []
    return monitor, alarms


def errors(rate, n, *, seed):
    return (np.random.default_rng(seed).random(n) < rate).astype(float).tolist()


class TestObserveMany:
    @each_twin
    @pytest.mark.parametrize("rate", [0.05, 0.15, 0.6], ids=["as before", "worse", "broken"])
    def test_is_the_same_to_the_last_bit(self, twin, rate):
        losses, ats = errors(rate, 900, seed=3), arrivals(900)
        monitor = start(SINGLE, labels_per_day=300)

        together, alarms = observe_many(monitor, losses, ats, twin=twin)

        apart, expected = one_by_one(monitor, losses, ats)
        assert together.to_bytes() == apart.to_bytes()
        assert alarms == expected
        assert (len(alarms) > 0) == (rate > 0.1)

    @each_twin
    @settings(max_examples=40, deadline=None)
    @given(
        losses=st.lists(st.floats(0, 1), max_size=60),
        cut=st.integers(0, 60),
    )
    def test_does_not_depend_on_where_a_night_cuts(self, twin, losses, cut):
        ats = arrivals(len(losses))
        monitor = start(SINGLE, labels_per_day=0.05)  # few labels a year: alarms come soon

        whole, alarms = observe_many(monitor, losses, ats, twin=twin)
        first, before = observe_many(monitor, losses[:cut], ats[:cut], twin=twin)
        second, later = observe_many(first, losses[cut:], ats[cut:], twin=twin)

        assert second.to_bytes() == whole.to_bytes()
        assert before + later == alarms
        assert one_by_one(monitor, losses, ats) == (whole, alarms)

    def test_goes_day_by_day_where_errors_come_in_clusters(self):
        losses, ats = errors(0.7, 400, seed=5), arrivals(400)
        days = [date(2026, 3, 9) + timedelta(days=i // 20) for i in range(400)]
        monitor = start(CLUSTERED, labels_per_day=20)

        found = observe_many(monitor, losses, ats, days=days)

        assert found == one_by_one(monitor, losses, ats, days=days)
        assert found[1]

    def test_of_nothing_changes_nothing(self):
        monitor = start(SINGLE, labels_per_day=300)

        assert observe_many(monitor, [], []) == (monitor, [])

    @pytest.mark.parametrize(
        ("losses", "n", "named"),
        [([0.0, 1.5], 2, r"losses\[1\]"), ([float("nan")], 1, r"losses\[0\]"), ([0.0], 2, "ats")],
        ids=["above one", "not a number", "another length"],
    )
    def test_refuses_what_does_not_fit_by_its_name(self, losses, n, named):
        with pytest.raises(InvalidInput, match=named):
            observe_many(start(SINGLE, labels_per_day=300), losses, arrivals(n))
