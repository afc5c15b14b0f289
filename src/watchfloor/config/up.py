"""`watchfloor up`: start the parts of this process in order, and stop them in reverse."""

import functools
import sys
from dataclasses import replace

import click
import structlog
from django.conf import settings

from watchfloor.config.processes import (
    Addresses,
    Running,
    addresses,
    prepare,
    run_beat,
    run_worker,
    serve_web,
    wait_for_signal,
)

log = structlog.get_logger()


def start(*, only: tuple[str, ...], demo: bool, queues: tuple[str, ...]) -> None:
    """Run the wanted parts until a signal comes."""
    prepare()
    _release_dead_leases(only)
    _own_the_installation()
    where = addresses()
    running = Running()
    try:
        if "ingest" in only:
            where = _start_ingest(running, where)
        if "worker" in only:
            from watchfloor.config.celery import QUEUES

            running.start("worker", functools.partial(run_worker, running.stop, queues or QUEUES))
        if "beat" in only:
            _start_beat(running)
        if demo:
            _start_demo(running, where)
        _say_where(where, only)
        if "web" in only:
            serve_web(running, where)
        else:
            wait_for_signal(running)
    finally:
        running.end()
    sys.exit(0)


def _release_dead_leases(only: tuple[str, ...]) -> None:
    # The embedded database has one process: whatever was running died with the last one.
    if settings.ENV.embedded_database and "worker" in only:
        from watchfloor.ledger import due

        released = due.release_all()
        if released:
            log.info("due_work.taken_up", rows=released)


def _own_the_installation() -> None:
    """Create the first account, once, and print how to sign in."""
    from watchfloor.entrypoints import clock
    from watchfloor.workflows import first_run

    owner = first_run.create_owner(now=clock.now())
    if owner is not None:
        click.echo(f"\n  Sign in as   {owner.username}\n  Password     {owner.password}")
        click.echo("  It is shown once; change it under your name in the console.\n")


def _start_ingest(running: Running, where: Addresses) -> Addresses:
    """Start the broker, where none is named, and the ingest; return where it listens."""
    from watchfloor.entrypoints.mqtt.embedded_broker import EmbeddedBroker
    from watchfloor.entrypoints.mqtt.run import run_ingest

    if not settings.ENV.mqtt_url:
        broker = EmbeddedBroker(
            host=where.mqtt_host,
            port=where.mqtt_port,
            internal_user=where.internal_user,
            internal_password=where.internal_password,
        )
        broker.start()
        running.at_stop.append(broker.stop)
        where = replace(where, mqtt_port=broker.port)
    running.start(
        "ingest",
        functools.partial(
            run_ingest,
            running.stop,
            url=settings.ENV.mqtt_url or _embedded_url(where),
            is_embedded=not settings.ENV.mqtt_url,
        ),
    )
    return where


def _embedded_url(where: Addresses) -> str:
    user = where.internal_user.replace("/", "%2F")
    return f"mqtt://{user}:{where.internal_password}@{where.mqtt_host}:{where.mqtt_port}"


def _start_beat(running: Running) -> None:
    from watchfloor.entrypoints.jobs.relay import run_relay

    running.start("beat", functools.partial(run_beat, running.stop))
    running.start("relay", functools.partial(run_relay, running.stop))


def _start_demo(running: Running, where: Addresses) -> None:
    from watchfloor.entrypoints.simulator.demo.run import run as run_demo

    url = settings.ENV.mqtt_url or _embedded_url(where)
    running.start("demo", functools.partial(run_demo, running.stop, mqtt_url=url))


def _say_where(where: Addresses, only: tuple[str, ...]) -> None:
    if "web" in only:
        click.echo(f"  Watchfloor is at  {where.url}")
    if "ingest" in only and not settings.ENV.mqtt_url:
        click.echo(f"  MQTT listens at   {where.mqtt_host}:{where.mqtt_port}")
    click.echo("  Ctrl-C stops it; what it knows stays in " + str(settings.ENV.home.resolve()))
