"""
Counts of quantised scores by outcome: what a day of predictions leaves behind.

Metrics, curves, simulation and drift read these counts, so their cost does not grow with the
number of predictions. Counts add up: days to weeks, sites to tenants. One late outcome is a
delta of its own, minus one unknown and plus one of its class.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.calibration_error import expected_calibration_error
from watchfloor.core.errors import InvalidInput
from watchfloor.core.score_grid import ScoreGrid

UNKNOWN, CLEAN, EVENT = -1, 0, 1
"""Outcome codes; what is unknown is never counted as clean."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoreCounts:
    """
    How many predictions fell on each grid point, by outcome.

    Args:
        grid: the grid that the scores were quantised on.
        clean, event, unknown: counts of shape (grid.size,); negative ones are allowed, since
            a delta may take away, but no metric can be computed of them.

    Raises:
        InvalidInput: a column does not fit the grid or holds other than whole numbers.
    """

    grid: ScoreGrid
    clean: IntArray
    event: IntArray
    unknown: IntArray

    def __post_init__(self) -> None:
        for name in ("clean", "event", "unknown"):
            object.__setattr__(self, name, _column(name, getattr(self, name), self.grid))

    def __add__(self, other: Self) -> Self:
        if self.grid != other.grid:
            raise InvalidInput(field="grid", value=other.grid.name, expected=self.grid.name)
        return type(self)(
            self.grid,
            self.clean + other.clean,
            self.event + other.event,
            self.unknown + other.unknown,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ScoreCounts):
            return NotImplemented
        return (
            self.grid == other.grid
            and np.array_equal(self.clean, other.clean)
            and np.array_equal(self.event, other.event)
            and np.array_equal(self.unknown, other.unknown)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def n(self) -> int:
        """All predictions."""
        return self.n_labelled + int(self.unknown.sum())

    @property
    def n_labelled(self) -> int:
        """Predictions whose outcome is known."""
        return int(self.clean.sum() + self.event.sum())


def empty_counts(grid: ScoreGrid) -> ScoreCounts:
    """Return counts of nothing: the neutral element of `+`."""
    nothing = np.zeros(grid.size, dtype=np.int64)
    return ScoreCounts(grid, nothing, nothing, nothing)


def count_scores(
    bins: npt.ArrayLike,
    outcomes: npt.ArrayLike,
    *,
    grid: ScoreGrid,
    n: npt.ArrayLike | None = None,
) -> ScoreCounts:
    """
    Count predictions given one by one, or as sparse rows of the rollup table.

    Args:
        bins: grid bins, shape (rows,).
        outcomes: EVENT, CLEAN or UNKNOWN for each row, shape (rows,).
        grid: the grid of the bins.
        n: predictions a row stands for, shape (rows,), negative in a delta; one if omitted.

    Raises:
        InvalidInput: a bin outside the grid, or an outcome that is none of the three.

    >>> from watchfloor.core.score_grid import PROBABILITY
    >>> count_scores([5_000, 5_000, 9], [EVENT, CLEAN, UNKNOWN], grid=PROBABILITY).n_labelled
    2
    """
    where = np.asarray(bins, dtype=np.int64)
    what = np.asarray(outcomes, dtype=np.int64)
    weight = np.ones_like(where) if n is None else np.asarray(n, dtype=np.int64)
    _refuse_outside("bins", where, 0, grid.size - 1)
    _refuse_outside("outcomes", what, UNKNOWN, EVENT)
    columns = np.zeros((3, grid.size), dtype=np.int64)
    # Integers are added in place: bincount with weights would pass through floats.
    np.add.at(columns, (what - UNKNOWN, where), weight)
    unknown, clean, event = columns
    return ScoreCounts(grid, clean, event, unknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreMetrics:
    """
    What counts say about a model at one threshold; None where a rate has no denominator.

    Equal to scikit-learn on the quantised scores. A score at or above the threshold is
    called an event. `mean_score` is over all predictions, everything else over known outcomes.
    """

    n: int
    n_labelled: int
    tp: int
    fp: int
    tn: int
    fn: int
    accuracy: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    roc_auc: float | None
    pr_auc: float | None
    brier: float | None
    ece: float | None
    mean_score: float | None


def metrics(counts: ScoreCounts, *, threshold: float) -> ScoreMetrics:
    """
    Return the metrics of a model from its counts.

    Args:
        counts: predictions by score and outcome, none negative.
        threshold: scores from here on are called events; compared with grid points.

    Raises:
        InvalidInput: a count is negative, or the threshold is NaN.
    """
    _refuse_negative(counts)
    if threshold != threshold:
        raise InvalidInput(field="threshold", value=threshold, expected="a number")
    from_here = int(np.searchsorted(counts.grid.points, threshold, side="left"))
    tp, fp = int(counts.event[from_here:].sum()), int(counts.clean[from_here:].sum())
    fn, tn = int(counts.event[:from_here].sum()), int(counts.clean[:from_here].sum())
    return ScoreMetrics(
        n=counts.n,
        n_labelled=counts.n_labelled,
        tp=tp,
        fp=fp,
        tn=tn,
        fn=fn,
        accuracy=_share(tp + tn, tp + fp + tn + fn),
        precision=_share(tp, tp + fp),
        recall=_share(tp, tp + fn),
        f1=_share(2 * tp, 2 * tp + fp + fn),
        roc_auc=roc_auc(counts),
        pr_auc=average_precision(counts),
        brier=brier(counts),
        ece=_ece(counts),
        mean_score=_mean_score(counts),
    )


def roc_auc(counts: ScoreCounts) -> float | None:
    """
    Return the chance that an event scores above a clean one, ties counting half.

    Source:
        Mann & Whitney (1947): the area under the ROC curve is U / (events x clean).
    """
    n_event, n_clean = int(counts.event.sum()), int(counts.clean.sum())
    if n_event == 0 or n_clean == 0:
        return None
    clean_below = np.cumsum(counts.clean) - counts.clean
    # Twice U in whole numbers: exact up to 2e9 outcomes of each class.
    twice_u = int((counts.event * (2 * clean_below + counts.clean)).sum())
    return twice_u / (2 * n_event * n_clean)


def average_precision(counts: ScoreCounts) -> float | None:
    """
    Return the area under the precision-recall curve as a sum of steps; None without events.

    Source:
        scikit-learn, `average_precision_score`: sum of (R_n - R_(n-1)) P_n, high scores first.
    """
    n_event = int(counts.event.sum())
    if n_event == 0:
        return None
    hit = np.flatnonzero(counts.event)[::-1]
    called_events = np.cumsum(counts.event[::-1])[::-1][hit]
    called = called_events + np.cumsum(counts.clean[::-1])[::-1][hit]
    return float((counts.event[hit] * (called_events / called)).sum() / n_event)


def brier(counts: ScoreCounts) -> float | None:
    """Return the mean squared distance of score and outcome; None where it means nothing."""
    if counts.n_labelled == 0 or not _is_probability(counts.grid):
        return None
    points = counts.grid.points
    loss = counts.event * (1 - points) ** 2 + counts.clean * points**2
    return float(loss.sum() / counts.n_labelled)


def _ece(counts: ScoreCounts) -> float | None:
    if not _is_probability(counts.grid):
        return None
    return expected_calibration_error(counts.grid.points, clean=counts.clean, events=counts.event)


def _mean_score(counts: ScoreCounts) -> float | None:
    if counts.n == 0:
        return None
    weight = counts.clean + counts.event + counts.unknown
    return float((counts.grid.points * weight).sum() / counts.n)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _is_probability(grid: ScoreGrid) -> bool:
    return bool(grid.points[0] >= 0 and grid.points[-1] <= 1)


def _column(name: str, values: npt.ArrayLike, grid: ScoreGrid) -> IntArray:
    column = np.asarray(values)
    if column.shape != (grid.size,) or column.dtype.kind not in "iu":
        raise InvalidInput(
            field=name,
            value=f"{column.dtype} of shape {column.shape}",
            expected=f"whole numbers of shape ({grid.size},)",
        )
    return column.astype(np.int64, copy=False)


def _refuse_outside(name: str, values: IntArray, low: int, high: int) -> None:
    fits = (values >= low) & (values <= high)
    if not fits.all():
        first = int(np.argmin(fits))
        raise InvalidInput(
            field=f"{name}[{first}]", value=int(values[first]), expected=f"{low} to {high}"
        )


def _refuse_negative(counts: ScoreCounts) -> None:
    columns: tuple[tuple[str, FloatArray | IntArray], ...] = (
        ("clean", counts.clean),
        ("event", counts.event),
        ("unknown", counts.unknown),
    )
    for name, column in columns:
        if column.min() < 0:
            worst = int(np.argmin(column))
            raise InvalidInput(
                field=f"{name}[{worst}]", value=int(column[worst]), expected="no negative count"
            )
