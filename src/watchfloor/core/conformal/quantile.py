"""The conformal quantile: an order statistic with a rank in whole numbers."""

import math
from fractions import Fraction

import numpy as np

from watchfloor.core.arrays import FloatArray
from watchfloor.core.errors import InvalidInput

LEVELS = (90, 95, 99)
"""The coverage levels in percent; whole numbers, since 0.9 is no exact key."""

SAMPLE = 10_000
"""How many scores a selection looks at first; below twice as many it looks at all."""


def level_of(percent: int) -> Fraction:
    """
    Return a coverage level as an exact fraction.

    Raises:
        InvalidInput: not one of 90, 95, 99.

    >>> level_of(95)
    Fraction(19, 20)
    """
    if percent not in LEVELS:
        raise InvalidInput(field="level", value=percent, expected="90, 95 or 99 (percent)")
    return Fraction(percent, 100)


def conformal_rank(n: int, level: Fraction) -> int:
    """
    Return k = ceil((n + 1) level), in whole numbers.

    Args:
        n: number of calibration scores, at least 0.
        level: asked-for coverage in (0, 1), exact.

    Returns:
        The rank, counted from 1; above n when n scores are too few to promise the level.

    Raises:
        InvalidInput: the level lies outside (0, 1).

    >>> conformal_rank(9, Fraction(9, 10)), conformal_rank(8, Fraction(9, 10))
    (9, 9)
    """
    if not 0 < level < 1:
        raise InvalidInput(field="level", value=level, expected="a fraction in (0, 1)")
    # Whole numbers: in floating point 10 * 0.7 has a ceiling of 8 or 7 by luck.
    return -(-(n + 1) * level.numerator // level.denominator)


def conformal_quantile(sorted_scores: FloatArray, *, level: Fraction) -> float:
    """
    Return the threshold that a new score stays within with probability >= level.

    Args:
        sorted_scores: nonconformity scores, shape (n,), ascending, finite.
        level: asked-for coverage in (0, 1), exact: Fraction(9, 10) asks for 90 %.

    Returns:
        The k-th smallest score, in the unit of the scores; infinite when n is too small to
        promise anything at this level (n < 9, 19, 99 for 90, 95, 99 %), n = 0 included.

    Raises:
        InvalidInput: a score is NaN or infinite, or the scores are not ascending.

    Source:
        Lei et al. (2018), "Distribution-Free Predictive Inference for Regression", JASA
        113, 1094-1111, Algorithm 2.

    >>> conformal_quantile(np.array([0.1, 0.2, 0.3, 0.4]), level=Fraction(3, 5))
    0.3
    """
    n = len(sorted_scores)
    refuse_non_finite(sorted_scores, name="scores")
    if (np.diff(sorted_scores) < 0).any():
        raise InvalidInput(field="scores", value="not ascending", expected="ascending scores")
    k = conformal_rank(n, level)
    return float(sorted_scores[k - 1]) if k <= n else math.inf


def conformal_quantiles(
    scores: FloatArray, *, levels: tuple[int, ...] = LEVELS
) -> tuple[float, ...]:
    """
    Return the conformal quantile at several levels, from scores in any order.

    The same numbers as `conformal_quantile` gives after a sort, found by selection: a strided
    sample tells where the lowest rank lies, and only the scores above are looked at further.
    Where the sample misleads, all are; the result is exact either way.

    Args:
        scores: nonconformity scores, shape (n,), any order, finite.
        levels: percents out of 90, 95 and 99.

    Returns:
        One threshold a level, in the unit of the scores; infinite where n is too small.

    Raises:
        InvalidInput: a score is NaN or infinite, or a level does not fit.

    Source:
        Floyd & Rivest (1975), "Expected time bounds for selection", CACM 18, 165-172: the
        sampled border; the sample here is every so-manyth score, for nothing is drawn.

    >>> conformal_quantiles(np.array([0.3, 0.1, 0.2] * 9))
    (0.3, 0.3, inf)
    """
    refuse_non_finite(scores, name="scores")
    n = len(scores)
    ranks = [conformal_rank(n, level_of(percent)) for percent in levels]
    reached = sorted({k for k in ranks if k <= n})
    found = _order_statistics(scores, reached) if reached else {}
    return tuple(found.get(k, math.inf) for k in ranks)


def _order_statistics(scores: FloatArray, ranks: list[int]) -> dict[int, float]:
    """Return the k-th smallest score for each rank k, ascending ranks."""
    found = {}
    rest, n_below = _upper_part(scores, ranks[0])
    # One rank a time, in what the one before left above it: numpy selects several at once
    # much more slowly.
    for k in ranks:
        at = k - 1 - n_below
        rest, n_below = np.partition(rest, at)[at:], k - 1
        found[k] = float(rest[0])
    return found


def _upper_part(scores: FloatArray, k: int) -> tuple[FloatArray, int]:
    """Return scores among which the k-th smallest of all is, and how many lie below them."""
    n = len(scores)
    sample = scores[:: max(1, n // SAMPLE)]
    m = len(sample)
    # Three standard errors, at most, of the rank in the sample below the one that is sought.
    at = math.floor(m * k / n - 1.5 * math.sqrt(m))
    if n < 2 * SAMPLE or at < 0:
        return scores, 0
    upper = np.compress(scores >= np.partition(sample, at)[at], scores)
    n_below = n - len(upper)
    return (upper, n_below) if n_below < k else (scores, 0)


def refuse_non_finite(values: FloatArray, *, name: str) -> None:
    """Raise InvalidInput naming the first value that is NaN or infinite."""
    finite = np.isfinite(values)
    if not finite.all():
        first = int(np.argmin(finite))
        raise InvalidInput(
            field=f"{name}[{first}]", value=float(values[first]), expected="a finite number"
        )
