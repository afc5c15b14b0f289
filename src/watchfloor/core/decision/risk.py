"""The risk band of a score: a word for people; no decision reads it."""

from enum import StrEnum

from watchfloor.core.errors import InvalidInput


class RiskLevel(StrEnum):
    """Five bands of equal width; stored as `risk_level`."""

    MINIMAL = "MINIMAL"
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


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
    if score >= 0.8:
        return RiskLevel.CRITICAL
    if score >= 0.6:
        return RiskLevel.HIGH
    if score >= 0.4:
        return RiskLevel.MEDIUM
    return RiskLevel.LOW if score >= 0.2 else RiskLevel.MINIMAL
