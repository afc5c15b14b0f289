"""
What the width of an interval would be if it followed the latest known numbers alone.

A calibration is cut weekly and speaks until the next one. Beside it stands the quantile of the
latest nonconformity scores in the order in which they became known: where the two part, the
world has moved since the set was cut. No interval is issued with it.
"""

import math
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from watchfloor.core.conformal.quantile import LEVELS
from watchfloor.core.conformal.sliding_window import sliding_window
from watchfloor.ml.coverage.coverage_window import WEEK_DAYS
from watchfloor.ml.coverage.numeric_window import Estimates

LATEST = 1000
"""Known numbers in the window: enough for 99 %, and a few weeks of a busy desk."""


@dataclass(frozen=True, slots=True)
class Width:
    """
    Half-widths at one level, in the unit of the estimate; both of one width for all.

    Args:
        latest: of the latest known numbers; None while they are too few for the level.
        in_force: of the calibration that the newest estimates of the week were made with; None
            without one, or where it does not certify the level.
    """

    level: int
    latest: float | None
    in_force: float | None

    @property
    def ratio(self) -> float | None:
        """How many times as wide as in force; None where one of them is not known."""
        if self.latest is None or not self.in_force:
            return None
        return self.latest / self.in_force


@dataclass(frozen=True, slots=True)
class RollingWeek:
    """The end of seven local days: widths at `LEVELS`, the latest one from `n` known numbers."""

    begins: date
    n: int
    widths: tuple[Width, ...]


def rolling_widths(found: Estimates) -> tuple[RollingWeek, ...]:
    """Return the widths at the end of each week, oldest first; each known number counts once."""
    known = np.flatnonzero(~np.isnan(found.outcome) & ~np.isnan(found.known_at))
    order = known[np.argsort(found.known_at[known], kind="stable")]
    off = np.abs(found.outcome[order] - found.estimate[order])
    followed = sliding_window(LATEST).follow(off)
    n_until = np.searchsorted(found.known_week[order], np.arange(found.n_weeks), side="right")
    return tuple(
        RollingWeek(
            begins=found.first + timedelta(days=WEEK_DAYS * week),
            n=min(n, LATEST),
            widths=_widths(found, week, followed[n - 1].tolist() if n else None),
        )
        for week, n in enumerate(n_until.tolist())
    )


def _widths(found: Estimates, week: int, latest: list[float] | None) -> tuple[Width, ...]:
    in_force = _in_force(found, week)
    return tuple(
        Width(
            level,
            _finite(latest[at] if latest is not None else math.inf),
            _finite(in_force[at] if in_force is not None else math.inf),
        )
        for at, level in enumerate(LEVELS)
    )


def _in_force(found: Estimates, week: int) -> tuple[float, ...] | None:
    # Rows stand newest first, so the first one of the week is its last.
    with_one = np.flatnonzero((found.week == week) & (found.calibration >= 0))
    if not len(with_one):
        return None
    return found.calibrations[int(found.calibration[with_one[0]])].absolute


def _finite(width: float) -> float | None:
    return width if math.isfinite(width) else None
