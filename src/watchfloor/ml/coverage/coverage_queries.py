"""
What the intervals of one model type promised and what came of it.

Coverage of an outcome interval is a function of (score bin, calibration), so the day histograms
hold all of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TypeVar

import numpy as np

from watchfloor.core.arrays import BoolArray, FloatArray, IntArray
from watchfloor.core.conformal.calibration import CalibrationBin
from watchfloor.core.conformal.coverage import NO_CALIBRATION, Judged, coverage_by
from watchfloor.core.conformal.group_coverage import GroupCoverage
from watchfloor.core.conformal.probability_bins import bin_of
from watchfloor.core.conformal.quantile import LEVELS
from watchfloor.core.decision.risk import RiskLevel, lowest_score
from watchfloor.ml.coverage.coverage_window import WEEK_DAYS, KnownCalibration, Window

Each = TypeVar("Each")


@dataclass(frozen=True, slots=True)
class NamedCoverage:
    """Coverage of one group, and what the group is called."""

    name: str
    found: GroupCoverage


@dataclass(frozen=True, slots=True)
class SetCoverage:
    """Coverage of the predictions that were made with one calibration."""

    known: KnownCalibration
    found: GroupCoverage


@dataclass(frozen=True, slots=True)
class WeekCoverage:
    """Coverage of seven local days that begin with one."""

    begins: date
    found: GroupCoverage


@dataclass(frozen=True, slots=True)
class BandCoverage:
    """Coverage of the scores in [lower, upper); the last band holds 1 too."""

    lower: float
    upper: float
    found: GroupCoverage


@dataclass(frozen=True, slots=True)
class BinSince:
    """
    One score bin of one calibration: what it was made from, and what came of it since.

    Args:
        lower, upper: its scores, half-open; the last one holds 1 too.
        then: the known outcomes of the set in this bin, and the interval made of them.
        n: known outcomes of predictions made with it, `events` of them events.
        mean_score: of those predictions; None without one.
    """

    lower: float
    upper: float
    then: CalibrationBin
    n: int
    events: int
    mean_score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageReport:
    """
    What the intervals of a window were worth, in every grouping, at one level.

    Args:
        level: in percent, of every grouping but `overall`, which has all levels.
        review_score, high_score: where the two groups of high scores begin.
        bands: of the bins of the calibration with the most known outcomes, over all
            calibrations that keep their promise there; `outside_bands` known outcomes were
            predicted with a coarser one.
        shown_set: the calibration that `bins` belong to; None where no row has one.
        without_interval: predictions that no calibration spoke about, `known_without` of them
            with a known outcome.
        unreadable: digests of calibrations that can no longer be read; what was predicted with
            them counts as without an interval.
    """

    model_type: str
    first: date
    last: date
    level: int
    review_score: float
    high_score: float
    overall: tuple[GroupCoverage, ...]
    from_review: GroupCoverage
    from_high: GroupCoverage
    bands: tuple[BandCoverage, ...]
    outside_bands: int
    shown_set: KnownCalibration | None
    bins: tuple[BinSince, ...]
    sets: tuple[SetCoverage, ...]
    sites: tuple[NamedCoverage, ...]
    weeks: tuple[WeekCoverage, ...]
    without_interval: int
    known_without: int
    unreadable: tuple[str, ...]

    @property
    def n(self) -> int:
        """Every scored prediction of the window."""
        total = self.overall[0]
        return total.n + total.n_unlabelled + self.without_interval


def coverage_report(
    window: Window, *, model_type: str, level: int, review_score: float, shown_set: str = ""
) -> CoverageReport:
    """
    Return the report of a window.

    Args:
        level: 90, 95 or 99, in percent.
        review_score: from here on people look; the first group of high scores.
        shown_set: digest, or its beginning, of the calibration whose bins are shown; the one
            with the most known outcomes where no row has it.

    Raises:
        InvalidInput: a level that is not kept.
    """
    judged, counts = window.judged(level), window.counts
    high_score = lowest_score(RiskLevel.HIGH)
    most, shown = _most_known(window), _set_at(window, shown_set)
    bands, outside_bands = _bands(window, judged, most) if most is not None else ((), 0)
    without = counts.calibration == NO_CALIBRATION
    known_without = int(counts.known[without].sum())
    return CoverageReport(
        model_type=model_type,
        first=window.first,
        last=window.last,
        level=level,
        review_score=review_score,
        high_score=high_score,
        overall=tuple(_one(window.judged(each), counts.scores >= 0) for each in LEVELS),
        from_review=_one(judged, counts.scores >= review_score),
        from_high=_one(judged, counts.scores >= high_score),
        bands=bands,
        outside_bands=outside_bands,
        shown_set=None if shown is None else window.calibrations[shown],
        bins=() if shown is None else _bins(window, shown),
        sets=_sets(window, judged),
        sites=_sites(window, judged),
        weeks=_weeks(window, judged),
        without_interval=known_without + int(counts.unknown[without].sum()),
        known_without=known_without,
        unreadable=window.unreadable,
    )


def _one(judged: Judged, rows: BoolArray) -> GroupCoverage:
    [found] = coverage_by(judged, np.where(rows, 0, -1), n_groups=1)
    return found


def _most_known(window: Window) -> int | None:
    """Return the calibration with the most known outcomes; the newest one of several."""
    n = len(window.calibrations)
    known = _summed(window.counts.calibration, window.counts.known, n)
    return max(range(n), key=lambda index: (known[index], index), default=None)


def _set_at(window: Window, wanted: str) -> int | None:
    for index, each in enumerate(window.calibrations):
        if wanted and each.sha256.startswith(wanted):
            return index
    return _most_known(window)


def _bands(window: Window, judged: Judged, most: int) -> tuple[tuple[BandCoverage, ...], int]:
    """Return the bands, and how many known outcomes are of calibrations that are coarser."""
    edges = window.calibrations[most].calibration.edges
    # A promise is kept in whole bins: only where all these borders are borders too does a band
    # consist of such.
    fine = [
        index
        for index, each in enumerate(window.calibrations)
        if set(edges) <= set(each.calibration.edges)
    ]
    is_fine = np.isin(window.counts.calibration, fine)
    where = np.where(is_fine, bin_of(window.counts.scores, edges), -1)
    found = coverage_by(judged, where, n_groups=len(edges) + 1)
    bands = tuple(BandCoverage(low, high, each) for (low, high), each in _between(edges, found))
    return bands, int(judged.known[~is_fine].sum())


def _bins(window: Window, shown: int) -> tuple[BinSince, ...]:
    counts, calibration = window.counts, window.calibrations[shown].calibration
    n_bins = len(calibration.bins)
    where = np.where(counts.calibration == shown, bin_of(counts.scores, calibration.edges), -1)
    n, events = _summed(where, counts.known, n_bins), _summed(where, counts.event, n_bins)
    scores = _summed(where, counts.known * counts.scores, n_bins)
    return tuple(
        BinSince(
            lower=low,
            upper=high,
            then=then,
            n=int(n[i]),
            events=int(events[i]),
            mean_score=scores[i] / n[i] if n[i] else None,
        )
        for i, ((low, high), then) in enumerate(_between(calibration.edges, calibration.bins))
    )


def _between(
    edges: tuple[float, ...], each: Sequence[Each]
) -> Iterable[tuple[tuple[float, float], Each]]:
    return zip(pairwise((0.0, *edges, 1.0)), each, strict=True)


def _summed(where: IntArray, values: FloatArray | IntArray, n: int) -> list[float]:
    rows = where >= 0
    sums: list[float] = np.bincount(where[rows], weights=values[rows], minlength=n).tolist()
    return sums


def _sets(window: Window, judged: Judged) -> tuple[SetCoverage, ...]:
    n = len(window.calibrations)
    found = coverage_by(judged, window.counts.calibration, n_groups=n)
    return tuple(map(SetCoverage, window.calibrations, found))


def _sites(window: Window, judged: Judged) -> tuple[NamedCoverage, ...]:
    found = coverage_by(judged, window.site_group, n_groups=len(window.site_groups))
    return tuple(
        NamedCoverage(name, each) for name, each in zip(window.site_groups, found, strict=True)
    )


def _weeks(window: Window, judged: Judged) -> tuple[WeekCoverage, ...]:
    n = ((window.last - window.first).days + 1) // WEEK_DAYS
    found = coverage_by(judged, window.day // WEEK_DAYS, n_groups=n)
    return tuple(
        WeekCoverage(window.first + timedelta(days=WEEK_DAYS * k), each)
        for k, each in enumerate(found)
    )
