"""
Whether intervals hold what they promise, counted on outcomes that came later.

Three numbers stand beside each other and answer three questions. The band is where the true
coverage lies after so many outcomes. The promise is the level over calibration and prediction
together. The range of one set is what a calibration of this size may keep by the luck of its
rows alone: a promise over all sets is no promise for the one in force.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.calibration import Calibration
from watchfloor.core.conformal.outcomes import checked_pairs
from watchfloor.core.conformal.probability_bins import bin_of, clopper_pearson
from watchfloor.core.conformal.quantile import LEVELS, conformal_rank, level_of
from watchfloor.core.errors import InvalidInput

BAND_LEVEL = Fraction(95, 100)
"""Confidence of the band of a realised coverage, and of the range of one set."""

NO_CALIBRATION = -1
"""Marks a row whose predictions were made without an interval."""

_TAIL = float((1 - BAND_LEVEL) / 2)


class CoverageVerdict(StrEnum):
    """How a realised coverage stands to the promised one."""

    WITHIN = "within"
    BELOW = "below"
    ABOVE = "above"
    TOO_FEW = "too_few"


class Band(NamedTuple):
    """Both ends of an interval of a share, in [0, 1]."""

    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class GroupCoverage:
    """
    How many outcomes of one group of predictions lay inside their outcome intervals.

    Args:
        level: promised, in percent.
        n: predictions with an interval whose outcome is known.
        covered: how many of the outcomes lay inside.
        n_unlabelled: predictions with an interval whose outcome nobody knows yet.
        set_range: where the coverage of a calibration of this size lies in 95 of 100
            calibrations, lowest and highest; None without outcomes.
    """

    level: int
    n: int
    covered: int
    n_unlabelled: int
    set_range: Band | None

    @property
    def promised(self) -> float:
        """The level as a share."""
        return self.level / 100

    @property
    def coverage(self) -> float | None:
        """The share of outcomes inside; None without outcomes."""
        return self.covered / self.n if self.n else None

    @property
    def band(self) -> Band:
        """The exact 95 % interval of the true coverage; [0, 1] without outcomes."""
        return Band(*clopper_pearson(self.covered, self.n, level=BAND_LEVEL))

    @property
    def verdict(self) -> CoverageVerdict:
        """
        How the band stands to the promise.

        A band that misses the promise says so at any n. One that contains it says WITHIN only
        from `fewest_to_judge` on: before that it could hardly have said anything else.
        """
        low, high = self.band
        if high < self.promised:
            return CoverageVerdict.BELOW
        if low > self.promised:
            return CoverageVerdict.ABOVE
        enough = self.n >= fewest_to_judge(self.level)
        return CoverageVerdict.WITHIN if enough else CoverageVerdict.TOO_FEW

    @property
    def may_be_luck_of_the_set(self) -> bool:
        """Whether a calibration of this size can fall so low although nothing has changed."""
        return self.set_range is not None and self.band[1] >= self.set_range[0]


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
    Counts held against their intervals at one level, by row; made by `judge`.

    `bin` numbers the score bins of all calibrations through, NO_CALIBRATION where a row has
    none; `mean` and `variance` are of the coverage that each of those bins keeps, and `owner`
    is the calibration a bin belongs to.
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
    fraction, at = level_of(level), LEVELS.index(level)
    _refuse_unknown(counts.calibration, len(calibrations))
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
    moments = np.array([_moments(each.n, fraction) for each in bins]).reshape(-1, 2)
    return Judged(
        level=level,
        covered=covered,
        known=np.where(where >= 0, counts.known, 0),
        unknown=np.where(where >= 0, counts.unknown, 0),
        bin=where,
        mean=moments[:, 0],
        variance=moments[:, 1],
        owner=np.repeat(np.arange(len(calibrations)), [len(one.bins) for one in calibrations]),
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


def fewest_to_judge(level: int) -> int:
    """
    Return from how many outcomes on a full coverage could be told from the promised one.

    It is the smallest n with level^n <= 2.5 %: with fewer, the band contains the promise even
    if not one outcome was missed.

    >>> [fewest_to_judge(level) for level in (90, 95, 99)]
    [36, 72, 368]
    """
    return math.ceil(math.log(_TAIL) / math.log(level_of(level)))


def coverage_of_one_set(n: int, *, level: int, share: float) -> float:
    """
    Return the coverage that all but a share of calibrations of this size keep or exceed.

    Once drawn, a set keeps one coverage for as long as nothing changes: the promised level is
    its mean over all the sets that might have been drawn.

    Args:
        n: calibration scores, at least 0.
        level: 90, 95 or 99, in percent.
        share: of the sets, in (0, 1); 0.05 asks for the worst one in twenty.

    Returns:
        The quantile of Beta(k, n + 1 - k), k = ceil((n + 1) level); 1 where n is too small to
        promise anything, since such an interval is the whole range.

    Raises:
        InvalidInput: the level or the share does not fit.

    Source:
        Vovk (2012), "Conditional Validity of Inductive Conformal Predictors", ACML 25,
        proposition 2a, for scores without ties; ties only raise the coverage.

    >>> [round(coverage_of_one_set(1000, level=level, share=0.05), 3) for level in (90, 95, 99)]
    [0.884, 0.938, 0.984]
    """
    if not 0 < share < 1:
        raise InvalidInput(field="share", value=share, expected="a number in (0, 1)")
    k = conformal_rank(n, level_of(level))
    return float(special.betaincinv(k, n + 1 - k, share)) if k <= n else 1.0


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
    low, high = special.betaincinv(a, b, [_TAIL, 1 - _TAIL]).tolist()
    return Band(low, high)


def _moments(n: int, level: Fraction) -> tuple[float, float]:
    """Return mean and variance of the coverage that a bin of n rows keeps: Beta(k, n + 1 - k)."""
    k = conformal_rank(n, level)
    if k > n:
        return 1.0, 0.0
    return k / (n + 1), k * (n + 1 - k) / ((n + 1) ** 2 * (n + 2))


def _refuse_unknown(calibration: IntArray, n: int) -> None:
    wrong = (calibration < NO_CALIBRATION) | (calibration >= n)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise InvalidInput(
            field=f"calibration[{first}]",
            value=int(calibration[first]),
            expected=f"-1 for none, or 0 to {n - 1}",
        )
