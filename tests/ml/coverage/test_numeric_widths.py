"""The width that the latest known numbers would make is their textbook quantile, week by week."""

import math
from dataclasses import replace
from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from oracle import naive

from watchfloor.core.conformal.numeric_fit import fit_numeric_calibration
from watchfloor.ml.coverage import numeric_widths
from watchfloor.ml.coverage.numeric_widths import rolling_widths
from watchfloor.ml.coverage.numeric_window import NOT_KNOWN, Estimates

BEGIN = date(2026, 1, 5)
WEEKS = 4


@pytest.fixture
def estimates():
    """Four weeks, newest first: off by more and more, and known up to three weeks late."""
    rng = np.random.default_rng(20260302)
    day = np.sort(rng.uniform(0, 7 * WEEKS, 400))[::-1]
    known_day = day + rng.uniform(0, 21, 400)
    is_known = known_day < 7 * WEEKS
    off = (1 + day / 7) * rng.normal(size=400)
    calibrations = [
        fit_numeric_calibration(rng.normal(size=n), np.zeros(n), unit="h") for n in (30, 200)
    ]
    return Estimates(
        unit="h",
        first=BEGIN,
        last=date(2026, 2, 1),
        estimate=np.full(400, 20.0),
        outcome=np.where(is_known, 20.0 + off, np.nan),
        sigma=np.full(400, np.nan),
        # The first week had none, the last one the larger set.
        calibration=np.select([day < 7, day < 21], [-1, 0], 1),
        week=(day // 7).astype(np.int64),
        known_at=np.where(is_known, known_day, np.nan),
        known_week=np.where(is_known, known_day // 7, NOT_KNOWN).astype(np.int64),
        calibrations=tuple(calibrations),
        is_cut=False,
    )


def walked(estimates, week, level, *, size):
    """The quantile of the last so many, one after the other."""
    known = [i for i in range(400) if 0 <= estimates.known_week[i] <= week]
    latest = sorted(known, key=lambda i: estimates.known_at[i])[-size:]
    off = np.sort(np.abs(estimates.outcome[latest] - estimates.estimate[latest]))
    found = naive.quantile(off, Fraction(level, 100))
    return (len(latest), None if math.isinf(found) else found)


class TestRollingWidths:
    @pytest.mark.parametrize("size", [1000, 120, 30])
    def test_equal_the_quantile_of_the_latest_known_numbers(self, estimates, monkeypatch, size):
        monkeypatch.setattr(numeric_widths, "LATEST", size)

        found = rolling_widths(estimates)

        assert len(found) == WEEKS
        for week, each in enumerate(found):
            for width in each.widths:
                assert (each.n, width.latest) == walked(estimates, week, width.level, size=size)

    def test_stand_beside_the_width_in_force_at_the_end_of_the_week(self, estimates):
        small, large = estimates.calibrations

        in_force = [[width.in_force for width in each.widths] for each in rolling_widths(estimates)]

        assert in_force[0] == [None, None, None]
        assert in_force[1] == in_force[2] == [*small.absolute[:2], None]
        assert in_force[3] == list(large.absolute)

    def test_grow_with_the_world(self, estimates):
        last = rolling_widths(estimates)[-1]

        assert [width.ratio > 1.5 for width in last.widths] == [True, True, True]

    def test_are_not_known_while_nothing_is(self, estimates):
        nothing = replace(estimates, outcome=np.full(400, np.nan))

        found = rolling_widths(nothing)

        assert {each.n for each in found} == {0}
        assert {width.latest for each in found for width in each.widths} == {None}
        assert {width.ratio for each in found for width in each.widths} == {None}
