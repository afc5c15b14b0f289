"""How far two histograms lie apart, as numbers that do not grow with the number of events."""

import numpy as np
import numpy.typing as npt
from scipy import special

from watchfloor.core.arrays import BoolArray, FloatArray, IntArray

PSI_GROUPS = 10


def psi(reference: IntArray, current: IntArray, *, is_bin: BoolArray | None = None) -> FloatArray:
    """
    Return the population stability index over ten equal groups of the reference.

    Half an event is added to each group, so that an empty one is not infinitely far. It is
    shown as a size and never tested: without drift it grows as the events get fewer.

    Args:
        reference: events a bin, shape (..., B); groups are cut where its cumulative share
            passes 0.1, 0.2, ... 0.9, so a bin is never split.
        current: as `reference`.
        is_bin: which bins are no filling, shape (..., B); all of them where it is not given.

    Returns:
        One index a histogram, shape (...).

    >>> psi(np.array([[10, 10, 10, 10]]), np.array([[10, 10, 10, 10]])).tolist()
    [0.0]
    """
    n_bins = reference.shape[-1]
    ref, cur = reference.reshape(-1, n_bins), current.reshape(-1, n_bins)
    below = (ref.cumsum(axis=1) - ref / 2) / ref.sum(axis=1, keepdims=True)
    group = np.minimum((below * PSI_GROUPS).astype(np.int64), PSI_GROUPS - 1)
    place = group + PSI_GROUPS * np.arange(len(ref))[:, None]
    p, q, bins = (
        np.bincount(place.ravel(), weights=w.ravel(), minlength=PSI_GROUPS * len(ref))
        for w in (ref, cur, np.ones_like(ref) if is_bin is None else is_bin.reshape(-1, n_bins))
    )
    # Bins without a reference event belong to a neighbour's group; a group may have no bin.
    shape = (len(ref), PSI_GROUPS)
    used = bins.reshape(shape) > 0
    found = _index(p.reshape(shape), q.reshape(shape), used)
    return np.asarray(found.reshape(reference.shape[:-1]))


def psi_of_groups(
    reference: IntArray, current: IntArray, *, is_bin: BoolArray | None = None
) -> FloatArray:
    """Return the index over groups as they are, shape (...), as for words; see `psi`."""
    used = np.ones(reference.shape, dtype=bool) if is_bin is None else is_bin
    return _index(reference, current, used)


def total_variation(reference: IntArray, current: IntArray) -> FloatArray:
    """
    Return the largest difference in share that any set of categories has, in [0, 1].

    It is to words what the Kolmogorov-Smirnov distance is to numbers: words have no order.

    Args:
        reference: events a category, shape (..., B), not all zero.
        current: as `reference`.

    >>> total_variation(np.array([5, 5, 0]), np.array([3, 3, 4])).tolist()
    0.4
    """
    gap = reference / reference.sum(axis=-1, keepdims=True)
    gap = gap - current / current.sum(axis=-1, keepdims=True)
    return np.asarray((np.abs(gap).sum(axis=-1) / 2).round(15))


def wasserstein_in_sd(reference: IntArray, current: IntArray, *, centers: FloatArray) -> FloatArray:
    """
    Return how far values moved on average, in standard deviations of the reference.

    Every value counts as the center of its bin, one beyond the frozen range too.

    Args:
        reference: events a bin, shape (..., B).
        current: as `reference`.
        centers: the value a bin stands for, ascending, shape (..., B).

    Returns:
        One distance a histogram, shape (...); NaN where one side is empty or the reference
        does not vary.

    >>> wasserstein_in_sd(np.array([1, 1]), np.array([0, 2]), centers=np.array([0.0, 2.0])).tolist()
    1.0
    """
    n_ref, n_cur = reference.sum(axis=-1), current.sum(axis=-1)
    # An empty side leaves 0 / 1: its answer is overwritten below.
    p = reference / np.maximum(n_ref, 1)[..., None]
    q = current / np.maximum(n_cur, 1)[..., None]
    mean = (p * centers).sum(axis=-1, keepdims=True)
    sd = np.sqrt((p * (centers - mean) ** 2).sum(axis=-1))
    gap = np.abs((p - q).cumsum(axis=-1))[..., :-1]
    moved = (gap * np.diff(centers)).sum(axis=-1)
    is_known = (n_ref > 0) & (n_cur > 0) & (sd > 0)
    return np.asarray(np.where(is_known, moved / np.where(sd > 0, sd, 1.0), np.nan))


def chi_square_p_value(reference: IntArray, current: IntArray) -> FloatArray:
    """
    Return the p-value of two histograms of words, as if events were independent.

    Args:
        reference: events a category, shape (..., B), not all zero.
        current: as `reference`.

    Source:
        Pearson's test of homogeneity, without a correction for continuity.

    >>> chi_square_p_value(np.array([10, 20]), np.array([20, 10])).round(6).tolist()
    0.009823
    """
    both = (reference + current).astype(np.float64)
    n, m = (side.sum(axis=-1, keepdims=True).astype(np.float64) for side in (reference, current))
    is_seen = both > 0
    statistic = np.zeros(both.shape[:-1])
    for side, size in ((reference, n), (current, m)):
        expected = np.where(is_seen, size * both / (n + m), 1.0)
        statistic += ((side - expected) ** 2 / expected).sum(axis=-1, where=is_seen)
    freedom = is_seen.sum(axis=-1) - 1
    p = special.chdtrc(np.maximum(freedom, 1), statistic)
    return np.asarray(np.where(freedom < 1, 1.0, p))


def _index(
    reference: npt.NDArray[np.floating | np.integer],
    current: npt.NDArray[np.floating | np.integer],
    used: BoolArray,
) -> FloatArray:
    """Return the sum over the used groups, which lie along the last axis."""
    p, q = _smoothed(reference, used), _smoothed(current, used)
    return np.asarray(((q - p) * np.log(q / p)).sum(axis=-1, where=used))


def _smoothed(counts: npt.NDArray[np.floating | np.integer], used: BoolArray) -> FloatArray:
    n, groups = counts.sum(axis=-1, keepdims=True), used.sum(axis=-1, keepdims=True)
    return np.asarray((counts + 0.5) / (n + 0.5 * groups))
