"""
From which score on a promised share of errors is certified.

With probability at least 1 - delta over the calibration set, at most a share eps of what is
acted on from the threshold on is false. Where that cannot be shown, nothing is certified.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.outcomes import checked_pairs
from watchfloor.core.errors import InvalidInput

N_RANKS = 200


@dataclass(frozen=True, slots=True)
class Certificate:
    """
    A promise about every score on the certain side of a threshold, the threshold included.

    Args:
        threshold: the last score that is still certified; None when nothing is.
        eps: the largest share of false actions, in (0, 1).
        delta: the chance that the promise is broken, in (0, 1).
        n: known outcomes it was made from.
        n_certified: how many of them lie in the certified region.
        false_certified: how many of those were false.
        first_tested: the most certain score that was tested by itself; what lies beyond it is a
            part of the region for which nothing is promised alone. None where it was not kept.
    """

    threshold: float | None
    eps: float
    delta: float
    n: int
    n_certified: int
    false_certified: int
    first_tested: float | None = None


def certify(
    scores: npt.ArrayLike, outcomes: npt.ArrayLike, *, eps: float, delta: float
) -> Certificate:
    """
    Certify automatic tickets: at and above the threshold at most a share eps is clean.

    Ranks are tested from the highest scores down, each with all scores tied with it, and the
    walk stops at the first that cannot be shown; so no correction for many tests is needed.

    Args:
        scores: quantised probabilities in [0, 1], shape (n,), any order.
        outcomes: 1 for an event, 0 for a clean one, shape (n,).
        eps: promised share of false tickets, in (0, 1).
        delta: chance that the promise fails, in (0, 1).

    Raises:
        InvalidInput: a score or outcome that does not fit, or eps or delta outside (0, 1).

    Source:
        Angelopoulos et al. (2021), "Learn then Test", fixed-sequence testing with the exact
        binomial p-value.

    >>> certify([0.9] * 22 + [0.1] * 100, [1] * 22 + [0] * 100, eps=0.1, delta=0.1).threshold
    0.9
    """
    p, y = checked_pairs(scores, outcomes)
    return _certify_from_the_top(p, 1 - y, eps=eps, delta=delta)


def certify_clear(
    scores: npt.ArrayLike, outcomes: npt.ArrayLike, *, eps: float, delta: float
) -> Certificate:
    """
    Certify automatic clearing: at and below the threshold at most a share eps are events.

    Arguments and errors are those of `certify`.

    >>> certify_clear([0.9] * 22 + [0.1] * 300, [1] * 22 + [0] * 300, eps=0.01, delta=0.1).threshold
    0.1
    """
    p, y = checked_pairs(scores, outcomes)
    # Negated, not 1 - p: a threshold must come back as the very score it was.
    turned = _certify_from_the_top(-p, y, eps=eps, delta=delta)
    if turned.threshold is None or turned.first_tested is None:
        return turned
    first, last = 0.0 - turned.first_tested, 0.0 - turned.threshold
    return replace(turned, threshold=last, first_tested=first)


def first_rank(eps: float, delta: float) -> int:
    """
    Return the fewest faultless rows that can certify anything: (1 - eps)^m <= delta.

    >>> [first_rank(eps, 0.1) for eps in (0.01, 0.05, 0.1, 0.2)]
    [230, 45, 22, 11]
    """
    return math.ceil(math.log(delta) / math.log1p(-eps))


def geometric_ranks(first: int, n: int) -> IntArray:
    """
    Return at most 200 ranks from `first` to n, each about the same factor above the last.

    >>> geometric_ranks(22, 24)
    array([22, 23, 24])
    """
    if first > n:
        return np.array([], dtype=np.int64)
    return np.unique(np.rint(np.geomspace(first, n, N_RANKS)).astype(np.int64))


def _certify_from_the_top(
    scores: FloatArray, false: IntArray, *, eps: float, delta: float
) -> Certificate:
    _refuse_outside_unit(eps=eps, delta=delta)
    n = len(scores)
    order = np.argsort(-scores, kind="stable")
    descending, false_so_far = scores[order], np.cumsum(false[order])
    ranks = _ends_of_ties(descending, geometric_ranks(first_rank(eps, delta), n))
    p_values = special.bdtr(false_so_far[ranks - 1].astype(np.float64), ranks, eps)
    passed = int(np.argmin(np.append(p_values <= delta, False)))
    if passed == 0:
        return Certificate(None, eps, delta, n, 0, 0)
    m = int(ranks[passed - 1])
    return Certificate(
        float(descending[m - 1]),
        eps,
        delta,
        n,
        n_certified=m,
        false_certified=int(false_so_far[m - 1]),
        first_tested=float(descending[ranks[0] - 1]),
    )


def _ends_of_ties(descending: FloatArray, ranks: IntArray) -> IntArray:
    """Move each rank to the last row of its score: a threshold cannot cut through a tie."""
    at = descending[ranks - 1]
    return np.unique(np.searchsorted(-descending, -at, side="right")).astype(np.int64, copy=False)


def _refuse_outside_unit(**shares: float) -> None:
    for name, share in shares.items():
        if not 0 < share < 1:
            raise InvalidInput(field=name, value=share, expected="a number in (0, 1)")
