"""How far scores are from the event rates they claim, in one number."""

import numpy as np

from watchfloor.core.arrays import FloatArray, IntArray

EDGES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
"""Borders between score bins; a bin holds its lower border. Finer where rare events live."""


def expected_calibration_error(
    scores: FloatArray, *, clean: FloatArray | IntArray, events: FloatArray | IntArray
) -> float | None:
    """
    Return the mean distance between score and event rate over the bins of `EDGES`.

    Args:
        scores: distinct or repeated scores in [0, 1], shape (n,), any order.
        clean: how many outcomes were clean at each score, or what they weigh, shape (n,).
        events: how many were events, shape (n,).

    Returns:
        sum over bins of |sum of scores - events| / total, in [0, 1]; None without outcomes.

    Source:
        Naeini et al. (2015), "Obtaining Well Calibrated Probabilities Using Bayesian
        Binning", AAAI; with fixed bins of unequal width.

    >>> one, none = np.array([1, 1]), np.array([0, 0])
    >>> round(expected_calibration_error(np.array([0.3, 0.9]), clean=none, events=one), 12)
    0.4
    """
    weight = clean + events
    total = weight.sum()
    if total == 0:
        return None
    bins = np.searchsorted(np.asarray(EDGES), scores, side="right")
    gap = np.bincount(bins, weights=scores * weight - events, minlength=len(EDGES) + 1)
    return float(np.abs(gap).sum() / total)
