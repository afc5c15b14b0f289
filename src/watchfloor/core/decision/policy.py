"""
Decide what happens to one prediction: frozen evidence in, an outcome and a named reason out.

Safe by default: whatever is missing, stale, unknown or not a number goes to a person, and a
policy made of defaults automates nothing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from watchfloor.core.decision.reason import Reason

__all__ = ["Decision", "DecisionPolicy", "Evidence", "Outcome", "Reason", "decide"]


class Outcome(StrEnum):
    """What happens to a prediction."""

    AUTO_TICKET = "auto_ticket"
    HUMAN_REVIEW = "human_review"
    LOG_ONLY = "log_only"  # not acted on; never "clean"
    AUTO_CLEAR = "auto_clear"
    SUPPRESSED_DUPLICATE = "suppressed_duplicate"  # decided where open tickets are known


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """
    What is known about one prediction and its model at the moment of the decision.

    Args:
        score: the quantised score, or None when the event could not be scored.
        cannot_score: why there is no score (NO_MODEL, CANNOT_SCORE); None with a score.
        width: width of the 95 % interval of the event rate at this score, in [0, 1].
        certified_from: tickets at or above this score are certified; None if none are.
        clear_below: clearing at or below this score is certified; None if none is.
        calibration_n: known outcomes in the calibration set.
        calibration_n_positive: how many of them were events.
        calibrated_at: when the calibration set was fitted; None without one.
        now: the moment of the decision.
        drift_alarm: an alarm of this model is open.
        exchangeability_lost: the guard of the calibration set in force has alarmed.
    """

    score: float | None
    now: datetime
    cannot_score: Reason | None = None
    width: float | None = None
    certified_from: float | None = None
    clear_below: float | None = None
    calibration_n: int = 0
    calibration_n_positive: int = 0
    calibrated_at: datetime | None = None
    drift_alarm: bool = False
    exchangeability_lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPolicy:
    """
    The thresholds and switches in force for one tenant, site and model.

    Args:
        review_score: from here on a person looks, unless a ticket opens by itself.
        ticket_score: the operator's own floor for automatic tickets; the certified one rules
            where it is higher.
        width_limit: the 95 % interval must be narrower than this.
        min_calibration_n: known outcomes the calibration set must hold.
        min_calibration_positive: events it must hold.
        calibration_max_age_days: older sets certify nothing.
        automation_on: the tenant's flag.
        kill_switch: stops every automatic action everywhere.
        stage_on: the staged roll-out of this model has reached automatic action.
        clear_on: automatic clearing is switched on too.
        cap_left: automatic tickets that may still open in the current span.
    """

    review_score: float = 0.4
    ticket_score: float = 0.0
    width_limit: float = 0.2
    min_calibration_n: int = 100
    min_calibration_positive: int = 10
    calibration_max_age_days: float = 45
    automation_on: bool = False
    kill_switch: bool = False
    stage_on: bool = False
    clear_on: bool = False
    cap_left: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens, and the one reason that is stored with it."""

    outcome: Outcome
    reason: Reason


def decide(evidence: Evidence, policy: DecisionPolicy) -> Decision:
    """
    Decide what happens to one prediction.

    Args:
        evidence: score, interval, certificates and health of the model at this moment.
        policy: the thresholds and switches in force for this tenant and site.

    >>> from datetime import UTC
    >>> unsure = Evidence(score=0.9, now=datetime(2026, 1, 1, tzinfo=UTC))
    >>> decide(unsure, DecisionPolicy()).reason.sentence
    'This model version has no calibration set yet.'
    """
    score = evidence.score
    if score is None or not math.isfinite(score):
        return Decision(Outcome.HUMAN_REVIEW, evidence.cannot_score or Reason.CANNOT_SCORE)
    if score < policy.review_score:
        return _below_review(evidence, policy)
    for clause in TICKET_CLAUSES:
        if (objection := clause(evidence, policy)) is not None:
            return Decision(Outcome.HUMAN_REVIEW, objection)
    return Decision(Outcome.AUTO_TICKET, Reason.CERTIFIED)


def _below_review(evidence: Evidence, policy: DecisionPolicy) -> Decision:
    if policy.clear_on and not any(clause(evidence, policy) for clause in CLEAR_CLAUSES):
        return Decision(Outcome.AUTO_CLEAR, Reason.CLEARED)
    return Decision(Outcome.LOG_ONLY, Reason.BELOW_REVIEW_SCORE)


# A clause answers with its objection or None. Comparisons are written so that NaN objects.


def _calibration_missing(evidence: Evidence, _policy: DecisionPolicy) -> Reason | None:
    known = evidence.calibrated_at is not None and evidence.calibration_n > 0
    return None if known else Reason.NO_CALIBRATION


def _calibration_too_small(evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    n, n_positive = evidence.calibration_n, evidence.calibration_n_positive
    fewest = policy.min_calibration_positive
    # Both classes: a set of events alone knows as little as one without them.
    if n >= policy.min_calibration_n and n_positive >= fewest and n - n_positive >= fewest:
        return None
    return Reason.CALIBRATION_TOO_SMALL


def _calibration_stale(evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    oldest = evidence.now - timedelta(days=policy.calibration_max_age_days)
    at = evidence.calibrated_at
    return None if at is not None and at >= oldest else Reason.CALIBRATION_STALE


def _below_ticket_score(evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    reached = evidence.score is not None and evidence.score >= policy.ticket_score
    return None if reached else Reason.BELOW_TICKET_SCORE


def _not_certified(evidence: Evidence, _policy: DecisionPolicy) -> Reason | None:
    score, lowest = evidence.score, evidence.certified_from
    certified = score is not None and lowest is not None and score >= lowest
    return None if certified else Reason.NOT_CERTIFIED


def _not_certified_clear(evidence: Evidence, _policy: DecisionPolicy) -> Reason | None:
    score, highest = evidence.score, evidence.clear_below
    certified = score is not None and highest is not None and score <= highest
    return None if certified else Reason.NOT_CERTIFIED


def _not_known_well(evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    narrow = evidence.width is not None and evidence.width < policy.width_limit
    return None if narrow else Reason.PROBABILITY_NOT_KNOWN_WELL


def _drifting(evidence: Evidence, _policy: DecisionPolicy) -> Reason | None:
    return Reason.DRIFT_ALARM if evidence.drift_alarm else None


def _no_longer_exchangeable(evidence: Evidence, _policy: DecisionPolicy) -> Reason | None:
    return Reason.EXCHANGEABILITY_LOST if evidence.exchangeability_lost else None


def _killed(_evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    return Reason.KILL_SWITCH if policy.kill_switch else None


def _stage_not_reached(_evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    return None if policy.stage_on else Reason.STAGE_NOT_ON


def _switched_off(_evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    return None if policy.automation_on else Reason.AUTOMATION_OFF


def _cap_used_up(_evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    return None if policy.cap_left > 0 else Reason.CAP_REACHED


Clause = Callable[[Evidence, DecisionPolicy], Reason | None]

_CALIBRATED: tuple[Clause, ...] = (_calibration_missing, _calibration_too_small, _calibration_stale)
_SWITCHED_ON: tuple[Clause, ...] = (_killed, _stage_not_reached, _switched_off)

# What the model knows comes before the switches: the number of reviews that say AUTOMATION_OFF
# is then the number of tickets the switch holds back.
TICKET_CLAUSES: tuple[Clause, ...] = (
    *_CALIBRATED,
    _below_ticket_score,
    _not_certified,
    _not_known_well,
    _drifting,
    _no_longer_exchangeable,
    *_SWITCHED_ON,
    _cap_used_up,
)
CLEAR_CLAUSES: tuple[Clause, ...] = (
    *_CALIBRATED,
    _not_certified_clear,
    _not_known_well,
    _drifting,
    _no_longer_exchangeable,
    *_SWITCHED_ON,
)
