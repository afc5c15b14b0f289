"""`watchfloor doctor`: what is configured, what answers, what is missing, and how to mend it."""

import ctypes.util
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import click
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from watchfloor.entrypoints import clock
from watchfloor.ml.calibration import unreadable
from watchfloor.tenants import directory

LEAST_FREE_BYTES = 1024**3
TIMEOUT_S = 2.0
# Where a service listens when its address does not say; the second of each pair is with TLS.
PORTS = {
    "redis": 6379,
    "rediss": 6379,
    "amqp": 5672,
    "amqps": 5671,
    "mqtt": 1883,
    "mqtts": 8883,
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `fix` says what to do when it is not well."""

    name: str
    is_well: bool
    found: str
    fix: str = ""


def _database() -> Check:
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        return Check("database", False, str(error).strip(), "Check WATCHFLOOR_DATABASE_URL.")
    return Check("database", True, f"{connection.vendor} answers")


def _migrations() -> Check:
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return Check("migrations", False, str(error).strip(), "Mend the database first.")
    fix = "Run `watchfloor manage migrate`." if plan else ""
    return Check("migrations", not plan, f"{len(plan)} to apply" if plan else "all applied", fix)


def _service(name: str, variable: str, url: str) -> Check:
    if not url:
        return Check(name, True, "embedded (nothing configured)")
    parts = urlsplit(url)
    port = parts.port or PORTS.get(parts.scheme)
    if port is None:
        return Check(name, False, f"{parts.scheme}://...", f"Correct {variable}: no such protocol.")
    address = (parts.hostname or "localhost", port)
    try:
        socket.create_connection(address, TIMEOUT_S).close()
    except OSError as error:
        fix = f"Start it, or correct {variable}; empty means embedded."
        return Check(name, False, f"{address[0]}:{address[1]}: {error}", fix)
    return Check(name, True, f"{address[0]}:{address[1]} answers")


def _redis() -> Check:
    return _service("redis", "WATCHFLOOR_REDIS_URL", settings.ENV.redis_url)


def _broker() -> Check:
    return _service("celery broker", "WATCHFLOOR_BROKER_URL", settings.ENV.broker_url)


def _mqtt() -> Check:
    return _service("mqtt broker", "WATCHFLOOR_MQTT_URL", settings.ENV.mqtt_url)


def _openmp() -> Check:
    found = ctypes.util.find_library("gomp")
    fix = "Install libgomp1 (Debian) or libgomp (Fedora): LightGBM needs it."
    return Check("libgomp", found is not None, found or "not found", "" if found else fix)


def _disk() -> Check:
    home = settings.ENV.home
    home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(home).free
    is_well = free >= LEAST_FREE_BYTES
    return Check("disk", is_well, f"{free / 1024**3:.1f} GiB free", "" if is_well else "Make room.")


def _secret_key() -> Check:
    is_well = len(settings.SECRET_KEY) >= 32
    fix = "Set WATCHFLOOR_SECRET_KEY to 50 random characters."
    return Check("secret key", is_well, f"{len(settings.SECRET_KEY)} characters", fix)


def _deployment() -> Check:
    if settings.ENV.environment != "production":
        return Check("deployment", True, f"{settings.ENV.environment}: not checked")
    call_command("check", deploy=True)
    return Check("deployment", True, "checked")


def _calibrations() -> Check:
    try:
        found = [
            (tenant.code, each)
            for tenant in directory.customers()
            for each in unreadable.in_force(tenant=tenant, now=clock.now())
        ]
    except DatabaseError as error:
        return Check("calibrations", False, str(error).strip(), "Mend the database first.")
    broken = [
        f"{code} {each.model_type} {each.version}: {each.why}"
        for code, each in found
        if not each.is_readable
    ]
    if not broken:
        return Check("calibrations", True, f"{len(found)} in force, all can be read")
    fix = (
        "Until then people see all of it. Restore the rows of ml_blob, or cut another set: "
        "`watchfloor manage load_calibration_data`, or wait for the night."
    )
    return Check("calibrations", False, "; ".join(broken), fix)


CHECKS: tuple[Callable[[], Check], ...] = (
    _database,
    _migrations,
    _calibrations,
    _redis,
    _broker,
    _mqtt,
    _openmp,
    _disk,
    _secret_key,
    _deployment,
)


@click.command()
def doctor() -> None:
    """Say what is configured, reachable and missing, and how to mend it."""
    results = [check() for check in CHECKS]
    width = max(len(result.name) for result in results)
    for result in results:
        click.echo(
            f"{'ok  ' if result.is_well else 'FAIL'}  {result.name:<{width}}  {result.found}"
        )
        if not result.is_well and result.fix:
            click.echo(f"      {'':<{width}}  -> {result.fix}")
    if not all(result.is_well for result in results):
        raise SystemExit(1)
