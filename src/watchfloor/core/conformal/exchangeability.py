"""
Do outcomes still come as those of the calibration set came? A bet that they do not.

Each outcome gets a p-value among the calibration set and everything that came after it. While
all of them are exchangeable these are independent and uniform, and no bet against that grows:
the alarm stands at 1 / level, and the chance of ever reaching it is at most `level`.

A category is what an outcome may be compared within: outcomes that take long are often of
another kind than those that are known at once, and the quick ones are always seen first.
"""

import math
from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from watchfloor.core.conformal.betting import JUMP_RATES, Jumper, Rise, smoothed_p_value
from watchfloor.core.errors import InvalidInput
from watchfloor.core.state_bytes import read_state, state_bytes

FORM = "watchfloor-exchangeability-1"


@dataclass(frozen=True, slots=True)
class Arrival:
    """
    One outcome that came.

    Args:
        place: its nonconformity as a place on a grid; larger is stranger.
        category: index of what it is compared within.
        tie: a number in [0, 1] that decides between equal places; from a hash, so that a
            replay draws it again.
        at: when its event happened.
    """

    place: int
    category: int
    tie: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Bag:
    """Everything seen in one category: distinct places, ascending, and how often each came."""

    places: tuple[int, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, places: Iterable[int]) -> "Bag":
        """Return the bag of places in any order."""
        runs = [(place, sum(1 for _ in run)) for place, run in groupby(sorted(places))]
        return cls(tuple(place for place, _ in runs), tuple(n for _, n in runs))

    def ascending(self) -> list[int]:
        """Return every place as often as it came."""
        return [p for p, n in zip(self.places, self.counts, strict=True) for _ in range(n)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """
    The state of one calibration set's guard; `observe` returns the next.

    Promise: while outcomes are exchangeable with the calibration set within each category, the
    chance that it ever alarms is at most `level`. It says nothing of how soon it alarms once
    they are not, nor which of them differ. A category without calibration rows starts with
    what comes first, and alarms no more often for it.

    Args:
        level: chance of a false alarm over all time.
        bags: one a category; they grow with what comes. Held against a set that does not grow,
            a long stream would show no more than that the set is a finite sample.
        jumpers: for each category one bet a jump rate; the mean of all is the evidence. Each
            category has bets of its own, so that a change in one of them is not drowned in the
            many outcomes of another.
        n: outcomes seen since the start; an alarm ends the count.
        rises: since when p-values have been too small, and since when too large.
        alarmed: the evidence has reached 1 / level once; nothing takes that back.

    Source:
        Vovk, Petej, Nouretdinov, Ahlberg, Carlsson & Gammerman (2021), "Retrain or not
        retrain: conformal test martingales for change-point detection", COPA: the composite
        simple jumper; Ville (1939) for the alarm.
    """

    level: float
    bags: tuple[Bag, ...]
    jumpers: tuple[tuple[Jumper, ...], ...]
    n: int = 0
    rises: tuple[Rise, ...] = (Rise(-1.0), Rise(1.0))
    alarmed: bool = False

    @property
    def evidence(self) -> float:
        """What the bets have made of 1, on average; at most 1 is expected without a change."""
        wealth = [math.exp(one.log_wealth) for bets in self.jumpers for one in bets]
        return math.fsum(wealth) / len(wealth)

    @property
    def turned_at(self) -> datetime | None:
        """When the world turned, as far as can be said; None where no p-values rise or fall."""
        return max(self.rises, key=lambda rise: rise.height).since

    @property
    def alarm_at(self) -> float:
        """Evidence that alarms."""
        return 1 / self.level

    def to_bytes(self) -> bytes:
        """Return the state as canonical bytes."""
        return state_bytes(self, form=FORM)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Guard":
        """
        Return the state that `to_bytes` wrote.

        Raises:
            ArtifactCorrupt: the bytes are not those of a guard.
        """
        return read_state(data, cls, form=FORM)

    def to_record(self) -> Mapping[str, Any]:
        """Return the fields, for `state_bytes`."""
        return {
            "level": self.level,
            "bags": [[bag.places, bag.counts] for bag in self.bags],
            "jumpers": [[one.to_record() for one in bets] for bets in self.jumpers],
            "n": self.n,
            "rises": [each.to_record() for each in self.rises],
            "alarmed": self.alarmed,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Guard":
        """Return the guard of a stored record."""
        return cls(
            level=float.fromhex(record["level"]),
            bags=tuple(Bag(tuple(places), tuple(counts)) for places, counts in record["bags"]),
            jumpers=tuple(tuple(map(Jumper.from_record, bets)) for bets in record["jumpers"]),
            n=int(record["n"]),
            rises=tuple(map(Rise.from_record, record["rises"])),
            alarmed=bool(record["alarmed"]),
        )


def start(calibration: Sequence[Iterable[int]], *, level: float) -> Guard:
    """
    Return the guard of a calibration set.

    Args:
        calibration: places of the set's nonconformity scores, any order; one collection a
            category, empty ones included.
        level: chance of a false alarm over all time, in (0, 1).

    Raises:
        InvalidInput: the level lies outside (0, 1), or there is no category.
    """
    if not 0 < level < 1:
        raise InvalidInput(field="level", value=level, expected="a number in (0, 1)")
    if not calibration:
        raise InvalidInput(field="calibration", value=0, expected="at least one category")
    return Guard(
        level=level,
        bags=tuple(map(Bag.of, calibration)),
        jumpers=(tuple(map(Jumper, JUMP_RATES)),) * len(calibration),
    )


def observe(guard: Guard, arrivals: Sequence[Arrival]) -> Guard:
    """
    Return the guard once outcomes have come, in the order in which they came.

    An alarm ends it: what comes afterwards is not looked at, for a promise that was void does
    not come back with better days. A new calibration set starts a new guard.

    Raises:
        InvalidInput: a category that the set does not have, or a tie-breaker outside [0, 1].

    A set of places 0 to 99, then a world in which outcomes are stranger than any of them:

    >>> monday, tuesday = datetime(2026, 3, 2), datetime(2026, 3, 3)
    >>> as_before = [Arrival(37 * k % 100, category=0, tie=0.5, at=monday) for k in range(200)]
    >>> guard = observe(start([range(100)], level=0.01), as_before)
    >>> guard.alarmed, guard.n
    (False, 200)
    >>> turned = observe(guard, [Arrival(120, category=0, tie=0.5, at=tuesday)] * 50)
    >>> turned.alarmed, turned.n
    (True, 227)
    """
    bags = [bag.ascending() for bag in guard.bags]
    state = guard
    for arrival in arrivals:
        if state.alarmed:
            break
        bag = bags[_checked(arrival.category, n=len(bags))]
        p = smoothed_p_value(bag, arrival.place, tie=arrival.tie)
        insort(bag, arrival.place)
        state = _moved(state, p, arrival)
    return replace(state, bags=tuple(map(Bag.of, bags)))


def _moved(guard: Guard, p: float, arrival: Arrival) -> Guard:
    moved = Guard(
        level=guard.level,
        bags=guard.bags,
        jumpers=tuple(
            tuple(one.bet(p) for one in bets) if category == arrival.category else bets
            for category, bets in enumerate(guard.jumpers)
        ),
        n=guard.n + 1,
        rises=tuple(each.bet(p, at=arrival.at) for each in guard.rises),
    )
    return replace(moved, alarmed=moved.evidence >= moved.alarm_at)


def _checked(category: int, *, n: int) -> int:
    if not 0 <= category < n:
        raise InvalidInput(field="category", value=category, expected=f"0 to {n - 1}")
    return category
