"""
How well the probability itself is known: the Venn-Abers pair of a score.

One of the two numbers is a perfectly calibrated probability, whatever the scores are worth; which
one, nobody knows beforehand. A wide pair says that this score is hardly known.
"""

from bisect import bisect_left, bisect_right
from collections.abc import MutableSequence, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from watchfloor.core import kernels
from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.conformal.outcomes import checked_pairs
from watchfloor.core.errors import InvalidInput
from watchfloor.core.kernels import Twin, twin_for

MAX_BREAKPOINTS = 4096
"""Rows of a table; more steps than that are thinned."""

PLAIN_S = 3e-6
"""About how long the plain loop takes for one distinct score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VennAbers:
    """
    The pair of every score, as a table of steps.

    Args:
        breakpoints: scores at which one of the two numbers changes, ascending, in [0, 1].
        p0: probability if the new outcome were clean, from this breakpoint up to below the
            next; 0 below the first.
        p1: probability if the new outcome were an event, from above the breakpoint before up
            to this one; 1 above the last.
        exact: False where steps were left out, so that p0 may be lower and p1 higher than the
            outcomes say, never the other way about.

    A table without breakpoints knows nothing: the pair is (0, 1) everywhere.
    """

    breakpoints: tuple[float, ...] = ()
    p0: tuple[float, ...] = ()
    p1: tuple[float, ...] = ()
    exact: bool = True
    _from: tuple[float, ...] = field(init=False, repr=False, compare=False)
    _up_to: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        points, p0, p1 = (np.array(each) for each in (self.breakpoints, self.p0, self.p1))
        if not len(points) == len(p0) == len(p1):
            raise InvalidInput(
                field="p0", value=len(p0), expected="one p0 and one p1 for each breakpoint"
            )
        _refuse_unless_ascending("breakpoints", points, strictly=True)
        _refuse_unless_ascending("p0", p0)
        _refuse_unless_ascending("p1", p1)
        if (p0 > p1).any():
            raise InvalidInput(field="p0", value="above p1", expected="p0 at or below p1")
        object.__setattr__(self, "_from", (0.0, *self.p0))
        object.__setattr__(self, "_up_to", (*self.p1, 1.0))

    def pair(self, score: float) -> tuple[float, float]:
        """
        Return p0 and p1 of a score, in [0, 1], p0 at or below p1.

        Args:
            score: quantised probability in [0, 1].

        Raises:
            InvalidInput: the score is NaN or outside [0, 1].

        >>> fit_venn_abers([0.2, 0.4, 0.6, 0.8], [0, 0, 1, 1]).pair(0.8)
        (0.6666666666666666, 1.0)
        """
        if not 0.0 <= score <= 1.0:
            raise InvalidInput(field="score", value=score, expected="a number in [0, 1]")
        points = self.breakpoints
        return self._from[bisect_right(points, score)], self._up_to[bisect_left(points, score)]

    def pairs(self, scores: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """
        Return p0 and p1 of many scores, each of shape (n,).

        Args:
            scores: quantised probabilities in [0, 1], shape (n,), any order.

        Raises:
            InvalidInput: a score is NaN or outside [0, 1]; the first one is named.
        """
        p, _ = checked_pairs(scores, np.zeros(np.shape(scores)))
        points = np.array((*self.breakpoints, np.inf))
        at = np.searchsorted(points, p, side="left")
        # A score on a breakpoint stands behind it for p0: the same search would be made again.
        return np.array(self._from)[at + (points[at] == p)], np.array(self._up_to)[at]

    def point(self, score: float) -> float:
        """
        Return the one probability between p0 and p1 with the least worst-case log loss.

        Source:
            Vovk, Petej & Fedorova (2015), section 4: p1 / (1 - p0 + p1).

        >>> VennAbers().point(0.9)
        0.5
        """
        p0, p1 = self.pair(score)
        return p1 / (1.0 - p0 + p1)

    def width(self, score: float) -> float:
        """
        Return p1 - p0, in [0, 1]: how far the probability of this score is not known.

        >>> VennAbers().width(0.9)
        1.0
        """
        p0, p1 = self.pair(score)
        return p1 - p0

    def to_record(self) -> dict[str, Any]:
        """Return the table as plain JSON values; floats in hexadecimal, no digit lost."""
        return {
            "breakpoints": [value.hex() for value in self.breakpoints],
            "p0": [value.hex() for value in self.p0],
            "p1": [value.hex() for value in self.p1],
            "exact": self.exact,
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "VennAbers":
        """
        Read what `to_record` wrote.

        Raises:
            InvalidInput: the table is none: not ascending, outside [0, 1], or p0 above p1.
            KeyError, ValueError, TypeError: the record has another form.
        """
        if not isinstance(record["exact"], bool):
            raise InvalidInput(field="exact", value=record["exact"], expected="true or false")
        columns = {
            name: tuple(map(float.fromhex, record[name])) for name in ("breakpoints", "p0", "p1")
        }
        return cls(**columns, exact=record["exact"])


def fit_venn_abers(
    scores: npt.ArrayLike,
    outcomes: npt.ArrayLike,
    *,
    max_breakpoints: int = MAX_BREAKPOINTS,
    twin: Twin | None = None,
) -> VennAbers:
    """
    Fit the pair to known outcomes: an inductive Venn-Abers predictor.

    p0 is the isotonic regression at the score after a clean outcome was added there, p1 the
    same after an event. Both are found for all scores in one pass each, after one sort.

    Args:
        scores: quantised probabilities in [0, 1], shape (n,), any order, ties allowed.
        outcomes: 1 for an event, 0 for a clean one, shape (n,); what is unknown stays out.
        max_breakpoints: rows of the table, at least 4. Where there are more steps, some are
            left out so that no p0 falls and no p1 rises by more than about
            4 / max_breakpoints, and the table says that it is not exact.
        twin: plain or compiled, with the same result; None takes the one that is done first.

    Returns:
        The table; without outcomes of both kinds it knows nothing.

    Raises:
        InvalidInput: a score or outcome does not fit, or fewer than 4 rows were allowed.

    Source:
        Vovk, Petej & Fedorova (2015), "Large-scale probabilistic predictors with and without
        guarantees of validity", NeurIPS; Algorithms 1 and 2, here with whole numbers.

    >>> fit_venn_abers([0.2, 0.4, 0.4, 0.8], [0, 0, 1, 1]).pair(0.4)
    (0.3333333333333333, 0.6666666666666666)
    """
    if max_breakpoints < 4:
        raise InvalidInput(field="max_breakpoints", value=max_breakpoints, expected="4 or more")
    p, y = checked_pairs(scores, outcomes)
    events = int(y.sum())
    if events in (0, len(y)):
        return VennAbers()
    distinct, rows_to, events_to = _cumulated(p, y)
    if twin is None:
        twin = twin_for(fill_tangents, plain_s=PLAIN_S * len(distinct))
    p0 = _lower_probabilities(rows_to, events_to, twin=twin)
    p1 = _upper_probabilities(rows_to, events_to, twin=twin)
    steps = _steps(p0, p1)
    kept = _thinned(steps, p0 + p1, max_breakpoints)
    return VennAbers(
        breakpoints=tuple(distinct[kept].tolist()),
        p0=tuple(p0[kept].tolist()),
        p1=tuple(p1[kept].tolist()),
        exact=len(kept) == len(steps),
    )


def _cumulated(p: FloatArray, y: IntArray) -> tuple[FloatArray, IntArray, IntArray]:
    """Return the k distinct scores, and rows and events up to each, k + 1 beginning with 0."""
    # The bits of a float that is not negative sort as it does, and below 2 one bit is free for
    # the outcome: one sort of whole numbers instead of an argsort, which costs far more.
    rows = np.sort(((p + 0.0).view(np.int64) << 1) | y)
    bits = rows >> 1
    last = np.flatnonzero(np.append(bits[1:] != bits[:-1], True))
    events = np.cumsum(rows & 1)[last]
    return bits[last].view(np.float64), np.append(0, last + 1), np.append(0, events)


def _upper_probabilities(rows_to: IntArray, events_to: IntArray, *, twin: Twin) -> FloatArray:
    """Return p1 at each distinct score."""
    rise, run = _slopes(rows_to, events_to, twin=twin)
    return rise / run


def _lower_probabilities(rows_to: IntArray, events_to: IntArray, *, twin: Twin) -> FloatArray:
    """Return p0 at each distinct score: clean and event, low and high change places."""
    rows_from = (rows_to[-1] - rows_to)[::-1]
    clean_from = rows_from - (events_to[-1] - events_to)[::-1]
    rise, run = _slopes(rows_from, clean_from, twin=twin)
    return ((run - rise) / run)[::-1]


def _slopes(xs: IntArray, ys: IntArray, *, twin: Twin) -> tuple[IntArray, IntArray]:
    corners = np.zeros((2, len(xs)), dtype=np.int64)
    slopes = np.zeros((2, len(xs) - 1), dtype=np.int64)
    columns = [np.ascontiguousarray(each) for each in (xs, ys)]
    kernels.run(fill_tangents, read=columns, filled=(*corners, *slopes), twin=twin)
    return slopes[0], slopes[1]


def fill_tangents(
    xs: Sequence[int],
    ys: Sequence[int],
    corner_x: MutableSequence[int],
    corner_y: MutableSequence[int],
    rise: MutableSequence[int],
    run: MutableSequence[int],
) -> None:
    """
    Fill in p1 at each distinct score as a fraction: events and rows of its pooled block.

    The points (rows so far, events so far) have a greatest convex minorant, whose slope is the
    isotonic regression. An event added at score i moves all points before it by (-1, -1). So
    from one score to the next one point moves, and the corners to its right, kept on a stack
    with the leftmost on top, are each pushed and popped once. All in whole numbers, so that no
    tie is lost.

    Args:
        xs, ys: rows and events at or below each of k distinct scores, k + 1 from 0 on.
        corner_x, corner_y: room for the stack, k + 1.
        rise, run: filled in, k.
    """
    k, top = len(rise), -1
    for j in range(k, -1, -1):
        x, y = (xs[j], ys[j]) if j > 0 else (-1, -1)
        while top > 0 and (corner_y[top] - y) * (corner_x[top - 1] - x) >= (
            corner_y[top - 1] - y
        ) * (corner_x[top] - x):
            top -= 1
        top += 1
        corner_x[top], corner_y[top] = x, y
    rise[0], run[0] = corner_y[top - 1] + 1, corner_x[top - 1] + 1
    for i in range(1, k):
        x, y = xs[i] - 1, ys[i] - 1
        if (y - corner_y[top]) * run[i - 1] < rise[i - 1] * (x - corner_x[top]):
            top -= 1
            while top > 0 and (corner_y[top] - y) * (corner_x[top - 1] - x) >= (
                corner_y[top - 1] - y
            ) * (corner_x[top] - x):
                top -= 1
            top += 1
            corner_x[top], corner_y[top] = x, y
        rise[i], run[i] = corner_y[top - 1] - corner_y[top], corner_x[top - 1] - corner_x[top]


def _steps(p0: FloatArray, p1: FloatArray) -> IntArray:
    """Return where p0 begins a step or p1 ends one: the rest of the scores add nothing."""
    begins = np.diff(p0, prepend=0.0) != 0
    ends = np.diff(p1, append=1.0) != 0
    return np.flatnonzero(begins | ends)


def _thinned(steps: IntArray, height: FloatArray, most: int) -> IntArray:
    """
    Return at most `most` of the steps, about evenly spread over the rise of p0 + p1.

    Both ends of a stretch that is left out lie within one target of each other, and a look-up
    takes p0 from the end below and p1 from the end above: wider, never narrower.
    """
    if len(steps) <= most:
        return steps
    heights = height[steps]
    targets = np.linspace(heights[0], heights[-1], most // 2)
    first = np.searchsorted(heights, targets, side="left")
    last = np.searchsorted(heights, targets, side="right") - 1
    return steps[np.unique(np.concatenate((first, last)))]


def _refuse_unless_ascending(name: str, values: FloatArray, *, strictly: bool = False) -> None:
    # Written so that NaN is refused.
    rises = values[1:] > values[:-1] if strictly else values[1:] >= values[:-1]
    if not (rises.all() and (values >= 0).all() and (values <= 1).all()):
        raise InvalidInput(field=name, value=values, expected="ascending numbers in [0, 1]")
