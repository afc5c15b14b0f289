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
        reach: the highest ticket threshold at which it still does: its score, or where its
            certificate speaks of no higher floor.
        as_review, as_ticket, as_quiet: cost of each cell under each fate.
    """

    scores: FloatArray
    n: IntArray
    ticketable: BoolArray
    reach: FloatArray
    as_review: FloatArray
    as_ticket: FloatArray
    as_quiet: FloatArray

    @property
    def saved(self) -> FloatArray:
        """What a ticket costs less than a review, of each cell that can open one."""
        return np.where(self.ticketable, self.as_review - self.as_ticket, 0.0)

    def from_here(self, values: npt.NDArray[np.generic], at: npt.ArrayLike) -> FloatArray:
        """Return the sum of values at and above each score."""
        return _sum_from(self.scores, values, at)

    def reached(self, values: npt.NDArray[np.generic], at: npt.ArrayLike) -> FloatArray:
        """Return the sum of the values of cells that each ticket threshold reaches."""
        order = np.argsort(self.reach, kind="stable")
        return _sum_from(self.reach[order], values[order], at)

    def below(self, values: FloatArray, at: npt.ArrayLike) -> FloatArray:
        """Return the sum of values below each score."""
        found: FloatArray = np.concatenate([[0.0], np.cumsum(values)])[
            np.searchsorted(self.scores, np.asarray(at), side="left")
        ]
        return found


def _sum_from(keys: FloatArray, values: npt.NDArray[np.generic], at: npt.ArrayLike) -> FloatArray:
    # Summed from the top, so that what is not known of low scores spoils no high ones.
    running: FloatArray = np.append(0.0, np.cumsum(values[::-1].astype(np.float64)))
    start = np.searchsorted(keys, np.asarray(at), side="left")
    found: FloatArray = running[len(values) - start]
    return found


def sums_of(history: History, policy: DecisionPolicy, costs: Costs) -> Sums:
    """Return what a history's cells hold and would cost under either fate."""
    order = np.argsort(history.scores, kind="stable")
    above = decided(history, replace(policy, review_score=BELOW_ALL, ticket_score=BELOW_ALL))
    rates = band_rates(history).value[history.band]
    n = history.clean + history.event + history.unknown
    unknown = history.unknown.astype(np.float64)
    events: FloatArray = history.event + unknown * np.where(unknown > 0, rates, 0.0)
    floor = np.fmax(history.evidence.certified_from, history.evidence.certified_floor)
    return Sums(
        scores=history.scores[order],
        n=n[order],
        ticketable=above.is_(Outcome.AUTO_TICKET)[order],
        reach=np.fmin(history.scores, floor)[order],
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
    reached = sums.reach >= policy.ticket_score
    return _sweep(
        sums,
        positions,
        review=positions,
        tickets=sums.from_here(sums.n * sums.ticketable * reached, positions),
        saved=sums.from_here(np.where(reached, sums.saved, 0.0), positions),
        days=history.days,
    )


def sweep_ticket(
    history: History,
    policy: DecisionPolicy,
    costs: Costs,
    positions: FloatArray = CANDIDATES,
) -> Sweep:
    """Return what each ticket threshold would do, everything else as the policy has it."""
    sums = sums_of(history, policy, costs)
    seen = sums.scores >= policy.review_score
    return _sweep(
        sums,
        positions,
        review=np.full(len(positions), policy.review_score),
        tickets=sums.reached(sums.n * sums.ticketable * seen, positions),
        saved=sums.reached(np.where(seen, sums.saved, 0.0), positions),
        days=history.days,
    )


def _sweep(
    sums: Sums,
    positions: FloatArray,
    *,
    review: FloatArray,
    tickets: FloatArray,
    saved: FloatArray,
    days: int,
) -> Sweep:
    return Sweep(
        positions=positions,
        days=days,
        tickets=tickets.astype(np.int64),
        reviews=(sums.from_here(sums.n, review) - tickets).astype(np.int64),
        cost=(_without_tickets(sums, review) - saved) / days,
    )


def cost_of(sums: Sums, *, review: FloatArray, ticket: FloatArray) -> FloatArray:
    """
    Return the cost of pairs of thresholds, `ticket` nowhere below `review`.

    Args:
        review, ticket: of shapes that go together, so that a column and a row give a table.
    """
    cost: FloatArray = _without_tickets(sums, review) - sums.reached(sums.saved, ticket)
    return cost


def _without_tickets(sums: Sums, review: FloatArray) -> FloatArray:
    found: FloatArray = sums.below(sums.as_quiet, review) + sums.from_here(sums.as_review, review)
    return found
