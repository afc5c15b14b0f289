"""The `watchfloor` command."""

import os
import sys
from typing import Any

import click

from watchfloor import __version__
from watchfloor.core.errors import WatchfloorError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """A self-hosted control room for operations that machines score."""


@cli.command()
@click.option(
    "--only",
    default="",
    metavar="ROLES",
    help="Run some parts: web,ingest,worker,beat; all of them when left out.",
)
@click.option("--demo", is_flag=True, help="Load a demo tenant and stream a simulated site.")
@click.option("--queues", default="", help="Celery queues of the worker, comma-separated.")
def up(only: str, demo: bool, queues: str) -> None:
    """Start Watchfloor: embedded by default, on your services where the environment names them."""
    from watchfloor.config.up import start

    start(only=_names(only, "--only"), demo=demo, queues=tuple(q for q in queues.split(",") if q))


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def manage(arguments: tuple[str, ...]) -> None:
    """Run a management command: migrate, load_calibration_data, backfill_performance_metrics."""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["watchfloor manage", *arguments])


@cli.command()
@click.option("--heavy", is_flag=True, help="Heavy work alone: retrains.")
def work(heavy: bool) -> None:
    """Do what is due once, and end."""
    from watchfloor.entrypoints import due_work
    from watchfloor.entrypoints.cli.work import do_due_work

    do_due_work(kinds=due_work.HEAVY if heavy else frozenset(due_work.HANDLERS))


def _names(text: str, option: str) -> tuple[str, ...]:
    from watchfloor.config.processes import ROLES

    names = tuple(name for name in text.split(",") if name)
    for name in names:
        if name not in ROLES:
            raise click.BadParameter(
                f"{name!r} is not one of {', '.join(ROLES)}", param_hint=option
            )
    return names or ROLES


def _add_commands() -> None:
    from watchfloor.entrypoints.cli.doctor import doctor
    from watchfloor.entrypoints.cli.replay.command import replay_command
    from watchfloor.entrypoints.simulator.command import simulate

    for command in (doctor, simulate, replay_command):
        cli.add_command(command)


def _parts() -> Any:
    from watchfloor.config.replay_ingest import start_ingest
    from watchfloor.entrypoints.cli.replay.door import Parts

    return Parts(start_ingest=start_ingest)


def main() -> None:
    """Set Django up, run the command, and say errors in one line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watchfloor.config.settings")
    try:
        # `replay --database` names the database of that run, and settings are read once.
        from watchfloor.config.arguments import apply_database_option

        apply_database_option(sys.argv)
        import django
        from django.conf import settings

        from watchfloor.config.logs import start_logging

        django.setup()
        start_logging(settings.LOGGING)
        _add_commands()
        cli(obj=_parts())
    except WatchfloorError as error:
        click.echo(f"watchfloor: {error}", err=True)
        sys.exit(2)
