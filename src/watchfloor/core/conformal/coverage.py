"""
Whether intervals hold what they promise, counted on outcomes that came later.

Predictions come as columns, are held against their intervals once, and are then counted in any
grouping.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from scipy import special

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.calibration import Calibration
from watchfloor.core.conformal.group_coverage import TAIL, Band, GroupCoverage
from watchfloor.core.conformal.outcomes import checked_pairs
from watchfloor.core.conformal.probability_bins import bin_of
from watchfloor.core.conformal.quantile import LEVELS, conformal_rank, level_of
from watchfloor.core.errors import InvalidInput

NO_CALIBRATION = -1
"""Marks a row whose predictions were made without an interval."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ScoredCounts:
    """
    Predictions counted by score, calibration and outcome, as columns of one length.

    Args:
        scores: quantised probabilities in [0, 1], shape (rows,), repeated as need be.
        calibration: whose interval a row's predictions have, an index into the calibrations
            given to `judge`, or NO_CALIBRATION; shape (rows,).
        clean, event, unknown: predictions by outcome, shape (rows,).

    Raises:
        InvalidInput: the columns differ in length.
    """

    scores: FloatArray
    calibration: IntArray
    clean: IntArray
    event: IntArray
    unknown: IntArray

    def __post_init__(self) -> None:
        for name in ("calibration", "clean", "event", "unknown"):
            if getattr(self, name).shape != self.scores.shape:
                raise InvalidInput(
                    field=name,
                    value=f"shape {getattr(self, name).shape}",
                    expected=f"shape {self.scores.shape}, as the scores have",
                )

    @property
    def known(self) -> IntArray:
        """Predictions whose outcome is known, by row."""
        return self.clean + self.event


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """
    Counts held against their intervals at one level, by row; made by `judge` or `judged_rows`.

    `bin` numbers the bins of all calibrations through, NO_CALIBRATION where a row has none;
    `mean` and `variance` are of the coverage that each of those bins keeps, and `owner` is the
    calibration a bin belongs to.
    """

    level: int
    covered: IntArray
    known: IntArray
    unknown: IntArray
    bin: IntArray
    mean: FloatArray
    variance: FloatArray
    owner: IntArray


def judge(counts: ScoredCounts, calibrations: Sequence[Calibration], *, level: int) -> Judged:
    """
    Hold every row of counts against the interval its predictions were made with.

    Args:
        counts: predictions, rows in any order.
        calibrations: that the rows point to.
        level: 90, 95 or 99, in percent.

    Raises:
        InvalidInput: a level that is not kept, or a row that points to no calibration.
    """
    level_of(level)
    at = LEVELS.index(level)
    refuse_unknown_calibrations(counts.calibration, len(calibrations))
    covered, where = np.zeros_like(counts.clean), np.full_like(counts.calibration, NO_CALIBRATION)
    bins, first = [each for one in calibrations for each in one.bins], 0
    for index, one in enumerate(calibrations):
        rows = np.flatnonzero(counts.calibration == index)
        scores, bin_ = counts.scores[rows], bin_of(counts.scores[rows], one.edges)
        reach = np.array([each.quantiles[at] for each in one.bins])[bin_]
        # The whole range contains both outcomes, so cutting to [0, 1] changes no answer.
        clean, event = scores - reach <= 0, scores + reach >= 1
        covered[rows] = clean * counts.clean[rows] + event * counts.event[rows]
        where[rows] = first + bin_
        first += len(one.bins)
    return judged_rows(
        level=level,
        covered=covered,
        known=counts.known,
        unknown=counts.unknown,
        bin_of_row=where,
        rows_of_bin=[each.n for each in bins],
        owner_of_bin=np.repeat(
            np.arange(len(calibrations)), [len(one.bins) for one in calibrations]
        ),
    )


def judged_rows(
    *,
    level: int,
    covered: IntArray,
    known: IntArray,
    unknown: IntArray,
    bin_of_row: IntArray,
    rows_of_bin: Sequence[int],
    owner_of_bin: IntArray,
) -> Judged:
    """
    Return rows that were held against intervals of any kind.

    Args:
        level: 90, 95 or 99, in percent.
        covered: predictions of the row whose outcome lay inside, shape (rows,).
        known, unknown: predictions of the row by whether the outcome is known, shape (rows,).
        bin_of_row: whose half-width the row has, NO_CALIBRATION for none, shape (rows,).
        rows_of_bin: calibration rows that each half-width was taken from, shape (bins,).
        owner_of_bin: the calibration each half-width belongs to, shape (bins,).

    Raises:
        InvalidInput: a level that is not kept.
    """
    fraction, is_held = level_of(level), bin_of_row >= 0
    moments = np.array([_moments(n, fraction) for n in rows_of_bin]).reshape(-1, 2)
    return Judged(
        level=level,
        covered=np.where(is_held, covered, 0),
        known=np.where(is_held, known, 0),
        unknown=np.where(is_held, unknown, 0),
        bin=bin_of_row,
        mean=moments[:, 0],
        variance=moments[:, 1],
        owner=owner_of_bin,
    )


def coverage_by(judged: Judged, groups: npt.ArrayLike, *, n_groups: int) -> list[GroupCoverage]:
    """
    Return the coverage of each group of rows.

    Args:
        judged: counts held against their intervals.
        groups: the group of each row in [0, n_groups), shape (rows,); a negative one is in none.
        n_groups: how many there are, the empty ones included.
    """
    group = np.asarray(groups, dtype=np.int64)
    return [_group(judged, np.flatnonzero(group == each)) for each in range(n_groups)]


def empirical_coverage(
    calibration: Calibration, scores: npt.ArrayLike, outcomes: npt.ArrayLike, level: int
) -> float | None:
    """
    Return the share of outcomes inside their outcome intervals.

    Report it beside the number of outcomes, overall and among high scores.

    Args:
        calibration: in force when the scores were given.
        scores: quantised probabilities in [0, 1], shape (n,).
        outcomes: 0 or 1, shape (n,); unknown ones stay out.
        level: 90, 95 or 99, in percent.

    Returns:
        A share in [0, 1]; None without outcomes.

    Raises:
        InvalidInput: a score, outcome or level does not fit.

    >>> from watchfloor.core.conformal.calibration import fit_calibration
    >>> unknown = fit_calibration([], [], eps_ticket=0.1, eps_clear=0.01, delta=0.1)
    >>> empirical_coverage(unknown, [0.2, 0.9], [1, 0], 90)
    1.0
    """
    p, y = checked_pairs(scores, outcomes)
    nothing = np.zeros_like(y)
    counts = ScoredCounts(scores=p, calibration=nothing, clean=1 - y, event=y, unknown=nothing)
    [found] = coverage_by(judge(counts, [calibration], level=level), nothing, n_groups=1)
    return found.coverage


def _group(judged: Judged, rows: IntArray) -> GroupCoverage:
    n = int(judged.known[rows].sum())
    return GroupCoverage(
        level=judged.level,
        n=n,
        covered=int(judged.covered[rows].sum()),
        n_unlabelled=int(judged.unknown[rows].sum()),
        set_range=_set_range(judged, rows, n) if n else None,
    )


def _set_range(judged: Judged, rows: IntArray, n: int) -> Band:
    """
    Return the range of a mixture of bins, by the Beta of the same mean and variance.

    Exact for one bin. Bins of one calibration are independent; calibrations may share rows, so
    their deviations are added as if they were one.
    """
    rows = rows[judged.known[rows] > 0]
    weight = np.bincount(
        judged.bin[rows], weights=judged.known[rows] / n, minlength=len(judged.mean)
    )
    mean = float(weight @ judged.mean)
    by_owner = np.bincount(judged.owner, weights=weight**2 * judged.variance)
    variance = float(np.sqrt(by_owner).sum()) ** 2
    if variance == 0:
        return Band(mean, mean)
    size = mean * (1 - mean) / variance - 1
    a, b = mean * size, (1 - mean) * size
    low, high = special.betaincinv(a, b, [TAIL, 1 - TAIL]).tolist()
    return Band(low, high)


def _moments(n: int, level: Fraction) -> tuple[float, float]:
    """Return mean and variance of the coverage that a bin of n rows keeps: Beta(k, n + 1 - k)."""
    k = conformal_rank(n, level)
    if k > n:
        return 1.0, 0.0
    return k / (n + 1), k * (n + 1 - k) / ((n + 1) ** 2 * (n + 2))


def refuse_unknown_calibrations(calibration: IntArray, n: int) -> None:
    """Raise InvalidInput where a row points to none of n calibrations."""
    wrong = (calibration < NO_CALIBRATION) | (calibration >= n)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise InvalidInput(
            field=f"calibration[{first}]",
            value=int(calibration[first]),
            expected=f"-1 for none, or 0 to {n - 1}",
        )
