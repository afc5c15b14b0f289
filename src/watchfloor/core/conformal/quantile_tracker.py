"""The other online method: the quantile itself is moved, so that no set is the whole line."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from watchfloor.core.conformal.adaptive import Issued, alpha_of, late_label_step, refuse_step
from watchfloor.core.conformal.quantile import level_of
from watchfloor.core.errors import InvalidInput

ETA = 0.05


@dataclass(frozen=True, slots=True)
class QuantileTracker:
    """
    The quantile itself, moved by each outcome: never the whole line, and no window.

    Promise: on any stream of scores in [0, highest], n outcomes after the start,

        |misses / n - alpha| <= (highest + eta (pending + 1)) / (eta n)

    with eta constant and `pending` as for `AdaptiveLevel`. At 99 % it is the one to take: there
    the adaptive level asks for the whole line whenever a window is too short for alpha_t.

    Args:
        percent: the level asked for, 90, 95 or 99.
        quantile: in force now; in [0, highest] at the start, then in its neighbourhood.
        highest: upper end of the scores' range, positive.
        eta0: step without delay, as a share of `highest`, in (0, 1).
        n: outcomes learned from.
        misses: how many lay outside what was issued for them.

    Source:
        Angelopoulos, Candes & Tibshirani (2023), "Conformal PID Control for Time Series
        Prediction", NeurIPS, proposition 1.
    """

    percent: int
    quantile: float
    highest: float = 1.0
    eta0: float = ETA
    n: int = 0
    misses: int = 0

    def issue(self) -> Issued:
        """Return what to say with the next prediction."""
        return Issued(alpha_of(self.percent), self.quantile)

    def learn(self, issued: Issued, score: float, *, delay: float = 0.0) -> "QuantileTracker":
        """
        Return the tracker once one more outcome is known; arguments as for `AdaptiveLevel.learn`.

        Raises:
            InvalidInput: the score lies outside [0, highest] or the delay is negative.

        >>> QuantileTracker(90, quantile=0.5).learn(Issued(0.1, 0.5), 0.7).quantile
        0.545
        """
        if not 0 <= score <= self.highest:
            raise InvalidInput(
                field="score", value=score, expected=f"a number in [0, {self.highest:g}]"
            )
        missed = not issued.contains(score)
        eta = self.highest * late_label_step(self.eta0, delay)
        return QuantileTracker(
            self.percent,
            self.quantile + eta * (missed - alpha_of(self.percent)),
            self.highest,
            self.eta0,
            self.n + 1,
            self.misses + missed,
        )

    def bound(self, *, delay: float = 0.0, pending: int = 0) -> float:
        """Return how far misses / n can lie from alpha; arguments as for `AdaptiveLevel.bound`."""
        eta = self.highest * late_label_step(self.eta0, delay)
        return (self.highest + eta * (pending + 1)) / (eta * self.n) if self.n else math.inf

    def to_record(self) -> Mapping[str, Any]:
        """Return the fields, for `state_bytes`."""
        return {
            "percent": self.percent,
            "quantile": self.quantile,
            "highest": self.highest,
            "eta0": self.eta0,
            "n": self.n,
            "misses": self.misses,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "QuantileTracker":
        """Return the tracker of a stored record."""
        return cls(
            percent=int(record["percent"]),
            quantile=float.fromhex(record["quantile"]),
            highest=float.fromhex(record["highest"]),
            eta0=float.fromhex(record["eta0"]),
            n=int(record["n"]),
            misses=int(record["misses"]),
        )


def start_tracker(percent: int, *, highest: float = 1.0, eta0: float = ETA) -> QuantileTracker:
    """
    Return a tracker that has learned nothing: it starts where everything is inside.

    Raises:
        InvalidInput: another level than 90, 95, 99, a step outside (0, 1), or a range without
            length.
    """
    refuse_step("eta0", eta0)
    if not 0 < highest < math.inf:
        raise InvalidInput(field="highest", value=highest, expected="a positive number")
    level_of(percent)
    return QuantileTracker(percent, highest, highest, eta0)
