"""What a decision looks at: the evidence about one prediction, and the policy in force."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from watchfloor.core.decision.reason import Reason


class IntervalKind(StrEnum):
    """Which interval tells how well a probability is known."""

    PROB_BIN = "prob_bin"
    VENN_ABERS = "venn_abers"


class EarlierTicket(StrEnum):
    """What became of the ticket that covers this thing already, if there is one."""

    NONE = "none"
    OPEN = "open"
    # Closed within its window: a person confirmed it, or did not.
    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not_confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """
    What is known about one prediction and its model at the moment of the decision.

    Args:
        score: the quantised score, or None when the event could not be scored.
        cannot_score: why there is no score (NO_MODEL, CANNOT_SCORE); None with a score.
        width: width of the 95 % interval of the event rate at this score, in [0, 1].
        venn_abers_width: distance of the two Venn-Abers probabilities, in [0, 1]; None without.
        certified_from: tickets at or above this score are certified; None if none are.
        certified_floor: the highest floor for tickets that this certificate speaks of: a smaller
            region was not tested by itself. None if it is `certified_from`.
        ticket_eps: share of false tickets that certificate allows; None without a certificate.
        ticket_delta: chance with which that certificate fails.
        clear_below: clearing at or below this score is certified; None if none is.
        clear_eps: share of events that certificate allows among the cleared.
        clear_delta: chance with which that certificate fails.
        positives_limit: clearing strictly below this score hides few of all events; None if
            nowhere, or unknown.
        positives_beta: the share of all events that limit allows to be hidden.
        calibration_n: known outcomes in the calibration set.
        calibration_n_positive: how many of them were events.
        calibrated_at: when the calibration set was fitted; None without one.
        calibration_unreadable: there is a calibration set, and its bytes are gone or damaged.
        now: the moment of the decision.
        drift_alarm: an alarm of this model is open.
        exchangeability_lost: the guard of the calibration set in force has alarmed.
        earlier_ticket: whether a ticket about the same thing covers this one.
    """

    score: float | None
    now: datetime
    cannot_score: Reason | None = None
    width: float | None = None
    venn_abers_width: float | None = None
    certified_from: float | None = None
    certified_floor: float | None = None
    ticket_eps: float | None = None
    ticket_delta: float | None = None
    clear_below: float | None = None
    clear_eps: float | None = None
    clear_delta: float | None = None
    positives_limit: float | None = None
    positives_beta: float | None = None
    calibration_n: int = 0
    calibration_n_positive: int = 0
    calibrated_at: datetime | None = None
    calibration_unreadable: bool = False
    drift_alarm: bool = False
    exchangeability_lost: bool = False
    earlier_ticket: EarlierTicket = EarlierTicket.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPolicy:
    """
    The thresholds and switches in force for one tenant, site and model.

    Args:
        review_score: from here on a person looks, unless a ticket opens by itself.
        ticket_score: the operator's own floor for automatic tickets; the certified one rules
            where it is higher.
        width_limit: one of the two intervals must be narrower than this.
        eps_ticket: share of false automatic tickets the tenant accepts.
        eps_clear: share of events among cleared predictions the tenant accepts.
        beta_clear: share of all events that clearing may hide, as the tenant accepts it.
        delta: chance of failure of a certificate the tenant accepts.
        min_calibration_n: known outcomes the calibration set must hold.
        min_calibration_positive: events it must hold, and clean ones.
        calibration_max_age_days: older sets certify nothing.
        automation_on: the tenant's flag for automatic tickets.
        kill_switch: stops every automatic action everywhere.
        stage_on: the staged roll-out of this model has reached automatic action.
        clear_on: the tenant's flag for automatic clearing.
        breaker_open: too many tickets of the tenant opened by themselves of late.
        site_cap_left: automatic tickets that may still open at this site in the current hour.
        cap_left: automatic tickets that may still open in the current day.
    """

    review_score: float = 0.4
    ticket_score: float = 0.0
    width_limit: float = 0.2
    eps_ticket: float = 0.1
    eps_clear: float = 0.01
    beta_clear: float = 0.05
    delta: float = 0.1
    min_calibration_n: int = 100
    min_calibration_positive: int = 10
    calibration_max_age_days: float = 45
    automation_on: bool = False
    kill_switch: bool = False
    stage_on: bool = False
    clear_on: bool = False
    breaker_open: bool = True
    site_cap_left: int = 0
    cap_left: int = 0
