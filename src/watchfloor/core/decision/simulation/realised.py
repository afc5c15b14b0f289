"""Whether what came after a threshold moved is what was promised, or too far from it for chance."""

from dataclasses import dataclass
from enum import StrEnum

from scipy import special

from watchfloor.core.decision.simulation.tally import PerDay, Share

BEYOND_CHANCE = 0.001
"""So rarely does a kept promise look broken, for each of the figures that are watched."""


class Figure(StrEnum):
    """What is watched."""

    TICKETS = "tickets_a_day"
    REVIEWS = "reviews_a_day"
    FALSE_TICKETS = "false_discovery"


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One figure: what was promised, what came, and how rarely chance alone goes so far.

    Args:
        promised, realised: a mean a day, or a share; None where nothing is known.
        n: cases behind what came.
        chance: of so much or more, were the promise kept; 1 where nothing is known.
    """

    figure: Figure
    promised: float | None
    realised: float | None
    n: int
    chance: float

    @property
    def is_broken(self) -> bool:
        """Whether it is too far off for chance."""
        return self.chance < BEYOND_CHANCE


def more_a_day(figure: Figure, *, promised: PerDay, realised: PerDay) -> Finding:
    """
    Return whether more came in a day than was promised.

    Given how many there are together, those of the later span are binomial where the rates are
    equal. It takes cases for independent: where one thing brings many at once, days differ by
    more than it says, and a finding is a reason to look, not a verdict.

    Source:
        Przyborowski & Wilenski (1940), Biometrika 31, 313-323: comparing two Poisson means.

    >>> quiet = more_a_day(Figure.REVIEWS, promised=PerDay(280, 28), realised=PerDay(12, 1))
    >>> flood = more_a_day(Figure.REVIEWS, promised=PerDay(280, 28), realised=PerDay(30, 1))
    >>> quiet.is_broken, flood.is_broken
    (False, True)
    """
    together, part = promised.n + realised.n, realised.days / (promised.days + realised.days)
    chance = 1.0
    if realised.n > 0:
        chance = float(special.bdtrc(realised.n - 1, together, part))
    return Finding(figure, promised.value, realised.value, realised.n, chance)


def falser_than(*, eps: float, seen: Share) -> Finding:
    """
    Return whether more tickets turned out false than the share that was promised.

    >>> falser_than(eps=0.1, seen=Share(2, 10)).is_broken
    False
    >>> falser_than(eps=0.1, seen=Share(8, 12)).is_broken
    True
    """
    chance = float(special.bdtrc(seen.k - 1, seen.n, eps)) if seen.k > 0 else 1.0
    return Finding(Figure.FALSE_TICKETS, eps, seen.value, seen.n, chance)
