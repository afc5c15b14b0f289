"""How many events came, and what became of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from watchfloor.workflows.security_anomaly import SignalResult


@dataclass(frozen=True, slots=True)
class Tally:
    """
    Counts of events whose transaction has committed.

    >>> Tally(stored=2) + Tally(stored=1, dead=1)
    Tally(stored=3, duplicate=0, dead=1)
    """

    stored: int = 0
    duplicate: int = 0
    dead: int = 0

    @property
    def received(self) -> int:
        """Every event ends in one of the three."""
        return self.stored + self.duplicate + self.dead

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            stored=self.stored + other.stored,
            duplicate=self.duplicate + other.duplicate,
            dead=self.dead + other.dead,
        )


def tally_of(results: Iterable[SignalResult]) -> Tally:
    """Count what a workflow said became of its events."""
    statuses = [result.status for result in results]
    return Tally(
        stored=statuses.count("stored"),
        duplicate=statuses.count("duplicate"),
        dead=statuses.count("dead"),
    )
