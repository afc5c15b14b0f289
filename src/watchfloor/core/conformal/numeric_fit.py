"""Fit a numeric calibration to known outcomes: rows alike, rows of units, or rows with weights."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import numpy as np
import numpy.typing as npt

from watchfloor.core.arrays import BoolArray, FloatArray, IntArray
from watchfloor.core.conformal.exact_shares import share_of
from watchfloor.core.conformal.grouped import grouped_quantile
from watchfloor.core.conformal.marginal import outcome_abs, outcome_abs_pac
from watchfloor.core.conformal.nonconformity import absolute, difficulty
from watchfloor.core.conformal.numeric import (
    FEWEST_PER_BIN,
    HalfWidths,
    NumericCalibration,
    SigmaBin,
)
from watchfloor.core.conformal.numeric_self_test import NumericSelfTest, try_on_newer_half
from watchfloor.core.conformal.probability_bins import bin_of
from watchfloor.core.conformal.quantile import LEVELS, level_of
from watchfloor.core.conformal.weighted import (
    effective_n,
    inverse_propensity_weights,
    weighted_quantile,
)
from watchfloor.core.errors import InvalidInput

NOTHING: HalfWidths = (math.inf, math.inf, math.inf)
DELTA = 0.05
"""Default chance that the PAC half-widths cover less than their level."""


@dataclass(frozen=True, slots=True, eq=False)
class Difficulty:
    """
    How difficult each row is taken to be, and the ranges in which like rows are compared.

    Args:
        sigmas: shape (n,), not negative, in the unit of the outcome; from the model.
        floor: least sigma, above 0.
        edges: borders between ranges of sigma, ascending; chosen without looking at outcomes,
            such as `sigma_terciles` of all predictions.
    """

    sigmas: npt.ArrayLike
    floor: float
    edges: tuple[float, ...] = ()


def sigma_terciles(sigmas: npt.ArrayLike) -> tuple[float, ...]:
    """
    Return the borders that cut sigmas into three parts; fewer where many are equal.

    Args:
        sigmas: of predictions, known outcome or not, shape (n,), finite, any order.

    >>> sigma_terciles([3, 1, 2, 6, 5, 4]), sigma_terciles([1, 1, 2, 2]), sigma_terciles([])
    ((3.0, 5.0), (2.0,), ())
    """
    ordered = np.sort(np.asarray(sigmas, dtype=np.float64))
    n = len(ordered)
    borders = {float(ordered[n * third // 3]) for third in (1, 2)} if n else set()
    return tuple(sorted(border for border in borders if border > ordered[0]))


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Rows that count as they are, as units, or by their weights; never units with weights."""

    distances: FloatArray
    units: IntArray | None
    weights: FloatArray | None

    @property
    def n_counted(self) -> float:
        """What a promise counts: rows, units, or effective rows."""
        if self.weights is not None:
            return effective_n(self.weights)
        return len(self.distances) if self.units is None else len(np.unique(self.units))

    def part(self, rows: BoolArray) -> Self:
        """Return some of the rows."""
        return type(self)(
            self.distances[rows],
            None if self.units is None else self.units[rows],
            None if self.weights is None else self.weights[rows],
        )

    def half_widths(self, scores: FloatArray) -> HalfWidths:
        """Return the quantiles of the rows' scores at 90, 95 and 99 %."""
        narrow, middle, wide = (self._quantile(scores, level_of(percent)) for percent in LEVELS)
        return narrow, middle, wide

    def _quantile(self, scores: FloatArray, level: Fraction) -> float:
        if self.units is not None and self.weights is not None:
            # What a random row of a unit is cannot be told from rows that were not all seen.
            return math.inf
        if self.units is not None:
            return grouped_quantile(scores, self.units, level=level).quantile
        if self.weights is not None:
            heaviest = float(self.weights.max(initial=1.0))
            return weighted_quantile(
                scores, self.weights, level=level, test_weight=heaviest
            ).quantile
        return outcome_abs(scores, level=level).quantile


def fit_numeric_calibration(
    outcomes: npt.ArrayLike,
    estimates: npt.ArrayLike,
    *,
    unit: str,
    known_difficulty: Difficulty | None = None,
    groups: Sequence[str] | None = None,
    propensities: npt.ArrayLike | None = None,
    delta: float = DELTA,
) -> NumericCalibration:
    """
    Fit intervals to known outcomes.

    Promises, each at 90, 95 and 99 % with at least 9 / 19 / 99 rows: `absolute` and
    `normalised` over all rows, `mondrian` inside each range of sigma with 100 rows or more.
    `pac` holds for this calibration with 1 - delta and needs 29 / 59 / 299. Where rows belong
    to units, each promise speaks about a random row of a new unit, the minimum counts units,
    and PAC promises nothing. Where rows had unequal chances to become known they are weighted
    by the inverse; then 100 effective rows are needed, and PAC promises nothing. Rows of units
    that were not all seen promise nothing at all.

    Args:
        outcomes: shape (n,), finite, oldest first; unknown ones stay out.
        estimates: shape (n,), finite, in the same unit.
        unit: of both, such as `h`.
        known_difficulty: sigma of each row; None where the model has none.
        groups: the unit (engine, site, person) of each row, where rows of one depend on one
            another; None where rows are independent.
        propensities: logged chance of each outcome to become known, shape (n,), in (0, 1];
            None where all were sure to.
        delta: chance that the PAC half-widths cover less than their level, in (0, 1).

    Returns:
        A calibration; with too few rows its intervals are infinite.

    Raises:
        InvalidInput: a row, sigma, border, propensity or share that does not fit; it is named.

    >>> known = fit_numeric_calibration([1.0] * 19, [1.5] * 19, unit="h")
    >>> known.certifiable_levels(), known.interval(4.0, level=90).upper
    ((90, 95), 4.5)
    """
    distances = absolute(outcomes, estimates)
    if not unit:
        raise InvalidInput(field="unit", value=unit, expected="the unit of the outcome")
    n = len(distances)
    rows = _Rows(distances, _unit_of(groups, n=n), _weights(propensities, n=n))
    are_alike = rows.units is None and rows.weights is None
    whole = rows.half_widths(distances)
    return NumericCalibration(
        unit=unit,
        n=n,
        n_groups=None if rows.units is None else len(np.unique(rows.units)),
        n_effective=None if rows.weights is None else effective_n(rows.weights),
        delta=float(share_of(delta, field="delta")),
        absolute=whole,
        pac=_pac(distances, delta=delta) if are_alike else NOTHING,
        normalised=_normalised(rows, known_difficulty),
        sigma_floor=float(known_difficulty.floor) if known_difficulty else None,
        sigma_edges=tuple(map(float, known_difficulty.edges)) if known_difficulty else (),
        bins=_bins(rows, known_difficulty, whole),
        self_test=try_on_newer_half(distances) if are_alike else NumericSelfTest(()),
    )


def _pac(scores: FloatArray, *, delta: float) -> HalfWidths:
    narrow, middle, wide = (
        outcome_abs_pac(scores, level=level_of(percent), delta=delta).quantile for percent in LEVELS
    )
    return narrow, middle, wide


def _normalised(rows: _Rows, known: Difficulty | None) -> HalfWidths:
    if known is None:
        return NOTHING
    scale = difficulty(known.sigmas, floor=known.floor, like=rows.distances)
    return rows.half_widths(rows.distances / scale)


def _bins(rows: _Rows, known: Difficulty | None, whole: HalfWidths) -> tuple[SigmaBin, ...]:
    if known is None:
        return ()
    if list(known.edges) != sorted(set(known.edges)) or not np.isfinite(known.edges).all():
        raise InvalidInput(field="edges", value=known.edges, expected="ascending borders")
    where = bin_of(np.asarray(known.sigmas, dtype=np.float64), known.edges)
    return tuple(_bin(rows.part(where == at), whole) for at in range(len(known.edges) + 1))


def _bin(rows: _Rows, whole: HalfWidths) -> SigmaBin:
    n_counted = rows.n_counted
    if n_counted < FEWEST_PER_BIN:
        return SigmaBin(int(n_counted), whole, is_own=False)
    return SigmaBin(int(n_counted), rows.half_widths(rows.distances), is_own=True)


def _unit_of(groups: Sequence[str] | None, *, n: int) -> IntArray | None:
    if groups is None:
        return None
    if len(groups) != n:
        raise InvalidInput(field="groups", value=len(groups), expected=f"{n}, one for each row")
    return np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.int64)


def _weights(propensities: npt.ArrayLike | None, *, n: int) -> FloatArray | None:
    if propensities is None:
        return None
    weights = inverse_propensity_weights(propensities)
    if weights.shape != (n,):
        raise InvalidInput(
            field="propensities", value=f"shape {weights.shape}", expected=f"{n}, one for each row"
        )
    return weights if (weights > 1).any() else None
