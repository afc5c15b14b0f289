"""
Intervals that contain the outcome itself, with their promise kept inside each score bin.

A promise over all predictions is bought by the many clean ones: coverage among high scores
can be zero while the total is 90 %. Here each bin has a quantile of its own.
"""

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.probability_bins import bin_of
from watchfloor.core.conformal.quantile import residual_quantiles


def bin_quantiles(
    scores: FloatArray, outcomes: IntArray, *, edges: tuple[float, ...]
) -> tuple[tuple[float, ...], ...]:
    """
    Return the quantile of |score - outcome| for each bin and level.

    Args:
        scores: probabilities in [0, 1], shape (n,).
        outcomes: 0 or 1, shape (n,).
        edges: borders between the bins, ascending, chosen without looking at outcomes.

    Returns:
        One tuple a bin, in the order of `LEVELS`; infinite where the bin holds fewer than
        9, 19, 99 rows.

    Source:
        Vovk, Gammerman & Shafer (2005), "Algorithmic Learning in a Random World", section
        4.5 (Mondrian predictors).

    >>> import numpy as np
    >>> bin_quantiles(np.linspace(0, 0.1, 9), np.zeros(9, dtype=int), edges=())
    ((0.1, inf, inf),)
    """
    if not edges:
        return (residual_quantiles(scores, outcomes),)
    where = bin_of(scores, edges)
    inside = (where == i for i in range(len(edges) + 1))
    return tuple(residual_quantiles(scores[of_bin], outcomes[of_bin]) for of_bin in inside)


def outcome_interval(score: float, quantile: float) -> tuple[float, float]:
    """
    Return [score - quantile, score + quantile] cut to [0, 1].

    >>> outcome_interval(0.75, 0.5)
    (0.25, 1.0)
    """
    return max(0.0, score - quantile), min(1.0, score + quantile)
