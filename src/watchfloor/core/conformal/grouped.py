"""
A conformal quantile for rows of units, where rows of one unit depend on one another.

Ten thousand rows of forty engines are forty engines. Units are exchangeable, rows are not; so
each unit weighs as one, however many rows it has, and n is the number of units.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from watchfloor.core.arrays import IntArray
from watchfloor.core.conformal.quantile import refuse_non_finite
from watchfloor.core.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class GroupedQuantile:
    """
    The half-width of an outcome interval for a row of a unit that was not seen before.

    Args:
        quantile: in the unit of the scores; infinite where the units promise nothing.
        n_groups: units, which is what the promise counts.
        n: rows of all units.
        level: asked-for coverage, exact.
    """

    quantile: float
    n_groups: int
    n: int
    level: Fraction

    @property
    def is_certifiable(self) -> bool:
        """Whether there are enough units for the level."""
        return math.isfinite(self.quantile)


def grouped_quantile(
    nonconformity: npt.ArrayLike, groups: npt.ArrayLike, *, level: Fraction
) -> GroupedQuantile:
    """
    Return the smallest s whose rows up to it carry level (units + 1), each unit carrying 1.

    A row of a unit with m rows carries 1 / m. Promise: for a new unit and a row of it taken at
    random, the score stays within the quantile with probability at least `level`, over units
    and rows together; nothing is said about all rows of one unit at once. Minimum: 9 / 19 / 99
    units for 90 / 95 / 99 %, however many rows they have; with fewer the level is not
    certifiable and the quantile is infinite.

    Args:
        nonconformity: shape (n,), finite, any order.
        groups: the unit of each row, shape (n,), numbers or texts.
        level: asked-for coverage in (0, 1), exact.

    Raises:
        InvalidInput: a score is NaN or infinite, unequal lengths, or a level outside (0, 1).

    Source:
        Lee, Barber & Willett (2023), "Distribution-free inference with hierarchical data",
        arXiv 2306.06342, hierarchical conformal prediction.

    >>> nine_units = [f"engine {i}" for i in range(9) for _ in range(100)]
    >>> found = grouped_quantile(range(900), nine_units, level=Fraction(9, 10))
    >>> found.quantile, found.n_groups
    (899.0, 9)
    >>> grouped_quantile(range(900), nine_units, level=Fraction(95, 100)).is_certifiable
    False
    """
    if not 0 < level < 1:
        raise InvalidInput(field="level", value=level, expected="a fraction in (0, 1)")
    scores, unit_of, sizes = _checked_rows(nonconformity, groups)
    order = np.argsort(scores, kind="stable")
    kinds, kind_of = np.unique(sizes[unit_of[order]], return_inverse=True)
    needed = level * (len(sizes) + 1)

    def carried(m: int) -> Fraction:
        rows = np.bincount(kind_of[:m], minlength=len(kinds))
        # Fractions: a hundred times a rounded hundredth need not be one.
        return sum(map(Fraction, rows.tolist(), kinds.tolist()), Fraction(0))

    k = bisect_left(range(1, len(scores) + 1), needed, key=carried)
    quantile = float(scores[order[k]]) if k < len(scores) else math.inf
    return GroupedQuantile(quantile, n_groups=len(sizes), n=len(scores), level=level)


def _checked_rows(
    nonconformity: npt.ArrayLike, groups: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], IntArray, IntArray]:
    scores, names = np.asarray(nonconformity, dtype=np.float64), np.asarray(groups)
    if scores.ndim != 1 or scores.shape != names.shape:
        raise InvalidInput(
            field="groups",
            value=f"shape {names.shape} beside scores of shape {scores.shape}",
            expected="one unit for each score",
        )
    refuse_non_finite(scores, name="nonconformity")
    _, unit_of, sizes = np.unique(names, return_inverse=True, return_counts=True)
    return scores, unit_of, sizes
