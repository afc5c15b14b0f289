"""
The latest nonconformity scores in ascending order, and their conformal quantiles at any moment.

The live coverage of estimated numbers keeps one (`ml/coverage/numeric_widths`): what their width
would be if it followed the latest known numbers alone.

Two twins of one window. The plain one keeps a sorted list, in which a push moves memory: it is
the faster one up to some ten thousand scores. The other keeps sorted blocks, of which a push
touches two, in a compiled loop.
"""

import math
from bisect import bisect_left, insort
from collections import deque
from typing import Protocol

import numpy as np
import numpy.typing as npt

from watchfloor.core import kernels
from watchfloor.core.arrays import FloatArray
from watchfloor.core.conformal.quantile import LEVELS, conformal_rank, level_of, refuse_non_finite
from watchfloor.core.conformal.window_blocks import new_blocks, push_scores
from watchfloor.core.errors import InvalidInput
from watchfloor.core.kernels import Twin

COMPILED_FROM = 20_000
"""From this size on a window is worth compiling."""


class SlidingWindow(Protocol):
    """
    The last `size` scores; it is a sequence of them in ascending order.

    `AdaptiveLevel.issue` takes it as it is.
    """

    size: int

    def __len__(self) -> int:
        """Return how many scores there are, at most `size`."""
        ...

    def __getitem__(self, index: int, /) -> float:
        """Return the score with this many below it; ties count in any order."""
        ...

    def push(self, score: float) -> None:
        """
        Add a score, and drop the oldest when there are more than `size`.

        Raises:
            InvalidInput: the score is NaN or infinite.
        """
        ...

    def quantiles(self) -> tuple[float, ...]:
        """Return the conformal quantiles at `LEVELS`; infinite where scores are too few."""
        ...

    def follow(self, scores: npt.ArrayLike) -> FloatArray:
        """
        Push scores one after another and return the quantiles after each.

        Args:
            scores: nonconformity scores, shape (n,), in the order in which they came.

        Returns:
            Shape (n, levels), in the order of `LEVELS`.

        Raises:
            InvalidInput: a score is NaN or infinite; none is pushed then.
        """
        ...


def sliding_window(size: int, *, twin: Twin | None = None) -> SlidingWindow:
    """
    Return an empty window over the last `size` nonconformity scores.

    Args:
        size: at least 1; 9, 19, 99 scores are the fewest for 90, 95, 99 %.
        twin: plain or compiled, with the same results; None takes what suits the size.

    Raises:
        InvalidInput: the size is below 1.

    >>> window = sliding_window(9)
    >>> window.follow([0.9, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.05])[-2:, 0].tolist()
    [0.9, 0.8]
    """
    if size < 1:
        raise InvalidInput(field="size", value=size, expected="1 or more")
    if twin is None:
        twin = kernels.twins()[-1] if size >= COMPILED_FROM else Twin.PLAIN
    return BlockedWindow(size) if twin is Twin.COMPILED else ListWindow(size)


class ListWindow:
    """The plain twin: one sorted list."""

    __slots__ = ("_arrived", "_ascending", "_ranks", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self._arrived: deque[float] = deque()
        self._ascending: list[float] = []
        self._ranks = _ranks(0)

    def __len__(self) -> int:
        return len(self._ascending)

    def __getitem__(self, index: int, /) -> float:
        return self._ascending[index]

    def push(self, score: float) -> None:
        """Add a score; see `SlidingWindow`."""
        if not math.isfinite(score):
            raise InvalidInput(field="score", value=score, expected="a finite number")
        if len(self._arrived) == self.size:
            oldest = self._arrived.popleft()
            del self._ascending[bisect_left(self._ascending, oldest)]
        else:
            self._ranks = _ranks(len(self._arrived) + 1)
        self._arrived.append(score)
        insort(self._ascending, score)

    def quantiles(self) -> tuple[float, ...]:
        """Return the quantiles; see `SlidingWindow`."""
        ascending, n = self._ascending, len(self._ascending)
        return tuple([ascending[k - 1] if k <= n else math.inf for k in self._ranks])

    def follow(self, scores: npt.ArrayLike) -> FloatArray:
        """Push all and return the quantiles after each; see `SlidingWindow`."""
        column = _checked(scores)
        found = np.empty((len(column), len(LEVELS)))
        for i, score in enumerate(column.tolist()):
            self.push(score)
            found[i] = self.quantiles()
        return found


class BlockedWindow:
    """The compiled twin: sorted blocks in a table."""

    __slots__ = ("_blocks", "_found", "_one", "_push", "size")

    def __init__(self, size: int, *, push: kernels.Loop | None = None) -> None:
        self.size = size
        self._blocks = new_blocks(size)
        self._push = push or kernels.compiled(push_scores)
        self._one = np.empty(1)
        self._found = np.full((1, len(LEVELS)), math.inf)

    def __len__(self) -> int:
        return int(self._blocks.counts.sum())

    def __getitem__(self, index: int, /) -> float:
        n_to = np.cumsum(self._blocks.counts)
        if not -n_to[-1] <= index < n_to[-1]:
            raise IndexError(index)
        at = index % n_to[-1]
        block = int(np.searchsorted(n_to, at, side="right"))
        # Counted from the block's end: that is where `n_to` stands.
        place = self._blocks.counts[block] - (n_to[block] - at)
        return float(self._blocks.rows[block, place])

    def push(self, score: float) -> None:
        """Add a score; see `SlidingWindow`."""
        if not math.isfinite(score):
            raise InvalidInput(field="score", value=score, expected="a finite number")
        self._one[0] = score
        self._push(self._one, _LEVELS, *self._blocks, self._found)

    def quantiles(self) -> tuple[float, ...]:
        """Return the quantiles; see `SlidingWindow`."""
        return tuple(self._found[0].tolist())

    def follow(self, scores: npt.ArrayLike) -> FloatArray:
        """Push all and return the quantiles after each; see `SlidingWindow`."""
        column = _checked(scores)
        found = np.empty((len(column), len(LEVELS)))
        self._push(column, _LEVELS, *self._blocks, found)
        self._found[:] = found[-1:] if len(found) else self._found
        return found


def _ranks(n: int) -> list[int]:
    return [conformal_rank(n, level_of(percent)) for percent in LEVELS]


_LEVELS = np.array([level_of(percent).as_integer_ratio() for percent in LEVELS])


def _checked(scores: npt.ArrayLike) -> FloatArray:
    column = np.ascontiguousarray(scores, dtype=np.float64)
    refuse_non_finite(column, name="scores")
    return column
