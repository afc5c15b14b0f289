"""
How often chance alone moves a histogram as far, when days of one weekday may change places.

Events of one day share weather, outages and reviewers, so their number says little; days are
what may be exchanged when nothing has changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from watchfloor.core.arrays import BoolArray, FloatArray, IntArray
from watchfloor.core.drift.histograms import Batch

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
    batches: Sequence[Batch],
    counts: IntArray,
    blocks: DayBlocks,
    *,
    distances: Mapping[str, float],
    rng: np.random.Generator,
    n_permutations: int = N_PERMUTATIONS,
) -> dict[str, ByChance]:
    """
    Return what chance makes of each histogram's distance; all are tried on the same draws.

    Args:
        batches: the histograms.
        counts: events by kept day and bin, shape (N, W), which the batches read.
        blocks: the days.
        distances: how far apart each histogram's two sides are, by name.
        rng: draws the permutations.
        n_permutations: the most that are drawn; without any nothing is known of chance.

    Source:
        Besag and Clifford (1991), "Sequential Monte Carlo p-Values", Biometrika 78, 301-304:
        drawing ends with the 20th distance at least as large, and the p-value stays valid.
    """
    if not n_permutations:
        return dict.fromkeys(distances, ByChance(1.0, 0.0))
    tried = [_Tried(each, counts, [distances[name] for name in each.names]) for each in batches]
    for first in range(0, n_permutations, _AT_ONCE):
        drawn = _permuted(blocks, min(_AT_ONCE, n_permutations - first), rng)
        for each in tried:
            each.take(drawn)
        if not any(each.n_open for each in tried):
            break
    found: dict[str, ByChance] = {}
    for each in tried:
        found |= each.answers(n_permutations)
    return found


@dataclass(frozen=True, slots=True)
class _Stack:
    """
    Histograms that are tried in one product.

    With a(d) the part of all events in bin b that day d holds, A its sum over days and w(d)
    the part of all events, the shares of the chosen days and of the rest lie
    sum of (a(d) - A w(d)) over the chosen days / w (1 - w) apart, w being their part.

    Args:
        members: which of the batch they are, shape (F,).
        pulls: a(d) - A w(d), summed along the bins where they have an order, shape (N, F, B).
        parts: w(d), shape (N, F).
        ordered: whether the bins have an order.
    """

    members: IntArray
    pulls: FloatArray
    parts: FloatArray
    ordered: bool

    def distances(self, drawn: FloatArray) -> FloatArray:
        """Return how far apart each draw leaves the two sides, shape (P, F)."""
        n_days, n_histograms, n_bins = self.pulls.shape
        gap = (drawn @ self.pulls.reshape(n_days, -1)).reshape(-1, n_histograms, n_bins)
        if self.ordered:
            size = np.maximum(gap.max(axis=2), -gap.min(axis=2))
        else:
            size = np.abs(gap).sum(axis=2) / 2
        both = (drawn @ self.parts) * ((1 - drawn) @ self.parts)
        # A draw that leaves one side without events is as far apart as can be, not an error.
        apart = np.ones_like(size)
        np.divide(size, both, out=apart, where=both > 0)
        return np.asarray(apart)

    def only(self, kept: BoolArray) -> "_Stack":
        return _Stack(self.members[kept], self.pulls[:, kept], self.parts[:, kept], self.ordered)


def _stack(batch: Batch, counts: IntArray) -> _Stack:
    events = batch.of(counts)
    n_events = np.maximum(events.sum(axis=(0, 2)), 1)
    shares = events / n_events[:, None]
    parts = shares.sum(axis=2)
    pulls = shares - shares.sum(axis=0) * parts[..., None]
    if batch.ordered:
        np.cumsum(pulls, axis=2, out=pulls)
    return _Stack(np.arange(len(n_events)), pulls, parts, batch.ordered)


class _Tried:
    """The draws so far of one stack; a histogram leaves it with its twentieth exceedance."""

    def __init__(self, batch: Batch, counts: IntArray, distances: Sequence[float]) -> None:
        self._names, self._open = batch.names, _stack(batch, counts)
        self._distances = np.asarray(distances) - _ROUNDING
        self._exceeded = np.zeros(len(distances), dtype=np.int64)
        self._seen = np.empty((0, len(distances)))
        self._answers: dict[str, ByChance] = {}

    @property
    def n_open(self) -> int:
        return len(self._open.members)

    def take(self, drawn: FloatArray) -> None:
        if not self.n_open:
            return
        n_before = len(self._seen)
        apart = self._open.distances(drawn)
        self._seen = np.concatenate([self._seen, apart])
        running = self._exceeded + (apart >= self._distances).cumsum(axis=0)
        done = running[-1] >= STOP_AFTER
        at = n_before + (running >= STOP_AFTER).argmax(axis=0) + 1
        self._leave(done, STOP_AFTER / at)
        self._exceeded = running[-1][~done]

    def answers(self, n_permutations: int) -> dict[str, ByChance]:
        """Return what is known of each histogram after the last draw."""
        rest = np.ones(self.n_open, dtype=bool)
        self._leave(rest, (1 + self._exceeded) / (1 + n_permutations))
        return self._answers

    def _leave(self, leaving: BoolArray, p_values: FloatArray) -> None:
        if not leaving.any():
            return
        usual = np.median(self._seen[:, leaving], axis=0)
        of = zip(self._open.members[leaving], p_values[leaving], usual, strict=True)
        self._answers |= {self._names[i]: ByChance(float(p), float(u)) for i, p, u in of}
        self._open, self._distances = self._open.only(~leaving), self._distances[~leaving]
        self._seen = self._seen[:, ~leaving]


def _permuted(blocks: DayBlocks, n: int, rng: np.random.Generator) -> FloatArray:
    """Return n draws of which days are current, 1 or 0, shape (n, N): as many of each weekday."""
    drawn = np.zeros((n, len(blocks.weekday)), dtype=np.float64)
    for weekday in np.unique(blocks.weekday):
        members = np.flatnonzero(blocks.weekday == weekday)
        labels = np.tile(blocks.is_current[members].astype(np.float64), (n, 1))
        drawn[:, members] = rng.permuted(labels, axis=1)
    return drawn
