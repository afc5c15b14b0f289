"""
Carry a recorded stream through the workflows by its own clock.

Whatever is due is done before time passes its moment, so the result does not depend on how
fast the stream runs. Every batch is one transaction and every id follows from the stream: a
replay that was killed goes over the same ground, finds it stored, and goes on where it was.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watchfloor.core.errors import NotReady
from watchfloor.core.local_time import day_bounds, local_day
from watchfloor.entrypoints import clock, due_work
from watchfloor.entrypoints.cli.replay.door import Door, EventCounts, Fate, Told
from watchfloor.entrypoints.cli.replay.protocol import BrokenRow, Dataset, RecordedEvent
from watchfloor.entrypoints.cli.replay.stream import EventBatch, OutcomeBatch, RecordedStream
from watchfloor.ledger import due
from watchfloor.ledger.due import Lease
from watchfloor.ml.versions import registry
from watchfloor.tenants.models import Tenant
from watchfloor.workflows import model_health, safe_retrain

# The night of the last day is over by then: metrics at two, drift at three and at four.
LAST_NIGHT = timedelta(hours=5)
LEASE = timedelta(hours=1)

Progress = Callable[[int, datetime], None]
"""Told after each batch: events of the stream so far, and the stream's time."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many seconds of the stream pass in a second; None is as fast as it goes."""

    speed: float | None = None

    def wait(self, *, passed: timedelta, since: float) -> None:
        """Sleep until the stream may be so far from where it was at `since` (monotonic)."""
        if self.speed is not None:
            ahead = passed.total_seconds() / self.speed - (time.monotonic() - since)
            time.sleep(max(ahead, 0.0))


@dataclass(slots=True)
class Passed:
    """
    What went by in one run.

    Args:
        this_run: what the door answered.
        stream: the same events as the database holds them: what an earlier run had stored
            is stored, and only the stream's own repetitions are duplicates.
        told: outcomes by what the door answered.
        about: events that outcomes were told about.
        due_work: nights, retrains and watches done.
    """

    this_run: EventCounts = field(default_factory=EventCounts)
    stream: EventCounts = field(default_factory=EventCounts)
    told: dict[Told, int] = field(default_factory=lambda: dict.fromkeys(Told, 0))
    about: set[str] = field(default_factory=set)
    due_work: int = 0
    seen: set[str] = field(default_factory=set)

    def count(self, event: RecordedEvent | BrokenRow, fate: Fate) -> None:
        """Count one event."""
        self.this_run = self.this_run.plus([fate])
        if isinstance(event, RecordedEvent) and fate is not Fate.DEAD:
            fate = Fate.DUPLICATE if event.event_id in self.seen else Fate.STORED
            self.seen.add(event.event_id)
        self.stream = self.stream.plus([fate])


class Replay:
    """One run of one stream into its tenant; nobody else works on that tenant meanwhile."""

    def __init__(
        self,
        *,
        dataset: Dataset,
        tenant: Tenant,
        door: Door,
        pace: Pace,
        progress: Progress | None = None,
    ) -> None:
        self._dataset = dataset
        self._model_type = dataset.about.model_type
        self._tenant = tenant
        self._door = door
        self._pace = pace
        self._progress = progress
        self._passed = Passed()
        self._due_at: datetime | None = None
        self._first_model_at: datetime | None = None

    def run(self) -> Passed:
        """Carry the whole stream, and the nights until its last day is over."""
        stream = RecordedStream(self._dataset)
        started_at = stream.next_at
        if started_at is None:
            return self._passed
        self._take_up(started_at)
        self._bury(stream, started_at)
        last_at = started_at
        since = time.monotonic()
        while (at := stream.next_at) is not None:
            self._pace.wait(passed=at - started_at, since=since)
            self._let_time_pass_to(at)
            self._deliver(stream.take(until=self._next_moment()))
            last_at = at
        self._let_time_pass_to(self._morning_after(last_at))
        return self._passed

    def _take_up(self, now: datetime) -> None:
        """Plan the first nights, and take over what a killed run of this tenant held."""
        model_health.plan_first_nights(tenant=self._tenant, now=now)
        due.release_all(tenant=self._tenant)
        serving = [d for d in registry.deployments_of(self._tenant) if d.stack is not None]
        if not serving:
            self._first_model_at = self._dataset.about.first_model_at
        self._look_what_is_due()

    def _bury(self, stream: RecordedStream, now: datetime) -> None:
        rows = stream.broken
        for row, fate in zip(rows, self._door.predict(rows, now=now) if rows else [], strict=True):
            self._passed.count(row, fate)

    def _look_what_is_due(self) -> None:
        self._due_at = due.next_due_at(kinds=due_work.HANDLERS, tenant=self._tenant)

    def _next_moment(self) -> datetime | None:
        moments = [at for at in (self._due_at, self._first_model_at) if at is not None]
        return min(moments, default=None)

    def _let_time_pass_to(self, at: datetime) -> None:
        """Do what is due before a moment, in order; what is due at the very moment waits."""
        while (moment := self._next_moment()) is not None and moment < at:
            if self._due_at is not None and self._due_at <= moment:
                self._work(moment)
            if self._first_model_at is not None and self._first_model_at <= moment:
                self._train_first_model(moment)
            self._look_what_is_due()

    def _work(self, now: datetime) -> None:
        n = due_work.run_until_idle(now=now, lease=_lease(), tenant=self._tenant)
        if not n:
            raise NotReady(f"work of {self._tenant.code} that is due at {now} is held elsewhere")
        self._passed.due_work += n

    def _train_first_model(self, now: datetime) -> None:
        try:
            safe_retrain.first_model(tenant=self._tenant, model_type=self._model_type, now=now)
        except NotReady:
            # Too few labels yet: midnight after midnight, until they suffice.
            self._first_model_at = self._midnight_after(now)
        else:
            self._first_model_at = None

    def _deliver(self, batch: EventBatch | OutcomeBatch) -> None:
        if isinstance(batch, EventBatch):
            fates = self._door.predict(batch.items, now=batch.at)
            for event, fate in zip(batch.items, fates, strict=True):
                self._passed.count(event, fate)
        else:
            for outcome, told in zip(
                batch.items, self._door.tell(batch.items, now=batch.at), strict=True
            ):
                self._passed.told[told] += 1
                if told is not Told.REFUSED:
                    self._passed.about.add(outcome.event_id)
        if self._progress is not None:
            self._progress(self._passed.this_run.received, batch.at)

    def _midnight_after(self, at: datetime) -> datetime:
        day = local_day(at, self._tenant.zone)
        return day_bounds(day + timedelta(days=1), self._tenant.zone)[0]

    def _morning_after(self, at: datetime) -> datetime:
        return self._midnight_after(at) + LAST_NIGHT


def _lease() -> Lease:
    return Lease(worker=f"replay:{os.getpid()}", real_now=clock.real_now(), length=LEASE)
