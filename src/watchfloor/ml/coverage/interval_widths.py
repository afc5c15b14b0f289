"""
How many predictions have a narrow interval, a wide one, and none: the specification's report.

Its SQL leaves out the rows whose width is NULL, and with them everything about which nothing is
known. Here they are a category of their own.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import numpy as np

from watchfloor.core.arrays import BoolArray, FloatArray
from watchfloor.core.conformal.probability_bins import bin_of
from watchfloor.core.decision.reason import Reason
from watchfloor.core.decision.risk import RiskLevel, lowest_score
from watchfloor.core.local_time import day_bounds
from watchfloor.ml.coverage.coverage_window import Window
from watchfloor.ml.health.performance import NARROW
from watchfloor.ml.models import ScoredPrediction
from watchfloor.tenants.models import Tenant


class WidthKind(StrEnum):
    """The two categories of the specification's report, and the one it leaves out."""

    NARROW = "narrow"
    WIDE = "wide"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True, slots=True)
class WidthCategory:
    """
    Predictions whose interval is of one kind.

    Args:
        n: all of them; `n_unscored` of them had no score at all.
        high_risk: with a score of risk HIGH or CRITICAL.
        mean_score: of those with a score; None without one.
    """

    kind: WidthKind
    n: int
    n_unscored: int
    high_risk: int
    mean_score: float | None


def width_report(window: Window, *, n_unscored: int) -> tuple[WidthCategory, ...]:
    """
    Return the three categories of a window; what could not be scored is not known.

    Args:
        n_unscored: predictions of the window without a score, which no histogram counts.
    """
    width = _width_by_row(window)
    narrow, known = width < NARROW, np.isfinite(width)
    return (
        _category(window, WidthKind.NARROW, narrow & known, 0),
        _category(window, WidthKind.WIDE, ~narrow & known, 0),
        _category(window, WidthKind.NOT_KNOWN, ~known, n_unscored),
    )


def count_unscored(
    table: type[ScoredPrediction], *, tenant: Tenant, model_type: str, window: Window
) -> int:
    """
    Return how many events of a window could not be scored; one query over an index of those.

    An estimate of a number has no score either, and is none of them.
    """
    rows = table._default_manager.filter(
        tenant_id=tenant.pk, model_type=model_type, score__isnull=True
    )
    # The index has instants; a day more on both sides, should the tenant's zone have changed.
    start, _ = day_bounds(window.first - timedelta(days=1), tenant.zone)
    _, end = day_bounds(window.last + timedelta(days=1), tenant.zone)
    rows = rows.filter(occurred_at__gte=start, occurred_at__lt=end)
    rows = rows.exclude(reason=Reason.NUMERIC_ESTIMATE)
    return rows.filter(local_day__gte=window.first, local_day__lte=window.last).count()


def _width_by_row(window: Window) -> FloatArray:
    """Return the 95 % width of each row's interval; NaN where there is none."""
    width = np.full(len(window.day), np.nan)
    for index, each in enumerate(window.calibrations):
        rows = np.flatnonzero(window.counts.calibration == index)
        of_bin = np.array([bin_.interval.width for bin_ in each.calibration.bins])
        width[rows] = of_bin[bin_of(window.counts.scores[rows], each.calibration.edges)]
    return width


def _category(window: Window, kind: WidthKind, rows: BoolArray, n_unscored: int) -> WidthCategory:
    counts = window.counts
    n = (counts.known + counts.unknown)[rows]
    scores = counts.scores[rows]
    scored = int(n.sum())
    return WidthCategory(
        kind=kind,
        n=scored + n_unscored,
        n_unscored=n_unscored,
        high_risk=int(n[scores >= lowest_score(RiskLevel.HIGH)].sum()),
        mean_score=float(n @ scores) / scored if scored else None,
    )
