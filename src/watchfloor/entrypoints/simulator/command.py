"""`watchfloor simulate`: write a seeded world of guard check-ins, its truth kept apart."""

from datetime import date, datetime
from pathlib import Path

import click

from watchfloor.entrypoints.simulator import config as worlds
from watchfloor.entrypoints.simulator.output import write
from watchfloor.entrypoints.simulator.stream import generate


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write to.")
@click.option("--seed", default=1, show_default=True, help="Equal seeds give equal bytes.")
@click.option("--size", type=click.Choice(["small", "demo", "default"]), default="small")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), default="2026-01-05")
@click.option("--days", default=45, show_default=True, help="Days to simulate.")
def simulate(out: Path, seed: int, size: str, start: datetime, days: int) -> None:
    """Write events, labels, truth and drift of a simulated operation as files."""
    world = getattr(worlds, size)(seed)
    stream = generate(world, start=date(start.year, start.month, start.day), days=days)
    manifest = write(stream, out)
    click.echo(f"{len(stream.events):,} events, {len(stream.labels):,} labels in {out}")
    for name, digest in manifest.items():
        click.echo(f"  {digest[:16]}  {name}")
