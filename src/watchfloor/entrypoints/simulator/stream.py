"""
A stretch of days, or days without end, in the order in which the server would see them.

A day of the stream holds what arrives on that day (UTC), although it may have happened before:
generating in bulk and going on day by day therefore meet without a gap and without a repeat.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice

from watchfloor.entrypoints.simulator.config import WorldConfig
from watchfloor.entrypoints.simulator.day import worked_shifts
from watchfloor.entrypoints.simulator.drift import drift_marks
from watchfloor.entrypoints.simulator.labels import day_labels
from watchfloor.entrypoints.simulator.records import DriftMark, Label, SimulatedEvent, TruthRow
from watchfloor.entrypoints.simulator.truth import Truth
from watchfloor.entrypoints.simulator.world import World, build_world

# A local day begins up to 14 hours before the UTC day; see also `ArrivalChoices.offline_max_h`.
FIRST_ARRIVAL_DAYS = 1
LAST_ARRIVAL_DAYS = 4
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SimulatedStream:
    """
    Some days in bulk. What a product may see are `events` and, each from its time on, `labels`.

    `events` are in order of arrival, `labels` in the order in which they become known.
    """

    world: World
    events: tuple[SimulatedEvent, ...]
    truth: Truth
    labels: tuple[Label, ...]
    drift: tuple[DriftMark, ...]


@dataclass(frozen=True, slots=True)
class SimulatedDay:
    """What arrives on one day (UTC), with the truth and all later labels of these events."""

    index: int
    on: date
    events: tuple[SimulatedEvent, ...]
    truth: tuple[TruthRow, ...]
    labels: tuple[Label, ...]


@dataclass(slots=True)
class _Bin:
    """What has been gathered for one day so far."""

    events: list[SimulatedEvent] = field(default_factory=list)
    truth: list[TruthRow] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)


def generate(config: WorldConfig, *, start: date, days: int) -> SimulatedStream:
    """
    Return everything that arrives in `days` days from `start` on, in bulk.

    >>> from watchfloor.entrypoints.simulator.config import small
    >>> stream = generate(small(7), start=date(2026, 1, 5), days=1)
    >>> stream.events == generate(small(7), start=date(2026, 1, 5), days=1).events
    True
    """
    world = build_world(config, start=start)
    made = list(islice(days_of(world), days))
    labels = [label for day in made for label in day.labels]
    return SimulatedStream(
        world=world,
        events=tuple(event for day in made for event in day.events),
        truth=Truth.of(row for day in made for row in day.truth),
        labels=tuple(sorted(labels, key=_label_order)),
        drift=drift_marks(config, start=start),
    )


def stream_days(config: WorldConfig, start: date, first_day: int = 0) -> Iterator[SimulatedDay]:
    """
    Yield day after day without end, from any day on, equal to what `generate` returns for them.

    Args:
        start: first day of the world, whichever day the stream is taken up on.
        first_day: the first day to yield, counted from `start`.
    """
    return days_of(build_world(config, start=start), first_day)


def days_of(world: World, first_day: int = 0) -> Iterator[SimulatedDay]:
    """Yield day after day of a world without end, from any day on."""
    bins: defaultdict[int, _Bin] = defaultdict(_Bin)
    for local_day in count(max(0, first_day - LAST_ARRIVAL_DAYS)):
        _gather(world, local_day, bins)
        complete = local_day - FIRST_ARRIVAL_DAYS
        gathered = bins.pop(complete, _Bin())
        if complete >= first_day:
            yield _simulated_day(world, complete, gathered)


def _gather(world: World, local_day: int, bins: defaultdict[int, _Bin]) -> None:
    """Put what one local day leaves behind into the days on which it arrives."""
    shifts = worked_shifts(world, local_day)
    arrival_of: dict[str, int] = {}
    for worked in shifts:
        for event in worked.events:
            day = _arrival_day(world, event, local_day)
            arrival_of[event.event_id] = day
            bins[day].events.append(event)
        arrival_of[worked.shift.key] = max(arrival_of[event.event_id] for event in worked.events)
        for row in worked.truth:
            bins[arrival_of[row.subject_id]].truth.append(row)
    for label in day_labels(world, local_day, shifts):
        bins[arrival_of[label.event_id]].labels.append(label)


def _arrival_day(world: World, event: SimulatedEvent, local_day: int) -> int:
    day = (event.server_at - datetime.combine(world.start, time(), tzinfo=UTC)) // ONE_DAY
    assert local_day - FIRST_ARRIVAL_DAYS <= day <= local_day + LAST_ARRIVAL_DAYS, event
    return max(0, day)


def _simulated_day(world: World, index: int, gathered: _Bin) -> SimulatedDay:
    return SimulatedDay(
        index=index,
        on=world.date_of(index),
        events=tuple(sorted(gathered.events, key=lambda one: (one.server_at, one.event_id))),
        truth=tuple(sorted(gathered.truth, key=lambda row: (row.start, row.subject_id))),
        labels=tuple(sorted(gathered.labels, key=_label_order)),
    )


def _label_order(label: Label) -> tuple[datetime, str, str]:
    return label.available_at, label.event_id, label.source
