"""
The grid on which every score is placed once, before anything uses it.

Interval, decision, calibration, log and rollup all see the same grid point, so they agree to
the last bit; the raw score is kept beside it.
"""

import bisect
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from watchfloor.core.arrays import FloatArray, IntArray
from watchfloor.core.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class ScoreGrid:
    """
    An ordered set of scores; any score in its range is replaced by the nearest one.

    A score halfway between two points takes the upper one. Two grids are equal when their
    names are: the name is stored beside the counts, so changed points need a new name.

    Args:
        name: stored with everything that was counted on this grid.
        points: the scores, shape (size,), ascending, finite, at least two.

    Raises:
        InvalidInput: the points are too few, not finite or not ascending.

    >>> ScoreGrid("quarters", np.array([0.0, 0.25, 0.5, 0.75, 1.0])).quantise_one(0.3)
    (1, 0.25)
    """

    name: str
    points: FloatArray = field(repr=False, compare=False)
    _borders: FloatArray = field(init=False, repr=False, compare=False)
    _border_list: list[float] = field(init=False, repr=False, compare=False)
    _point_list: list[float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        points = np.array(self.points, dtype=np.float64)
        if points.ndim != 1 or len(points) < 2 or not _is_ascending(points):
            raise InvalidInput(
                field=f"points of grid {self.name}",
                value=self.points,
                expected="at least two finite scores, each above the one before",
            )
        borders = (points[:-1] + points[1:]) / 2
        points.flags.writeable = False
        borders.flags.writeable = False
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "_borders", borders)
        # A single look-up in a list is ten times faster than one in an array.
        object.__setattr__(self, "_border_list", borders.tolist())
        object.__setattr__(self, "_point_list", points.tolist())

    @property
    def size(self) -> int:
        """Number of points."""
        return len(self._point_list)

    def quantise(self, scores: npt.ArrayLike) -> tuple[IntArray, FloatArray]:
        """
        Return the bin and the grid point of each score.

        Args:
            scores: shape (n,), inside the range of the grid; float32 is widened first.

        Returns:
            Bins in [0, size) and the grid points themselves, both of shape (n,).

        Raises:
            InvalidInput: a score is NaN or out of range; the first one is named.

        >>> bins, values = PROBABILITY.quantise([0.0, 0.42424242, 1.0])
        >>> values
        array([0.    , 0.4242, 1.    ])
        """
        raw = np.asarray(scores, dtype=np.float64)
        low, high = self._point_list[0], self._point_list[-1]
        # NaN makes both comparisons false, so one test refuses it and what lies outside.
        if raw.size and not (raw.min() >= low and raw.max() <= high):
            first = int(np.argmin((raw >= low) & (raw <= high)))
            raise self._refusal(f"scores[{first}]", float(raw[first]))
        bins = np.searchsorted(self._borders, raw, side="right").astype(np.int64, copy=False)
        return bins, self.points[bins]

    def quantise_one(self, score: float) -> tuple[int, float]:
        """
        Return the bin and the grid point of one score, as `quantise` does for many.

        Raises:
            InvalidInput: the score is NaN or out of range.
        """
        if not self._point_list[0] <= score <= self._point_list[-1]:
            raise self._refusal("score", score)
        bin_ = bisect.bisect_right(self._border_list, score)
        return bin_, self._point_list[bin_]

    def _refusal(self, name: str, score: float) -> InvalidInput:
        low, high = self._point_list[0], self._point_list[-1]
        return InvalidInput(field=name, value=score, expected=f"a number in [{low:g}, {high:g}]")


def _is_ascending(points: FloatArray) -> bool:
    return bool(np.isfinite(points).all() and (np.diff(points) > 0).all())


def _probability_points() -> FloatArray:
    """
    Return the points of `PROBABILITY`.

    913 steps carry a tail from 0.01 to 1e-6 at the logit step that 1e-4 makes at 0.01
    (0.0101), so the spacing has no jump where the tail begins.
    """
    middle = np.arange(100, 9901) / 10_000
    tail_logits = np.linspace(np.log(1e-6 / (1 - 1e-6)), np.log(0.01 / 0.99), 914)[:-1]
    # Twelve digits: exponentials differ in the last bit between machines, the grid must not.
    tail = np.array([float(f"{1 / (1 + np.exp(-logit)):.12g}") for logit in tail_logits])
    return np.concatenate(([0.0], tail, middle, 1 - tail[::-1], [1.0]))


PROBABILITY = ScoreGrid("probability-1", _probability_points())
"""Probabilities: steps of 1e-4 on [.01, .99], even in the logit beyond, 0 and 1 themselves."""
