"""
Outcome intervals of one width for all predictions: the half-width is one order statistic.

They speak about all predictions together and say nothing about the high ones among them; where
that is asked, use bins (`mondrian`).
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from scipy import special

from watchfloor.core.conformal.exact_shares import share_of
from watchfloor.core.conformal.quantile import conformal_rank, refuse_non_finite
from watchfloor.core.errors import InvalidInput

# A float is off by far less than this share of itself; closer calls are settled exactly.
_DOUBT = 1e-9


@dataclass(frozen=True, slots=True)
class MarginalQuantile:
    """
    The half-width of an outcome interval, and what it was made from.

    Args:
        quantile: in the unit of the scores; infinite where n promises nothing.
        k: rank of the quantile among the scores, from 1; n + 1 where there is none.
        n: nonconformity scores.
        level: asked-for coverage, exact.
    """

    quantile: float
    k: int
    n: int
    level: Fraction


def outcome_abs(nonconformity: npt.ArrayLike, *, level: Fraction) -> MarginalQuantile:
    """
    Return the half-width q of [p - q, p + q].

    Promise: over calibration and prediction together, at least `level` of such intervals
    contain the outcome. Nothing is said about the high scores among them, nor about this one
    calibration. Minimum: 9 / 19 / 99 rows for 90 / 95 / 99 %; with fewer q is infinite.

    Args:
        nonconformity: distances of outcome and prediction, shape (n,), finite, any order.
        level: asked-for coverage in (0, 1), exact.

    Raises:
        InvalidInput: a score is NaN or infinite, or the level lies outside (0, 1).

    Source:
        Lei et al. (2018), "Distribution-Free Predictive Inference for Regression", JASA
        113, 1094-1111, Algorithm 2.

    >>> outcome_abs([0.3, 0.1, 0.2, 0.4], level=Fraction(3, 5))
    MarginalQuantile(quantile=0.3, k=3, n=4, level=Fraction(3, 5))
    """
    scores = _sorted(nonconformity)
    return _at_rank(scores, conformal_rank(len(scores), level), level=level)


def outcome_abs_pac(
    nonconformity: npt.ArrayLike, *, level: Fraction, delta: float
) -> MarginalQuantile:
    """
    Return a half-width q of [p - q, p + q] that this very calibration may be held to.

    Promise: with probability 1 - delta over the calibration, at least `level` of all intervals
    made with it contain the outcome. Minimum: ln(delta) / ln(level) rows, that is 29 / 59 / 299
    for 90 / 95 / 99 % at delta 0.05; with fewer q is infinite.

    Args:
        nonconformity: distances of outcome and prediction, shape (n,), finite, any order.
        level: asked-for coverage in (0, 1), exact.
        delta: chance that this calibration covers less, in (0, 1).

    Raises:
        InvalidInput: a score is NaN or infinite, level or delta lies outside (0, 1).

    Source:
        Vovk (2012), "Conditional Validity of Inductive Conformal Predictors", ACML 25,
        proposition 2a: the coverage of the k-th smallest of n is Beta(k, n + 1 - k).

    >>> outcome_abs_pac(range(1000), level=Fraction(9, 10), delta=0.05).k
    916
    """
    scores = _sorted(nonconformity)
    return _at_rank(scores, pac_rank(len(scores), level, delta=delta), level=level)


def pac_rank(n: int, level: Fraction, *, delta: float) -> int:
    """
    Return the smallest k with P(Beta(k, n + 1 - k) < level) <= delta, or n + 1 if there is none.

    Raises:
        InvalidInput: level or delta lies outside (0, 1).

    >>> [pac_rank(29, Fraction(9, 10), delta=0.05), pac_rank(28, Fraction(9, 10), delta=0.05)]
    [29, 29]
    """
    allowed = share_of(delta, field="delta")
    lowest, highest = conformal_rank(n, level) - 1, n + 1
    # The chance falls as the rank rises, and just below the plain rank it is about one half.
    if lowest < 1 or _is_within(lowest, n, level, allowed):
        lowest = 0
    while highest - lowest > 1:
        middle = (lowest + highest) // 2
        if _is_within(middle, n, level, allowed):
            highest = middle
        else:
            lowest = middle
    return highest


def least_rows_pac(level: Fraction, *, delta: float) -> int:
    """
    Return the fewest rows that can promise anything with probability 1 - delta.

    Raises:
        InvalidInput: level or delta lies outside (0, 1).

    >>> [least_rows_pac(Fraction(percent, 100), delta=0.05) for percent in (90, 95, 99)]
    [29, 59, 299]
    """
    allowed = share_of(delta, field="delta")
    if not 0 < level < 1:
        raise InvalidInput(field="level", value=level, expected="a fraction in (0, 1)")
    n = max(1, math.floor(math.log(allowed) / math.log(level)) - 1)
    while level**n > allowed:
        n += 1
    return n


def _sorted(nonconformity: npt.ArrayLike) -> npt.NDArray[np.float64]:
    scores = np.sort(np.asarray(nonconformity, dtype=np.float64))
    refuse_non_finite(scores, name="nonconformity")
    return scores


def _at_rank(scores: npt.NDArray[np.float64], k: int, *, level: Fraction) -> MarginalQuantile:
    n = len(scores)
    if k > n:
        return MarginalQuantile(math.inf, n + 1, n, level)
    return MarginalQuantile(float(scores[k - 1]), k, n, level)


def _is_within(k: int, n: int, level: Fraction, allowed: Fraction) -> bool:
    chance = float(special.betainc(k, n + 1 - k, float(level)))
    if abs(chance - allowed) > _DOUBT * allowed:
        return chance < allowed
    return _exact_chance(k, n, level) <= allowed


def _exact_chance(k: int, n: int, level: Fraction) -> Fraction:
    """Return P(Beta(k, n + 1 - k) < level) = P(Binomial(n, level) >= k) in whole numbers."""
    inside, whole = level.numerator, level.denominator
    outside = whole - inside
    term = total = inside**n
    for j in range(n, k, -1):
        term = term * j * outside // ((n - j + 1) * inside)
        total += term
    return Fraction(total, whole**n)
