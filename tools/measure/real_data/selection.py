"""Shortlists of batches, and both certificates at once, on pools whose truth is known."""

from dataclasses import dataclass

import numpy as np

from tools.measure.real_data.pools import Pool
from tools.measure.real_data.promises import DELTA
from watchfloor.core.conformal.certified import certify, certify_clear
from watchfloor.core.conformal.positives_cleared import control_positives_cleared
from watchfloor.core.conformal.selection import batch_select

BATCH, KNOWN = 200, 2_000
EPS_TICKET, BETA = 0.1, 0.05


@dataclass(frozen=True, slots=True)
class Selected:
    """
    What shortlists held.

    Args:
        false_share: mean over batches, 0 for an empty shortlist; error: its standard error.
        above: share of batches whose false share is above eps.
        recall: mean share of a batch's events on the shortlist, over batches with events.
    """

    pool: str
    false_share: float
    error: float
    above: float
    recall: float


@dataclass(frozen=True, slots=True)
class TwoSided:
    """Mean shares of all rows automated and of all events cleared, without and with beta."""

    share: float
    hidden: float
    share_with_beta: float
    hidden_with_beta: float


def selected_batches(pool: Pool, *, eps: float, draws: int, rng: np.random.Generator) -> Selected:
    """Select from batches of 200 rows by 2,000 others that are known."""
    shares, recalls = [], []
    for _ in range(draws):
        rows = rng.permutation(len(pool.scores))[: BATCH + KNOWN]
        batch, known = rows[:BATCH], rows[BATCH:]
        found = batch_select(
            pool.scores[batch],
            known_scores=pool.scores[known],
            known_outcomes=pool.outcomes[known],
            eps=eps,
        )
        truth = pool.outcomes[batch]
        chosen = truth[list(found.selected)]
        shares.append(float(1 - chosen.mean()) if len(chosen) else 0.0)
        if truth.any():
            recalls.append(float(chosen.sum() / truth.sum()))
    return Selected(
        pool=pool.name,
        false_share=float(np.mean(shares)),
        error=float(np.std(shares) / np.sqrt(draws)),
        above=float(np.mean(np.array(shares) > eps)),
        recall=float(np.mean(recalls)),
    )


def two_sided(pool: Pool, *, eps_clear: float, draws: int, rng: np.random.Generator) -> TwoSided:
    """Certify tickets and clearing on the same draws and count both over the whole pool."""
    n, events, found = len(pool.scores), int(pool.outcomes.sum()), []
    for _ in range(draws):
        rows = rng.integers(0, n, size=n)
        p, y = pool.scores[rows], pool.outcomes[rows]
        ticket = certify(p, y, eps=EPS_TICKET, delta=DELTA).threshold
        clear = certify_clear(p, y, eps=eps_clear, delta=DELTA).threshold
        limit = control_positives_cleared(p, y, beta=BETA).limit
        up = pool.scores >= (2.0 if ticket is None else ticket)
        down = pool.scores <= (-1.0 if clear is None else clear)
        strict = down & (pool.scores < (-1.0 if limit is None else limit))
        found.append(
            (
                (up | down).mean(),
                pool.outcomes[down].sum() / events,
                (up | strict).mean(),
                pool.outcomes[strict].sum() / events,
            )
        )
    return TwoSided(*(float(mean) for mean in np.mean(found, axis=0)))
