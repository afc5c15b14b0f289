"""
Estimates of numbers of some weeks as columns.

No histogram counts numbers in a unit, so the newest estimates are read one by one, and no more
than a fixed number of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.coverage import NO_CALIBRATION
from watchfloor.core.conformal.numeric import NumericCalibration
from watchfloor.core.local_time import day_bounds, local_day
from watchfloor.ml.calibration import numeric_calibration
from watchfloor.ml.coverage.coverage_window import WEEK_DAYS
from watchfloor.ml.models import NumericEstimate
from watchfloor.tenants.models import Tenant

MOST_ROWS = 20_000
NOT_KNOWN = -1
_COLUMNS = (
    *("occurred_at", "unit", "estimate", "sigma", "calibration_sha256"),
    *("outcome", "outcome_known_at"),
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Estimates:
    """
    Estimates of some weeks as columns of shape (rows,), newest first.

    Args:
        outcome: NaN where it is not known; sigma: NaN where the model says none.
        calibration: index into `calibrations`, NO_CALIBRATION for none.
        week: weeks since the first day, of the event; `known_week` of the day on which the
            outcome became known, NOT_KNOWN where it is not.
        known_at: when it became known, in seconds since 1970; NaN where it is not.
        is_cut: older estimates of the span were left out.
        unreadable: digests of calibrations whose bytes are gone or damaged.
    """

    unit: str
    first: date
    last: date
    estimate: FloatArray
    outcome: FloatArray
    sigma: FloatArray
    calibration: IntArray
    week: IntArray
    known_at: FloatArray
    known_week: IntArray
    calibrations: tuple[NumericCalibration, ...]
    is_cut: bool
    unreadable: tuple[str, ...] = ()

    @property
    def n_weeks(self) -> int:
        """Whole weeks from the first day to the last."""
        return ((self.last - self.first).days + 1) // WEEK_DAYS


def read_estimates(*, tenant: Tenant, model_type: str, first: date, last: date) -> Estimates | None:
    """Return the newest estimates of whole weeks, or None where there are none."""
    rows = NumericEstimate.objects.for_tenant(tenant).filter(
        model_type=model_type,
        occurred_at__gte=day_bounds(first, tenant.zone)[0],
        occurred_at__lt=day_bounds(last, tenant.zone)[1],
    )
    read = list(
        rows.order_by("-occurred_at", "-pk").values_list(*_COLUMNS, named=True)[: MOST_ROWS + 1]
    )
    if not read:
        return None
    kept = read[:MOST_ROWS]
    calibrations, unreadable = _calibrations(tenant, kept)
    place = {digest: index for index, digest in enumerate(calibrations)}
    return Estimates(
        unit=kept[0].unit,
        first=first,
        last=last,
        estimate=_column(kept, lambda row: row.estimate),
        outcome=_column(kept, lambda row: row.outcome),
        sigma=_column(kept, lambda row: row.sigma),
        calibration=np.array(
            [place.get(row.calibration_sha256, NO_CALIBRATION) for row in kept], dtype=np.int64
        ),
        week=_weeks([row.occurred_at for row in kept], first, tenant),
        known_at=_column(kept, lambda row: _timestamp(row.outcome_known_at)),
        known_week=_weeks([row.outcome_known_at for row in kept], first, tenant),
        calibrations=tuple(calibrations.values()),
        is_cut=len(read) > MOST_ROWS,
        unreadable=unreadable,
    )


def _calibrations(
    tenant: Tenant, rows: Sequence[NumericEstimate]
) -> tuple[dict[str, NumericCalibration], tuple[str, ...]]:
    """Return the calibrations of rows that stand newest first, the oldest one first."""
    seen = dict.fromkeys(row.calibration_sha256 for row in reversed(rows) if row.calibration_sha256)
    found = {
        digest: numeric_calibration.find_calibration(tenant=tenant, sha256=digest)
        for digest in seen
    }
    read = {digest: one for digest, one in found.items() if one is not None}
    return read, tuple(digest for digest, one in found.items() if one is None)


def _column(
    rows: Sequence[NumericEstimate], value: Callable[[NumericEstimate], float | None]
) -> FloatArray:
    read = (value(row) for row in rows)
    return np.array([np.nan if one is None else one for one in read], dtype=np.float64)


def _timestamp(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _weeks(moments: Sequence[datetime | None], first: date, tenant: Tenant) -> IntArray:
    days = (None if at is None else local_day(at, tenant.zone) for at in moments)
    weeks = [NOT_KNOWN if day is None else (day - first).days // WEEK_DAYS for day in days]
    return np.array(weeks, dtype=np.int64)
