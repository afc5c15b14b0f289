"""The days that a nightly check compares: the last week, and four weeks before a pause of four."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from watchfloor.core.arrays import IntArray
from watchfloor.core.drift.feature_bins import FeatureBins
from watchfloor.core.drift.histograms import DayHistograms
from watchfloor.core.errors import NotReady
from watchfloor.ml.predictions import rollups
from watchfloor.ml.predictions.rollups import DayCounts
from watchfloor.tenants.calendars import holidays_between
from watchfloor.tenants.models import Tenant

CURRENT_DAYS = 7
REFERENCE_DAYS = 28
# The reference ends four whole weeks before the current week starts: equal weekdays.
GAP_DAYS = 28
FEWEST_CURRENT = 4
FEWEST_REFERENCE = 14
SCORE_BINS = 64
SCORE_CENTERS = (np.arange(SCORE_BINS) + 0.5) / SCORE_BINS


@dataclass(frozen=True, slots=True)
class Windows:
    """Local days of both sides, holidays left out."""

    first: date
    last: date
    reference: tuple[date, ...]
    current: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """Histograms side by side, and the weekday of each day on both sides."""

    histograms: DayHistograms
    reference_weekdays: Sequence[int]
    current_weekdays: Sequence[int]


def windows_before(*, tenant: Tenant, day: date) -> Windows:
    """Return the windows of the night after a local day."""
    first_current = day - timedelta(days=CURRENT_DAYS - 1)
    after_reference = first_current - timedelta(days=GAP_DAYS)
    first = after_reference - timedelta(days=REFERENCE_DAYS)
    free = holidays_between(tenant=tenant, first=first, last=day)
    return Windows(
        first=first,
        last=day,
        reference=_working(first, REFERENCE_DAYS, free),
        current=_working(first_current, CURRENT_DAYS, free),
    )


def _working(first: date, n: int, free: frozenset[date]) -> tuple[date, ...]:
    days = (first + timedelta(days=i) for i in range(n))
    return tuple(day for day in days if day not in free)


def compare_features(
    by_day: Mapping[date, IntArray], *, bins: FeatureBins, windows: Windows
) -> Compared:
    """
    Return the histograms of every feature.

    Args:
        by_day: the histograms of all features, as `FeatureBins.places` says.

    Raises:
        NotReady: too few days of either side had predictions.
    """
    reference, current = _present(by_day, windows)
    return Compared(
        DayHistograms(
            np.array([by_day[day] for day in reference]),
            np.array([by_day[day] for day in current]),
            bins.places,
            bins.centers,
        ),
        [day.weekday() for day in reference],
        [day.weekday() for day in current],
    )


def compare_scores(*, tenant: Tenant, model_type: str, version: str, windows: Windows) -> Compared:
    """
    Return the histogram of one version's scores, in 64 equal slices of [0, 1].

    Raises:
        NotReady: too few days of either side had scores of this version.
    """
    rollups.compact_all(tenant=tenant)
    counted = rollups.day_counts(
        tenant=tenant,
        model_type=model_type,
        first=windows.first,
        last=windows.last,
        version=version,
    )
    by_day: dict[date, IntArray] = {}
    for one in counted:  # of several calibrations of a day
        by_day[one.local_day] = by_day.get(one.local_day, 0) + _slices(one)
    reference, current = _present(by_day, windows)
    return Compared(
        DayHistograms(
            np.array([by_day[day] for day in reference]),
            np.array([by_day[day] for day in current]),
            {"score": slice(0, SCORE_BINS)},
            {"score": SCORE_CENTERS},
        ),
        [day.weekday() for day in reference],
        [day.weekday() for day in current],
    )


def _present(by_day: Mapping[date, object], windows: Windows) -> tuple[list[date], list[date]]:
    reference = [day for day in windows.reference if day in by_day]
    current = [day for day in windows.current if day in by_day]
    if len(reference) < FEWEST_REFERENCE or len(current) < FEWEST_CURRENT:
        raise NotReady(
            f"{len(reference)} of {len(windows.reference)} reference days and {len(current)} of "
            f"{len(windows.current)} days of the week have data, "
            f"{FEWEST_REFERENCE} and {FEWEST_CURRENT} are needed"
        )
    return reference, current


def _slices(day: DayCounts) -> IntArray:
    slices = np.minimum((day.counts.grid.points * SCORE_BINS).astype(np.int64), SCORE_BINS - 1)
    n = day.counts.clean + day.counts.event + day.counts.unknown
    return np.bincount(slices, weights=n, minlength=SCORE_BINS).astype(np.int64)
