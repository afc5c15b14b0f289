"""
Every position of one handle in one pass: what would be done, and what it would cost.

Where a cell goes does not depend on how far other cells lie from a threshold, so each cell is
decided once on either side of it, and the rest is running sums over the scores.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from watchfloor.core.arrays import BoolArray, FloatArray, IntArray
from watchfloor.core.decision.evidence import DecisionPolicy
from watchfloor.core.decision.policy import Outcome
from watchfloor.core.decision.simulation.costs import Costs
from watchfloor.core.decision.simulation.history import History
from watchfloor.core.decision.simulation.what_if import band_rates, decided

CANDIDATES = np.round(np.arange(101) / 100, 2)
"""Positions of a handle: hundredths, as people write thresholds."""

BELOW_ALL = -1.0


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """
    What each position of one threshold would do, all of shape (positions,).

    Args:
        days: that the history lies in.
        tickets, reviews: predictions with that fate.
        cost: of false tickets, reviews and missed events a day; NaN where outcomes of a score
            band are wanted of which none is known.
    """

    positions: FloatArray
    days: int
    tickets: IntArray
    reviews: IntArray
    cost: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """
    What cells hold and cost on either side of the thresholds, scores ascending.

    Args:
        n: predictions.
        ticketable: whether a cell opens tickets, were the operator's own threshold at 0.
        as_review, as_ticket, as_quiet: cost of each cell under each fate.
    """

    scores: FloatArray
    n: IntArray
    ticketable: BoolArray
    as_review: FloatArray
    as_ticket: FloatArray
    as_quiet: FloatArray

    def from_here(self, values: npt.NDArray[np.generic], at: npt.ArrayLike) -> FloatArray:
        """Return the sum of values at and above each score."""
        # Summed from the top, so that what is not known of low scores spoils no high ones.
        running: FloatArray = np.append(0.0, np.cumsum(values[::-1].astype(np.float64)))
        start = np.searchsorted(self.scores, np.asarray(at), side="left")
        found: FloatArray = running[len(values) - start]
        return found

    def below(self, values: FloatArray, at: npt.ArrayLike) -> FloatArray:
        """Return the sum of values below each score."""
        found: FloatArray = np.concatenate([[0.0], np.cumsum(values)])[
            np.searchsorted(self.scores, np.asarray(at), side="left")
        ]
        return found


def sums_of(history: History, policy: DecisionPolicy, costs: Costs) -> Sums:
    """Return what a history's cells hold and would cost under either fate."""
    order = np.argsort(history.scores, kind="stable")
    above = decided(history, replace(policy, review_score=BELOW_ALL, ticket_score=BELOW_ALL))
    rates = band_rates(history).value[history.band]
    n = history.clean + history.event + history.unknown
    unknown = history.unknown.astype(np.float64)
    events: FloatArray = history.event + unknown * np.where(unknown > 0, rates, 0.0)
    return Sums(
        scores=history.scores[order],
        n=n[order],
        ticketable=above.is_(Outcome.AUTO_TICKET)[order],
        as_review=n[order].astype(np.float64) * costs.of_review,
        as_ticket=(n - events)[order] * costs.false_ticket,
        as_quiet=events[order] * costs.miss,
    )


def sweep_review(
    history: History,
    policy: DecisionPolicy,
    costs: Costs,
    positions: FloatArray = CANDIDATES,
) -> Sweep:
    """Return what each review threshold would do, everything else as the policy has it."""
    sums = sums_of(history, policy, costs)
    tickets_from = np.maximum(positions, policy.ticket_score)
    return _sweep(sums, positions, review=positions, ticket=tickets_from, days=history.days)


def sweep_ticket(
    history: History,
    policy: DecisionPolicy,
    costs: Costs,
    positions: FloatArray = CANDIDATES,
) -> Sweep:
    """Return what each ticket threshold would do, everything else as the policy has it."""
    sums = sums_of(history, policy, costs)
    review = np.full(len(positions), policy.review_score)
    tickets_from = np.maximum(positions, policy.review_score)
    return _sweep(sums, positions, review=review, ticket=tickets_from, days=history.days)


def _sweep(
    sums: Sums, positions: FloatArray, *, review: FloatArray, ticket: FloatArray, days: int
) -> Sweep:
    tickets = sums.from_here(sums.n * sums.ticketable, ticket)
    return Sweep(
        positions=positions,
        days=days,
        tickets=tickets.astype(np.int64),
        reviews=(sums.from_here(sums.n, review) - tickets).astype(np.int64),
        cost=cost_of(sums, review=review, ticket=ticket) / days,
    )


def cost_of(sums: Sums, *, review: FloatArray, ticket: FloatArray) -> FloatArray:
    """
    Return the cost of pairs of thresholds, `ticket` nowhere below `review`.

    Args:
        review, ticket: of shapes that go together, so that a column and a row give a table.
    """
    saved = np.where(sums.ticketable, sums.as_review - sums.as_ticket, 0.0)
    cost: FloatArray = (
        sums.below(sums.as_quiet, review)
        + sums.from_here(sums.as_review, review)
        - sums.from_here(saved, ticket)
    )
    return cost
