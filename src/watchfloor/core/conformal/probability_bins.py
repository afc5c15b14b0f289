"""
The event rate of predictions like this one: an exact binomial interval in each score bin.

This is the interval that is shown and stored with a prediction. It speaks about the rate of
events among predictions of the same bin, not about one event.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy import special

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.calibration_error import EDGES
from watchfloor.core.conformal.quantile import level_of
from watchfloor.core.errors import InvalidInput

MIN_ROWS = 30
"""Known outcomes a bin must hold; smaller ones are merged."""


@dataclass(frozen=True, slots=True)
class ProbabilityInterval:
    """
    Where the event rate of predictions like this one lies, at 95 %, and at 90 and 99 %.

    `width` is upper - lower, the number the decision compares with its limit.
    """

    lower: float
    upper: float
    width: float
    lower90: float
    upper90: float
    lower99: float
    upper99: float


UNKNOWN_RATE = ProbabilityInterval(0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0)
"""Too few known outcomes: the rate may be anything."""


def clopper_pearson(k: int, n: int, *, level: Fraction) -> tuple[float, float]:
    """
    Return the exact two-sided interval of a rate after k events in n trials.

    Args:
        k: events, 0 to n.
        n: trials; with none the interval is [0, 1].
        level: coverage in (0, 1), exact.

    Raises:
        InvalidInput: k lies outside 0 to n.

    Source:
        Clopper & Pearson (1934), Biometrika 26, 404-413, in its beta-quantile form.

    >>> clopper_pearson(0, 30, level=Fraction(95, 100))[0]
    0.0
    """
    if not 0 <= k <= n:
        raise InvalidInput(field="k", value=k, expected=f"0 to {n}")
    tail = float((1 - level) / 2)
    lower = float(special.betaincinv(k, n - k + 1, tail)) if k > 0 else 0.0
    upper = float(special.betainccinv(k + 1, n - k, tail)) if k < n else 1.0
    return lower, upper


def rate_interval(k: int, n: int) -> ProbabilityInterval:
    """
    Return the interval of the event rate in a bin of n rows with k events.

    >>> rate_interval(3, 29) is UNKNOWN_RATE
    True
    """
    if n < MIN_ROWS:
        return UNKNOWN_RATE
    (lower90, upper90), (lower, upper), (lower99, upper99) = (
        clopper_pearson(k, n, level=level_of(percent)) for percent in (90, 95, 99)
    )
    return ProbabilityInterval(lower, upper, upper - lower, lower90, upper90, lower99, upper99)


def merged_edges(scores: FloatArray, *, min_rows: int = MIN_ROWS) -> tuple[float, ...]:
    """
    Return the borders of `EDGES` that leave at least `min_rows` scores in every bin.

    The smallest bin joins its smaller neighbour, the lower one where two are equal, until
    all are large enough or one is left. Outcomes play no part, or the promise would be void.

    Args:
        scores: scores in [0, 1], shape (n,), any order.

    >>> merged_edges(np.array([0.01] * 40 + [0.45] * 40 + [0.97] * 5))
    (0.4,)
    """
    edges = list(EDGES)
    rows = np.bincount(bin_of(scores, EDGES), minlength=len(EDGES) + 1).tolist()
    while len(rows) > 1 and min(rows) < min_rows:
        smallest = rows.index(min(rows))
        left = smallest - 1 if _joins_left(rows, smallest) else smallest
        rows[left : left + 2] = [rows[left] + rows[left + 1]]
        del edges[left]
    return tuple(edges)


def _joins_left(rows: list[int], index: int) -> bool:
    if index == len(rows) - 1:
        return True
    return index > 0 and rows[index - 1] <= rows[index + 1]


def bin_of(scores: FloatArray, edges: tuple[float, ...]) -> IntArray:
    """Return the bin of each score; a score on a border belongs to the bin above it."""
    return np.searchsorted(np.asarray(edges), scores, side="right").astype(np.int64, copy=False)
