"""
The conditions of acting without a person, one small function each.

They are: a score in the certified region, a probability that is known well, a calibration that
is fresh and large enough, no drift alarm, the switches on, and no cap reached. A clause answers
with its objection, or None. Comparisons are written so that what is missing, or not a number,
objects.
"""

from collections.abc import Callable
from datetime import timedelta

from watchfloor.core.decision.evidence import DecisionPolicy, Evidence, IntervalKind
from watchfloor.core.decision.reason import Reason

Clause = Callable[[Evidence, DecisionPolicy], Reason | None]


def narrow_interval(evidence: Evidence, policy: DecisionPolicy) -> IntervalKind | None:
    """Return the interval by which the probability is known well, or None where neither tells."""
    if evidence.width is not None and evidence.width < policy.width_limit:
        return IntervalKind.PROB_BIN
    pair = evidence.venn_abers_width
    return IntervalKind.VENN_ABERS if pair is not None and pair < policy.width_limit else None


def _calibration_unreadable(evidence: Evidence, _policy: DecisionPolicy) -> Reason | None:
    return Reason.CALIBRATION_UNREADABLE if evidence.calibration_unreadable else None


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


def ticket_certificate_looser(evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    """Object where the certificate for tickets promises less than is asked for, or is missing."""
    eps, delta = evidence.ticket_eps, evidence.ticket_delta
    return _looser(eps, delta, asked_eps=policy.eps_ticket, asked_delta=policy.delta)


def clear_certificate_looser(evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    """Object where one of the promises about clearing is looser than asked for, or is missing."""
    beta = evidence.positives_beta
    if beta is None or not beta <= policy.beta_clear:
        return Reason.CERTIFICATE_LOOSER
    eps, delta = evidence.clear_eps, evidence.clear_delta
    return _looser(eps, delta, asked_eps=policy.eps_clear, asked_delta=policy.delta)


def _looser(
    eps: float | None, delta: float | None, *, asked_eps: float, asked_delta: float
) -> Reason | None:
    # A stricter certificate keeps a looser promise too; the other way round it keeps none.
    keeps = eps is not None and delta is not None and eps <= asked_eps and delta <= asked_delta
    return None if keeps else Reason.CERTIFICATE_LOOSER


def is_floor_certified(evidence: Evidence, policy: DecisionPolicy) -> bool:
    """Return whether the certificate speaks of the tickets from the operator's floor on."""
    certified = (evidence.certified_from, evidence.certified_floor)
    return any(limit is not None and policy.ticket_score <= limit for limit in certified)


def _not_certified(evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    score, lowest = evidence.score, evidence.certified_from
    is_inside = score is not None and lowest is not None and score >= lowest
    certified = is_inside and is_floor_certified(evidence, policy)
    return None if certified else Reason.NOT_CERTIFIED


def _not_certified_clear(evidence: Evidence, _policy: DecisionPolicy) -> Reason | None:
    score, highest = evidence.score, evidence.clear_below
    certified = score is not None and highest is not None and score <= highest
    return None if certified else Reason.NOT_CERTIFIED


def _events_may_hide(evidence: Evidence, _policy: DecisionPolicy) -> Reason | None:
    score, limit = evidence.score, evidence.positives_limit
    few = score is not None and limit is not None and score < limit
    return None if few else Reason.EVENTS_MAY_HIDE


def _not_known_well(evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    known = narrow_interval(evidence, policy) is not None
    return None if known else Reason.PROBABILITY_NOT_KNOWN_WELL


def _drifting(evidence: Evidence, _policy: DecisionPolicy) -> Reason | None:
    return Reason.DRIFT_ALARM if evidence.drift_alarm else None


def _no_longer_exchangeable(evidence: Evidence, _policy: DecisionPolicy) -> Reason | None:
    return Reason.EXCHANGEABILITY_LOST if evidence.exchangeability_lost else None


def _killed(_evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    return Reason.KILL_SWITCH if policy.kill_switch else None


def _stage_not_reached(_evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    return None if policy.stage_on else Reason.STAGE_NOT_ON


def _tickets_off(_evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    return None if policy.automation_on else Reason.AUTOMATION_OFF


def _clearing_off(_evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    return None if policy.clear_on else Reason.AUTOMATION_OFF


def _breaker_open(_evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    return Reason.BREAKER_OPEN if policy.breaker_open else None


def _site_cap_used_up(_evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    return None if policy.site_cap_left > 0 else Reason.CAP_REACHED_SITE


def _cap_used_up(_evidence: Evidence, policy: DecisionPolicy) -> Reason | None:
    return None if policy.cap_left > 0 else Reason.CAP_REACHED


_CALIBRATED: tuple[Clause, ...] = (
    # One that cannot be read is missing too; what is told is why.
    _calibration_unreadable,
    _calibration_missing,
    _calibration_too_small,
    _calibration_stale,
)
# What must hold of the model beside its certificate.
_HEALTHY: tuple[Clause, ...] = (_not_known_well, _drifting, _no_longer_exchangeable)
_ALLOWED: tuple[Clause, ...] = (_killed, _stage_not_reached)

# The order is the order in which an operator would ask. What the model knows comes before the
# switches: the number of reviews that say AUTOMATION_OFF is then the number of tickets the
# switch holds back.
TICKET_CLAUSES: tuple[Clause, ...] = (
    *_CALIBRATED,
    _below_ticket_score,
    ticket_certificate_looser,
    _not_certified,
    *_HEALTHY,
    *_ALLOWED,
    _tickets_off,
)
# Asked last and of new tickets alone: what is added to a ticket takes nothing from a cap.
CAP_CLAUSES: tuple[Clause, ...] = (_breaker_open, _site_cap_used_up, _cap_used_up)
CLEAR_CLAUSES: tuple[Clause, ...] = (
    *_CALIBRATED,
    clear_certificate_looser,
    _not_certified_clear,
    _events_may_hide,
    *_HEALTHY,
    *_ALLOWED,
    _clearing_off,
)


def first_objection(
    clauses: tuple[Clause, ...], evidence: Evidence, policy: DecisionPolicy
) -> Reason | None:
    """Return the objection of the first clause that has one; None where all hold."""
    for clause in clauses:
        if (objection := clause(evidence, policy)) is not None:
            return objection
    return None
