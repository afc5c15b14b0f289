"""Events and outcomes in one order of time, in micro-batches whose ends the stream decides."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from watchfloor.core.local_time import day_bounds, local_day
from watchfloor.entrypoints.cli.replay.protocol import (
    BrokenRow,
    Dataset,
    RecordedEvent,
    RecordedOutcome,
)

MOST_IN_A_BATCH = 500

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Events with neither an outcome nor a due moment between them, all of one local day."""

    items: tuple[RecordedEvent, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class OutcomeBatch:
    """Outcomes with neither an event nor a due moment between them, all of one local day."""

    items: tuple[RecordedOutcome, ...]
    at: datetime


class _Ahead(Generic[Item]):
    """An iterator whose next item can be seen."""

    def __init__(self, items: Iterator[Item], *, at: Callable[[Item], datetime]) -> None:
        self._items = items
        self._at = at
        self._next = next(items, None)

    @property
    def at(self) -> datetime | None:
        """When the next item comes; None at the end."""
        return None if self._next is None else self._at(self._next)

    def take(self, *, fits: Callable[[datetime], bool]) -> tuple[Item, ...]:
        """Return the next items as long as their times fit, at most a batch of them."""
        taken: list[Item] = []
        while self._next is not None and len(taken) < MOST_IN_A_BATCH:
            if not fits(self._at(self._next)):
                break
            taken.append(self._next)
            self._next = next(self._items, None)
        return tuple(taken)


class RecordedStream:
    """
    A data set as it passes: the next moment can be seen before its batch is taken.

    At one moment events come before outcomes, for an outcome may be about one of them.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._zone = ZoneInfo(dataset.about.time_zone)
        self.broken: list[BrokenRow] = []
        self._events = _Ahead(self._unbroken(dataset), at=lambda event: event.occurred_at)
        self._outcomes = _Ahead(dataset.outcomes(), at=lambda outcome: outcome.known_at)

    def _unbroken(self, dataset: Dataset) -> Iterator[RecordedEvent]:
        for event in dataset.events():
            if isinstance(event, BrokenRow):
                self.broken.append(event)
            else:
                yield event

    @property
    def next_at(self) -> datetime | None:
        """When the next event or outcome comes; None at the end."""
        times = [at for at in (self._events.at, self._outcomes.at) if at is not None]
        return min(times, default=None)

    def take(self, *, until: datetime | None) -> EventBatch | OutcomeBatch:
        """
        Return the next batch of a stream that is not over.

        Args:
            until: the next due moment, at or after `next_at`; what happens at that very
                moment is taken with the batch. None where nothing is due.
        """
        first = self.next_at
        assert first is not None  # the caller has looked
        end = day_bounds(local_day(first, self._zone), self._zone)[1]
        event_at, outcome_at = self._events.at, self._outcomes.at

        def fits(at: datetime) -> bool:
            return at < end and (until is None or at <= until)

        if event_at == first:
            events = self._events.take(
                fits=lambda at: fits(at) and (outcome_at is None or at <= outcome_at)
            )
            return EventBatch(events, events[-1].occurred_at)
        outcomes = self._outcomes.take(
            fits=lambda at: fits(at) and (event_at is None or at < event_at)
        )
        return OutcomeBatch(outcomes, outcomes[-1].known_at)
