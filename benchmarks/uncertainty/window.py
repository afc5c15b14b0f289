"""
A window of 100,000 scores, a push and three quantiles: 10 times sortedcontainers as a stream.

The quantiles of both are equal at every step, which is checked in the same run. A single call
from Python is reported beside it.
"""

from collections import deque

import numpy as np
from river.stats import RollingQuantile
from sortedcontainers import SortedList

from benchmarks.uncertainty.data import SEED
from benchmarks.uncertainty.results import Comparison, Part, Target
from benchmarks.uncertainty.timing import Work, compared
from watchfloor.core.arrays import FloatArray
from watchfloor.core.conformal.quantile import LEVELS, conformal_rank, level_of
from watchfloor.core.conformal.sliding_window import BlockedWindow, SlidingWindow, sliding_window
from watchfloor.core.kernels import Twin

SIZE, QUICK_SIZE = 100_000, 50_000
SMALL = 1_000
STREAM, ONE_BY_ONE = 20_000, 2_000


class SortedListWindow:
    """What one writes with sortedcontainers."""

    name = "sortedcontainers"

    def __init__(self, scores: FloatArray) -> None:
        self._arrived = deque(scores.tolist())
        self._ascending = SortedList(self._arrived)
        n = len(scores)
        self._at = [conformal_rank(n, level_of(percent)) - 1 for percent in LEVELS]

    def push(self, score: float) -> tuple[float, ...]:
        """Add a score to the full window and return the quantiles."""
        ascending = self._ascending
        ascending.remove(self._arrived.popleft())
        self._arrived.append(score)
        ascending.add(score)
        return tuple([ascending[at] for at in self._at])


class RiverWindow:
    """Three rolling quantiles of river; by numpy's definition, without the (n + 1)."""

    name = "river"

    def __init__(self, scores: FloatArray) -> None:
        self._rolling = [RollingQuantile(percent / 100, len(scores)) for percent in LEVELS]
        for score in scores.tolist():
            self.push(score)

    def push(self, score: float) -> tuple[float | None, ...]:
        """Add a score and return the quantiles."""
        for each in self._rolling:
            each.update(score)
        return tuple([each.get() for each in self._rolling])


def measure(*, quick: bool) -> Part:
    """Compare as a stream and call by call, in a large and in a usual window."""
    size, rounds = (QUICK_SIZE, 3) if quick else (SIZE, 7)
    sizes = (size,) if quick else (size, SMALL)
    found = [each for n in sizes for each in _compared(n, rounds=rounds)]
    stream = next(each for each in found if each.peer == SortedListWindow.name)
    return Part(
        heading="Sliding window",
        words=(
            "One push into a full window and the quantiles at three levels, for one score. "
            "`stream` hands over many scores in one call; `call by call` is a loop in Python. "
            "The table of blocks needs the extra `fast`; the sorted list is what a usual window "
            "takes, with it or without."
        ),
        comparisons=found,
        targets=[
            Target(
                "window as a stream",
                f"window of {size:,} as a stream, beside sortedcontainers",
                10.0,
                stream.ratio,
            )
        ],
    )


def _compared(size: int, *, rounds: int) -> list[Comparison]:
    scores = np.random.default_rng(SEED).exponential(size=size + STREAM)
    first, rest = scores[:size], scores[size:]
    _refuse_other_quantiles(first, rest[:ONE_BY_ONE])
    found = []
    for twin in (Twin.COMPILED, Twin.PLAIN):
        window = sliding_window(size, twin=twin)
        window.follow(first)
        structure = "blocks" if isinstance(window, BlockedWindow) else "sorted list"
        for peer in (SortedListWindow(first), RiverWindow(first)):
            theirs = _one_by_one(peer, rest[:ONE_BY_ONE])
            for how, ours, n in (
                ("stream", _stream(window, rest), len(rest)),
                ("call by call", _calls(window, rest[:ONE_BY_ONE]), ONE_BY_ONE),
            ):
                work = f"{size:,}, {structure}, {how}"
                units = (n, ONE_BY_ONE)
                found.append(compared(work, ours, peer.name, theirs, units=units, rounds=rounds))
    return found


def _stream(window: SlidingWindow, scores: FloatArray) -> Work:
    return lambda: window.follow(scores)


def _calls(window: SlidingWindow, scores: FloatArray) -> Work:
    column = scores.tolist()

    def push_each() -> None:
        for score in column:
            window.push(score)
            window.quantiles()

    return push_each


def _one_by_one(peer: SortedListWindow | RiverWindow, scores: FloatArray) -> Work:
    column = scores.tolist()

    def push_each() -> None:
        for score in column:
            peer.push(score)

    return push_each


def _refuse_other_quantiles(first: FloatArray, rest: FloatArray) -> None:
    peer = SortedListWindow(first)
    expected = [peer.push(score) for score in rest.tolist()]
    for twin in Twin:
        window = sliding_window(len(first), twin=twin)
        window.follow(first)
        if [tuple(row) for row in window.follow(rest).tolist()] != expected:
            raise SystemExit(f"the {twin} window finds other quantiles than a sorted list")
