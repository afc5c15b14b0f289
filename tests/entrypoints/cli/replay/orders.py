"""A small recorded stream of orders, made here, for the replay tests."""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

START = datetime(2025, 3, 3, tzinfo=UTC)
ORDERS_A_DAY = 50


@dataclass(frozen=True)
class World:
    """
    How long it lasts, and in how many batches it comes.

    Args:
        closes_every: the workshop closes orders at these hours, so that outcomes come in heaps
            between the events: the smaller the heaps, the more there are of them.
    """

    days: int = 40
    closes_every: timedelta = timedelta(hours=4)

    @property
    def n_events(self) -> int:
        """Orders of the whole stream, each once."""
        return self.days * ORDERS_A_DAY


WORLD = World()
# The same story in fewer batches, for tests that need it many times.
BRIEF_WORLD = World(days=37, closes_every=timedelta(hours=12))
N_EVENTS = WORLD.n_events
TURNS_ON_DAY = 26
FIRST_MODEL_ON_DAY = 20

MAPPING = f"""
name: orders
model_type: late_order
time: opened
time_zone: Europe/Berlin
id: number
entity_type: order
label: late
label_known_at: closed
site: depot
first_model_at: {START + timedelta(days=FIRST_MODEL_ON_DAY):%Y-%m-%d}
features:
  workload: number
  crew: text
  noise: number
"""
COLUMNS = ("number", "opened", "workload", "crew", "noise", "depot", "late", "closed")

# What is wrong with the table on purpose.
N_REPEATED, N_BROKEN, N_UNLABELLED = 3, 2, 5


def write_orders(folder: Path, *, world: World = WORLD) -> tuple[Path, Path]:
    """Write the table and its mapping; return where they are."""
    table, mapping = folder / "orders.csv", folder / "orders.yaml"
    places = range(ORDERS_A_DAY)
    rows = [_order(world, day, place) for day in range(world.days) for place in places]
    for row in rows[-N_UNLABELLED:]:
        row["late"] = row["closed"] = ""
    rows += [dict(row) for row in rows[10 : 10 + N_REPEATED]]
    rows.append({**rows[0], "number": "broken-time", "opened": "yesterday"})
    rows.append({**rows[1], "number": "broken-feature", "workload": "much"})
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    mapping.write_text(MAPPING)
    return table, mapping


def _order(world: World, day: int, place: int) -> dict[str, str]:
    rng = np.random.default_rng([7, day, place])
    workload = float(rng.uniform())
    high = workload > 0.6
    is_late = high != (day >= TURNS_ON_DAY)
    if rng.uniform() < 0.04:
        is_late = not is_late
    opened = START + timedelta(days=day, hours=6, minutes=13 * place)
    return {
        "number": f"R{day:02}-{place:02}",
        "opened": opened.isoformat(),
        "workload": f"{workload:.4f}",
        "crew": str(rng.choice(["north", "south"])),
        "noise": f"{rng.normal():.4f}",
        "depot": str(rng.choice(["harbour", "hill"])),
        "late": "yes" if is_late else "no",
        "closed": _next_close(opened + timedelta(hours=20), world.closes_every).isoformat(),
    }


def _next_close(ready: datetime, every: timedelta) -> datetime:
    return ready + (START - ready) % every
