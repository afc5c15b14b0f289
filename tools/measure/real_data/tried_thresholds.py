"""Thresholds picked after trying many, and intervals of what-if figures, against the truth."""

from dataclasses import dataclass

import numpy as np

from tools.measure.real_data.pools import Pool
from tools.measure.real_data.promises import DELTA
from watchfloor.core.arrays import BoolArray, FloatArray, IntArray
from watchfloor.core.conformal.certified import Certificate, certify
from watchfloor.core.conformal.coverage import NO_CALIBRATION, ScoredCounts
from watchfloor.core.conformal.eps_curve import EpsCurve, ticket_curve
from watchfloor.core.decision.evidence import DecisionPolicy
from watchfloor.core.decision.simulation.guarantee import guarantee_at
from watchfloor.core.decision.simulation.history import History, history_of
from watchfloor.core.decision.simulation.tally import Share
from watchfloor.core.decision.simulation.what_if import what_if

TRIED = 50
DAYS = 28
REVIEW = 0.4
# Outcomes are known above review for sure, below it by an audit of one in seven.
AUDITED = 0.15


@dataclass(frozen=True, slots=True)
class Picked:
    """
    What came of thresholds that were picked by looking.

    Args:
        broken: draws in which one of those promised has a false share above eps over the pool,
            so that whoever looks for the worst finds it.
        picks: draws in which any of the tried thresholds was promised.
    """

    pool: str
    eps: float
    draws: int
    picks: int
    broken: int


def picked(
    pool: Pool, *, promises: tuple[float, ...], draws: int, rng: np.random.Generator
) -> list[Picked]:
    """Try fifty thresholds on each draw, take any that is promised, and look at the pool."""
    tried = np.quantile(pool.scores, np.linspace(0.5, 0.999, TRIED)).tolist()
    found = {eps: [0, 0] for eps in promises}
    for _ in range(draws):
        rows = rng.integers(0, len(pool.scores), len(pool.scores))
        scores, outcomes = pool.scores[rows], pool.outcomes[rows]
        curve = ticket_curve(scores, outcomes, delta=DELTA)
        for eps in promises:
            certificate = certify(scores, outcomes, eps=eps, delta=DELTA)
            kept = _kept(curve, certificate, scores, tried, eps)
            if kept:
                found[eps][0] += 1
                found[eps][1] += max(_false_share(pool, at) for at in kept) > eps
    return [Picked(pool.name, eps, draws, *found[eps]) for eps in promises]


def _false_share(pool: Pool, threshold: float) -> float:
    return 1 - float(pool.outcomes[pool.scores >= threshold].mean())


def _kept(
    curve: EpsCurve,
    certificate: Certificate,
    scores: FloatArray,
    tried: list[float],
    eps: float,
) -> set[float]:
    """Return from where tickets would open under each of the thresholds that is promised."""
    ascending = np.sort(scores)
    found = [
        guarantee_at(
            curve,
            certificate=certificate,
            threshold=at,
            asked=eps,
            seen=Share(0, 0),
            above=lambda at: len(ascending) - int(np.searchsorted(ascending, at)),
        )
        for at in tried
    ]
    return {each.threshold for each in found if each.is_kept}


@dataclass(frozen=True, slots=True)
class Held:
    """How often 95 % intervals of what-if figures held the truth, of so many draws."""

    pool: str
    draws: int
    precision: int
    recall: int
    reviews_a_day: int
    missed: int


def held(pool: Pool, *, draws: int, rng: np.random.Generator) -> Held:
    """Draw histories as large as the pool, hide outcomes as a floor does, and count what holds."""
    n, review = len(pool.scores), DecisionPolicy(review_score=REVIEW)
    above = pool.scores >= REVIEW
    precision = float(pool.outcomes[above].mean()) if above.any() else 0.0
    told = np.zeros(4, dtype=np.int64)
    for _ in range(draws):
        rows = rng.integers(0, n, n)
        scores, outcomes = pool.scores[rows], pool.outcomes[rows]
        all_known = what_if(_history(scores, outcomes, np.ones(n, dtype=np.bool_)), review)
        known = (scores >= REVIEW) | (rng.random(n) < AUDITED)
        hidden = what_if(_history(scores, outcomes, known), review)
        recall = float(pool.outcomes[above].sum() / max(1, pool.outcomes.sum()))
        told += (
            hidden.precision.lower <= precision <= hidden.precision.upper,
            all_known.recall.lower <= recall <= all_known.recall.upper,
            hidden.reviews_a_day.lower <= above.sum() / DAYS <= hidden.reviews_a_day.upper,
            hidden.missed.lower <= outcomes[scores < REVIEW].sum() <= hidden.missed.upper,
        )
    return Held(pool.name, draws, *told.tolist())


def _history(scores: FloatArray, outcomes: IntArray, known: BoolArray) -> History:
    counts = ScoredCounts(
        scores=scores,
        calibration=np.full(len(scores), NO_CALIBRATION),
        clean=((outcomes == 0) & known).astype(np.int64),
        event=((outcomes == 1) & known).astype(np.int64),
        unknown=(~known).astype(np.int64),
    )
    return history_of(counts, [], days=DAYS)
