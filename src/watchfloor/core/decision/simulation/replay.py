"""
The exact replay of decisions on logged predictions, event by event, with caps and repeats.

What depends on no other prediction is decided for all rows at once, by the twin of `decide`; only
those that want a ticket are walked through one after the other, as a ticket takes from a cap
and covers what repeats it.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from watchfloor.core.arrays import BoolArray, FloatArray, IntArray
from watchfloor.core.decision.columns import (
    NONE,
    OUTCOMES,
    REASONS,
    DecidedColumns,
    EvidenceColumns,
    Moments,
    PolicyColumns,
    decide_columns,
)
from watchfloor.core.decision.evidence import DecisionPolicy, EarlierTicket
from watchfloor.core.decision.policy import Outcome
from watchfloor.core.decision.reason import Reason
from watchfloor.core.decision.simulation.tally import Tally
from watchfloor.core.errors import InvalidInput

HOUR_US = 3_600_000_000
_NEVER = np.iinfo(np.int64).max
_CODE = {reason: code for code, reason in enumerate(REASONS)}
_OUTCOME = {outcome: code for code, outcome in enumerate(OUTCOMES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many tickets may open by themselves, and for how long one stands for its thing."""

    dedup_hours: float = 24
    ticket_cap: int = 50
    site_ticket_cap: int = 10
    breaker_cap: int = 40


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stream:
    """
    Logged predictions of one model type, in the order in which they were decided.

    Args:
        evidence: what was known of each; `earlier_ticket` is worked out here.
        thing: number of the thing each is about, shape (n,).
        site: number of its site, or `NONE`, shape (n,).
        occurred_at: the event's own time, which tells its window, shape (n,).
        local_day: of the decision, as a number, shape (n,).
        closes_at: when a ticket about it would be closed; NaT where never, shape (n,).
        confirmed: whether that would confirm it, shape (n,).

    Raises:
        InvalidInput: a column of another length, or decisions that go back in time.
    """

    evidence: EvidenceColumns
    thing: IntArray
    site: IntArray
    occurred_at: Moments
    local_day: IntArray
    closes_at: Moments
    confirmed: BoolArray

    def __post_init__(self) -> None:
        n = len(self.evidence)
        for name in ("thing", "site", "occurred_at", "local_day", "closes_at", "confirmed"):
            if getattr(self, name).shape != (n,):
                raise InvalidInput(
                    field=name, value=f"shape {getattr(self, name).shape}", expected=f"shape ({n},)"
                )
        if n and (np.diff(_micros(self.evidence.now)) < 0).any():
            raise InvalidInput(field="now", value="unordered", expected="the order of decisions")


def replay(
    stream: Stream, policy: DecisionPolicy, limits: Limits, *, stage_on: BoolArray | None = None
) -> DecidedColumns:
    """
    Decide a stream again under another policy, with the caps and repeats that it would meet.

    As the live loop does, one prediction at a time; tickets of other model types, which share
    the hourly breaker, are not part of the stream.

    Args:
        policy: thresholds and switches; what it says of caps and breaker is worked out here.
        stage_on: by row where sites differ in their roll-out; the policy's where left out.
    """
    columns = PolicyColumns.of(policy)
    free: dict[str, Any] = {"breaker_open": False, "site_cap_left": 1, "cap_left": 1}
    if stage_on is not None:
        free["stage_on"] = stage_on
    alone = decide_columns(stream.evidence, replace(columns, **free))
    outcome, reason, failing = (
        each.copy() for each in (alone.outcome, alone.reason, alone.failing)
    )
    wanting = np.flatnonzero(alone.is_(Outcome.AUTO_TICKET))
    for row, taken in zip(wanting.tolist(), _walk(stream, wanting, limits), strict=True):
        if taken is None:
            continue
        acted = taken is Reason.DUPLICATE
        outcome[row] = _OUTCOME[Outcome.SUPPRESSED_DUPLICATE if acted else Outcome.HUMAN_REVIEW]
        reason[row] = _CODE[taken]
        failing[row] = NONE if acted else _CODE[taken]
    return DecidedColumns(outcome, reason, failing)


@dataclass(frozen=True, slots=True)
class Replayed:
    """
    What became of a stream, counted.

    Args:
        by_outcome: predictions of each outcome, by what turned out; every outcome is there.
        by_reason: predictions of each reason that was given, the most frequent first.
    """

    by_outcome: dict[Outcome, Tally]
    by_reason: dict[Reason, int]


def counted(taken: DecidedColumns, outcomes: FloatArray) -> Replayed:
    """
    Count decisions by outcome and by reason.

    Args:
        outcomes: 1 for an event, 0 for a clean one, NaN while unknown, shape (n,).
    """
    found: dict[Outcome, Tally] = {}
    for outcome in OUTCOMES:
        known = outcomes[taken.is_(outcome)]
        event, unknown = int((known >= 0.5).sum()), int(np.isnan(known).sum())
        found[outcome] = Tally(len(known) - event - unknown, event, unknown)
    n = np.bincount(taken.reason, minlength=len(REASONS)).tolist()
    reasons = sorted(((k, reason) for reason, k in zip(REASONS, n, strict=True) if k), reverse=True)
    return Replayed(found, {reason: k for k, reason in reasons})


@dataclass(slots=True)
class _Open:
    """One ticket of the replay: until when it is open, and what it is then."""

    until_us: int
    confirmed: bool


@dataclass(slots=True)
class _Floor:
    """What the tickets so far leave: in the last hour, at each site, today, and about what."""

    limits: Limits
    lately: deque[int] = field(default_factory=deque)
    at_site: dict[int, deque[int]] = field(default_factory=dict)
    today: int = 0
    day: int = _NEVER
    breaker_until_us: int = 0
    newest_of: dict[int, _Open] = field(default_factory=dict)
    of_window: dict[tuple[int, int], _Open] = field(default_factory=dict)

    def objection(self, *, thing: int, window: int, site: int, day: int, now: int) -> Reason | None:
        """Return why no ticket opens, in the order in which `decide` asks; None where one does."""
        earlier = self.earlier(thing, window, now)
        if earlier is EarlierTicket.NOT_CONFIRMED:
            return Reason.DUPLICATE_OF_CLOSED
        if earlier is not EarlierTicket.NONE:
            return Reason.DUPLICATE
        return self._cap(site, day, now)

    def earlier(self, thing: int, window: int, now: int) -> EarlierTicket:
        """Return what stands for a thing: its open ticket, else the one closed in this window."""
        newest = self.newest_of.get(thing)
        if newest is not None and newest.until_us > now:
            return EarlierTicket.OPEN
        closed = self.of_window.get((thing, window))
        if closed is None:
            return EarlierTicket.NONE
        return EarlierTicket.CONFIRMED if closed.confirmed else EarlierTicket.NOT_CONFIRMED

    def _cap(self, site: int, day: int, now: int) -> Reason | None:
        if now < self.breaker_until_us:
            return Reason.BREAKER_OPEN
        if _within(self.lately, now) >= self.limits.breaker_cap:
            self.breaker_until_us = now + HOUR_US
            return Reason.BREAKER_OPEN
        left = self.limits.ticket_cap - (self.today if day == self.day else 0)
        at_site = left
        if site != NONE:
            lately = self.at_site.setdefault(site, deque())
            at_site = self.limits.site_ticket_cap - _within(lately, now)
        if at_site <= 0:
            return Reason.CAP_REACHED_SITE
        return Reason.CAP_REACHED if left <= 0 else None

    def open(
        self, ticket: _Open, *, thing: int, window: int, site: int, day: int, now: int
    ) -> None:
        """Count one ticket that opens by itself."""
        self.newest_of[thing] = ticket
        self.of_window[thing, window] = ticket
        self.lately.append(now)
        if site != NONE:
            self.at_site.setdefault(site, deque()).append(now)
        self.today = self.today + 1 if day == self.day else 1
        self.day = day


def _walk(stream: Stream, wanting: IntArray, limits: Limits) -> list[Reason | None]:
    """Return for each row that wants a ticket why it gets none; None where it opens one."""
    floor, found = _Floor(limits), []
    columns = zip(*_walked(stream, wanting, limits), strict=True)
    for thing, window, site, day, now, until, confirmed in columns:
        at = {"thing": thing, "window": window, "site": site, "day": day, "now": now}
        objection = floor.objection(**at)
        if objection is None:
            floor.open(_Open(until, bool(confirmed)), **at)
        found.append(objection)
    return found


def _walked(stream: Stream, rows: IntArray, limits: Limits) -> Sequence[list[int]]:
    length = round(limits.dedup_hours * HOUR_US)
    if length <= 0:
        raise InvalidInput(field="dedup_hours", value=limits.dedup_hours, expected="more than 0")
    closes = stream.closes_at[rows]
    until = np.where(np.isnat(closes), _NEVER, _micros(closes))
    return [
        stream.thing[rows].tolist(),
        (_micros(stream.occurred_at[rows]) // length).tolist(),
        stream.site[rows].tolist(),
        stream.local_day[rows].tolist(),
        _micros(stream.evidence.now[rows]).tolist(),
        until.tolist(),
        stream.confirmed[rows].tolist(),
    ]


def _micros(moments: Moments) -> IntArray:
    return moments.astype("datetime64[us]").astype(np.int64)


def _within(times: deque[int], now: int) -> int:
    """Return how many of ascending times lie within the last hour, and forget the others."""
    while times and times[0] <= now - HOUR_US:
        times.popleft()
    return len(times)
