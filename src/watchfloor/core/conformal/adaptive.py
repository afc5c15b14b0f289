"""
Sets that keep a share of misses on any stream: the level is moved by each outcome that comes.

A calibration promises for outcomes that come as its rows came. These promise less, the share
of misses in the long run, and assume nothing. The set issued with a prediction is kept with it
until its outcome comes (`Issued`): an outcome is held against what was said, never against
what would be said now.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from watchfloor.core.conformal.quantile import level_of
from watchfloor.core.errors import InvalidInput

GAMMA = 0.005


class Ascending(Protocol):
    """Scores in ascending order: a sorted list, or a `SlidingWindow`."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> float: ...


@dataclass(frozen=True, slots=True)
class Issued:
    """
    What was said with one prediction: outcomes whose nonconformity is at most `quantile`.

    Args:
        alpha: share of misses the method asked for at that moment; may lie outside [0, 1].
        quantile: infinite for the whole line, minus infinity for the empty set.
    """

    alpha: float
    quantile: float

    @property
    def is_whole_line(self) -> bool:
        """True where nothing was promised: every outcome is inside."""
        return self.quantile == math.inf

    def contains(self, score: float) -> bool:
        """
        Return whether an outcome is inside; the border is.

        Raises:
            InvalidInput: the nonconformity is NaN or infinite.
        """
        if not math.isfinite(score):
            raise InvalidInput(field="score", value=score, expected="a finite number")
        return score <= self.quantile


@dataclass(frozen=True, slots=True)
class AdaptiveLevel:
    """
    Adaptive conformal inference at one level, without clipping.

    Promise: on any stream at all, n outcomes after the start,

        |misses / n - alpha| <= (max(alpha, 1 - alpha) + gamma (pending + 1)) / (gamma n)

    where gamma is constant and at most `pending` predictions wait for their outcome at a time
    (0 where each outcome comes before the next prediction). It holds because the whole line is
    issued from alpha_t <= 0 on and the empty set from alpha_t >= 1 on: cutting alpha_t to
    [0, 1] voids it. Nothing is said about any single stretch of the stream.

    Args:
        percent: the level asked for, 90, 95 or 99.
        alpha_t: share of misses asked for now; any real number.
        gamma0: step without delay, in (0, 1).
        n: outcomes learned from.
        misses: how many lay outside what was issued for them.

    Source:
        Gibbs & Candes (2021), "Adaptive Conformal Inference Under Distribution Shift",
        NeurIPS, proposition 4.1; with outcomes that are late, at most `pending` of them can
        push alpha_t further out before the whole line, or the empty set, is felt.
    """

    percent: int
    alpha_t: float
    gamma0: float = GAMMA
    n: int = 0
    misses: int = 0

    def issue(self, ascending: Ascending) -> Issued:
        """
        Return what to say with the next prediction.

        Args:
            ascending: the latest nonconformity scores, sorted, a list or a `SlidingWindow`; at
                least 1 / alpha_t of them, or the answer is the whole line.

        >>> AdaptiveLevel(90, alpha_t=0.1).issue([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
        Issued(alpha=0.1, quantile=0.9)
        """
        return Issued(self.alpha_t, _quantile_at(ascending, self.alpha_t))

    def learn(self, issued: Issued, score: float, *, delay: float = 0.0) -> "AdaptiveLevel":
        """
        Return the level once one more outcome is known.

        Args:
            issued: what was said with that prediction.
            score: nonconformity of its outcome.
            delay: how many predictions outcomes are late by, on average.

        Raises:
            InvalidInput: the score is not finite or the delay is negative.

        >>> AdaptiveLevel(90, alpha_t=0.1).learn(Issued(0.1, 0.5), 0.7).alpha_t
        0.0955
        """
        missed = not issued.contains(score)
        moved = late_label_step(self.gamma0, delay) * (alpha_of(self.percent) - missed)
        return AdaptiveLevel(
            self.percent, self.alpha_t + moved, self.gamma0, self.n + 1, self.misses + missed
        )

    def bound(self, *, delay: float = 0.0, pending: int = 0) -> float:
        """
        Return how far misses / n can lie from alpha, whatever came; infinite before the first.

        Args:
            delay: the constant mean delay that was learned with.
            pending: most predictions that waited for their outcome at a time.

        >>> round(AdaptiveLevel(90, alpha_t=0.1, n=36_312).bound(), 4)
        0.005
        """
        gamma, alpha = late_label_step(self.gamma0, delay), alpha_of(self.percent)
        reach = max(alpha, 1 - alpha) + gamma * (pending + 1)
        return reach / (gamma * self.n) if self.n else math.inf

    def to_record(self) -> Mapping[str, Any]:
        """Return the fields, for `state_bytes`."""
        return {
            "percent": self.percent,
            "alpha_t": self.alpha_t,
            "gamma0": self.gamma0,
            "n": self.n,
            "misses": self.misses,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "AdaptiveLevel":
        """Return the level of a stored record."""
        return cls(
            percent=int(record["percent"]),
            alpha_t=float.fromhex(record["alpha_t"]),
            gamma0=float.fromhex(record["gamma0"]),
            n=int(record["n"]),
            misses=int(record["misses"]),
        )


def start_level(percent: int, *, gamma0: float = GAMMA) -> AdaptiveLevel:
    """
    Return an adaptive level that has learned nothing.

    Raises:
        InvalidInput: another level than 90, 95, 99, or a step outside (0, 1).

    >>> start_level(95).alpha_t
    0.05
    """
    refuse_step("gamma0", gamma0)
    return AdaptiveLevel(percent, alpha_of(percent), gamma0)


def late_label_step(step0: float, delay: float) -> float:
    """
    Return the step for outcomes that are late: min(step0, 1 / (e (delay + 1))).

    The loop integrates with a dead time. It oscillates once step x delay is of order 1 and is
    well damped at 1 / e; among delays of one mean, the constant one is the worst.

    Args:
        step0: step without delay.
        delay: how many predictions are made before an outcome is learned, on average.

    Raises:
        InvalidInput: the delay is negative, NaN or infinite.

    >>> late_label_step(0.005, 0), round(late_label_step(0.005, 999), 6)
    (0.005, 0.000368)
    """
    if not 0 <= delay < math.inf:
        raise InvalidInput(field="delay", value=delay, expected="a number from 0 on")
    return min(step0, 1 / (math.e * (delay + 1)))


def alpha_of(percent: int) -> float:
    """Return the share of misses that a level allows."""
    level_of(percent)
    return (100 - percent) / 100


def _quantile_at(ascending: Ascending, alpha: float) -> float:
    if alpha <= 0:
        return math.inf
    if alpha >= 1:
        return -math.inf
    # An arbitrary float; the rank ceil((n + 1) (1 - alpha)) is exact for the number that it is.
    above, below = alpha.as_integer_ratio()
    k = -(-(len(ascending) + 1) * (below - above) // below)
    return ascending[k - 1] if k <= len(ascending) else math.inf


def refuse_step(name: str, step: float) -> None:
    """Raise InvalidInput for a step outside (0, 1)."""
    if not 0 < step < 1:
        raise InvalidInput(field=name, value=step, expected="a number in (0, 1)")
