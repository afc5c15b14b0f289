"""The conformal quantile: an order statistic with a rank in whole numbers."""

import math
from fractions import Fraction

import numpy as np

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.errors import InvalidInput
from watchfloor.core.kernels import Twin, compiled, twin_for

LEVELS = (90, 95, 99)
"""The coverage levels in percent; whole numbers, since 0.9 is no exact key."""

PLAIN_S = 5e-9
"""About how long the plain twin of `residual_quantiles` takes for one residual."""

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

    The same numbers as `conformal_quantile` gives after a sort, found by selection: a small
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
    if min(ranks, default=n + 1) > n:
        return (math.inf,) * len(ranks)
    border = _border(_sampled(scores), n, min(ranks))
    upper = scores if border is None else np.compress(scores >= border, scores)
    reaches_down = n - len(upper) < min(ranks)
    return _selected(upper if reaches_down else scores, ranks, n=n)


def residual_quantiles(
    predictions: FloatArray, outcomes: FloatArray | IntArray, *, twin: Twin | None = None
) -> tuple[float, ...]:
    """
    Return the conformal quantiles of |outcome - prediction| at `LEVELS`.

    The same as `conformal_quantiles` of the residuals; the compiled twin keeps none of them
    but the upper tenth.

    Args:
        predictions: shape (n,), finite, in the unit of the outcomes.
        outcomes: shape (n,), finite.
        twin: plain or compiled, with the same result; None takes the one that pays.

    Raises:
        InvalidInput: a residual is NaN or infinite.

    >>> residual_quantiles(np.zeros(9), np.arange(9.0))
    (8.0, inf, inf)
    """
    n = len(predictions)
    ranks = [conformal_rank(n, level_of(percent)) for percent in LEVELS]
    border = _border(np.abs(_sampled(outcomes) - _sampled(predictions)), n, ranks[0])
    if twin is None:
        twin = twin_for(fill_upper_residuals, plain_s=PLAIN_S * n)
    if border is None or twin is Twin.PLAIN:
        return conformal_quantiles(np.abs(outcomes - predictions))
    upper = np.empty(n)
    m = compiled(fill_upper_residuals)(predictions, outcomes, border, upper)
    # NaN and infinity are never below the border, so looking at the upper part finds them.
    if n - m >= ranks[0] or not np.isfinite(upper[:m]).all():
        return conformal_quantiles(np.abs(outcomes - predictions))
    return _selected(upper[:m], ranks, n=n)


def fill_upper_residuals(
    predictions: FloatArray, outcomes: FloatArray | IntArray, border: float, upper: FloatArray
) -> int:
    """Fill in the residuals that are not below a border and return how many; for `kernels`."""
    m = 0
    for i in range(len(predictions)):
        residual = abs(outcomes[i] - predictions[i])
        # Written in any case: a store costs less than a branch that cannot be foreseen.
        upper[m] = residual
        m += not residual < border
    return m


def _sampled(column: FloatArray | IntArray) -> FloatArray | IntArray:
    """Return about `SAMPLE` numbers: every so-manyth line of memory of eight of them."""
    lines = column[: len(column) // 8 * 8].reshape(-1, 8)
    return lines[:: max(1, len(column) // SAMPLE)].ravel()


def _border(sample: FloatArray | IntArray, n: int, k: int) -> float | None:
    """Return a score probably just below the k-th smallest of n; None where n is too small."""
    m = len(sample)
    # Three standard errors, at most, of the rank in the sample below the one that is sought.
    at = math.floor(m * k / n - 1.5 * math.sqrt(m)) if n else -1
    if n < 2 * SAMPLE or not 0 <= at < m:
        return None
    border = float(np.partition(sample, at)[at])
    return border if math.isfinite(border) else None


def _selected(upper: FloatArray, ranks: list[int], *, n: int) -> tuple[float, ...]:
    """Return the score of each rank among n, infinite above it, from the upper ones of them."""
    n_below = n - len(upper)
    found = {}
    # One rank a time, in what the one before left above it: numpy selects several at once
    # much more slowly.
    for k in sorted({k for k in ranks if k <= n}):
        at = k - 1 - n_below
        upper, n_below = np.partition(upper, at)[at:], k - 1
        found[k] = float(upper[0])
    return tuple(found.get(k, math.inf) for k in ranks)


def refuse_non_finite(values: FloatArray, *, name: str) -> None:
    """Raise InvalidInput naming the first value that is NaN or infinite."""
    finite = np.isfinite(values)
    if not finite.all():
        first = int(np.argmin(finite))
        raise InvalidInput(
            field=f"{name}[{first}]", value=float(values[first]), expected="a finite number"
        )
