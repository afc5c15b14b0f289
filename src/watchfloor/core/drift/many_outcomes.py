"""
Many known outcomes at once, for a monitor: the same states as one after another, sooner.

A night feeds a monitor with everything that became known in a day. Between two alarms nothing
but numbers changes, so they run through one loop, which numba compiles where it is installed.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

import numpy as np
import numpy.typing as npt

from watchfloor.core import kernels
from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.drift.change_point import Change, Mark
from watchfloor.core.drift.monitor import Monitor
from watchfloor.core.drift.performance import (
    PerformanceAlarm,
    alarm_or_go_on,
    bets_on,
    observe,
)
from watchfloor.core.drift.severity import DROP_LEVELS, DropLevels
from watchfloor.core.errors import InvalidInput

PLAIN_S_EACH = 4e-6
"""What one outcome takes in the plain twin."""


def observe_many(
    monitor: Monitor,
    losses: npt.ArrayLike,
    ats: Sequence[datetime],
    *,
    days: Sequence[date] | None = None,
    levels: DropLevels = DROP_LEVELS,
    twin: kernels.Twin | None = None,
) -> tuple[Monitor, list[PerformanceAlarm]]:
    """
    Take known outcomes in their order, as `observe` takes one.

    Args:
        losses: shape (n,), in [0, 1].
        ats: arrival of each, aware UTC.
        days: the tenant's local day of each; None takes the days of `ats`.
        twin: which loop is to run; None takes the one that pays.

    Returns:
        The next state to the last bit, and every alarm.

    Raises:
        InvalidInput: a loss is NaN or outside [0, 1], or the columns differ in length.
    """
    x = np.asarray(losses, dtype=np.float64)
    _check(x, ats, days)
    if monitor.baseline.is_clustered:
        return _one_by_one(monitor, x, ats, days, levels)
    used = twin or kernels.twin_for(run_through, plain_s=PLAIN_S_EACH * len(x))
    alarms: list[PerformanceAlarm] = []
    first = 0
    while first < len(x):
        moved, n = _run(monitor, x[first:], ats[first:], twin=used)
        first += n
        monitor, alarm = alarm_or_go_on(moved, at=ats[first - 1], levels=levels)
        if alarm is not None:
            alarms.append(alarm)
    return monitor, alarms


def _check(x: FloatArray, ats: Sequence[datetime], days: Sequence[date] | None) -> None:
    for name, column in (("ats", ats), ("days", days)):
        if column is not None and len(column) != len(x):
            raise InvalidInput(field=name, value=len(column), expected=f"one a loss, {len(x)}")
    if len(x) and not (x.min() >= 0 and x.max() <= 1):
        at = int((~((x >= 0) & (x <= 1))).argmax())
        raise InvalidInput(field=f"losses[{at}]", value=float(x[at]), expected="a loss in [0, 1]")


def _one_by_one(
    monitor: Monitor,
    x: FloatArray,
    ats: Sequence[datetime],
    days: Sequence[date] | None,
    levels: DropLevels,
) -> tuple[Monitor, list[PerformanceAlarm]]:
    """Take outcomes that are summed by day: there is one bet a day, and nothing to save."""
    alarms = []
    for i, (loss, at) in enumerate(zip(x.tolist(), ats, strict=True)):
        day = None if days is None else days[i]
        monitor, alarm = observe(monitor, loss, at, day=day, levels=levels)
        if alarm is not None:
            alarms.append(alarm)
    return monitor, alarms


def _run(
    monitor: Monitor, x: FloatArray, ats: Sequence[datetime], *, twin: kernels.Twin
) -> tuple[Monitor, int]:
    """Return the state behind the first outcome that alarms, or behind the last; and how many."""
    n_stakes = len(monitor.r_values)
    # Before the first observation every bet starts there.
    changes = monitor.changes or (Change(0.0, Mark(0, 0.0, ats[0])),) * n_stakes
    kinds, kind = _kinds(x)
    bets = [bets_on(monitor.baseline.m, loss) for loss in kinds.tolist()]
    factors, gains = (np.array([bet[side] for bet in bets]).ravel() for side in (0, 1))
    r_values = np.array(monitor.r_values)
    heights = np.array([change.height for change in changes])
    since, done = np.full(n_stakes, -1), np.zeros(1, dtype=np.int64)
    kernels.run(
        run_through,
        read=(kind, factors, gains, np.array([monitor.alarm_at * n_stakes])),
        filled=(r_values, heights, since, done),
        twin=twin,
    )
    n = int(done[0])
    totals = x[:n].copy()
    totals[0] += monitor.total
    np.cumsum(totals, out=totals)
    marks = {
        i: Mark(monitor.n + i + 1, float(totals[i]), ats[i]) for i in set(since.tolist()) - {-1}
    }
    moved = replace(
        monitor,
        r_values=tuple(r_values.tolist()),
        n=monitor.n + n,
        total=float(totals[-1]),
        changes=tuple(
            Change(height, marks.get(at, change.since))
            for height, at, change in zip(heights.tolist(), since.tolist(), changes, strict=True)
        ),
    )
    return moved, n


def _kinds(x: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return the different losses, and which of them each one is."""
    if ((x == 0) | (x == 1)).all():  # errors and none: nothing to sort
        return np.array([0.0, 1.0]), x.astype(np.int64)
    kinds, kind = np.unique(x, return_inverse=True)
    return kinds, kind


def run_through(kind, factors, gains, alarm_at, r_values, heights, since, done):  # type: ignore[no-untyped-def]
    """
    Go through losses until one alarms.

    Args:
        kind: which of the different losses each one is.
        factors, gains: what each bet makes of each of them, and the logarithms of that.
        alarm_at: the sum that alarms.
        r_values, heights, since, done: what is changed: the sums, the logarithms since each
            bet's best start, that start as an index of `kind`, and how many were taken.
    """
    n = len(r_values)
    for i in range(len(kind)):
        total, first = 0.0, kind[i] * n
        for k in range(n):
            r_values[k] = (1.0 + r_values[k]) * factors[first + k]
            total += r_values[k]
            height = heights[k] + gains[first + k]
            if height > 0.0:
                heights[k] = height
            else:
                heights[k] = 0.0
                since[k] = i
        done[0] = i + 1
        if total >= alarm_at[0]:
            return
