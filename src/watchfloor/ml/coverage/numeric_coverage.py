"""
Whether the intervals of estimated numbers hold: by kind, by difficulty, by calibration and week.

And what their widths would be if they followed the latest known numbers alone.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.coverage import NO_CALIBRATION, Judged, coverage_by, judged_rows
from watchfloor.core.conformal.group_coverage import GroupCoverage
from watchfloor.core.conformal.numeric import FEWEST_PER_BIN, NumericCalibration, NumericKind
from watchfloor.core.conformal.quantile import LEVELS, level_of
from watchfloor.ml.coverage.coverage_queries import WeekCoverage
from watchfloor.ml.coverage.coverage_window import WEEK_DAYS
from watchfloor.ml.coverage.numeric_widths import RollingWeek, rolling_widths
from watchfloor.ml.coverage.numeric_window import Estimates, read_estimates
from watchfloor.tenants.models import Tenant

# PAC intervals promise more than their level, so they are not held against it.
KINDS = (NumericKind.ABSOLUTE, NumericKind.NORMALISED, NumericKind.MONDRIAN)


@dataclass(frozen=True, slots=True)
class KindCoverage:
    """Coverage of the intervals of one kind."""

    kind: NumericKind
    found: GroupCoverage


@dataclass(frozen=True, slots=True)
class DifficultyCoverage:
    """Coverage of the shown intervals in one of `of` ranges of sigma, the easiest is 1."""

    place: int
    of: int
    found: GroupCoverage


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberReport:
    """
    What the intervals of estimates were worth over some weeks, at one level.

    Args:
        overall: the shown intervals at every level.
        kinds: the kinds whose promise is the level itself, each on its own.
        sets: by calibration, with its digest and the rows it was made from, oldest first.
        without_interval: estimates that no calibration spoke about.
        is_cut: only the newest estimates of the span were read.
        rolling: week by week, what the latest known numbers would make of the width.
        unreadable: digests of calibrations that can no longer be read; what was estimated with
            them counts as without an interval.
    """

    unit: str
    n: int
    level: int
    overall: tuple[GroupCoverage, ...]
    kinds: tuple[KindCoverage, ...]
    difficulties: tuple[DifficultyCoverage, ...]
    sets: tuple[tuple[NumericCalibration, GroupCoverage], ...]
    weeks: tuple[WeekCoverage, ...]
    rolling: tuple[RollingWeek, ...]
    without_interval: int
    is_cut: bool
    unreadable: tuple[str, ...]


def find_report(
    *, tenant: Tenant, model_type: str, first: date, last: date, level: int
) -> NumberReport | None:
    """
    Return the report of whole weeks, or None where no number was estimated in them.

    Raises:
        InvalidInput: a level that is not kept.
    """
    level_of(level)
    found = read_estimates(tenant=tenant, model_type=model_type, first=first, last=last)
    return None if found is None else number_report(found, level=level)


def number_report(found: Estimates, *, level: int) -> NumberReport:
    """Return the report of estimates that were read."""
    shown = judged(found, level=level, kind=None)
    weeks = coverage_by(shown, found.week, n_groups=found.n_weeks)
    n_sets = len(found.calibrations)
    return NumberReport(
        unit=found.unit,
        n=len(found.estimate),
        level=level,
        overall=tuple(_all(judged(found, level=each, kind=None)) for each in LEVELS),
        kinds=tuple(
            KindCoverage(kind, _all(judged(found, level=level, kind=kind))) for kind in KINDS
        ),
        difficulties=_difficulties(found, shown),
        sets=tuple(
            zip(
                found.calibrations,
                coverage_by(shown, found.calibration, n_groups=n_sets),
                strict=True,
            )
        ),
        weeks=tuple(
            WeekCoverage(found.first + timedelta(days=WEEK_DAYS * k), each)
            for k, each in enumerate(weeks)
        ),
        rolling=rolling_widths(found),
        without_interval=int((found.calibration == NO_CALIBRATION).sum()),
        is_cut=found.is_cut,
        unreadable=found.unreadable,
    )


def judged(found: Estimates, *, level: int, kind: NumericKind | None) -> Judged:
    """
    Hold every estimate against its interval of one kind.

    Args:
        kind: one of `KINDS`, or None for the one that is shown; a row that has no interval of
            a kind is left out.
    """
    reach, bin_of_row, rows_of_bin, owner = _reaches(found, level=level, kind=kind)
    known = ~np.isnan(found.outcome)
    # NaN on either side is outside, and counted as known by neither.
    inside = (found.estimate - reach <= found.outcome) & (found.outcome <= found.estimate + reach)
    return judged_rows(
        level=level,
        covered=(inside & known).astype(np.int64),
        known=known.astype(np.int64),
        unknown=(~known).astype(np.int64),
        bin_of_row=bin_of_row,
        rows_of_bin=rows_of_bin,
        owner_of_bin=np.array(owner, dtype=np.int64),
    )


def _reaches(
    found: Estimates, *, level: int, kind: NumericKind | None
) -> tuple[FloatArray, IntArray, list[int], list[int]]:
    """Return half-width and bin of each row, and rows and calibration of each bin."""
    reach = np.full(len(found.estimate), np.nan)
    where = np.full(len(found.estimate), NO_CALIBRATION, dtype=np.int64)
    rows_of_bin: list[int] = []
    owner: list[int] = []
    for index, calibration in enumerate(found.calibrations):
        rows = np.flatnonzero(found.calibration == index)
        widths, bins = _of_kind(calibration, found.sigma[rows], kind, LEVELS.index(level))
        reach[rows] = widths
        where[rows] = np.where(bins >= 0, bins + len(rows_of_bin), NO_CALIBRATION)
        rows_of_bin += [calibration.n_counted, *(each.n for each in calibration.bins)]
        owner += [index] * (1 + len(calibration.bins))
    return reach, where, rows_of_bin, owner


def _of_kind(
    calibration: NumericCalibration, sigma: FloatArray, kind: NumericKind | None, at: int
) -> tuple[FloatArray, IntArray]:
    """
    Return half-widths of rows, and whose they are: 0 of all rows, 1 and on of a bin of sigma.

    A row without an interval of this kind has -1.
    """
    everywhere = np.zeros(len(sigma), dtype=np.int64)
    if kind is NumericKind.ABSOLUTE:
        return np.full(len(sigma), calibration.absolute[at]), everywhere
    bins = _bins_of(calibration, sigma)
    if kind is NumericKind.NORMALISED:
        floor = calibration.sigma_floor or 0.0
        enough = calibration.n_counted >= FEWEST_PER_BIN
        width = calibration.normalised[at] * np.maximum(sigma, floor)
        return width, np.minimum(bins, 0) if enough else everywhere - 1
    own = np.array([False, *(each.is_own for each in calibration.bins)])[bins + 1]
    of_bin = np.array([np.nan, *(each.half_widths[at] for each in calibration.bins)])[bins + 1]
    if kind is NumericKind.MONDRIAN:
        return of_bin, np.where(own, bins + 1, np.minimum(bins, 0))
    return np.where(own, of_bin, calibration.absolute[at]), np.where(own, bins + 1, 0)


def _bins_of(calibration: NumericCalibration, sigma: FloatArray) -> IntArray:
    """Return the bin of each sigma; -1 where none is known."""
    if not calibration.bins:
        return np.full(len(sigma), -1, dtype=np.int64)
    bins = np.searchsorted(np.asarray(calibration.sigma_edges), sigma, side="right")
    return np.where(np.isnan(sigma), -1, bins).astype(np.int64)


def _all(rows: Judged) -> GroupCoverage:
    [found] = coverage_by(rows, np.zeros(len(rows.covered), dtype=np.int64), n_groups=1)
    return found


def _difficulties(found: Estimates, shown: Judged) -> tuple[DifficultyCoverage, ...]:
    """Return the coverage by range of sigma, of calibrations with the most ranges."""
    of = max((len(each.bins) for each in found.calibrations), default=0)
    place = np.full(len(found.estimate), -1, dtype=np.int64)
    for index, calibration in enumerate(found.calibrations):
        if len(calibration.bins) == of:
            rows = np.flatnonzero(found.calibration == index)
            place[rows] = _bins_of(calibration, found.sigma[rows])
    groups = coverage_by(shown, place, n_groups=of)
    return tuple(DifficultyCoverage(k, of, each) for k, each in enumerate(groups, start=1))
