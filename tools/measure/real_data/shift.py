"""Predictions that come otherwise than the calibration came, and rows that were not all seen."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tools.measure.real_data.pools import Pool
from tools.measure.real_data.splits import random_halves
from watchfloor.core.arrays import FloatArray
from watchfloor.core.conformal.marginal import outcome_abs
from watchfloor.core.conformal.quantile import LEVELS, level_of
from watchfloor.core.conformal.weighted import inverse_propensity_weights, weighted_quantile

TILT = 5.0
"""Later rows come in proportion to exp(5 min(score, 1 - score)): unsure ones more often."""

SEEN_FROM, AUDIT_SHARE = 0.3, 0.02
"""Everything from this score on is looked at, and below it this random share."""


@dataclass(frozen=True, slots=True)
class Covered:
    """
    Coverage of one draw at 90, 95 and 99 %.

    Args:
        plain, exact, learned: without weights, with the true ones, with those of a classifier.
        n_eff: effective rows under the true weights.
    """

    plain: tuple[float, ...]
    exact: tuple[float, ...]
    learned: tuple[float, ...]
    n_eff: float


@dataclass(frozen=True, slots=True)
class Biased:
    """
    Coverage of all rows where only some outcomes were seen, at 90, 95 and 99 %.

    Args:
        plain, weighted: seen rows counted alike, or by the inverse of their propensity.
        infinite: whether the weighted interval promised nothing.
        n_seen, n_eff: rows that were seen, and how many equal ones they are worth.
    """

    plain: tuple[float, ...]
    weighted: tuple[float, ...]
    infinite: tuple[bool, ...]
    n_seen: int
    n_eff: float


def under_shift(pool: Pool, rng: np.random.Generator) -> Covered:
    """Calibrate on one half and predict rows of the other half that come by the tilt."""
    first = random_halves(len(pool.scores), rng)
    residuals = np.abs(pool.scores - pool.outcomes)
    weights = np.exp(TILT * np.minimum(pool.scores, 1 - pool.scores))
    rest = np.flatnonzero(~first)
    later = rng.choice(rest, size=len(rest), p=weights[rest] / weights[rest].sum())
    known, fresh = residuals[first], residuals[later]
    guessed = _learned(pool.scores[first], pool.scores[later], pool.scores)
    return Covered(
        plain=tuple(
            float(np.mean(fresh <= outcome_abs(known, level=level_of(level)).quantile))
            for level in LEVELS
        ),
        exact=_covered(known, weights[first], fresh, weights[later]),
        learned=_covered(known, guessed[first], fresh, guessed[later]),
        n_eff=weighted_quantile(known, weights[first], level=Fraction(9, 10), test_weight=1).n_eff,
    )


def under_verification_bias(pool: Pool, rng: np.random.Generator) -> Biased:
    """Calibrate on what was seen of one half, count on all of the other half."""
    first = random_halves(len(pool.scores), rng)
    propensity = np.where(pool.scores >= SEEN_FROM, 1.0, AUDIT_SHARE)
    seen = first & (rng.random(len(first)) < propensity)
    residuals = np.abs(pool.scores - pool.outcomes)
    weights = inverse_propensity_weights(propensity[seen])
    known, fresh = residuals[seen], residuals[~first]
    # The largest weight serves every row, so one number is what a calibration would store.
    found = [
        weighted_quantile(known, weights, level=level_of(level), test_weight=1 / AUDIT_SHARE)
        for level in LEVELS
    ]
    plain = [outcome_abs(known, level=level_of(level)).quantile for level in LEVELS]
    return Biased(
        plain=tuple(float(np.mean(fresh <= quantile)) for quantile in plain),
        weighted=tuple(float(np.mean(fresh <= each.quantile)) for each in found),
        infinite=tuple(not np.isfinite(each.quantile) for each in found),
        n_seen=int(seen.sum()),
        n_eff=found[0].n_eff,
    )


def _covered(
    known: FloatArray, weights: FloatArray, fresh: FloatArray, fresh_weights: FloatArray
) -> tuple[float, ...]:
    # The largest weight that may come serves every row, as a stored calibration would do it.
    heaviest = float(fresh_weights.max())
    return tuple(
        float(
            np.mean(
                fresh
                <= weighted_quantile(
                    known, weights, level=level_of(level), test_weight=heaviest
                ).quantile
            )
        )
        for level in LEVELS
    )


def _learned(before: FloatArray, later: FloatArray, scores: FloatArray) -> FloatArray:
    """Return odds of coming later, from a classifier that tells the two samples apart."""
    from sklearn.linear_model import LogisticRegression

    # A parabola: the classifier does not know the form of the tilt.
    x = np.concatenate([before, later])
    came_later = np.repeat([0, 1], [len(before), len(later)])
    model = LogisticRegression(C=1e6, max_iter=1000)
    model.fit(np.column_stack([x, x**2]), came_later)
    chance = model.predict_proba(np.column_stack([scores, scores**2]))
    odds: FloatArray = chance[:, 1] / chance[:, 0]
    return odds
