"""Lifts of German railway stations, 2018 and 2019: will a lift that works today fail tomorrow?"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from watchfloor.core.arrays import IntArray
from watchfloor.core.errors import NotFound
from watchfloor.entrypoints.cli.replay.protocol import (
    About,
    RecordedEvent,
    RecordedOutcome,
    RecordedSite,
)
from watchfloor.entrypoints.cli.replay.tables import drawn, parquet_columns, sample_suffix

ZONE = ZoneInfo("Europe/Berlin")
# A day's count is complete at 22:00; the next day is predicted half an hour later.
COUNTED = time(22)
PREDICTED = time(22, 30)
HISTORY_DAYS = 28
FIRST_MODEL_AT = datetime(2018, 12, 27, tzinfo=ZONE)
TEXTS = ("manufacturer", "drive", "placement", "unit_class", "region")
NUMBERS = ("build_year", "n_stops", "speed_m_s", "travel_height_m", "capacity_kg")
HISTORY = (
    *("outages_7", "outages_28", "slots_7", "slots_28", "days_since_outage"),
    *("weekday", "network_share"),
)


@dataclass(frozen=True, slots=True)
class _Days:
    """Polls without service by observed day and lift, shape (days, lifts)."""

    dates: list[date]
    segments: list[int]
    lifts: list[int]
    slots: IntArray

    def followed(self) -> list[int]:
        """Return days with enough history whose next day was observed without a gap."""
        return [
            day
            for day in range(HISTORY_DAYS - 1, len(self.dates) - 1)
            if self.segments[day] == self.segments[day + 1]
        ]


class DbElevators:
    """A prediction each evening for each lift that worked all day; known the evening after."""

    def __init__(self, directory: Path, *, units: int | None = None) -> None:
        self._folder = directory / "db_elevators"
        self._units = units

    @cached_property
    def about(self) -> About:
        """What the stream is."""
        days = self._days
        return About(
            name=f"db_elevators{sample_suffix(self._units)}",
            model_type="lift_outage",
            time_zone=str(ZONE),
            first_model_at=FIRST_MODEL_AT,
            features=(*TEXTS, *NUMBERS, *HISTORY),
            unit="lifts",
            n_events=int(sum((days.slots[day] == 0).sum() for day in days.followed())),
            assumptions=(
                "A lift is predicted about on days without an outage: tomorrow's would be new.",
                "History is that of the last observed days; days the collector missed are no days.",
                "Dates were reconstructed by the publisher of the set, two of them exactly.",
            ),
        )

    @cached_property
    def _units_table(self) -> dict[str, list[Any]]:
        return parquet_columns(self._folder / "units.parquet")

    @cached_property
    def _days(self) -> _Days:
        daily = parquet_columns(self._folder / "daily.parquet")
        known = drawn([str(unit) for unit in set(daily["unit_id"])], n=self._units)
        lifts = sorted(int(unit) for unit in known)
        calendar = _calendar(self._folder / "days.csv")
        row_of = {day: row for row, (day, _) in enumerate(calendar)}
        column_of = {lift: column for column, lift in enumerate(lifts)}
        slots = np.zeros((len(calendar), len(lifts)), dtype=np.int64)
        for at, unit, n in zip(
            daily["date"], daily["unit_id"], daily["inactive_slots"], strict=True
        ):
            column = column_of.get(unit)
            if column is not None:
                slots[row_of[at.date()], column] = n
        return _Days([day for day, _ in calendar], [part for _, part in calendar], lifts, slots)

    @cached_property
    def _shares(self) -> dict[date, float]:
        """Share of the whole network's lifts with an outage, also where a sample is replayed."""
        daily = parquet_columns(self._folder / "daily.parquet", ("date", "inactive_slots"))
        found: dict[date, list[int]] = {}
        for at, n in zip(daily["date"], daily["inactive_slots"], strict=True):
            counts = found.setdefault(at.date(), [0, 0])
            counts[0] += n > 0
            counts[1] += 1
        return {day: down / n for day, (down, n) in found.items()}

    @cached_property
    def _metadata(self) -> dict[int, dict[str, Any]]:
        """Return what is known of each lift beforehand, its station included."""
        table = self._units_table
        names = (*TEXTS, *NUMBERS, "stationnumber")
        return {
            int(unit): {name: table[name][row] for name in names}
            for row, unit in enumerate(table["unit_id"])
        }

    def sites(self) -> Sequence[RecordedSite]:
        """Return the stations of the replayed lifts."""
        table = self._units_table
        lifts = set(self._days.lifts)
        found: dict[str, RecordedSite] = {}
        for row, unit in enumerate(table["unit_id"]):
            if int(unit) in lifts and table["stationnumber"][row] is not None:
                code = str(table["stationnumber"][row])
                found[code] = RecordedSite(
                    code=code,
                    name=str(table["station"][row] or code),
                    lat=table["lat"][row],
                    lon=table["lon"][row],
                    # A thousand stations of two lifts each say nothing one by one; states do.
                    group=f"state-{table['region'][row]}",
                )
        return [found[code] for code in sorted(found)]

    def events(self) -> Iterator[RecordedEvent]:
        """Yield lifts that worked all day, evening by evening."""
        days = self._days
        for day in days.followed():
            at = datetime.combine(days.dates[day], PREDICTED, ZONE).astimezone(UTC)
            history = _history(days.slots[day - HISTORY_DAYS + 1 : day + 1])
            share = self._shares[days.dates[day]]
            weekday = float((days.dates[day] + timedelta(days=1)).weekday())
            for column in np.flatnonzero(days.slots[day] == 0).tolist():
                lift = days.lifts[column]
                known = self._metadata.get(lift, {})
                features = {name: known.get(name) for name in (*TEXTS, *NUMBERS)}
                features |= {name: float(values[column]) for name, values in history.items()}
                features |= {"weekday": weekday, "network_share": share}
                station = known.get("stationnumber")
                yield RecordedEvent(
                    event_id=_id(lift, days.dates[day]),
                    entity_type="lift",
                    entity_id=str(lift),
                    occurred_at=at,
                    features=features,
                    site=None if station is None else str(station),
                )

    def outcomes(self) -> Iterator[RecordedOutcome]:
        """Yield the evening after whether the lift had failed."""
        days = self._days
        for day in days.followed():
            known_at = datetime.combine(days.dates[day + 1], COUNTED, ZONE).astimezone(UTC)
            for column in np.flatnonzero(days.slots[day] == 0).tolist():
                yield RecordedOutcome(
                    event_id=_id(days.lifts[column], days.dates[day]),
                    value=float(days.slots[day + 1, column] > 0),
                    known_at=known_at,
                )


def _calendar(path: Path) -> list[tuple[date, int]]:
    """Return the observed days with the gap-free run each belongs to."""
    if not path.is_file():
        raise NotFound(f"{path} does not exist; --data-dir names the folder of the data sets")
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        return [(date.fromisoformat(row["date"]), int(row["segment"])) for row in rows]


def _history(slots: IntArray) -> dict[str, IntArray]:
    """Return features of the last 28 observed days, one value a lift; `slots` (28, lifts)."""
    down = slots > 0
    # Days since the last outage; 28 where the whole window was quiet.
    since = np.where(down.any(axis=0), down[::-1].argmax(axis=0), HISTORY_DAYS)
    return {
        "outages_7": down[-7:].sum(axis=0),
        "outages_28": down.sum(axis=0),
        "slots_7": slots[-7:].sum(axis=0),
        "slots_28": slots.sum(axis=0),
        "days_since_outage": since,
    }


def _id(lift: int, day: date) -> str:
    return f"{lift}-{day:%Y%m%d}"
