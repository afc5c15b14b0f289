"""Years of errors of one model, and what the monitor and the original rule make of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from watchfloor.core.arrays import BoolArray, FloatArray
from watchfloor.core.drift.monitor import N_STAKES, Monitor, OpenDay
from watchfloor.core.drift.performance import (
    PerformanceAlarm,
    baseline_of,
    close_day,
    observe,
    start,
)

DAYS = 365
BASELINE_DAYS, CLUSTERED_BASELINE_DAYS = 30, 60
FIRST = date(2026, 1, 1)
WEEK = 7
WARM_DAYS = 21
KEPT_ACCURACY = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """
    A model whose errors are drawn.

    Args:
        base: mean error, as a share.
        labels_per_day: known outcomes of a day.
        daily_sd: standard deviation of a day's rate; 0 for independent errors.
        recorded: daily rates of a recorded stream; whole days are drawn from them.
    """

    base: float
    labels_per_day: int
    daily_sd: float = 0.0
    recorded: tuple[float, ...] = ()

    @property
    def is_clustered(self) -> bool:
        """Whether days differ by more than chance."""
        return self.daily_sd > 0 or bool(self.recorded)

    def draw(self, n_days: int, rng: np.random.Generator, *, drop: float = 0.0) -> BoolArray:
        """Return errors, shape (n_days, labels_per_day), the drop added to every day's rate."""
        rates = np.clip(self._rates(n_days, rng) + drop, 0, 1)
        return rng.random((n_days, self.labels_per_day), dtype=np.float32) < rates[:, None]

    def monitor(self, rng: np.random.Generator) -> Monitor:
        """Return a monitor that has seen the baseline days of this model."""
        n_days = CLUSTERED_BASELINE_DAYS if self.is_clustered else BASELINE_DAYS
        errors = self.draw(n_days, rng)
        days = np.repeat(np.arange(n_days), self.labels_per_day)
        baseline = baseline_of(errors.ravel().astype(np.float64), days)
        return start(baseline, labels_per_day=self.labels_per_day)

    def _rates(self, n_days: int, rng: np.random.Generator) -> FloatArray:
        if self.recorded:
            return rng.choice(np.array(self.recorded), n_days)
        if self.daily_sd == 0:
            return np.full(n_days, self.base)
        both = self.base * (1 - self.base) / self.daily_sd**2 - 1  # of the beta distribution
        return rng.beta(self.base * both, (1 - self.base) * both, n_days)


@dataclass(frozen=True, slots=True)
class Found:
    """An alarm of one of many streams: from which outcome its evidence was saved up, to which."""

    stream: int
    begun: int
    at: int


def false_alarms(
    model: Model, *, years: int, rng: np.random.Generator, n_days: int = DAYS
) -> list[PerformanceAlarm]:
    """Return what monitors alarm in years without any drift, each year with its own baseline."""
    monitors = [model.monitor(rng) for _ in range(years)]
    errors = np.array([model.draw(n_days, rng) for _ in range(years)])
    single = [k for k, one in enumerate(monitors) if not one.baseline.is_clustered]
    alone = [monitors[k] for k in single]
    found = [
        confirmed(alone[each.stream], errors[single[each.stream]].ravel(), each)
        for each in alarms_in_parallel(alone, errors[single])
    ]
    for k in set(range(years)) - set(single):
        found += [alarm for _, alarm in alarms_by_day(monitors[k], errors[k])]
    return found


def alarms_in_parallel(
    monitors: Sequence[Monitor], errors: BoolArray, *, until_all_after: int | None = None
) -> list[Found]:
    """
    Return the alarms of many monitors on single errors, one step for all of them at a time.

    Args:
        errors: shape (monitors, days, labels a day).
        until_all_after: end once every stream has alarmed at or after this outcome.
    """
    if not monitors:
        return []
    m = np.array([[one.baseline.m] for one in monitors])
    stakes = np.geomspace(0.02, 0.95, N_STAKES) / m
    factors = np.array([1 - stakes * m, 1 + stakes * (1 - m)])  # without and with an error
    needed = np.array([one.alarm_at * N_STAKES for one in monitors])
    steps = np.ascontiguousarray(errors.reshape(len(monitors), -1).T).view(np.uint8)
    r, begun, found = np.zeros_like(stakes), np.zeros(len(monitors), dtype=np.int64), []
    each, waiting = np.arange(len(monitors)), set(range(len(monitors)))
    for at, wrong in enumerate(steps):
        r += 1
        r *= factors[wrong, each]
        reached = r.sum(axis=1) >= needed
        if not reached.any():
            continue
        for k in np.flatnonzero(reached).tolist():
            found.append(Found(k, int(begun[k]), at))
            r[k], begun[k] = 0, at + 1
            if until_all_after is not None and at >= until_all_after:
                waiting.discard(k)
        if not waiting:
            break
    return found


def confirmed(monitor: Monitor, errors: BoolArray, found: Found) -> PerformanceAlarm:
    """
    Feed one stretch to the product's monitor, which must alarm at its last outcome and no sooner.

    Args:
        errors: of that stream, shape (outcomes,).
    """
    at = datetime(2026, 1, 1, tzinfo=UTC)
    stretch = errors[found.begun : found.at + 1].tolist()
    for n, wrong in enumerate(stretch, start=1):
        monitor, alarm = observe(monitor, float(wrong), at + timedelta(seconds=n))
        if alarm is not None:
            assert n == len(stretch), f"alarmed after {n} of {len(stretch)} outcomes"
            return alarm
    raise AssertionError(f"no alarm in {len(stretch)} outcomes, where one was found")


def alarms_by_day(monitor: Monitor, errors: BoolArray) -> list[tuple[int, PerformanceAlarm]]:
    """Return the alarms of a monitor on days, each with the number of its day, from 1."""
    found = []
    for day, row in enumerate(errors, start=1):
        on = FIRST + timedelta(days=day)
        filled = replace(monitor, open_day=OpenDay(on, len(row), float(row.sum())))
        monitor, alarm = close_day(filled, at=datetime(on.year, on.month, on.day, tzinfo=UTC))
        if alarm is not None:
            found.append((day, alarm))
    return found


def delay_hours(
    model: Model, *, drop: float, runs: int, rng: np.random.Generator, n_days: int = 60
) -> FloatArray:
    """
    Return how many hours of labels pass until a drop is alarmed, one a run; inf for never.

    Each monitor has served some weeks before. Every hundredth alarm is confirmed by the
    product's own monitor.
    """
    monitors = [model.monitor(rng) for _ in range(runs)]
    quiet, worse = model.labels_per_day * WARM_DAYS, []
    for _ in range(runs):
        days = [model.draw(WARM_DAYS, rng), model.draw(n_days, rng, drop=drop)]
        worse.append(np.concatenate(days))
    errors = np.array(worse)
    hours = np.full(runs, math.inf)
    single = [k for k, one in enumerate(monitors) if not one.baseline.is_clustered]
    alone = [monitors[k] for k in single]
    for found in alarms_in_parallel(alone, errors[single], until_all_after=quiet):
        k = single[found.stream]
        if found.at >= quiet and not np.isfinite(hours[k]):
            hours[k] = 24.0 * (found.at + 1 - quiet) / model.labels_per_day
            if k % 100 == 0:
                confirmed(monitors[k], errors[k].ravel(), found)
    for k in set(range(runs)) - set(single):
        after = [day for day, _ in alarms_by_day(monitors[k], errors[k]) if day > WARM_DAYS]
        hours[k] = 24.0 * (after[0] - WARM_DAYS) if after else math.inf
    return hours


def original_episodes(
    model: Model, *, years: int, rng: np.random.Generator, n_days: int = DAYS
) -> int:
    """Return how often the original rule begins to alarm without drift: a week below 90 %."""
    return sum(
        int(np.sum(np.diff(_original(model, rng, n_days).astype(int), prepend=0) == 1))
        for _ in range(years)
    )


def original_delay_hours(
    model: Model, *, drop: float, runs: int, rng: np.random.Generator, n_days: int = 60
) -> FloatArray:
    """Return how many hours the original rule needs for a drop; inf for never."""
    hours = []
    for _ in range(runs):
        alarmed = np.flatnonzero(_original(model, rng, n_days, drop=drop)[WEEK:])
        hours.append(24.0 * (alarmed[0] + 1) if len(alarmed) else math.inf)
    return np.array(hours)


def _original(
    model: Model, rng: np.random.Generator, n_days: int, *, drop: float = 0.0
) -> BoolArray:
    """Return on which evenings the rule holds; a drop begins after a week."""
    baseline = 1 - model.draw(BASELINE_DAYS, rng).mean()
    errors = np.concatenate([model.draw(WEEK, rng), model.draw(n_days - WEEK, rng, drop=drop)])
    accuracy = 1 - errors.mean(axis=1)
    weeks = np.convolve(accuracy, np.full(WEEK, 1 / WEEK), mode="valid")
    held: BoolArray = np.zeros(n_days, dtype=np.bool_)
    held[WEEK - 1 :] = weeks < KEPT_ACCURACY * baseline
    return held
