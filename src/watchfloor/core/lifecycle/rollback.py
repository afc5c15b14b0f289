"""
Was the promotion a mistake: the former model goes on in shadow, and both are held to the
same outcomes, pair by pair, for as long as it takes to know.

Comparing a day with the week before it rolls back an equally good model on three days of
ten; the paired evidence below does so on one or two of a hundred.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from watchfloor.core.errors import InvalidInput
from watchfloor.core.state_bytes import floats_of, read_state, state_bytes

FORM = "watchfloor-paired-watch-1"
N_STAKES = 10
MARGIN = 0.01
THRESHOLD = 100.0
MIN_HOURS = 24.0
MIN_LABELS = 300
MAX_HOURS = 168.0


class WatchVerdict(StrEnum):
    """What a watch says at this moment."""

    WATCHING = "watching"
    CONFIRMED = "confirmed"
    ROLL_BACK = "roll_back"
    INCONCLUSIVE = "inconclusive"  # the time is over and too little is known; never "passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedWatch:
    """
    The evidence that the new model is worse than the old one by more than a margin.

    Args:
        margin: loss that is accepted, in shares, in [0, 1).
        threshold: evidence that rolls back; an equal model reaches it with a chance of at
            most 1 / threshold, however often one looks.
        wealth: what each of ten bets has made of 1.
        n: pairs seen.
        total: sum of error_new - error_old.
        highest: highest mean of the bets so far.
    """

    margin: float = MARGIN
    threshold: float = THRESHOLD
    wealth: tuple[float, ...] = (1.0,) * N_STAKES
    n: int = 0
    total: float = 0.0
    highest: float = 1.0

    @property
    def evidence(self) -> float:
        """Mean of the bets: an e-value of the new model being worse."""
        return math.fsum(self.wealth) / len(self.wealth)

    @property
    def difference(self) -> float | None:
        """Mean loss of the new model less that of the old one; None before the first pair."""
        return self.total / self.n if self.n else None

    def to_bytes(self) -> bytes:
        """Return the state as canonical bytes."""
        return state_bytes(self, form=FORM)

    @classmethod
    def from_bytes(cls, data: bytes) -> "PairedWatch":
        """
        Return the state that `to_bytes` wrote.

        Raises:
            ArtifactCorrupt: the bytes are not those of a watch.
        """
        return read_state(data, cls, form=FORM)

    def to_record(self) -> Mapping[str, Any]:
        """Return the fields, for `state_bytes`."""
        return {
            "margin": self.margin,
            "threshold": self.threshold,
            "wealth": self.wealth,
            "n": self.n,
            "total": self.total,
            "highest": self.highest,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "PairedWatch":
        """Return the watch of a stored record."""
        return cls(
            margin=float.fromhex(record["margin"]),
            threshold=float.fromhex(record["threshold"]),
            wealth=floats_of(record["wealth"]),
            n=int(record["n"]),
            total=float.fromhex(record["total"]),
            highest=float.fromhex(record["highest"]),
        )


def observe(watch: PairedWatch, error_new: float, error_old: float) -> PairedWatch:
    """
    Return the watch once the outcome of one more event is known.

    Args:
        error_new: loss of the promoted model on the event, in [0, 1].
        error_old: loss of the former model on the same event.

    Raises:
        InvalidInput: a loss is NaN or outside [0, 1].

    Source:
        Waudby-Smith and Ramdas (2024), "Estimating Means of Bounded Random Variables by
        Betting", JRSS B 86, 1-27: X = (d + 1) / 2 against m = (margin + 1) / 2.

    >>> observe(PairedWatch(), error_new=1.0, error_old=0.0).evidence > 1
    True
    """
    for name, error in (("error_new", error_new), ("error_old", error_old)):
        if not 0 <= error <= 1:
            raise InvalidInput(field=name, value=error, expected="a loss in [0, 1]")
    difference = error_new - error_old
    m = (watch.margin + 1) / 2
    excess = (difference + 1) / 2 - m
    moved = PairedWatch(
        margin=watch.margin,
        threshold=watch.threshold,
        wealth=tuple(
            wealth * (1 + stake * excess)
            for wealth, stake in zip(watch.wealth, _stakes(m), strict=True)
        ),
        n=watch.n + 1,
        total=watch.total + difference,
    )
    return _with_highest(moved, max(watch.highest, moved.evidence))


def verdict(
    watch: PairedWatch,
    *,
    elapsed_h: float,
    min_hours: float = MIN_HOURS,
    min_labels: int = MIN_LABELS,
    max_hours: float = MAX_HOURS,
) -> WatchVerdict:
    """
    Say what the pairs seen so far mean.

    Args:
        elapsed_h: hours since the promotion.
        min_hours: a watch is not confirmed earlier.
        min_labels: nor with fewer pairs.
        max_hours: a watch without enough pairs ends INCONCLUSIVE here.

    >>> verdict(PairedWatch(), elapsed_h=24).value, verdict(PairedWatch(), elapsed_h=168).value
    ('watching', 'inconclusive')
    """
    # The highest evidence counts: that the model did better afterwards does not undo it.
    if watch.highest >= watch.threshold:
        return WatchVerdict.ROLL_BACK
    if elapsed_h >= min_hours and watch.n >= min_labels:
        return WatchVerdict.CONFIRMED
    if elapsed_h >= max(min_hours, max_hours):
        return WatchVerdict.INCONCLUSIVE
    return WatchVerdict.WATCHING


@lru_cache(maxsize=64)
def _stakes(m: float) -> tuple[float, ...]:
    """Return ten stakes from 0.02 to 0.95 / m; at most 0.95 of the wealth is at risk."""
    ratio = 0.95 / m / 0.02
    return tuple(0.02 * ratio ** (k / (N_STAKES - 1)) for k in range(N_STAKES))


def _with_highest(watch: PairedWatch, highest: float) -> PairedWatch:
    return PairedWatch(
        margin=watch.margin,
        threshold=watch.threshold,
        wealth=watch.wealth,
        n=watch.n,
        total=watch.total,
        highest=highest,
    )
