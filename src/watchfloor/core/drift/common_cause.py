"""
Do many series move on one day: a heat wave, an outage, a strike, and no fault of a model.

Each series is held against its own days of the same weekday, and the day against all of them
together. What moves many at once and is soon back asks for no retrain: a model that is taught
by the week of a heat wave is worse in the week after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from watchfloor.core.arrays import FloatArray
from watchfloor.core.errors import InvalidInput

WEEKS = 8
FEWEST_WEEKS = 3
FEWEST_RESIDUALS = 14
FEWEST_SERIES = 3
SHARE_TOGETHER = 0.30
MOVED_BY = 1.645
TOTAL_BY = 3.0
# A day alone has to move further: of noise, 1.6 single days a year reach three.
ALONE_BY = 4.5
# Days of a shock may have quieter ones between them.
LONGEST_GAP = 2
# What lasts longer is no shock: the level has changed.
LONGEST_DAYS = 10
# A sum that has never varied would make any change infinite.
SMALLEST_SPREAD = 0.01
MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True)
class DayTogether:
    """
    How the series of one day stand against their own past.

    Args:
        share: of the series that moved in the direction in which most did.
        total_z: move of their sum in its own standard deviations; its sign is the direction.
        moved: indices of the series that moved that way.
    """

    day: date
    share: float
    total_z: float
    moved: tuple[int, ...]

    @property
    def is_touched(self) -> bool:
        """Whether so many series moved one way that they hardly do so by themselves."""
        return self.share >= SHARE_TOGETHER


@dataclass(frozen=True, slots=True)
class Shock:
    """
    An episode of many series at once.

    Args:
        first: its first touched day; `last` is the newest one.
        peak: the day on which their sum had moved furthest.
    """

    first: date
    last: date
    peak: DayTogether

    @property
    def is_passing(self) -> bool:
        """Whether it has been back inside its band within ten days so far."""
        return (self.last - self.first).days < LONGEST_DAYS


def days_together(values: FloatArray, *, first: date) -> list[DayTogether | None]:
    """
    Return how each day stands; None where there is too little before it.

    Args:
        values: of each series on each day, shape (days, series), consecutive days; NaN where
            a day has none, and on holidays.
        first: the first of the days.

    Raises:
        InvalidInput: the shape does not fit, or a value is infinite.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or np.isinf(table).any():
        raise InvalidInput(field="values", value=table.shape, expected="finite, by day and series")
    if table.shape[1] < FEWEST_SERIES:
        return [None] * len(table)
    alone = _z_scores(table)
    total = _z_scores(
        np.where(np.isnan(table).all(axis=1), np.nan, np.nansum(table, axis=1))[:, None]
    )
    return [
        _together(first + timedelta(days=k), alone[k], float(total[k, 0]))
        for k in range(len(table))
    ]


def shocks_of(days: Sequence[DayTogether | None]) -> list[Shock]:
    """
    Return the episodes of consecutive days, oldest first.

    An episode reaches from its first touched day to its last, gaps of two days included. On
    one of its days the sum moved far, and further if it is the only one. Both directions do
    not mix.
    """
    runs: list[list[DayTogether]] = []
    for each in days:
        if each is None or not each.is_touched:
            continue
        if runs and _goes_on(runs[-1][-1], each):
            runs[-1].append(each)
        else:
            runs.append([each])
    return [
        Shock(run[0].day, run[-1].day, max(run, key=lambda one: abs(one.total_z)))
        for run in runs
        if max(abs(one.total_z) for one in run) >= (TOTAL_BY if len(run) > 1 else ALONE_BY)
    ]


def _goes_on(before: DayTogether, now: DayTogether) -> bool:
    is_near = (now.day - before.day).days <= LONGEST_GAP + 1
    return is_near and (now.total_z > 0) == (before.total_z > 0)


def _together(day: date, alone: FloatArray, total: float) -> DayTogether | None:
    known = np.isfinite(alone)
    if np.isnan(total) or known.sum() < FEWEST_SERIES:
        return None
    moved = known & (np.sign(total) * np.where(known, alone, 0.0) >= MOVED_BY)
    return DayTogether(
        day=day,
        share=float(moved.sum() / known.sum()),
        total_z=total,
        moved=tuple(np.flatnonzero(moved).tolist()),
    )


def _z_scores(table: FloatArray) -> FloatArray:
    """Return how far each value lies from its weekday, in the spread of the weeks before it."""
    earlier = np.stack([_shifted(table, 7 * week) for week in range(1, WEEKS + 1)])
    usual = np.where(_known(earlier) >= FEWEST_WEEKS, _median(earlier), np.nan)
    residuals = table - usual
    before = np.stack([_shifted(residuals, back) for back in range(1, 7 * WEEKS + 1)])
    middle = _median(before)
    spread = MAD_TO_SD * _median(np.abs(before - middle))
    spread = np.maximum(spread, np.maximum(SMALLEST_SPREAD * np.abs(usual), SMALLEST_SPREAD))
    return np.asarray(np.where(_known(before) >= FEWEST_RESIDUALS, residuals / spread, np.nan))


def _known(stacked: FloatArray) -> FloatArray:
    return np.asarray(np.isfinite(stacked).sum(axis=0), dtype=np.float64)


def _median(stacked: FloatArray) -> FloatArray:
    """Return the median of what is known along the first axis; NaN of nothing."""
    filled = np.where(np.isfinite(stacked).any(axis=0), stacked, 0.0)
    found = np.nanmedian(filled, axis=0)
    return np.asarray(np.where(np.isfinite(stacked).any(axis=0), found, np.nan))


def _shifted(table: FloatArray, days: int) -> FloatArray:
    """Return the table as it was so many days before; NaN before its beginning."""
    moved = np.full_like(table, np.nan)
    moved[days:] = table[:-days] if days < len(table) else table[:0]
    return moved
