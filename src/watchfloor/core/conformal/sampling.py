"""
Which known outcomes may stand for all predictions, when not every prediction was looked at.

What the decision asks about is always looked at; of the quiet rest a random sample is, with a
known chance. Rows with different chances cannot be counted together: an exact binomial test and
a rank want rows that all came in alike. Two selections give such rows without looking at any
outcome. Both depend on the score, the chance and a hash of the row's id alone, so among the
rows kept the events are those of all predictions.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from watchfloor.core.arrays import BoolArray, FloatArray, IntArray
from watchfloor.core.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sampling:
    """
    How each row of a calibration came to have a known outcome.

    Args:
        propensities: chance that this prediction would be looked at, shape (n,), in (0, 1].
        draws: a number for each row that has to do with neither score nor outcome, such as a
            hash of its id, shape (n,), in [0, 1).
        quiet_is_known: False where predictions below review are not sampled, or not all that
            were drawn are known; then nothing about low scores can be shown.
    """

    propensities: FloatArray
    draws: FloatArray
    quiet_is_known: bool = True

    @classmethod
    def complete(cls, n: int) -> Self:
        """Return the sampling of n rows that were all sure to be looked at."""
        return cls(propensities=np.ones(n), draws=np.zeros(n))

    def part(self, rows: npt.NDArray[np.bool_] | IntArray) -> Self:
        """Return the sampling of some of the rows, or of all in another order."""
        return type(self)(
            propensities=self.propensities[rows],
            draws=self.draws[rows],
            quiet_is_known=self.quiet_is_known,
        )

    @property
    def weights(self) -> FloatArray:
        """How many predictions each row stands for: one over its propensity."""
        return 1.0 / self.propensities


def checked_sampling(sampling: Sampling | None, *, n: int) -> Sampling:
    """
    Return the sampling of n rows; None says that all of them were sure to be looked at.

    Raises:
        InvalidInput: another number of rows, a propensity outside (0, 1], a draw outside [0, 1).

    >>> checked_sampling(None, n=2).weights
    array([1., 1.])
    """
    if sampling is None:
        return Sampling.complete(n)
    for name, column in (("propensities", sampling.propensities), ("draws", sampling.draws)):
        if column.shape != (n,):
            raise InvalidInput(
                field=name, value=f"shape {column.shape}", expected=f"one value for each of {n}"
            )
    p, u = sampling.propensities, sampling.draws
    _refuse("propensities", p, (p > 0) & (p <= 1), "a number in (0, 1]")
    _refuse("draws", u, (u >= 0) & (u < 1), "a number in [0, 1)")
    return sampling


def equal_chance(sampling: Sampling, groups: IntArray) -> BoolArray:
    """
    Return which rows to keep so that within each group every prediction had the same chance.

    A row stays with probability (smallest propensity of its group) / (its own). The chance to
    be looked at and kept is then the smallest propensity for all of them, and the rows of a
    group are as good as drawn evenly from its predictions.

    Args:
        groups: number of the group of each row, shape (n,), from 0; chosen without outcomes.

    >>> mixed = Sampling(propensities=np.array([1.0, 0.5, 1.0]), draws=np.array([0.7, 0.9, 0.2]))
    >>> equal_chance(mixed, np.array([0, 0, 1]))
    array([False,  True,  True])
    """
    if not len(groups):
        return np.zeros(0, dtype=np.bool_)
    smallest = np.full(int(groups.max()) + 1, math.inf)
    np.minimum.at(smallest, groups, sampling.propensities)
    kept: BoolArray = sampling.draws * sampling.propensities < smallest[groups]
    return kept


def evenly_seen_top(scores: FloatArray, sampling: Sampling) -> BoolArray:
    """
    Return which rows lie above every score at which a prediction had less than the best chance.

    From there up all were as likely to be looked at, mostly sure to, whatever lies below.

    >>> mixed = Sampling(propensities=np.array([1.0, 0.02, 1.0]), draws=np.zeros(3))
    >>> evenly_seen_top(np.array([0.1, 0.3, 0.9]), mixed)
    array([False, False,  True])
    """
    p = sampling.propensities
    rarer = scores[p < p.max(initial=0.0)]
    above: BoolArray = scores > rarer.max(initial=-math.inf)
    return above


def _refuse(name: str, values: FloatArray, fits: BoolArray, expected: str) -> None:
    if not fits.all():
        first = int(np.argmin(fits))
        raise InvalidInput(field=f"{name}[{first}]", value=float(values[first]), expected=expected)
