"""
How often chance alone moves a histogram as far, when days of one weekday may change places.

Events of one day share weather, outages and reviewers, so their number says little; days are
what may be exchanged when nothing has changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from watchfloor.core.arrays import BoolArray, FloatArray, IntArray
from watchfloor.core.errors import InvalidInput

N_PERMUTATIONS = 1999
STOP_AFTER = 20

_AT_ONCE = 100
# A permutation that puts the days back as they were must count as equal in spite of rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class DayBlocks:
    """
    The days of both sides, of weekdays that both have.

    Args:
        kept: which of the given days, reference first, take part, shape (D,).
        weekday: weekday of each kept day, shape (N,).
        is_current: which kept days are current, shape (N,).
    """

    kept: BoolArray
    weekday: IntArray
    is_current: BoolArray


def pair_days(*, reference_weekdays: Sequence[int], current_weekdays: Sequence[int]) -> DayBlocks:
    """
    Return the days that can be compared; those whose weekday one side lacks are left out.

    >>> blocks = pair_days(reference_weekdays=[0, 1, 2], current_weekdays=[1, 2])
    >>> blocks.kept.tolist(), blocks.weekday.tolist()
    ([False, True, True, True, True], [1, 2, 1, 2])
    """
    weekday = np.array([*reference_weekdays, *current_weekdays], dtype=np.int64)
    is_current = np.arange(len(weekday)) >= len(reference_weekdays)
    kept = np.isin(weekday, np.intersect1d(weekday[is_current], weekday[~is_current]))
    return DayBlocks(kept, weekday[kept], is_current[kept])


@dataclass(frozen=True, slots=True)
class ByChance:
    """
    What exchanging days says of one distance.

    Args:
        p_value: share of draws at least as far apart, in (0, 1].
        usual: median distance of the draws: how far apart such days are by themselves.
    """

    p_value: float
    usual: float


def try_permutations(
    histograms: Sequence[tuple[IntArray, bool]],
    blocks: DayBlocks,
    *,
    distances: Sequence[float],
    rng: np.random.Generator,
    n_permutations: int = N_PERMUTATIONS,
) -> list[ByChance]:
    """
    Return what chance makes of each histogram's distance; all are tried on the same draws.

    Args:
        histograms: events by kept day and bin, shape (N, B), and whether its bins are ordered.
        blocks: the days.
        distances: how far apart each histogram's two sides are.
        rng: draws the permutations.
        n_permutations: the most that are drawn.

    Source:
        Besag and Clifford (1991), "Sequential Monte Carlo p-Values", Biometrika 78, 301-304:
        drawing ends with the 20th distance at least as large, and the p-value stays valid.
    """
    if len(histograms) != len(distances):
        raise InvalidInput(field="distances", value=len(distances), expected="one a histogram")
    exceeded = [0] * len(histograms)
    found: list[float | None] = [None] * len(histograms)
    seen: list[list[FloatArray]] = [[] for _ in histograms]
    for first in range(0, n_permutations, _AT_ONCE):
        drawn = _permuted(blocks, min(_AT_ONCE, n_permutations - first), rng)
        for i, (counts, ordered) in enumerate(histograms):
            if found[i] is not None:
                continue
            seen[i].append(_distances(counts, drawn, ordered))
            reached = seen[i][-1] >= distances[i] - _ROUNDING
            running = exceeded[i] + reached.cumsum()
            exceeded[i] = int(running[-1])
            if exceeded[i] >= STOP_AFTER:
                found[i] = STOP_AFTER / (first + int(np.argmax(running >= STOP_AFTER)) + 1)
        if all(p is not None for p in found):
            break
    return [
        ByChance(
            (1 + exceeded[i]) / (1 + n_permutations) if p is None else p,
            float(np.median(np.concatenate(seen[i]))),
        )
        for i, p in enumerate(found)
    ]


def _permuted(blocks: DayBlocks, n: int, rng: np.random.Generator) -> FloatArray:
    """Return n draws of which days are current, 1 or 0, shape (n, N): as many of each weekday."""
    drawn = np.zeros((n, len(blocks.weekday)), dtype=np.float64)
    for weekday in np.unique(blocks.weekday):
        members = np.flatnonzero(blocks.weekday == weekday)
        labels = np.tile(blocks.is_current[members].astype(np.float64), (n, 1))
        drawn[:, members] = rng.permuted(labels, axis=1)
    return drawn


def _distances(counts: IntArray, is_current: FloatArray, ordered: bool) -> FloatArray:
    events = counts.astype(np.float64)
    current = is_current @ events
    gap = _shares(events.sum(axis=0) - current) - _shares(current)
    if ordered:
        return np.asarray(np.abs(gap.cumsum(axis=1)).max(axis=1))
    return np.asarray(np.abs(gap).sum(axis=1) / 2)


def _shares(counts: FloatArray) -> FloatArray:
    # A draw that leaves one side without events is as far apart as can be, not an error.
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0))
