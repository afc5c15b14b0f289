"""Two policies on identical data: what changes, and how far the data can tell."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from watchfloor.core.decision.columns import OUTCOMES, DecidedColumns
from watchfloor.core.decision.evidence import DecisionPolicy
from watchfloor.core.decision.policy import Outcome
from watchfloor.core.decision.simulation.history import History
from watchfloor.core.decision.simulation.tally import Tally
from watchfloor.core.decision.simulation.what_if import (
    WhatIf,
    band_rates,
    decided,
    judged,
    tally,
)

FEWEST_KNOWN = 30
FEWEST_DAYS = 7


class Doubt(StrEnum):
    """Why an answer says less than its figures seem to."""

    NOTHING_THERE = "nothing_there"
    FEW_OUTCOMES = "few_outcomes"
    MOSTLY_UNKNOWN = "mostly_unknown"
    SHORT = "short"
    NEXT_CALIBRATION = "next_calibration"

    @property
    def sentence(self) -> str:
        """One sentence for the operator who asks."""
        return _SENTENCES[self]


_SENTENCES = {
    Doubt.NOTHING_THERE: "No prediction of these days lies where the thresholds moved.",
    Doubt.FEW_OUTCOMES: (
        "Fewer than 30 outcomes are known of the predictions that would be treated otherwise: "
        "the answer reaches beyond what was seen."
    ),
    Doubt.MOSTLY_UNKNOWN: (
        "Of most predictions that would be treated otherwise no outcome is known."
    ),
    Doubt.SHORT: "The days looked at are less than a week, and weekdays differ.",
    Doubt.NEXT_CALIBRATION: (
        "The certificates of these days promise less than is asked for: tickets open again with "
        "the next calibration, and none are counted here."
    ),
}


@dataclass(frozen=True, slots=True)
class Move:
    """Predictions that would have another fate than they had."""

    before: Outcome
    after: Outcome
    predictions: Tally


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    What a policy and a proposed one would have done with the same predictions.

    Args:
        moves: by fate under both, the largest first.
        doubts: what to know before believing it.
    """

    before: WhatIf
    after: WhatIf
    moves: tuple[Move, ...]
    doubts: tuple[Doubt, ...]

    @property
    def changed(self) -> Tally:
        """All that would be treated otherwise."""
        return sum((each.predictions for each in self.moves), Tally())


def compare(history: History, before: DecisionPolicy, after: DecisionPolicy) -> Comparison:
    """Return what two policies would have done with one history."""
    old, new, rates = decided(history, before), decided(history, after), band_rates(history)
    moves = _moves(history, old, new)
    changed = sum((each.predictions for each in moves), Tally())
    return Comparison(
        before=judged(history, old, rates),
        after=judged(history, new, rates),
        moves=moves,
        doubts=_doubts(history, before, after, changed),
    )


def _moves(history: History, old: DecidedColumns, new: DecidedColumns) -> tuple[Move, ...]:
    pair = old.outcome.astype(np.int64) * len(OUTCOMES) + new.outcome
    differs = old.outcome != new.outcome
    found = [
        Move(
            OUTCOMES[code // len(OUTCOMES)],
            OUTCOMES[code % len(OUTCOMES)],
            tally(history, differs & (pair == code)),
        )
        for code in np.unique(pair[differs]).tolist()
    ]
    return tuple(sorted(found, key=lambda each: -each.predictions.n))


def _doubts(
    history: History, before: DecisionPolicy, after: DecisionPolicy, changed: Tally
) -> tuple[Doubt, ...]:
    known = history.evidence
    made = np.isfinite(known.ticket_eps)
    looser = made & ~((known.ticket_eps <= after.eps_ticket) & (known.ticket_delta <= after.delta))
    told = {
        Doubt.NOTHING_THERE: before != after and changed.n == 0,
        Doubt.FEW_OUTCOMES: changed.n > 0 and changed.known < FEWEST_KNOWN,
        Doubt.MOSTLY_UNKNOWN: (changed.unlabelled or 0) > 0.5,
        Doubt.SHORT: history.days < FEWEST_DAYS,
        Doubt.NEXT_CALIBRATION: bool(looser.any()),
    }
    return tuple(doubt for doubt, holds in told.items() if holds)
