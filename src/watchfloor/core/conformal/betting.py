"""P-values of outcomes among outcomes, and bets that they are not uniform."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watchfloor.core.errors import InvalidInput
from watchfloor.core.state_bytes import floats_of

JUMP_RATES = (0.0001, 0.001, 0.01, 0.1, 1.0)
"""How readily a bet changes its mind; what jumps always bets nothing and keeps its fifth."""


@dataclass(frozen=True, slots=True)
class Jumper:
    """
    One bet: how its wealth is spread over small p-values, none, and large ones.

    Args:
        rate: share of the wealth that is spread anew at each step.
        log_wealth: logarithm of what it has made of 1.
        stakes: shares of the wealth on small p-values, on none, on large ones; their sum is 1.
    """

    rate: float
    log_wealth: float = 0.0
    stakes: tuple[float, float, float] = (1 / 3, 1 / 3, 1 / 3)

    def bet(self, p: float) -> "Jumper":
        """
        Return the bet once a p-value in [0, 1] is seen.

        >>> Jumper(0.01).bet(0.5).log_wealth
        0.0
        """
        kept, spread = 1 - self.rate, self.rate / 3
        small, none, large = (kept * stake + spread for stake in self.stakes)
        small, large = small * (1.5 - p), large * (0.5 + p)
        total = small + none + large
        return Jumper(
            self.rate,
            self.log_wealth + math.log(total),
            (small / total, none / total, large / total),
        )

    def to_record(self) -> Mapping[str, Any]:
        """Return the fields, for `state_bytes`."""
        return {"rate": self.rate, "log_wealth": self.log_wealth, "stakes": self.stakes}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Jumper":
        """Return the bet of a stored record."""
        small, none, large = floats_of(record["stakes"])
        return cls(
            float.fromhex(record["rate"]),
            float.fromhex(record["log_wealth"]),
            (small, none, large),
        )


@dataclass(frozen=True, slots=True)
class Rise:
    """
    Since when one steady bet has risen: where what it is betting on most likely began.

    Args:
        stake: 1 on large p-values, -1 on small ones.
        height: logarithm of what the bet has made since then; below 0 it begins anew.
        since: moment of the first p-value of the rise; None while there is none.

    Source:
        Page (1954), "Continuous Inspection Schemes", Biometrika 41, 100-115.
    """

    stake: float
    height: float = 0.0
    since: datetime | None = None

    def bet(self, p: float, *, at: datetime) -> "Rise":
        """
        Return the rise once a p-value of that moment is seen.

        >>> Rise(-1.0).bet(0.9, at=datetime(2026, 3, 1)).bet(0.1, at=datetime(2026, 3, 2)).since
        datetime.datetime(2026, 3, 2, 0, 0)
        """
        height = self.height + math.log1p(self.stake * (p - 0.5))
        return Rise(self.stake, height, self.since or at) if height > 0 else Rise(self.stake)

    def to_record(self) -> Mapping[str, Any]:
        """Return the fields, for `state_bytes`."""
        return {"stake": self.stake, "height": self.height, "since": self.since}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Rise":
        """Return the rise of a stored record."""
        since = record["since"]
        return cls(
            float.fromhex(record["stake"]),
            float.fromhex(record["height"]),
            None if since is None else datetime.fromisoformat(since),
        )


def smoothed_p_value(ascending: Sequence[int], place: int, *, tie: float) -> float:
    """
    Return the share of stranger ones among all, the new one included; ties are cut at `tie`.

    Uniform on [0, 1] whatever the ties, if `place` is exchangeable with the others and `tie`
    is uniform; with nothing to compare it is `tie` itself.

    Args:
        ascending: places seen so far, sorted.
        place: place of the new one.
        tie: in [0, 1].

    Raises:
        InvalidInput: the tie-breaker lies outside [0, 1].

    Source:
        Vovk, Gammerman & Shafer (2005), "Algorithmic Learning in a Random World", section 2.2.

    >>> smoothed_p_value([1, 2, 2, 3], 2, tie=0.5)
    0.5
    """
    if not 0 <= tie <= 1:
        raise InvalidInput(field="tie", value=tie, expected="a number in [0, 1]")
    below, up_to = bisect_left(ascending, place), bisect_right(ascending, place)
    n = len(ascending)
    return (n - up_to + tie * (up_to - below + 1)) / (n + 1)
