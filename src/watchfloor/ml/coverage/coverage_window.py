"""
The predictions of some weeks as columns, read from the day histograms and not from the log.

The cost grows with days, site groups and calibrations, not with predictions.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.calibration import Calibration
from watchfloor.core.conformal.coverage import NO_CALIBRATION, Judged, ScoredCounts, judge
from watchfloor.core.score_grid import PROBABILITY
from watchfloor.ml.inference import serving
from watchfloor.ml.models import CalibrationSet, ScoreDay
from watchfloor.ml.models.rollup import OutcomeClass
from watchfloor.ml.predictions.histograms import unpack
from watchfloor.tenants.models import Tenant

WEEK_DAYS = 7
_COLUMNS = ("calibration_hash", "site_group", "model_version", "local_day")


@dataclass(frozen=True, slots=True)
class KnownCalibration:
    """
    One calibration under which predictions of the window were made.

    Args:
        reason: why it was cut, as `CutReason` has it; empty where nothing says so.
        self_test_passed: whether its older half kept its promises on its newer one; None where
            too few rows could be checked.
    """

    sha256: str
    model_version: str
    created_at: datetime | None
    calibration: Calibration
    reason: str = ""
    self_test_passed: bool | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Window:
    """
    Predictions of some local days as columns: one row a histogram entry.

    Args:
        first, last: the local days, both included.
        counts: by score, calibration and outcome, shape (rows,).
        day: days since the first one, shape (rows,).
        site_group: index into `site_groups`, shape (rows,).
        version: index into `versions`, shape (rows,).
        calibrations: that the rows point to, oldest first.
        site_groups, versions: their names, ascending.
        unreadable: digests of calibrations whose bytes are gone or damaged, ascending; the rows
            made with them point to none.
    """

    first: date
    last: date
    counts: ScoredCounts
    day: IntArray
    site_group: IntArray
    version: IntArray
    calibrations: tuple[KnownCalibration, ...]
    site_groups: tuple[str, ...]
    versions: tuple[str, ...]
    unreadable: tuple[str, ...] = ()

    def judged(self, level: int) -> Judged:
        """Return the rows held against their intervals at one level, in percent."""
        return judge(self.counts, [each.calibration for each in self.calibrations], level=level)

    def known_pairs(self, version: str) -> tuple[FloatArray, IntArray]:
        """Return scores and outcomes of one model version, one a known outcome, shape (n,)."""
        if version not in self.versions:
            return np.empty(0), np.empty(0, dtype=np.int64)
        rows, counts = self.version == self.versions.index(version), self.counts
        n = np.concatenate([counts.clean[rows], counts.event[rows]])
        is_event = np.repeat([0, 1], int(rows.sum()))
        scores = np.concatenate([counts.scores[rows]] * 2)
        return np.repeat(scores, n), np.repeat(is_event, n)


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
        .values_list(*_COLUMNS, "outcome", "counts", named=True)
    )
    digests = {row.calibration_hash for row in rows if row.calibration_hash}
    sets = _known_sets(tenant, digests)
    at = {each.sha256: index for index, each in enumerate(sets)}
    site_groups = sorted({row.site_group for row in rows})
    versions = sorted({row.model_version for row in rows})
    pairs = [unpack(bytes(row.counts)) for row in rows]
    repeat = [len(each) for each in pairs]

    def column(values: Iterable[int]) -> IntArray:
        return np.repeat(np.array(list(values), dtype=np.int64), repeat)

    bins, n = np.concatenate([np.empty((0, 2), dtype=np.int64), *pairs]).T
    outcome = np.repeat(np.array([row.outcome for row in rows], dtype=object), repeat)
    return Window(
        first=first,
        last=last,
        counts=ScoredCounts(
            scores=PROBABILITY.points[bins],
            calibration=column(at.get(row.calibration_hash, NO_CALIBRATION) for row in rows),
            clean=np.where(outcome == OutcomeClass.CLEAN, n, 0),
            event=np.where(outcome == OutcomeClass.EVENT, n, 0),
            unknown=np.where(outcome == OutcomeClass.UNKNOWN, n, 0),
        ),
        day=column((row.local_day - first).days for row in rows),
        site_group=column(site_groups.index(row.site_group) for row in rows),
        version=column(versions.index(row.model_version) for row in rows),
        calibrations=sets,
        site_groups=tuple(site_groups),
        versions=tuple(versions),
        unreadable=tuple(sorted(digests - at.keys())),
    )


def _known_sets(tenant: Tenant, digests: set[str]) -> tuple[KnownCalibration, ...]:
    rows = CalibrationSet.objects.for_tenant(tenant).filter(sha256__in=digests)
    first_of: dict[str, CalibrationSet] = {}
    for row in rows.select_related("model_version").order_by("created_at", "id"):
        first_of.setdefault(row.sha256, row)
    known = []
    # A blob without its row of provenance still says what was promised.
    for digest in (*first_of, *sorted(digests - first_of.keys())):
        calibration = serving.find_calibration(tenant=tenant, sha256=digest)
        if calibration is not None:
            known.append(_known_set(digest, calibration, first_of.get(digest)))
    return tuple(known)


def _known_set(
    digest: str, calibration: Calibration, row: CalibrationSet | None
) -> KnownCalibration:
    if row is None:
        return KnownCalibration(digest, "", None, calibration)
    return KnownCalibration(
        sha256=digest,
        model_version=row.model_version.version,
        created_at=row.created_at,
        calibration=calibration,
        reason=row.reason,
        self_test_passed=row.self_test_passed,
    )
