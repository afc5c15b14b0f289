"""Fit a numeric calibration to known outcomes, rows alike or rows of units."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watchfloor.core.arrays import FloatArray, IntArray
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
from watchfloor.core.errors import InvalidInput

NOTHING: HalfWidths = (np.inf, np.inf, np.inf)
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


def fit_numeric_calibration(
    outcomes: npt.ArrayLike,
    estimates: npt.ArrayLike,
    *,
    unit: str,
    known_difficulty: Difficulty | None = None,
    groups: Sequence[str] | None = None,
    delta: float = DELTA,
) -> NumericCalibration:
    """
    Fit intervals to known outcomes.

    Promises, each at 90, 95 and 99 % with at least 9 / 19 / 99 rows: `absolute` and
    `normalised` over all rows, `mondrian` inside each range of sigma with 100 rows or more.
    `pac` holds for this calibration with 1 - delta and needs 29 / 59 / 299. Where rows belong
    to units, each promise speaks about a random row of a new unit, the minimum counts units,
    and PAC promises nothing.

    Args:
        outcomes: shape (n,), finite, oldest first; unknown ones stay out.
        estimates: shape (n,), finite, in the same unit.
        unit: of both, such as `h`.
        known_difficulty: sigma of each row; None where the model has none.
        groups: the unit (engine, site, person) of each row, where rows of one depend on one
            another; None where rows are independent.
        delta: chance that the PAC half-widths cover less than their level, in (0, 1).

    Returns:
        A calibration; with too few rows its intervals are infinite.

    Raises:
        InvalidInput: a row, sigma, border or share that does not fit; it is named.

    >>> known = fit_numeric_calibration([1.0] * 19, [1.5] * 19, unit="h")
    >>> known.certifiable_levels(), known.interval(4.0, level=90).upper
    ((90, 95), 4.5)
    """
    distances = absolute(outcomes, estimates)
    units = None if groups is None else _unit_of(groups, n=len(distances))
    if not unit:
        raise InvalidInput(field="unit", value=unit, expected="the unit of the outcome")
    whole = _half_widths(distances, units)
    return NumericCalibration(
        unit=unit,
        n=len(distances),
        n_groups=None if units is None else len(np.unique(units)),
        delta=float(share_of(delta, field="delta")),
        absolute=whole,
        pac=_pac(distances, delta=delta) if units is None else NOTHING,
        normalised=_normalised(distances, units, known_difficulty),
        sigma_floor=float(known_difficulty.floor) if known_difficulty else None,
        sigma_edges=tuple(map(float, known_difficulty.edges)) if known_difficulty else (),
        bins=_bins(distances, units, known_difficulty, whole),
        self_test=try_on_newer_half(distances) if units is None else NumericSelfTest(()),
    )


def _half_widths(scores: FloatArray, units: IntArray | None) -> HalfWidths:
    if units is None:
        narrow, middle, wide = (
            outcome_abs(scores, level=level_of(percent)).quantile for percent in LEVELS
        )
    else:
        narrow, middle, wide = (
            grouped_quantile(scores, units, level=level_of(percent)).quantile for percent in LEVELS
        )
    return narrow, middle, wide


def _pac(scores: FloatArray, *, delta: float) -> HalfWidths:
    narrow, middle, wide = (
        outcome_abs_pac(scores, level=level_of(percent), delta=delta).quantile for percent in LEVELS
    )
    return narrow, middle, wide


def _normalised(
    distances: FloatArray, units: IntArray | None, known: Difficulty | None
) -> HalfWidths:
    if known is None:
        return NOTHING
    return _half_widths(
        distances / difficulty(known.sigmas, floor=known.floor, like=distances), units
    )


def _bins(
    distances: FloatArray, units: IntArray | None, known: Difficulty | None, whole: HalfWidths
) -> tuple[SigmaBin, ...]:
    if known is None:
        return ()
    if list(known.edges) != sorted(set(known.edges)) or not np.isfinite(known.edges).all():
        raise InvalidInput(field="edges", value=known.edges, expected="ascending borders")
    where = bin_of(np.asarray(known.sigmas, dtype=np.float64), known.edges)
    return tuple(
        _bin(distances[where == at], None if units is None else units[where == at], whole)
        for at in range(len(known.edges) + 1)
    )


def _bin(scores: FloatArray, units: IntArray | None, whole: HalfWidths) -> SigmaBin:
    n = len(scores) if units is None else len(np.unique(units))
    if n < FEWEST_PER_BIN:
        return SigmaBin(n, whole, is_own=False)
    return SigmaBin(n, _half_widths(scores, units), is_own=True)


def _unit_of(groups: Sequence[str], *, n: int) -> IntArray:
    if len(groups) != n:
        raise InvalidInput(field="groups", value=len(groups), expected=f"{n}, one for each row")
    return np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.int64)
