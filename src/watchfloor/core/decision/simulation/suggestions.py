"""
Thresholds worth trying: the most automation, the least cost, the work that fits the team.

They are chosen by looking at outcomes, so their estimated figures are a little too good; what
the guarantee says of them holds all the same.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from watchfloor.core.conformal.certified import Certificate
from watchfloor.core.conformal.eps_curve import EpsCurve
from watchfloor.core.decision.evidence import DecisionPolicy
from watchfloor.core.decision.simulation.costs import Costs
from watchfloor.core.decision.simulation.history import History
from watchfloor.core.decision.simulation.sweep import CANDIDATES, cost_of, sums_of, sweep_review
from watchfloor.core.decision.simulation.what_if import WhatIf, what_if


class Aim(StrEnum):
    """What a suggestion is best at."""

    MOST_AUTOMATION = "most_automation"
    LEAST_COST = "least_cost"
    FITS_TEAM = "fits_team"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """
    One pair of thresholds, and what it would have done.

    Args:
        review_score, ticket_score: the thresholds; None where there is no such pair.
        why_not: in words, where there is none.
    """

    aim: Aim
    review_score: float | None = None
    ticket_score: float | None = None
    found: WhatIf | None = None
    why_not: str = ""


def suggestions(
    history: History,
    policy: DecisionPolicy,
    *,
    curve: EpsCurve | None,
    certificate: Certificate | None,
    costs: Costs,
    hours_a_day: float,
) -> tuple[Suggestion, ...]:
    """
    Return one suggestion for each aim.

    Args:
        policy: in force, with the switches as they are to be thought.
        curve, certificate: of promises, as `guarantee_at` takes them.
        hours_a_day: of reviewing that the team has.
    """
    return (
        _most_automation(history, policy, curve, certificate),
        _least_cost(history, policy, costs),
        _fits_team(history, policy, costs, hours_a_day),
    )


def _most_automation(
    history: History,
    policy: DecisionPolicy,
    curve: EpsCurve | None,
    certificate: Certificate | None,
) -> Suggestion:
    found = [*(curve.points if curve is not None else ()), *([certificate] if certificate else ())]
    held = [
        each.threshold
        for each in found
        if each.threshold is not None and each.eps <= policy.eps_ticket
    ]
    if not held:
        return Suggestion(Aim.MOST_AUTOMATION, why_not="Nothing is certified at this promise.")
    return _suggestion(Aim.MOST_AUTOMATION, history, policy, policy.review_score, min(held))


def _least_cost(history: History, policy: DecisionPolicy, costs: Costs) -> Suggestion:
    sums = sums_of(history, policy, costs)
    review, ticket = CANDIDATES[:, None], CANDIDATES[None, :]
    cost = cost_of(sums, review=review, ticket=np.maximum(review, ticket))
    # A ticket threshold below the review threshold is none of its own.
    cost = np.where(ticket >= review, cost, np.inf)
    if not np.isfinite(cost).any():
        return Suggestion(
            Aim.LEAST_COST, why_not="No outcome is known in some score bands: no cost can be told."
        )
    row, column = np.unravel_index(np.nanargmin(cost), cost.shape)
    return _suggestion(
        Aim.LEAST_COST, history, policy, float(CANDIDATES[row]), float(CANDIDATES[column])
    )


def _fits_team(
    history: History, policy: DecisionPolicy, costs: Costs, hours_a_day: float
) -> Suggestion:
    hours = sweep_review(history, policy, costs).reviews / history.days * costs.review_minutes / 60
    fits = hours <= hours_a_day
    if not fits.any():
        return Suggestion(
            Aim.FITS_TEAM, why_not="Even the highest review threshold asks for more hours."
        )
    lowest = float(CANDIDATES[int(np.argmax(fits))])
    return _suggestion(Aim.FITS_TEAM, history, policy, lowest, max(lowest, policy.ticket_score))


def _suggestion(
    aim: Aim, history: History, policy: DecisionPolicy, review: float, ticket: float
) -> Suggestion:
    tried = replace(policy, review_score=review, ticket_score=ticket)
    return Suggestion(aim, review, ticket, what_if(history, tried))
