"""
A conformal quantile for calibration rows that stand for more or fewer than themselves.

Where only some outcomes are known and the chance of each to become known is logged, or where
predictions now differ from those of the calibration in a known ratio, each row gets a weight.

Called by every calibration set with audit-sampled rows (`calibration.fit_calibration`, from the
propensities that `ml/calibration/calibration_cut` reads with the outcomes) and by calibrations of
estimates (`numeric_fit`). The effective number of rows stands on the set's row, page and API.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from watchfloor.core.arrays import FloatArray
from watchfloor.core.conformal.exact_shares import exact_sum
from watchfloor.core.conformal.quantile import LEVELS, level_of, refuse_non_finite
from watchfloor.core.errors import InvalidInput

MIN_EFFECTIVE_N = 100
"""Fewer effective rows promise nothing: one heavy row could move the quantile anywhere."""


@dataclass(frozen=True, slots=True)
class WeightedQuantile:
    """
    What a weighted calibration says at one level.

    Args:
        quantile: threshold in the unit of the scores; infinite where nothing is promised.
        level: asked-for coverage, exact.
        n: calibration rows.
        n_eff: (sum w)^2 / sum w^2, the number of equal rows that would be as informative.
    """

    quantile: float
    level: Fraction
    n: int
    n_eff: float

    @property
    def is_enough(self) -> bool:
        """Whether the effective rows reach `MIN_EFFECTIVE_N`; if not, the range is whole."""
        return self.n_eff >= MIN_EFFECTIVE_N


def weighted_quantile(
    scores: npt.ArrayLike, weights: npt.ArrayLike, *, level: Fraction, test_weight: float
) -> WeightedQuantile:
    """
    Return the smallest s with sum of w_i over s_i <= s at least level (sum w + test weight).

    Promise: if the weights are the ratio of how often such rows come now to how often they
    came into the calibration, at least `level` of new scores stay within the quantile, over
    calibration and prediction together. Needs 100 effective rows; with fewer the range is whole.

    Args:
        scores: nonconformity scores, shape (n,), finite, any order.
        weights: shape (n,), finite, not negative, in any unit; ratios alone count.
        level: asked-for coverage in (0, 1), exact.
        test_weight: weight of the row to predict, in the unit of `weights`; the largest
            weight that may come serves all rows at once.

    Raises:
        InvalidInput: a score, weight or level that does not fit; the first one is named.

    Source:
        Tibshirani, Barber, Candes & Ramdas (2019), "Conformal Prediction Under Covariate
        Shift", NeurIPS, Corollary 1.

    >>> heavy_tail = [1.0] * 199 + [19.0]
    >>> weighted_quantile(range(200), heavy_tail, level=Fraction(9, 10), test_weight=1).quantile
    inf
    >>> weighted_quantile(range(199), [2] * 199, level=Fraction(9, 10), test_weight=2).quantile
    179.0
    """
    s, w = _checked_rows(scores, weights)
    if not 0 < level < 1:
        raise InvalidInput(field="level", value=level, expected="a fraction in (0, 1)")
    if not 0 <= test_weight < math.inf:
        raise InvalidInput(
            field="test_weight", value=test_weight, expected="a finite number from 0 on"
        )
    n_eff = effective_n(w)
    order = np.argsort(s, kind="stable")
    quantile = math.inf
    if n_eff >= MIN_EFFECTIVE_N:
        quantile = _order_statistic(s[order], w[order], level=level, test_weight=test_weight)
    return WeightedQuantile(quantile, level, n=len(s), n_eff=n_eff)


def weighted_quantiles(
    scores: npt.ArrayLike, weights: npt.ArrayLike, *, test_weight: float
) -> tuple[WeightedQuantile, ...]:
    """Return `weighted_quantile` at 90, 95 and 99 %, in the order of `LEVELS`."""
    return tuple(
        weighted_quantile(scores, weights, level=level_of(percent), test_weight=test_weight)
        for percent in LEVELS
    )


def inverse_propensity_weights(propensities: npt.ArrayLike) -> FloatArray:
    """
    Return 1 / propensity: a row that had one chance in fifty to be looked at stands for fifty.

    Args:
        propensities: logged chance of each outcome to become known, shape (n,), in (0, 1].

    Raises:
        InvalidInput: a propensity outside (0, 1], which no weight can mend; it is named.

    >>> inverse_propensity_weights([1, 0.02])
    array([ 1., 50.])
    """
    chances = np.asarray(propensities, dtype=np.float64)
    fits = (chances > 0) & (chances <= 1)
    if not fits.all():
        first = int(np.argmin(fits))
        raise InvalidInput(
            field=f"propensities[{first}]",
            value=float(chances[first]),
            expected="a number in (0, 1]",
        )
    return 1 / chances


def effective_n(weights: FloatArray) -> float:
    """
    Return (sum w)^2 / sum w^2: n for equal weights, 1 where one row carries all; 0 for none.

    >>> effective_n(np.array([1.0, 1.0, 1.0, 0.0])), effective_n(np.array([]))
    (3.0, 0.0)
    """
    largest = float(weights.max(initial=0.0))
    if largest == 0:
        return 0.0
    relative = weights / largest  # squares of small or huge weights must not leave the floats
    return float(relative.sum() ** 2 / (relative**2).sum())


def _order_statistic(
    scores: FloatArray, weights: FloatArray, *, level: Fraction, test_weight: float
) -> float:
    # Exact sums: equal weights must give the very rank that whole numbers give.
    needed = level * (exact_sum(weights) + Fraction(test_weight))
    # Rounded sums are off by less than this, so only the few ranks in between are in doubt.
    rounded = np.cumsum(weights)
    doubt = len(weights) * float(np.finfo(np.float64).eps) * float(rounded[-1])
    first, last = np.searchsorted(rounded, [float(needed) - doubt, float(needed) + doubt])
    doubtful = range(int(first) + 1, min(int(last) + 1, len(scores)) + 1)
    k = int(first) + bisect_left(doubtful, needed, key=lambda m: exact_sum(weights[:m]))
    return float(scores[k]) if k < len(scores) else math.inf


def _checked_rows(scores: npt.ArrayLike, weights: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    s = np.asarray(scores, dtype=np.float64)
    w = np.asarray(weights, dtype=np.float64)
    if s.ndim != 1 or s.shape != w.shape:
        raise InvalidInput(
            field="weights",
            value=f"shape {w.shape} beside scores of shape {s.shape}",
            expected="one weight for each score",
        )
    refuse_non_finite(s, name="scores")
    refuse_non_finite(w, name="weights")
    fits = (w >= 0) & (w <= np.finfo(np.float64).max / max(1, len(w)))
    if not fits.all():
        first = int(np.argmin(fits))
        raise InvalidInput(
            field=f"weights[{first}]",
            value=float(w[first]),
            expected="a number from 0 on, with a finite sum",
        )
    return s, w
