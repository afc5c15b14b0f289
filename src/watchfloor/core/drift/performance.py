"""
Has a model become worse: a monitor that takes each known outcome and keeps a dozen numbers.

Its budget of false alarms is stated beforehand and holds for any order of errors whose mean,
given the past, stays at the baseline's bound. Where errors come in clusters, days are its
observations and not single errors.
"""

import math
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache

from watchfloor.core.drift.baseline import DAILY_SLOPES, LARGEST_Z, Baseline, baseline_of
from watchfloor.core.drift.change_point import Z_95, Change, Mark, after, half_width
from watchfloor.core.drift.monitor import N_STAKES, Monitor, OpenDay
from watchfloor.core.drift.severity import DROP_LEVELS, DropLevels, Severity, severity_of_drop
from watchfloor.core.errors import InvalidInput

__all__ = [
    "Baseline",
    "Monitor",
    "PerformanceAlarm",
    "baseline_of",
    "close_day",
    "observe",
    "planned_delay_events",
    "start",
]

DAYS_PER_YEAR = 365
FEWEST_A_DAY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceAlarm:
    """
    The errors of a model have risen.

    Args:
        at: arrival of the outcome that settled it.
        changed_at: the last outcome before the rise most likely began.
        severity: from the size of the rise, see `severity_of_drop`.
        drop: rise of the mean error since then over the baseline, in shares.
        drop_low: lower end of its 95 % interval; `drop_high` is the upper one.
        n_since_change: observations since then.
        unit: what one observation is, "outcomes" or "days".
        evidence: the e-value reached; `alarm_at` is the one that was needed.
    """

    at: datetime
    changed_at: datetime
    severity: Severity
    drop: float
    drop_low: float
    drop_high: float
    n_since_change: int
    unit: str
    evidence: float
    alarm_at: float


def start(
    baseline: Baseline, *, labels_per_day: float, budget_per_year: float = 1.0, streams: int = 1
) -> Monitor:
    """
    Return a monitor that has seen nothing yet.

    Args:
        labels_per_day: known outcomes expected a day.
        budget_per_year: false alarms a year that the streams may make together.
        streams: monitors that share the budget.

    Raises:
        InvalidInput: a number is not positive.
    """
    given = {"labels_per_day": labels_per_day, "budget": budget_per_year, "streams": streams}
    for name, value in given.items():
        if not 0 < value < math.inf:
            raise InvalidInput(field=name, value=value, expected="a positive number")
    observations = 1 if baseline.is_clustered else labels_per_day
    return Monitor(
        baseline=baseline,
        alarm_at=DAYS_PER_YEAR * observations * streams / budget_per_year,
        r_values=(0.0,) * (len(DAILY_SLOPES) if baseline.is_clustered else N_STAKES),
    )


def observe(
    monitor: Monitor,
    x: float,
    at: datetime,
    *,
    day: date | None = None,
    levels: DropLevels = DROP_LEVELS,
) -> tuple[Monitor, PerformanceAlarm | None]:
    """
    Take one known outcome, and alarm when the errors have risen for certain enough.

    Args:
        x: loss of the prediction in [0, 1]; 1 for an error, 0 for none.
        at: arrival of the outcome, aware UTC.
        day: the tenant's local day of the outcome, by which the baseline was cut too; None
            takes the day of `at`. An outcome of a day that is closed counts in the open one.
        levels: drops from which a severity begins.

    Returns:
        The next state, and the alarm or None. After an alarm the evidence begins anew.

    Raises:
        InvalidInput: the loss is NaN or outside [0, 1].

    Source:
        Shin, Ramdas and Rinaldo (2023), "E-detectors", The New England Journal of Statistics
        in Data Science; Shiryaev-Roberts sums of bets over a grid of stakes.
    """
    if not 0 <= x <= 1:
        raise InvalidInput(field="x", value=x, expected="a loss in [0, 1]")
    if monitor.baseline.is_clustered:
        return _observe_in_day(monitor, x, at, day=day or at.date(), levels=levels)
    moved = _moved(monitor, x, at=at, bets=bets_on(monitor.baseline.m, x))
    return alarm_or_go_on(moved, at=at, levels=levels)


def close_day(
    monitor: Monitor, *, at: datetime, levels: DropLevels = DROP_LEVELS
) -> tuple[Monitor, PerformanceAlarm | None]:
    """
    End the open day, and alarm when the days have become worse for certain enough.

    A day with fewer than ten outcomes stays open and is joined with the next: one error on
    the only outcome of a day is no bad day. Without an open day nothing changes.

    Args:
        at: when it ended, aware UTC.
    """
    day = monitor.open_day
    if day is None or day.n < FEWEST_A_DAY:
        return monitor, None
    mean = day.total / day.n
    z = min((mean - monitor.baseline.daily_m) / _day_sd(monitor.baseline, day.n), LARGEST_Z)
    closed = replace(monitor, open_day=None)
    bets = _daily_bets(z, monitor.baseline.daily_growth)
    return alarm_or_go_on(_moved(closed, mean, at=at, bets=bets), at=at, levels=levels)


def planned_delay_events(monitor: Monitor, *, drop: float) -> tuple[float, float]:
    """
    Return how many outcomes a drop will take to be seen: the median and the 90 % figure.

    Infinite where the drop stays within the bound of the baseline. On days the figures are
    days times the outcomes of a day; they are a plan and not a promise.

    Args:
        drop: rise of the mean error, in shares (0.1 is ten points).

    Source:
        0.65 and 1.15 ln(c) / KL(mu0 + drop || m): fitted on 12 pairs of base and drop and 4
        budgets, 200 runs each; the factors ranged over 0.5-0.85 and 1.0-1.4.
    """
    gain = _gain_per_observation(monitor.baseline, drop)
    if gain <= 0:
        return math.inf, math.inf
    each = monitor.baseline.labels_per_day if monitor.baseline.is_clustered else 1.0
    events = math.log(monitor.alarm_at) / gain * each
    return 0.65 * events, 1.15 * events


Bets = tuple[tuple[float, ...], tuple[float, ...]]
"""What each bet multiplies its wealth by, and the logarithms of that."""


@lru_cache(maxsize=4096)
def bets_on(m: float, x: float) -> Bets:
    """Return twelve bets, stakes from 0.02 / m to 0.95 / m: at most 0.95 of a wealth is lost."""
    stakes = [0.02 / m * 47.5 ** (k / (N_STAKES - 1)) for k in range(N_STAKES)]
    factors = tuple(1 + stake * (x - m) for stake in stakes)
    return factors, tuple(map(math.log, factors))


def _daily_bets(z: float, growth: tuple[float, ...]) -> Bets:
    """Return five bets, one a slope of a normal mean shift; none that its baseline would win."""
    normal = [slope * slope / 2 for slope in DAILY_SLOPES]
    fair = map(max, normal, growth) if growth else normal
    gains = tuple(slope * z - cost for slope, cost in zip(DAILY_SLOPES, fair, strict=True))
    return tuple(map(math.exp, gains)), gains


def _moved(monitor: Monitor, x: float, *, at: datetime, bets: Bets) -> Monitor:
    factors, gains = bets
    r_values = tuple(
        [(1 + r) * factor for r, factor in zip(monitor.r_values, factors, strict=True)]
    )
    # Before the first observation every bet starts there.
    changes = monitor.changes or (Change(0.0, Mark(0, 0.0, at)),) * len(r_values)
    n, total = monitor.n + 1, monitor.total + x
    return Monitor(
        monitor.baseline,
        monitor.alarm_at,
        r_values,
        n,
        total,
        after(changes, gains, now=Mark(n, total, at)),
        monitor.open_day,
    )


def _observe_in_day(
    monitor: Monitor, x: float, at: datetime, *, day: date, levels: DropLevels
) -> tuple[Monitor, PerformanceAlarm | None]:
    alarm = None
    if monitor.open_day is not None and day > monitor.open_day.day:
        monitor, alarm = close_day(monitor, at=at, levels=levels)
    n, total = (monitor.open_day.n, monitor.open_day.total) if monitor.open_day else (0, 0.0)
    day = max(day, monitor.open_day.day) if monitor.open_day else day
    opened = OpenDay(day, n + 1, total + x)
    return replace(monitor, open_day=opened), alarm


def _day_sd(baseline: Baseline, n: int) -> float:
    """Return the spread of a day's mean; a day with fewer outcomes than usual has more."""
    single = baseline.mu0 * (1 - baseline.mu0)
    fewer = max(0.0, 1 / n - 1 / baseline.labels_per_day)
    return math.sqrt(baseline.daily_sd**2 + single * fewer)


def alarm_or_go_on(
    moved: Monitor, *, at: datetime, levels: DropLevels
) -> tuple[Monitor, PerformanceAlarm | None]:
    """Return the state as it is, or anew with the alarm when its evidence is enough."""
    reached = 0.0
    for r in moved.r_values:  # in this order: the sum of a compiled loop is the same to the bit
        reached += r
    if reached < moved.alarm_at * len(moved.r_values):
        return moved, None
    alarm = _alarm(moved, at=at, levels=levels)
    anew = Monitor(
        moved.baseline, moved.alarm_at, (0.0,) * len(moved.r_values), open_day=moved.open_day
    )
    return anew, alarm


def _alarm(moved: Monitor, *, at: datetime, levels: DropLevels) -> PerformanceAlarm:
    won = max(range(len(moved.r_values)), key=moved.r_values.__getitem__)
    since = moved.changes[won].since
    n, total = moved.n - since.n, moved.total - since.total
    drop, half = _drop(moved.baseline, n=n, total=total)
    return PerformanceAlarm(
        at=at,
        changed_at=since.at,
        severity=severity_of_drop(drop, drop_low=drop - half, levels=levels),
        drop=drop,
        drop_low=drop - half,
        drop_high=drop + half,
        n_since_change=n,
        unit="days" if moved.baseline.is_clustered else "outcomes",
        evidence=moved.evidence,
        alarm_at=moved.alarm_at,
    )


def _drop(base: Baseline, *, n: int, total: float) -> tuple[float, float]:
    """Return the rise of the mean since the change and half its 95 % interval."""
    if n == 0:
        return 0.0, 1.0  # evidence that crept up without a rise: nothing is known of its size
    if base.is_clustered:
        variance = base.daily_sd**2 * (1 / n + 1 / base.n_days)
        return total / n - base.daily_mean, Z_95 * math.sqrt(variance)
    spread = max(base.phi, 1.0)
    base_variance = base.mu0 * (1 - base.mu0) * spread / base.n0
    half = half_width(n=n, total=total, base_variance=base_variance, spread=spread)
    return total / n - base.mu0, half


def _gain_per_observation(baseline: Baseline, drop: float) -> float:
    if baseline.is_clustered:
        z = min((baseline.daily_mean + drop - baseline.daily_m) / baseline.daily_sd, LARGEST_Z)
        return z * z / 2 if z > 0 else 0.0
    worse = min(baseline.mu0 + drop, 1.0)
    return _divergence(worse, baseline.m) if worse > baseline.m else 0.0


def _divergence(p: float, q: float) -> float:
    """Return the Kullback-Leibler divergence of two coins, in nats."""
    up = p * math.log(p / q) if p > 0 else 0.0
    down = (1 - p) * math.log((1 - p) / (1 - q)) if p < 1 else 0.0
    return up + down
