"""The risk band of a score, and the priority of work about it: words for people."""

from enum import StrEnum

from watchfloor.core.errors import InvalidInput


class RiskLevel(StrEnum):
    """Five bands of equal width; stored as `risk_level`."""

    MINIMAL = "MINIMAL"
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class Priority(StrEnum):
    """How soon somebody should work on a ticket; CRITICAL has a level of its own."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


def priority_of(risk: RiskLevel) -> Priority:
    """
    Return the priority of a ticket about a prediction of that risk.

    >>> priority_of(RiskLevel.CRITICAL), priority_of(RiskLevel.MINIMAL)
    (<Priority.CRITICAL: 'CRITICAL'>, <Priority.LOW: 'LOW'>)
    """
    return Priority.LOW if risk is RiskLevel.MINIMAL else Priority(risk.value)


def risk_level(score: float) -> RiskLevel:
    """
    Return the band of a score; each band begins at its lower end.

    Args:
        score: a probability in [0, 1].

    Raises:
        InvalidInput: the score is NaN or outside [0, 1].

    >>> risk_level(0.6)
    <RiskLevel.HIGH: 'HIGH'>
    """
    if not 0.0 <= score <= 1.0:
        raise InvalidInput(field="score", value=score, expected="a number in [0, 1]")
    return next(level for level, lowest in _LOWEST.items() if score >= lowest)


def lowest_score(level: RiskLevel) -> float:
    """
    Return the score at which a band begins.

    >>> lowest_score(RiskLevel.HIGH)
    0.6
    """
    return _LOWEST[level]


# The highest first, so that the first one reached is the band.
_LOWEST = {
    RiskLevel.CRITICAL: 0.8,
    RiskLevel.HIGH: 0.6,
    RiskLevel.MEDIUM: 0.4,
    RiskLevel.LOW: 0.2,
    RiskLevel.MINIMAL: 0.0,
}
