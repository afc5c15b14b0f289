"""
Decide what happens to one prediction: frozen evidence in, an outcome and a named reason out.

Safe by default: whatever is missing, stale, unknown or not a number goes to a person, and a
policy made of defaults automates nothing.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from watchfloor.core.decision.clauses import (
    CAP_CLAUSES,
    CLEAR_CLAUSES,
    TICKET_CLAUSES,
    first_objection,
)
from watchfloor.core.decision.evidence import (
    DecisionPolicy,
    EarlierTicket,
    Evidence,
    IntervalKind,
)
from watchfloor.core.decision.reason import Reason

__all__ = [
    "Decision",
    "DecisionPolicy",
    "EarlierTicket",
    "Evidence",
    "IntervalKind",
    "Outcome",
    "Reason",
    "decide",
]


class Outcome(StrEnum):
    """What happens to a prediction."""

    AUTO_TICKET = "auto_ticket"
    HUMAN_REVIEW = "human_review"
    LOG_ONLY = "log_only"  # not acted on; never "clean"
    AUTO_CLEAR = "auto_clear"
    SUPPRESSED_DUPLICATE = "suppressed_duplicate"  # added to the ticket that covers it


@dataclass(frozen=True, slots=True)
class Decision:
    """
    What happens, and the one reason that is stored with it.

    Args:
        failing: the first clause that kept it from being acted on without a person; None where
            it was acted on, or where no clause was asked.
    """

    outcome: Outcome
    reason: Reason
    failing: Reason | None = None


def decide(evidence: Evidence, policy: DecisionPolicy) -> Decision:
    """
    Decide what happens to one prediction.

    Args:
        evidence: score, interval, certificates and health of the model at this moment.
        policy: the thresholds and switches in force for this tenant and site.

    >>> from datetime import UTC, datetime
    >>> unsure = Evidence(score=0.9, now=datetime(2026, 1, 1, tzinfo=UTC))
    >>> decide(unsure, DecisionPolicy()).reason.sentence
    'This model version has no calibration set yet.'
    """
    score = evidence.score
    if score is None or not math.isfinite(score):
        return _review(evidence.cannot_score or Reason.CANNOT_SCORE)
    if score < policy.review_score:
        return _below_review(evidence, policy)
    if (objection := first_objection(TICKET_CLAUSES, evidence, policy)) is not None:
        return _review(objection)
    if evidence.earlier_ticket is not EarlierTicket.NONE:
        return _repeat(evidence.earlier_ticket)
    if (objection := first_objection(CAP_CLAUSES, evidence, policy)) is not None:
        return _review(objection)
    return Decision(Outcome.AUTO_TICKET, Reason.CERTIFIED)


def _review(objection: Reason) -> Decision:
    return Decision(Outcome.HUMAN_REVIEW, objection, objection)


def _below_review(evidence: Evidence, policy: DecisionPolicy) -> Decision:
    objection = first_objection(CLEAR_CLAUSES, evidence, policy)
    if objection is None:
        return Decision(Outcome.AUTO_CLEAR, Reason.CLEARED)
    return Decision(Outcome.LOG_ONLY, Reason.BELOW_REVIEW_SCORE, objection)


def _repeat(earlier: EarlierTicket) -> Decision:
    """Never a second ticket; but where a person did not confirm the first, a person looks again."""
    if earlier is EarlierTicket.NOT_CONFIRMED:
        return _review(Reason.DUPLICATE_OF_CLOSED)
    return Decision(Outcome.SUPPRESSED_DUPLICATE, Reason.DUPLICATE)
