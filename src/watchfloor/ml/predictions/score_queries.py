"""How the scores of one model version lie, apart by outcome, for those who look at them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from watchfloor.core.arrays import IntArray
from watchfloor.core.score_rollup import ScoreCounts
from watchfloor.ml.inference.model_queries import Rate, rate
from watchfloor.ml.predictions import rollup_spans
from watchfloor.tenants.models import Tenant

SLICES = 20


@dataclass(frozen=True, slots=True)
class ScoreSlice:
    """
    Predictions with a score in [lower, upper), by what became of them.

    Args:
        mean_known: mean score of those with a known outcome; None without one.
        observed: how many of them were events.
    """

    lower: float
    upper: float
    clean: int
    event: int
    unknown: int
    mean_known: float | None
    observed: Rate


def score_slices(
    *,
    tenant: Tenant,
    model_type: str,
    version: str,
    last_day: date,
    days: int,
    edges: Iterable[float] = (),
) -> list[ScoreSlice]:
    """
    Return the scores of some local days in slices side by side over [0, 1]; two queries.

    Args:
        edges: thresholds at which a slice begins, beside the twenty equal ones.
    """
    found = rollup_spans.window_counts(
        tenant=tenant,
        model_type=model_type,
        first=last_day - timedelta(days=days - 1),
        last=last_day,
        version=version,
    )
    borders = sorted({k / SLICES for k in range(SLICES + 1)} | {e for e in edges if 0 < e < 1})
    return _sliced(found, borders)


def _sliced(counts: ScoreCounts, borders: list[float]) -> list[ScoreSlice]:
    points = counts.grid.points
    # The last slice holds a score of exactly 1 too.
    where = np.clip(np.searchsorted(borders, points, side="right") - 1, 0, len(borders) - 2)
    n = len(borders) - 1
    clean, event, unknown = (
        _summed(where, c, n) for c in (counts.clean, counts.event, counts.unknown)
    )
    known = counts.clean + counts.event
    score_sums = np.bincount(where, weights=known * points, minlength=n).tolist()
    return [
        ScoreSlice(
            lower=borders[i],
            upper=borders[i + 1],
            clean=clean[i],
            event=event[i],
            unknown=unknown[i],
            mean_known=_mean(score_sums[i], clean[i] + event[i]),
            observed=rate(event[i], clean[i] + event[i]),
        )
        for i in range(n)
    ]


def _summed(where: IntArray, counts: IntArray, n: int) -> list[int]:
    return [int(total) for total in np.bincount(where, weights=counts, minlength=n)]


def _mean(score_sum: float, n: int) -> float | None:
    return score_sum / n if n else None
