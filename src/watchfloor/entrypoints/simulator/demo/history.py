"""Ninety days in half a minute: the same workflows as live, at the time of each event."""

import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from watchfloor.entrypoints import clock, due_work
from watchfloor.entrypoints.simulator.demo.desk import Desk
from watchfloor.entrypoints.simulator.mqtt_stream import payload_of, topic_of
from watchfloor.entrypoints.simulator.records import SimulatedEvent
from watchfloor.entrypoints.simulator.stream import SimulatedDay, days_of
from watchfloor.entrypoints.simulator.world import World
from watchfloor.ledger.due import Lease
from watchfloor.noc.intake.logs import FRAUD_DETECTOR
from watchfloor.tenants.models import Tenant
from watchfloor.workflows import model_health, safe_retrain
from watchfloor.workflows.security_anomaly import Incoming, handle_signals

log = structlog.get_logger()

DAYS = 90
# Until then people look at everything; what they find trains the first model.
FIRST_MODEL_DAY = 45
BATCH = timedelta(hours=12)


def load(*, tenant: Tenant, world: World, desk: Desk, from_day: int, stop: threading.Event) -> int:
    """Live through the history from a day on; return the first day that was not lived."""
    model_health.plan_first_nights(tenant=tenant, now=_midnight(world, from_day))
    for day in days_of(world, from_day):
        if day.index >= DAYS or stop.is_set():
            return day.index
        _live(tenant, desk, day)
        if day.index == FIRST_MODEL_DAY:
            now = _midnight(world, day.index + 1)
            version = safe_retrain.first_model(tenant=tenant, model_type=FRAUD_DETECTOR, now=now)
            log.info("demo.first_model", version=version.version)
        _show(day.index)
    return DAYS


def _live(tenant: Tenant, desk: Desk, day: SimulatedDay) -> None:
    for until, events in _slices(day):
        if events:
            handle_signals(tenant=tenant, messages=[incoming(e) for e in events], now=until)
        desk.work(now=until)
        lease = Lease(worker="demo", real_now=clock.real_now())
        due_work.run_until_idle(now=until, lease=lease)


def _slices(day: SimulatedDay) -> Iterator[tuple[datetime, list[SimulatedEvent]]]:
    """Return the day's events in slices of half a day, each with the moment it ends."""
    if not day.events:
        return
    began = min(event.server_at for event in day.events)
    until, waiting = began + BATCH, list(day.events)
    while waiting:
        yield until, [event for event in waiting if event.server_at <= until]
        waiting = [event for event in waiting if event.server_at > until]
        until += BATCH


def incoming(event: SimulatedEvent) -> Incoming:
    """Return an event as its device would have sent it."""
    topic = topic_of(event)
    _, _, device, kind = topic.split("/")
    return Incoming(door="mqtt", topic=topic, device=device, kind=kind, payload=payload_of([event]))


def _midnight(world: World, day: int) -> datetime:
    on: date = world.date_of(day)
    zone = world.tenants[0].time_zone
    return datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(zone))


def _show(day: int) -> None:
    if day % 10 == 9:
        log.warning("demo.history", days=day + 1, of=DAYS)
