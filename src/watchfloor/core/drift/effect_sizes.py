"""How far two histograms lie apart, as numbers that do not grow with the number of events."""

import numpy as np
import numpy.typing as npt
from scipy import special

from watchfloor.core.arrays import FloatArray, IntArray

PSI_GROUPS = 10


def psi(reference: IntArray, current: IntArray) -> float:
    """
    Return the population stability index over ten equal groups of the reference.

    Half an event is added to each group, so that an empty one is not infinitely far. It is
    shown as a size and never tested: without drift it grows as the events get fewer.

    Args:
        reference: events a bin, shape (B,); groups are cut where its cumulative share
            passes 0.1, 0.2, ... 0.9, so a bin is never split.
        current: as `reference`.

    >>> psi(np.array([10, 10, 10, 10]), np.array([10, 10, 10, 10]))
    0.0
    """
    below = (reference.cumsum() - reference / 2) / reference.sum()
    group = np.minimum((below * PSI_GROUPS).astype(np.int64), PSI_GROUPS - 1)
    # Bins without a reference event belong to a neighbour's group; used groups are renumbered.
    _, place = np.unique(group, return_inverse=True)
    return psi_of_groups(np.bincount(place, weights=reference), np.bincount(place, weights=current))


def psi_of_groups(
    reference: npt.NDArray[np.floating | np.integer], current: npt.NDArray[np.floating | np.integer]
) -> float:
    """Return the index over groups as they are, as for words."""
    p, q = _smoothed(reference), _smoothed(current)
    return float(((q - p) * np.log(q / p)).sum())


def total_variation(reference: IntArray, current: IntArray) -> float:
    """
    Return the largest difference in share that any set of categories has, in [0, 1].

    It is to words what the Kolmogorov-Smirnov distance is to numbers: words have no order.

    >>> total_variation(np.array([5, 5, 0]), np.array([3, 3, 4]))
    0.4
    """
    gap = reference / reference.sum() - current / current.sum()
    return float((np.abs(gap).sum() / 2).round(15))


def wasserstein_in_sd(
    reference: IntArray, current: IntArray, *, centers: FloatArray
) -> float | None:
    """
    Return how far values moved on average, in standard deviations of the reference.

    Every value counts as the center of its bin, one beyond the frozen range too.

    Args:
        reference: events a bin, shape (B,).
        current: as `reference`.
        centers: the value a bin stands for, ascending, shape (B,).

    Returns:
        The distance; None where one side is empty or the reference does not vary.

    >>> wasserstein_in_sd(np.array([1, 1]), np.array([0, 2]), centers=np.array([0.0, 2.0]))
    1.0
    """
    if not reference.sum() or not current.sum():
        return None
    mean = float(np.average(centers, weights=reference))
    sd = float(np.sqrt(np.average((centers - mean) ** 2, weights=reference)))
    if sd <= 0:
        return None
    gap = np.abs(reference.cumsum() / reference.sum() - current.cumsum() / current.sum())
    return float((gap[:-1] * np.diff(centers)).sum() / sd)


def chi_square_p_value(reference: IntArray, current: IntArray) -> float:
    """
    Return the p-value of two histograms of words, as if events were independent.

    Source:
        Pearson's test of homogeneity, without a correction for continuity.

    >>> round(chi_square_p_value(np.array([10, 20]), np.array([20, 10])), 6)
    0.009823
    """
    table = np.array([reference, current], dtype=np.float64)
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        return 1.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    return float(special.chdtrc(table.shape[1] - 1, statistic))


def _smoothed(counts: npt.NDArray[np.floating | np.integer]) -> FloatArray:
    return np.asarray((counts + 0.5) / (counts.sum() + 0.5 * len(counts)))
