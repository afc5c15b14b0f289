"""How bad a finding is: five words in order."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Severity of drift and alerts; compares by weight, not by spelling."""

    INFO = "INFO"
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        """
        Place in the order, 0 for INFO.

        >>> Severity.CRITICAL > Severity.HIGH, max(Severity.LOW, Severity.INFO).value
        (True, 'LOW')
        """
        return _RANKS[self]

    def __lt__(self, other: str) -> bool:
        return self.rank < Severity(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Severity(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Severity(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Severity(other).rank


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


def at_most(severity: Severity, cap: Severity) -> Severity:
    """
    Return a severity, or the cap where it lies above.

    >>> at_most(Severity.CRITICAL, Severity.MEDIUM).value
    'MEDIUM'
    """
    return min(severity, cap)


@dataclass(frozen=True, slots=True)
class DropLevels:
    """Losses of accuracy, in shares, from which a drop is called so; MLConfig turns them."""

    medium: float = 0.05
    high: float = 0.10
    critical: float = 0.20


DROP_LEVELS = DropLevels()


def severity_of_drop(drop: float, *, drop_low: float, levels: DropLevels = DROP_LEVELS) -> Severity:
    """
    Return how bad a loss of accuracy is, from its size and not from a p-value.

    Args:
        drop: loss in shares (0.1 is ten points); negative for a gain.
        drop_low: lower end of its 95 % interval; a loss is CRITICAL only when even this end
            lies above `levels.high`.

    >>> severity_of_drop(0.25, drop_low=0.04).value
    'HIGH'
    """
    if drop > levels.critical and drop_low > levels.high:
        return Severity.CRITICAL
    if drop >= levels.high:
        return Severity.HIGH
    return Severity.MEDIUM if drop >= levels.medium else Severity.LOW
