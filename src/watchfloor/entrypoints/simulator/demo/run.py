"""Run the demonstration: history first, then endless days through the broker, and a desk."""

import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from django.db import DatabaseError, close_old_connections

from watchfloor.entrypoints import clock
from watchfloor.entrypoints.broker_address import broker_of_url
from watchfloor.entrypoints.simulator import config as worlds
from watchfloor.entrypoints.simulator.demo import history, tenant
from watchfloor.entrypoints.simulator.demo.desk import Desk
from watchfloor.entrypoints.simulator.mqtt_stream import publish
from watchfloor.entrypoints.simulator.records import SimulatedEvent
from watchfloor.entrypoints.simulator.stream import days_of
from watchfloor.entrypoints.simulator.truth import LatentTruth
from watchfloor.entrypoints.simulator.world import World, build_world
from watchfloor.ledger.clock import read_clock, set_clock, virtual_time
from watchfloor.noc.intake import activity_signals
from watchfloor.tenants.models import Tenant

log = structlog.get_logger()

SEED = 1
START = date(2026, 1, 5)
# One day in four seconds.
SPEED = 21_600.0
DESK_EVERY_S = 0.5
ANCHOR_EVERY_S = 2.0


def run(stop: threading.Event, *, mqtt_url: str) -> None:
    """Live the demo until told to stop; started again it goes on where it stopped."""
    world = build_world(worlds.demo(SEED), start=START)
    began_at = _midnight(world, 0)
    if read_clock() is None:
        # While history is loaded nothing may fall due by the wall clock.
        _set_clock(began_at, speed=0.0)
    demo_tenant = tenant.create(world=world, now=began_at)
    desk = Desk(tenant=demo_tenant, truth=LatentTruth(world))
    resumed_at = _load_history(demo_tenant, world, desk, stop)
    if stop.is_set():
        return
    _set_clock(resumed_at, speed=SPEED)
    log.warning("demo.live", at=resumed_at.isoformat(), speed=SPEED)
    workers = [
        threading.Thread(target=_desk, args=(desk, stop), name="demo-desk", daemon=True),
        threading.Thread(target=_anchor, args=(stop,), name="demo-clock", daemon=True),
    ]
    for worker in workers:
        worker.start()
    publish(
        _events(world, resumed_at),
        broker=broker_of_url(mqtt_url),
        credentials={d.code: world.device_secret(d.code) for d in world.devices},
        clock=clock.now,
        stop=stop,
    )
    for worker in workers:
        worker.join()


def _load_history(demo_tenant: Tenant, world: World, desk: Desk, stop: threading.Event) -> datetime:
    """Return the moment at which live time starts or goes on."""
    row = read_clock()
    if row is not None and row.virtual_anchor > _midnight(world, 0):
        # The anchor is renewed every two seconds: at most that much of the story is lived twice.
        return row.virtual_anchor
    heard = activity_signals.last_received_at(demo_tenant)
    from_day = 0 if heard is None else max(0, (heard.date() - world.start).days - 1)
    lived = history.load(tenant=demo_tenant, world=world, desk=desk, from_day=from_day, stop=stop)
    return _midnight(world, lived)


def _events(world: World, resumed_at: datetime) -> Iterator[SimulatedEvent]:
    first_day = max(0, (resumed_at.date() - world.start).days - 1)
    since = resumed_at - timedelta(hours=12)
    for day in days_of(world, first_day):
        yield from (event for event in day.events if event.server_at >= since)


def _desk(desk: Desk, stop: threading.Event) -> None:
    while not stop.wait(DESK_EVERY_S):
        try:
            desk.work(now=clock.now())
        except DatabaseError as error:
            log.error("demo.desk", error=str(error))
        finally:
            close_old_connections()


def _anchor(stop: threading.Event) -> None:
    """Keep the clock's anchor near, so that a stopped demo goes on from where it was."""
    while not stop.wait(ANCHOR_EVERY_S):
        real_now = clock.real_now()
        at = virtual_time(read_clock(), real_now=real_now)
        set_clock(virtual_now=at, speed=SPEED, real_now=real_now)
        close_old_connections()
    real_now = clock.real_now()
    set_clock(
        virtual_now=virtual_time(read_clock(), real_now=real_now), speed=0.0, real_now=real_now
    )


def _set_clock(at: datetime, *, speed: float) -> None:
    set_clock(virtual_now=at, speed=speed, real_now=clock.real_now())
    clock.forget()


def _midnight(world: World, day: int) -> datetime:
    on = world.date_of(day)
    return datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(world.tenants[0].time_zone))
