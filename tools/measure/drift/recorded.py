"""Recorded and simulated days, cut into histograms once, and the daily errors of a model."""

import csv
import gzip
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from tools.measure.drift.moves import Days
from watchfloor.core.drift.feature_bins import NumericBins, freeze_rows
from watchfloor.core.errors import NotFound
from watchfloor.entrypoints.cli.replay.itsm_incidents import FEATURES, ItsmIncidents
from watchfloor.entrypoints.simulator.config import WorldConfig
from watchfloor.entrypoints.simulator.records import EventType, SimulatedEvent
from watchfloor.entrypoints.simulator.stream import stream_days

Rows = Sequence[Mapping[str, Any]]

BIKE_FEATURES = (
    *("season", "yr", "mnth", "hr", "holiday", "weekday"),
    *("workingday", "weathersit", "temp", "atemp", "hum", "windspeed"),
)
PHONE_FEATURES = (
    *("accuracy_m", "speed_mps", "provider", "mock_flag", "rooted_flag"),
    *("face_score", "liveness_score", "steps_since_last"),
)
# Later tickets are the rest that stayed open when the extraction ended: a few a day.
ITSM_DAYS = (date(2016, 2, 29), date(2016, 6, 2))
SCORED = (EventType.CHECK_IN, EventType.CHECK_OUT)
MONDAY = date(2026, 1, 5)
UPDATE_DAY = 90


def cut(by_day: Mapping[date, Rows], names: Sequence[str]) -> Days:
    """Return histograms of rows by day; the bins are frozen on all of them."""
    ordered = sorted(by_day)
    bins = freeze_rows([row for day in ordered for row in by_day[day]], names=names).by_name
    return Days(
        {
            name: np.array([one.count([row.get(name) for row in by_day[day]]) for day in ordered])
            for name, one in bins.items()
        },
        {
            name: np.array(one.centers) if isinstance(one, NumericBins) else None
            for name, one in bins.items()
        },
        np.array([day.weekday() for day in ordered]),
    )


def bike_days(data_dir: Path) -> Days:
    """
    Return two years of hours of a bicycle hire, by day.

    Raises:
        NotFound: the folder does not hold the set.
    """
    path = data_dir / "bike_sharing" / "hour.csv.gz"
    if not path.is_file():
        raise NotFound(f"{path} does not exist; the data directory does not hold this set")
    by_day: dict[date, list[Mapping[str, Any]]] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            day = date.fromisoformat(row["ts"][:10])
            by_day.setdefault(day, []).append({name: float(row[name]) for name in BIKE_FEATURES})
    return cut(by_day, BIKE_FEATURES)


def itsm_days(data_dir: Path) -> Days:
    """Return the tickets of a service desk, by the day they were opened."""
    return cut(_tickets(data_dir), FEATURES)


def itsm_daily_errors(data_dir: Path) -> tuple[float, ...]:
    """
    Return the share of wrong answers of each day, by a rule that knew the other days' tickets.

    A ticket is called a breach when more than half of the tickets of its group and priority
    breached on the days of the other parity.
    """
    stream = ItsmIncidents(data_dir)
    breached = {outcome.event_id: outcome.value for outcome in stream.outcomes()}
    known: list[dict[tuple[str, str], list[float]]] = [{}, {}]
    seen: dict[date, list[tuple[tuple[str, str], float]]] = {}
    for event in stream.events():
        day = event.occurred_at.date()
        if not ITSM_DAYS[0] <= day <= ITSM_DAYS[1]:
            continue
        key = (str(event.features["assignment_group"]), str(event.features["priority"]))
        value = breached[event.event_id]
        known[day.toordinal() % 2].setdefault(key, []).append(value)
        seen.setdefault(day, []).append((key, value))
    return tuple(
        float(
            np.mean([_called(known[1 - day.toordinal() % 2], key) != value for key, value in rows])
        )
        for day, rows in sorted(seen.items())
    )


def _called(known: Mapping[tuple[str, str], list[float]], key: tuple[str, str]) -> float:
    return float(np.mean(known.get(key, [0.0])) > 0.5)


def _tickets(data_dir: Path) -> dict[date, list[Mapping[str, Any]]]:
    by_day: dict[date, list[Mapping[str, Any]]] = {}
    for event in ItsmIncidents(data_dir).events():
        day = event.occurred_at.date()
        if ITSM_DAYS[0] <= day <= ITSM_DAYS[1]:
            by_day.setdefault(day, []).append(event.features)
    return by_day


def simulated_days(config: WorldConfig, *, n_days: int, updated: bool = False) -> Days:
    """
    Return the check-ins of simulated guards by the day of their arrival, as phones tell them.

    Args:
        updated: from day 90 on all phones have the application of scenario D1: one provider,
            accuracies of 0.6 times as many metres, and the mock flag always told.
    """
    by_day = {}
    for day in islice(stream_days(config, MONDAY), n_days):
        new = updated and day.index >= UPDATE_DAY
        rows = [_reading(event, new=new) for event in day.events if event.event_type in SCORED]
        by_day[MONDAY + timedelta(days=day.index)] = rows
    return cut(by_day, PHONE_FEATURES)


def _reading(event: SimulatedEvent, *, new: bool) -> Mapping[str, Any]:
    row = {name: getattr(event, name) for name in PHONE_FEATURES}
    if new:
        accuracy = row["accuracy_m"]
        row["accuracy_m"] = None if accuracy is None else 0.6 * accuracy
        row["provider"], row["mock_flag"] = "fused", bool(row["mock_flag"])
    return row
