"""A small recorded stream of orders, made here, for the replay tests."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

START = datetime(2025, 3, 3, tzinfo=UTC)
DAYS = 40
ORDERS_A_DAY = 50
TURNS_ON_DAY = 26
FIRST_MODEL_ON_DAY = 20
# The workshop closes orders at these hours, so outcomes come in small heaps between the events.
CLOSES_EVERY = timedelta(hours=4)

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
N_EVENTS = DAYS * ORDERS_A_DAY


def write_orders(folder: Path, *, days: int = DAYS) -> tuple[Path, Path]:
    """Write the table and its mapping; return where they are."""
    table, mapping = folder / "orders.csv", folder / "orders.yaml"
    rows = [_order(day, place) for day in range(days) for place in range(ORDERS_A_DAY)]
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


def _order(day: int, place: int) -> dict[str, str]:
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
        "closed": _next_close(opened + timedelta(hours=20)).isoformat(),
    }


def _next_close(ready: datetime) -> datetime:
    return ready + (START - ready) % CLOSES_EVERY
