"""`watchfloor replay`: try Watchfloor on a recorded stream, by the stream's own clock."""

import fcntl
import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from django.conf import settings
from django.core.management import call_command

from watchfloor.core.errors import NotReady
from watchfloor.entrypoints.cli.replay.catalogue import open_dataset
from watchfloor.entrypoints.cli.replay.direct import DirectDoor
from watchfloor.entrypoints.cli.replay.door import Door, Parts
from watchfloor.entrypoints.cli.replay.driver import Pace, Passed, Replay
from watchfloor.entrypoints.cli.replay.protocol import Dataset, RecordedEvent
from watchfloor.entrypoints.cli.replay.report import Report, broken_identities, report_on
from watchfloor.entrypoints.cli.replay.summary import summary_of
from watchfloor.entrypoints.cli.replay.tenancy import prepare_tenant, tenant_code
from watchfloor.tenants.models import Tenant

DOORS = ("direct", "http", "mqtt")


class _Speed(click.ParamType[float | None]):
    """`max`, or seconds of the stream in a second."""

    name = "speed"

    def convert(self, value: Any, param: Any, ctx: Any) -> float | None:
        if value is None or value == "max":
            return None
        try:
            speed = float(value)
        except ValueError:
            speed = 0.0
        if not 0 < speed < float("inf"):
            self.fail(f"{value!r} is neither max nor a positive number", param, ctx)
        return speed


@click.command("replay")
@click.argument("dataset")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the data sets; WATCHFLOOR_DATA_DIR when left out.",
)
@click.option(
    "--mapping",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="YAML that says what the columns of your own CSV or Parquet table mean.",
)
@click.option(
    "--through",
    type=click.Choice(DOORS),
    default="direct",
    show_default=True,
    help="The door that events come in by.",
)
@click.option(
    "--speed", type=_Speed(), default="max", help="max, or seconds of the stream in a second."
)
@click.option("--database", help="postgres://... or sqlite:///...; else the installation's.")
@click.option("--units", type=click.IntRange(min=1), help="Replay a sample of so many units.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the report to this file.",
)
def replay_command(
    dataset: str,
    data_dir: Path | None,
    mapping: Path | None,
    through: str,
    speed: float | None,
    database: str | None,
    units: int | None,
    json_file: Path | None,
) -> None:
    """
    Replay a recorded stream: itsm_incidents, elec2, db_elevators, or your own table.

    Events are scored, decided and later joined with their outcomes by the same workflows as
    live ones, in a tenant of their own. A second run over the same database changes nothing.
    """
    _be_quiet()
    # --database is read before Django is set up: by now it is the database of this process.
    call_command("migrate", interactive=False, verbosity=0)
    recorded = open_dataset(
        dataset, data_dir=data_dir or settings.ENV.data_dir, mapping=mapping, units=units
    )
    code = tenant_code(recorded.about.name, through=through)
    with _alone(code):
        report = _replay(recorded, code=code, through=through, pace=Pace(speed))
    click.echo(summary_of(report))
    if json_file is not None:
        json_file.write_text(json.dumps(report, indent=2, sort_keys=True) + "\n")
    if broken := broken_identities(report):
        for sentence in broken:
            click.echo(f"wrong sum: {sentence}", err=True)
        raise SystemExit(1)


def _replay(recorded: Dataset, *, code: str, through: str, pace: Pace) -> Report:
    started = time.perf_counter()
    tenant = prepare_tenant(recorded, code=code, now=_first_moment(recorded))
    door = _open_door(through, tenant, recorded)
    try:
        passed = _carry(recorded, tenant, door, pace)
    finally:
        door.close()
    return report_on(
        dataset=recorded,
        tenant=tenant,
        passed=passed,
        through=through,
        wall_seconds=time.perf_counter() - started,
    )


def _open_door(through: str, tenant: Tenant, recorded: Dataset) -> Door:
    model_type = recorded.about.model_type
    if through == "http":
        from watchfloor.entrypoints.cli.replay.through_http import HttpDoor

        return HttpDoor(tenant=tenant, model_type=model_type)
    if through == "mqtt":
        from watchfloor.entrypoints.cli.replay.through_mqtt import MqttDoor

        return MqttDoor(tenant=tenant, model_type=model_type, parts=_parts())
    return DirectDoor(tenant=tenant, model_type=model_type)


def _parts() -> Parts:
    parts = click.get_current_context().find_object(Parts)
    if parts is None:
        raise NotReady("a replay through mqtt is started by the watchfloor command")
    return parts


def _carry(recorded: Dataset, tenant: Tenant, door: Door, pace: Pace) -> Passed:
    n_events = recorded.about.n_events
    with click.progressbar(
        length=n_events, label=recorded.about.name, file=sys.stderr, item_show_func=_shown
    ) as bar:

        def progress(n: int, at: datetime) -> None:
            bar.update(n - bar.pos, current_item=at)

        return Replay(
            dataset=recorded, tenant=tenant, door=door, pace=pace, progress=progress
        ).run()


def _shown(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d}"


def _first_moment(recorded: Dataset) -> datetime:
    for event in recorded.events():
        if isinstance(event, RecordedEvent):
            return event.occurred_at
    raise NotReady(f"{recorded.about.name} has no events")


@contextmanager
def _alone(code: str) -> Iterator[None]:
    """Keep a second replay of the same stream away; the lock ends with the process."""
    settings.ENV.home.mkdir(parents=True, exist_ok=True)
    with (settings.ENV.home / f"{code}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise NotReady(f"{code} is being replayed by another process") from error
        yield


def _be_quiet() -> None:
    """Let a progress bar be read: a line for each night is for a service, not for a terminal."""
    if settings.ENV.log_level == "INFO":
        logging.getLogger().setLevel(logging.WARNING)
