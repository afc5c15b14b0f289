"""Why a decision went as it did: one word that is stored, shown, counted and documented."""

from enum import StrEnum


class Reason(StrEnum):
    """Why; written to the log, shown to the operator, counted in metrics."""

    CERTIFIED = "certified"
    CLEARED = "cleared"
    BELOW_REVIEW_SCORE = "below_review_score"
    NOT_CERTIFIED = "not_certified"
    CERTIFICATE_LOOSER = "certificate_looser"
    EVENTS_MAY_HIDE = "events_may_hide"
    PROBABILITY_NOT_KNOWN_WELL = "probability_not_known_well"
    NO_CALIBRATION = "no_calibration"
    CALIBRATION_UNREADABLE = "calibration_unreadable"
    CALIBRATION_STALE = "calibration_stale"
    CALIBRATION_TOO_SMALL = "calibration_too_small"
    DRIFT_ALARM = "drift_alarm"
    EXCHANGEABILITY_LOST = "exchangeability_lost"
    AUTOMATION_OFF = "automation_off"
    KILL_SWITCH = "kill_switch"
    STAGE_NOT_ON = "stage_not_on"
    BREAKER_OPEN = "breaker_open"
    CAP_REACHED_SITE = "cap_reached_site"
    CAP_REACHED = "cap_reached"
    BELOW_TICKET_SCORE = "below_ticket_score"
    NO_MODEL = "no_model"
    CANNOT_SCORE = "cannot_score"
    NUMERIC_ESTIMATE = "numeric_estimate"
    DUPLICATE = "duplicate"
    DUPLICATE_OF_CLOSED = "duplicate_of_closed"

    @property
    def sentence(self) -> str:
        """One sentence for the operator who asks."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.CERTIFIED: "Every condition for an automatic ticket held.",
    Reason.CLEARED: "The score lies where clearing without a person is certified.",
    Reason.BELOW_REVIEW_SCORE: "The score is below the review threshold; it was logged only.",
    Reason.NOT_CERTIFIED: (
        "The score lies outside what is certified at the promised share of false tickets: below "
        "the certified score, or under a ticket threshold of your own above all that was tested."
    ),
    Reason.CERTIFICATE_LOOSER: (
        "The certificate in force promises less than this tenant now asks for: it waits for a "
        "calibration of its own."
    ),
    Reason.EVENTS_MAY_HIDE: (
        "Clearing up to this score could hide more of all real events than this tenant accepts."
    ),
    Reason.PROBABILITY_NOT_KNOWN_WELL: (
        "Too few known outcomes at scores like this one: its intervals are as wide as the limit, "
        "or wider."
    ),
    Reason.NO_CALIBRATION: "This model version has no calibration set yet.",
    Reason.CALIBRATION_UNREADABLE: (
        "The stored bytes of the calibration set are gone or damaged, so nothing is known of this "
        "score."
    ),
    Reason.CALIBRATION_STALE: "The calibration set is older than allowed.",
    Reason.CALIBRATION_TOO_SMALL: "The calibration set holds too few outcomes or too few events.",
    Reason.DRIFT_ALARM: "A drift alarm is open for this model.",
    Reason.EXCHANGEABILITY_LOST: (
        "Outcomes have stopped looking like those of the calibration set, so its promises are void."
    ),
    Reason.AUTOMATION_OFF: "Automatic action is switched off for this tenant.",
    Reason.KILL_SWITCH: "The kill switch is on: nothing is done automatically anywhere.",
    Reason.STAGE_NOT_ON: "The roll-out of this model has not reached automatic action here.",
    Reason.BREAKER_OPEN: (
        "The breaker is open: more tickets would open by themselves in an hour than this tenant "
        "allows."
    ),
    Reason.CAP_REACHED_SITE: "The hourly cap on automatic tickets of this site is used up.",
    Reason.CAP_REACHED: "The daily cap on automatic tickets is used up.",
    Reason.BELOW_TICKET_SCORE: "The score is below the ticket threshold of this tenant.",
    Reason.NO_MODEL: "No model is active for this kind of event.",
    Reason.CANNOT_SCORE: "The event could not be scored, so a person looks at it.",
    Reason.NUMERIC_ESTIMATE: (
        "The outcome is a number, not an event: it was logged with its interval, and nothing "
        "acts on it."
    ),
    Reason.DUPLICATE: "A ticket covers this already; the evidence was added to it.",
    Reason.DUPLICATE_OF_CLOSED: (
        "A ticket about this was closed without confirmation in the same window; the evidence "
        "was added to it, and a person looks again."
    ),
}
