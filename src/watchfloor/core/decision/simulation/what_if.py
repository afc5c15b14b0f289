"""
What one policy would have done with the predictions of a history.

The decision is the one that live predictions meet, as columns. A count knows no age, no alarm
and no earlier ticket: every calibration is taken as fresh, no alarm as open, no cap as reached
and each prediction as the first about its thing. `replay` looks at those, event by event.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from watchfloor.core.arrays import BoolArray, FloatArray
from watchfloor.core.decision.columns import (
    OUTCOMES,
    DecidedColumns,
    PolicyColumns,
    decide_columns,
)
from watchfloor.core.decision.evidence import DecisionPolicy
from watchfloor.core.decision.policy import Outcome
from watchfloor.core.decision.simulation.costs import Costs
from watchfloor.core.decision.simulation.history import History
from watchfloor.core.decision.simulation.tally import LEVEL, PerDay, Share, Tally


@dataclass(frozen=True, slots=True)
class Estimate:
    """
    A number with what it may be at 95 %, where unknown outcomes are estimated from known ones.

    Args:
        value: None where outcomes of some score band are wanted and none of them is known.
        lower, upper: hold for all bands together.
    """

    value: float | None
    lower: float
    upper: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """
    What a policy would have done, and what is known of whether that was right.

    Args:
        digest: of the history: two answers with the same one rest on the same data.
        days: that the history lies in.
        tickets, reviews, cleared, logged: predictions by what would have become of them.
        missed: events among what was cleared or only logged, unknown outcomes estimated.
        false_tickets: clean ones among tickets, unknown outcomes estimated.
    """

    digest: str
    days: int
    tickets: Tally
    reviews: Tally
    cleared: Tally
    logged: Tally
    missed: Estimate
    false_tickets: Estimate

    @property
    def all(self) -> Tally:
        """Every prediction."""
        return self.tickets + self.reviews + self.cleared + self.logged

    @property
    def tickets_a_day(self) -> PerDay:
        """Tickets that would open by themselves, before caps and repeats."""
        return PerDay(self.tickets.n, self.days)

    @property
    def reviews_a_day(self) -> PerDay:
        """Predictions that would go to a person."""
        return PerDay(self.reviews.n, self.days)

    @property
    def ticket_precision(self) -> Share:
        """Events among tickets whose outcome is known."""
        return self.tickets.true_share

    @property
    def false_discovery(self) -> Share:
        """Clean ones among tickets whose outcome is known."""
        return self.tickets.false_share

    @property
    def precision(self) -> Share:
        """Events among all that would be acted on or looked at, outcomes known."""
        return (self.tickets + self.reviews).true_share

    @property
    def recall(self) -> Share:
        """Events that would be acted on or looked at, of all known events."""
        return Share(self.tickets.event + self.reviews.event, self.all.event)

    @property
    def recall_of_tickets(self) -> Share:
        """Events that would open a ticket by themselves, of all known events."""
        return Share(self.tickets.event, self.all.event)

    @property
    def automation(self) -> Share:
        """Predictions handled without a person: tickets and clearings, of all."""
        return Share(self.tickets.n + self.cleared.n, self.all.n)

    def hours_a_day(self, costs: Costs) -> float:
        """Return hours of reviewing a day."""
        return self.reviews_a_day.value * costs.review_minutes / 60

    def cost_a_day(self, costs: Costs) -> Estimate:
        """Return what false tickets, reviews and missed events would cost a day."""

        def total(false: float, missed: float) -> float:
            reviewing = costs.of_review * self.reviews.n
            return (costs.false_ticket * false + costs.miss * missed + reviewing) / self.days

        value = None
        if self.false_tickets.value is not None and self.missed.value is not None:
            value = total(self.false_tickets.value, self.missed.value)
        return Estimate(
            value,
            total(self.false_tickets.lower, self.missed.lower),
            total(self.false_tickets.upper, self.missed.upper),
        )


def what_if(history: History, policy: DecisionPolicy) -> WhatIf:
    """
    Return what a policy would have done with a history.

    Args:
        policy: thresholds and switches; with room under its caps, as they are not reached here.
    """
    return judged(history, decided(history, policy), band_rates(history))


def decided(history: History, policy: DecisionPolicy) -> DecidedColumns:
    """Return the decision of each cell under a policy."""
    return decide_columns(history.evidence, PolicyColumns.of(policy))


def judged(history: History, taken: DecidedColumns, rates: "BandRates") -> WhatIf:
    """Return what decisions that were taken come to, beside the outcomes."""
    quiet = taken.is_(Outcome.AUTO_CLEAR) | taken.is_(Outcome.LOG_ONLY)
    by_fate = _tallies(history, taken)
    return WhatIf(
        digest=history.digest,
        days=history.days,
        tickets=by_fate[Outcome.AUTO_TICKET],
        reviews=by_fate[Outcome.HUMAN_REVIEW],
        cleared=by_fate[Outcome.AUTO_CLEAR],
        logged=by_fate[Outcome.LOG_ONLY],
        missed=rates.events(history, quiet),
        false_tickets=rates.clean(history, taken.is_(Outcome.AUTO_TICKET)),
    )


def _tallies(history: History, taken: DecidedColumns) -> dict[Outcome, Tally]:
    # Whole numbers far below 2^53 pass through the floats of bincount unharmed.
    clean, event, unknown = (
        np.bincount(taken.outcome, weights=each, minlength=len(OUTCOMES)).astype(int).tolist()
        for each in (history.clean, history.event, history.unknown)
    )
    return {
        outcome: Tally(clean[code], event[code], unknown[code])
        for code, outcome in enumerate(OUTCOMES)
    }


def tally(history: History, cells: BoolArray) -> Tally:
    """Return the predictions of some cells by outcome."""
    return Tally.of(cells, clean=history.clean, event=history.event, unknown=history.unknown)


@dataclass(frozen=True, slots=True, eq=False)
class BandRates:
    """
    The event rate of each score band, from the outcomes that are known in it.

    Whether an outcome is known may depend on the band and on chance, as in an audit sample: then
    the known ones of a band speak for the unknown. NaN where none is known.

    Args:
        value, lower, upper: shape (bands,); the intervals hold for all bands together.
    """

    value: FloatArray
    lower: FloatArray
    upper: FloatArray

    def events(self, history: History, cells: BoolArray) -> Estimate:
        """Return how many events some cells hold."""
        known = float(np.dot(cells, history.event))
        return self._with_unknown(history, cells, known, (self.value, self.lower, self.upper))

    def clean(self, history: History, cells: BoolArray) -> Estimate:
        """Return how many clean ones some cells hold."""
        known = float(np.dot(cells, history.clean))
        turned = (1 - self.value, 1 - self.upper, 1 - self.lower)
        return self._with_unknown(history, cells, known, turned)

    def _with_unknown(
        self,
        history: History,
        cells: BoolArray,
        known: float,
        rates: tuple[FloatArray, FloatArray, FloatArray],
    ) -> Estimate:
        unknown = np.bincount(
            history.band, weights=cells * history.unknown, minlength=history.n_bands
        )
        wanted = unknown > 0
        value, lower, upper = (known + float(unknown[wanted] @ rate[wanted]) for rate in rates)
        return Estimate(None if np.isnan(value) else value, lower, upper)


def band_rates(history: History) -> BandRates:
    """
    Return the event rates of a history's score bands, with simultaneous exact intervals.

    Source:
        Clopper & Pearson (1934) in each band, Bonferroni over the bands.
    """
    k = np.bincount(history.band, weights=history.event, minlength=history.n_bands)
    n = k + np.bincount(history.band, weights=history.clean, minlength=history.n_bands)
    tail = float(1 - LEVEL) / 2 / history.n_bands
    with np.errstate(invalid="ignore"):
        lower = np.where(k > 0, special.betaincinv(np.maximum(k, 1), n - k + 1, tail), 0.0)
        upper = np.where(k < n, special.betainccinv(k + 1, np.maximum(n - k, 1), tail), 1.0)
        value = np.where(n > 0, k / np.maximum(n, 1), np.nan)
    return BandRates(value, lower, upper)
