"""The registry of numbers an operator may turn: unit, range, default, and the words for it."""

from dataclasses import dataclass

from watchfloor.core.decision.risk import RiskLevel, lowest_score
from watchfloor.core.errors import InvalidInput

HIGH_BEGINS = lowest_score(RiskLevel.HIGH)


@dataclass(frozen=True, slots=True)
class ThresholdSpec:
    """One number that may be turned, and how far."""

    key: str
    label: str
    unit: str
    default: float
    lowest: float
    highest: float


SPECS: dict[str, ThresholdSpec] = {
    spec.key: spec
    for spec in (
        ThresholdSpec("review_score", "A person sees scores from", "probability", 0.4, 0.0, 1.0),
        # What is less than HIGH goes to a person unless an operator says otherwise.
        ThresholdSpec("ticket_score", "Tickets open from", "probability", HIGH_BEGINS, 0.0, 1.0),
        ThresholdSpec("width_limit", "Probability known to within", "probability", 0.2, 0.01, 1.0),
        ThresholdSpec("eps_ticket", "False automatic tickets at most", "share", 0.1, 0.001, 0.5),
        ThresholdSpec("eps_clear", "Real events auto-cleared at most", "share", 0.01, 0.0001, 0.2),
        ThresholdSpec("beta_clear", "All events auto-cleared at most", "share", 0.05, 0.001, 0.5),
        ThresholdSpec("delta", "Certificate may fail with", "probability", 0.1, 0.001, 0.5),
        ThresholdSpec("ticket_cap", "Automatic tickets a day at most", "tickets", 50, 0, 100_000),
        ThresholdSpec(
            "site_ticket_cap", "Automatic tickets a site and hour", "tickets", 10, 0, 100_000
        ),
        ThresholdSpec(
            "breaker_cap", "Automatic tickets an hour, of all models", "tickets", 40, 0, 100_000
        ),
        ThresholdSpec("dedup_hours", "One ticket for one thing in", "hours", 24, 1, 720),
        ThresholdSpec(
            "cannot_score_cap", "Unscored events in the queue a day", "items", 100, 0, 100_000
        ),
        ThresholdSpec(
            "guard_level", "False alarm of a set's guard at most", "probability", 0.01, 0.0001, 0.2
        ),
        ThresholdSpec("audit_share", "Random audit sample", "share", 0.02, 0.0, 1.0),
        ThresholdSpec("closed_share", "Calibrate when known for", "share", 0.99, 0.5, 1.0),
        ThresholdSpec("entity_cap", "Calibration rows of one entity", "rows", 50, 1, 100_000),
        ThresholdSpec("alone_step", "One person may move a threshold by", "share", 0.3, 0.0, 1.0),
    )
}


SHAPING = (
    "review_score",
    "ticket_score",
    "width_limit",
    "eps_ticket",
    "eps_clear",
    "beta_clear",
    "delta",
)
"""The thresholds that shape one decision; the others are limits, or say how sets are cut."""

ALONE = "alone_step"
# A step as it was typed: 0.7 - 0.4 is a little more than 0.3 in floats.
_ROUNDING = 1e-9


def step_of(key: str, old: float, new: float) -> float:
    """
    Return how far a threshold moves, as a share of its whole range.

    >>> step_of("review_score", 0.4, 0.9), step_of("review_score", 0.4, 0.4)
    (0.5, 0.0)
    """
    spec = SPECS[key]
    return abs(new - old) / (spec.highest - spec.lowest)


def wants_second_person(key: str, old: float, new: float, *, alone_step: float) -> bool:
    """
    Return whether a second person has to agree to a move.

    So it is where a threshold that shapes decisions moves by more than one person may; and where
    that very permission is widened, or it could be widened first and used then.

    >>> wants_second_person("review_score", 0.4, 0.7, alone_step=0.3)
    False
    >>> wants_second_person("review_score", 0.4, 0.71, alone_step=0.3)
    True
    """
    if key == ALONE:
        return new > old
    return key in SHAPING and step_of(key, old, new) > alone_step + _ROUNDING


def spec_of(key: str) -> ThresholdSpec:
    """
    Return the description of one threshold.

    Raises:
        InvalidInput: nobody registered that key.
    """
    if key not in SPECS:
        raise InvalidInput(field="key", value=key, expected=f"one of {', '.join(SPECS)}")
    return SPECS[key]


def checked(key: str, value: float) -> float:
    """
    Return the value if the threshold may take it.

    Raises:
        InvalidInput: unknown key, not a number, or out of range.
    """
    spec = spec_of(key)
    if not spec.lowest <= value <= spec.highest:  # NaN fails this too
        raise InvalidInput(
            field=key, value=value, expected=f"{spec.lowest} to {spec.highest} ({spec.unit})"
        )
    return float(value)
