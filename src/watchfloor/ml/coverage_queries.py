"""
What the intervals of one model type promised and what came of it, read from the rollup.

Coverage of an outcome interval is a function of (score bin, calibration), so the day histograms
hold all of it: the cost grows with days, site groups and calibrations, not with predictions.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from watchfloor.core.arrays import BoolArray, FloatArray, IntArray
from watchfloor.core.conformal.calibration import Calibration
from watchfloor.core.conformal.coverage import (
    NO_CALIBRATION,
    GroupCoverage,
    Judged,
    ScoredCounts,
    coverage_by,
    judge,
)
from watchfloor.core.conformal.probability_bins import bin_of
from watchfloor.core.conformal.quantile import LEVELS
from watchfloor.core.decision.risk import RiskLevel, lowest_score
from watchfloor.core.score_grid import PROBABILITY
from watchfloor.ml import serving
from watchfloor.ml.models import CalibrationSet, ScoreDay
from watchfloor.ml.models.rollup import OutcomeClass
from watchfloor.ml.rollups import unpack
from watchfloor.tenants.models import Tenant

WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class KnownCalibration:
    """One calibration under which predictions of the window were made."""

    sha256: str
    model_version: str
    created_at: datetime | None
    calibration: Calibration


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Window:
    """
    Predictions of some local days as columns: one row a histogram entry.

    Args:
        first, last: the local days, both included.
        counts: by score, calibration and outcome, shape (rows,).
        day: days since the first one, shape (rows,).
        site_group: index into `site_groups`, shape (rows,).
        calibrations: that the rows point to, oldest first.
        site_groups: their names, ascending.
    """

    first: date
    last: date
    counts: ScoredCounts
    day: IntArray
    site_group: IntArray
    calibrations: tuple[KnownCalibration, ...]
    site_groups: tuple[str, ...]

    def judged(self, level: int) -> Judged:
        """Return the rows held against their intervals at one level, in percent."""
        return judge(self.counts, [each.calibration for each in self.calibrations], level=level)


@dataclass(frozen=True, slots=True)
class NamedCoverage:
    """Coverage of one group, and what the group is called."""

    name: str
    found: GroupCoverage


@dataclass(frozen=True, slots=True)
class WeekCoverage:
    """Coverage of seven local days that begin with one."""

    begins: date
    found: GroupCoverage


@dataclass(frozen=True, slots=True)
class BandCoverage:
    """
    Coverage of one score bin of one calibration, and the event rates of before and after.

    Args:
        lower, upper: its scores, half-open; the last one holds 1 too.
        set_n: known outcomes of the bin in the calibration set, `set_events` of them events.
        events: events among the outcomes known since.
        mean_score: of the predictions whose outcome is known; None without one.
        found: the coverage since.
    """

    lower: float
    upper: float
    set_n: int
    set_events: int
    events: int
    mean_score: float | None
    found: GroupCoverage


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageReport:
    """
    What the intervals of a window were worth, in every grouping, at one level.

    Args:
        level: in percent, of every grouping but `overall`, which has all levels.
        review_score, high_score: where the two groups of high scores begin.
        band_set: the calibration that `bands` belong to; None where no row has one.
        without_interval: predictions that no calibration spoke about, `known_without` of them
            with a known outcome.
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
    band_set: KnownCalibration | None
    bands: tuple[BandCoverage, ...]
    sets: tuple[tuple[KnownCalibration, GroupCoverage], ...]
    sites: tuple[NamedCoverage, ...]
    weeks: tuple[WeekCoverage, ...]
    without_interval: int
    known_without: int

    @property
    def n(self) -> int:
        """Every scored prediction of the window."""
        total = self.overall[0]
        return total.n + total.n_unlabelled + self.without_interval


def read_window(*, tenant: Tenant, model_type: str, last: date, weeks: int) -> Window:
    """
    Return whole weeks of one model type up to a local day; two queries, and one a new calibration.

    Changes that are not compacted yet are left out, as in every reader of the rollup.
    """
    first = last - timedelta(days=WEEK_DAYS * weeks - 1)
    rows = list(
        ScoreDay.objects.for_tenant(tenant)
        .filter(model_type=model_type, local_day__gte=first, local_day__lte=last)
        .order_by("id")
        .values_list("calibration_hash", "site_group", "local_day", "outcome", "counts")
    )
    sets = _known_sets(tenant, {digest for digest, *_ in rows if digest})
    at = {each.sha256: index for index, each in enumerate(sets)}
    site_groups = sorted({group for _, group, *_ in rows})
    pairs = [unpack(bytes(counts)) for *_, counts in rows]
    repeat = [len(each) for each in pairs]

    def column(values: Iterable[int]) -> IntArray:
        return np.repeat(np.array(list(values), dtype=np.int64), repeat)

    bins, n = np.concatenate([np.empty((0, 2), dtype=np.int64), *pairs]).T
    outcome = np.repeat(np.array([word for *_, word, _ in rows], dtype=object), repeat)
    return Window(
        first=first,
        last=last,
        counts=ScoredCounts(
            scores=PROBABILITY.points[bins],
            calibration=column(at.get(digest, NO_CALIBRATION) for digest, *_ in rows),
            clean=np.where(outcome == OutcomeClass.CLEAN, n, 0),
            event=np.where(outcome == OutcomeClass.EVENT, n, 0),
            unknown=np.where(outcome == OutcomeClass.UNKNOWN, n, 0),
        ),
        day=column((day - first).days for _, _, day, *_ in rows),
        site_group=column(site_groups.index(group) for _, group, *_ in rows),
        calibrations=sets,
        site_groups=tuple(site_groups),
    )


def _known_sets(tenant: Tenant, digests: set[str]) -> tuple[KnownCalibration, ...]:
    rows = CalibrationSet.objects.for_tenant(tenant).filter(sha256__in=digests)
    first_of: dict[str, CalibrationSet] = {}
    for row in rows.select_related("model_version").order_by("created_at", "id"):
        first_of.setdefault(row.sha256, row)
    known = {
        digest: KnownCalibration(
            sha256=digest,
            model_version=row.model_version.version,
            created_at=row.created_at,
            calibration=serving.calibration_of(tenant=tenant, sha256=digest),
        )
        for digest, row in first_of.items()
    }
    # A blob without its row of provenance still says what was promised.
    for digest in sorted(digests - known.keys()):
        found = serving.calibration_of(tenant=tenant, sha256=digest)
        known[digest] = KnownCalibration(digest, "", None, found)
    return tuple(known.values())


def coverage_report(
    window: Window, *, model_type: str, level: int, review_score: float, band_set: str = ""
) -> CoverageReport:
    """
    Return the report of a window.

    Args:
        level: 90, 95 or 99, in percent.
        review_score: from here on people look; the first group of high scores.
        band_set: digest of the calibration whose bins are shown; the one with the most known
            outcomes where no row has it.

    Raises:
        InvalidInput: a level that is not kept.
    """
    judged = window.judged(level)
    everything = np.zeros_like(window.day)
    high_score = lowest_score(RiskLevel.HIGH)
    chosen = _chosen_set(window, judged, band_set)
    without = window.counts.calibration == NO_CALIBRATION
    known = int(window.counts.known[without].sum())
    return CoverageReport(
        model_type=model_type,
        first=window.first,
        last=window.last,
        level=level,
        review_score=review_score,
        high_score=high_score,
        overall=tuple(_one(window.judged(each), everything == 0) for each in LEVELS),
        from_review=_one(judged, window.counts.scores >= review_score),
        from_high=_one(judged, window.counts.scores >= high_score),
        band_set=None if chosen is None else window.calibrations[chosen],
        bands=() if chosen is None else _bands(window, judged, chosen),
        sets=_sets(window, judged),
        sites=_sites(window, judged),
        weeks=_weeks(window, judged),
        without_interval=known + int(window.counts.unknown[without].sum()),
        known_without=known,
    )


def _one(judged: Judged, rows: BoolArray) -> GroupCoverage:
    [found] = coverage_by(judged, np.where(rows, 0, -1), n_groups=1)
    return found


def _chosen_set(window: Window, judged: Judged, wanted: str) -> int | None:
    known = np.bincount(
        np.maximum(window.counts.calibration, 0),
        weights=judged.known,
        minlength=len(window.calibrations),
    )
    for index, each in enumerate(window.calibrations):
        if each.sha256 == wanted:
            return index
    return int(np.argmax(known)) if window.calibrations else None


def _bands(window: Window, judged: Judged, chosen: int) -> tuple[BandCoverage, ...]:
    calibration, counts = window.calibrations[chosen].calibration, window.counts
    n_bins = len(calibration.bins)
    own = counts.calibration == chosen
    where = np.where(own, bin_of(counts.scores, calibration.edges), -1)
    found = coverage_by(judged, where, n_groups=n_bins)
    events = _summed(where, counts.event, n_bins)
    scores = _summed(where, counts.known * counts.scores, n_bins)
    borders = (0.0, *calibration.edges, 1.0)
    return tuple(
        BandCoverage(
            lower=borders[i],
            upper=borders[i + 1],
            set_n=bin_.n,
            set_events=bin_.k,
            events=int(events[i]),
            mean_score=scores[i] / found[i].n if found[i].n else None,
            found=found[i],
        )
        for i, bin_ in enumerate(calibration.bins)
    )


def _summed(where: IntArray, values: FloatArray | IntArray, n: int) -> list[float]:
    rows = where >= 0
    sums: list[float] = np.bincount(where[rows], weights=values[rows], minlength=n).tolist()
    return sums


def _sets(window: Window, judged: Judged) -> tuple[tuple[KnownCalibration, GroupCoverage], ...]:
    n = len(window.calibrations)
    found = coverage_by(judged, window.counts.calibration, n_groups=n)
    return tuple(zip(window.calibrations, found, strict=True))


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
