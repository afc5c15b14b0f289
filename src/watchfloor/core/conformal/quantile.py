"""The conformal quantile: an order statistic with a rank in whole numbers."""

import math
from fractions import Fraction

import numpy as np

from watchfloor.core.arrays import FloatArray
from watchfloor.core.errors import InvalidInput

LEVELS = (90, 95, 99)
"""The coverage levels in percent; whole numbers, since 0.9 is no exact key."""


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


def refuse_non_finite(values: FloatArray, *, name: str) -> None:
    """Raise InvalidInput naming the first value that is NaN or infinite."""
    finite = np.isfinite(values)
    if not finite.all():
        first = int(np.argmin(finite))
        raise InvalidInput(
            field=f"{name}[{first}]", value=float(values[first]), expected="a finite number"
        )
