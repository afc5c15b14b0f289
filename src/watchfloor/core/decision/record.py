"""What is stored of a decision, so that it can be asked again: its thresholds and its promise."""

import math
from dataclasses import dataclass

from watchfloor.core.decision.clauses import (
    clear_certificate_looser,
    is_floor_certified,
    narrow_interval,
    ticket_certificate_looser,
)
from watchfloor.core.decision.evidence import DecisionPolicy, Evidence, IntervalKind
from watchfloor.core.decision.policy import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """
    The columns of a logged prediction that say what it was decided with.

    Args:
        failing_clause: the first clause that kept it from being acted on; empty where none did.
        review_score: the review threshold.
        ticket_score: the operator's own floor for tickets.
        ticket_threshold: tickets at or above it, the higher of the operator's and the certified
            one; None where nothing is certified at the promise asked for.
        clear_threshold: clearing at or below it, the lower of what both promises allow; None
            where one of them allows nothing.
        eps_ticket, eps_clear, beta_clear, delta: the promises the tenant asks for.
        calibration_n: known outcomes behind the certificate; None without a calibration.
        interval_kind: the interval by which the probability is known well; where neither
            does it, the one that is shown. Empty without an interval.
    """

    decision: str
    reason: str
    failing_clause: str
    review_score: float
    ticket_score: float
    ticket_threshold: float | None
    clear_threshold: float | None
    eps_ticket: float
    eps_clear: float
    beta_clear: float
    delta: float
    calibration_n: int | None
    interval_kind: str


def record_of(evidence: Evidence, policy: DecisionPolicy, decision: Decision) -> DecisionRecord:
    """Return what is stored of a decision that was taken on this evidence under this policy."""
    return DecisionRecord(
        decision=decision.outcome.value,
        reason=decision.reason.value,
        failing_clause=decision.failing.value if decision.failing is not None else "",
        review_score=policy.review_score,
        ticket_score=policy.ticket_score,
        ticket_threshold=ticket_threshold(evidence, policy),
        clear_threshold=clear_threshold(evidence, policy),
        eps_ticket=policy.eps_ticket,
        eps_clear=policy.eps_clear,
        beta_clear=policy.beta_clear,
        delta=policy.delta,
        calibration_n=evidence.calibration_n or None,
        interval_kind=_interval_kind(evidence, policy),
    )


def ticket_threshold(evidence: Evidence, policy: DecisionPolicy) -> float | None:
    """
    Return the score from which tickets open by themselves.

    >>> from datetime import UTC, datetime
    >>> known = Evidence(score=0.9, now=datetime(2026, 1, 1, tzinfo=UTC), certified_from=0.7,
    ...                  certified_floor=0.95, ticket_eps=0.1, ticket_delta=0.1)
    >>> ticket_threshold(known, DecisionPolicy(ticket_score=0.8))
    0.8
    >>> ticket_threshold(known, DecisionPolicy(eps_ticket=0.05)) is None
    True
    """
    certified = evidence.certified_from
    if certified is None or not is_floor_certified(evidence, policy):
        return None
    if ticket_certificate_looser(evidence, policy) is not None:
        return None
    return max(policy.ticket_score, certified)


def clear_threshold(evidence: Evidence, policy: DecisionPolicy) -> float | None:
    """
    Return the score up to which predictions may be cleared by themselves.

    >>> from datetime import UTC, datetime
    >>> known = Evidence(score=0.01, now=datetime(2026, 1, 1, tzinfo=UTC), clear_below=0.05,
    ...                  clear_eps=0.01, clear_delta=0.1, positives_limit=0.5, positives_beta=0.05)
    >>> clear_threshold(known, DecisionPolicy())
    0.05
    """
    certified, limit = evidence.clear_below, evidence.positives_limit
    if certified is None or limit is None:
        return None
    if clear_certificate_looser(evidence, policy) is not None:
        return None
    # The limit itself is not cleared, so the last score that is lies just below it.
    return min(certified, math.nextafter(limit, -math.inf))


def _interval_kind(evidence: Evidence, policy: DecisionPolicy) -> str:
    if (kind := narrow_interval(evidence, policy)) is not None:
        return kind.value
    return IntervalKind.PROB_BIN.value if evidence.width is not None else ""
