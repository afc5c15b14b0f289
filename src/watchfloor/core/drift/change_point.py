"""
When a rise in errors began, and how large it has been since.

Each bet of a monitor keeps its own answer, and at an alarm the bet that won is asked. One
answer for all, the minimum of the cumulated excess over the baseline's bound, was measured:
the bound lies so close to the mean that its minimum is hundreds of outcomes old, and a drop
of 20 points was reported as 6.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

Z_95 = 1.96


class Mark(NamedTuple):
    """How many observations there had been at some moment, and their sum."""

    n: int
    total: float
    at: datetime

    @classmethod
    def from_record(cls, record: Sequence[Any]) -> "Mark":
        """Return the mark of a stored record."""
        n, total, at = record
        return cls(int(n), float.fromhex(total), datetime.fromisoformat(at))


class Change(NamedTuple):
    """
    What one bet would have won from its best start on: the logarithm, and that start.

    The start is the last moment at which the cumulated logarithm was at its lowest.
    """

    height: float
    since: Mark

    @classmethod
    def from_record(cls, record: Sequence[Any]) -> "Change":
        """Return the change of a stored record."""
        height, since = record
        return cls(float.fromhex(height), Mark.from_record(since))


def after(changes: Iterable[Change], gains: Sequence[float], *, now: Mark) -> tuple[Change, ...]:
    """
    Return the changes of all bets once one more observation is known.

    Args:
        changes: one a bet.
        gains: logarithm of what each bet made of the observation.
        now: the count that includes it.
    """
    fresh = Change(0.0, now)
    return tuple(
        [
            Change(height + gain, since) if height + gain > 0 else fresh
            for (height, since), gain in zip(changes, gains, strict=True)
        ]
    )


def half_width(*, n: int, total: float, base_variance: float, spread: float) -> float:
    """
    Return half the 95 % interval of the rise in single errors since the change.

    Two errors and two clean outcomes are added, so that five errors in a row do not count as
    certainty.

    Args:
        n: outcomes since the change; `total` is the sum of their losses.
        base_variance: variance of the baseline mean.
        spread: how much more the errors vary than independent ones, at least 1.

    Source:
        Agresti and Coull (1998), "Approximate Is Better than Exact", The American
        Statistician 52, 119-126.
    """
    share = (total + 2) / (n + 4)
    return Z_95 * math.sqrt(share * (1 - share) * spread / (n + 4) + base_variance)
