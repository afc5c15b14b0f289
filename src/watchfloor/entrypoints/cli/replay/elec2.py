"""The electricity market of New South Wales, 1996 to 1998: will the price be above its average?"""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

from watchfloor.entrypoints.cli.replay.protocol import (
    About,
    RecordedEvent,
    RecordedOutcome,
    RecordedSite,
)
from watchfloor.entrypoints.cli.replay.tables import drawn, parquet_columns, sample_suffix

NUMBERS = ("period", "nswdemand", "vicprice", "vicdemand", "transfer")
# The label is the price against its own average, so the price is no feature; the weekday comes
# from the time, for the file's own code changes its meaning on the day of the change.
FEATURES = (*NUMBERS, "weekday")
MARKET_TIME = timezone(timedelta(hours=10))
# The first 8,000 half-hours end here: as many as the published frozen model is trained on.
FIRST_MODEL_AT = datetime(1996, 10, 21, tzinfo=MARKET_TIME)
SLOTS_A_DAY = 48


class Elec2:
    """45,264 half-hours; one day stands in the file twice and its first copy is left out."""

    def __init__(self, directory: Path, *, units: int | None = None) -> None:
        self._path = directory / "elec2" / "elec2.parquet"
        self._units = units

    @cached_property
    def about(self) -> About:
        """What the stream is."""
        return About(
            name=f"elec2{sample_suffix(self._units)}",
            model_type="price_up",
            time_zone="Etc/GMT-10",
            first_model_at=FIRST_MODEL_AT,
            features=FEATURES,
            unit="half-hours of the day",
            n_events=len(self._rows),
            assumptions=(
                "A day's prices are taken as published at the end of that day.",
                "Times are Eastern Standard Time without daylight saving, as the market runs.",
                "4 May 1997 stands in the file twice; its second copy is replayed.",
            ),
        )

    @cached_property
    def _columns(self) -> dict[str, list[Any]]:
        return parquet_columns(self._path, ("ts", "up", *NUMBERS))

    @cached_property
    def _rows(self) -> list[int]:
        # The second copy of a half-hour replaces the first: from then on the market is open.
        last = {at: row for row, at in enumerate(self._columns["ts"])}
        slots = drawn([_slot(n) for n in range(SLOTS_A_DAY)], n=self._units)
        return [row for at, row in sorted(last.items()) if _slot_of(at) in slots]

    def sites(self) -> Sequence[RecordedSite]:
        """The market names no place."""
        return ()

    def events(self) -> Iterator[RecordedEvent]:
        """Yield half-hours as they begin."""
        columns = self._columns
        for row in self._rows:
            at = columns["ts"][row]
            features = {name: columns[name][row] for name in NUMBERS}
            yield RecordedEvent(
                event_id=_id(at),
                entity_type="half_hour",
                entity_id=_id(at),
                occurred_at=at.replace(tzinfo=MARKET_TIME),
                features=features | {"weekday": float(at.weekday())},
            )

    def outcomes(self) -> Iterator[RecordedOutcome]:
        """Yield at each midnight what the prices of the day had been."""
        columns = self._columns
        for row in self._rows:
            at = columns["ts"][row]
            midnight = datetime.combine(at.date() + timedelta(days=1), time(), MARKET_TIME)
            yield RecordedOutcome(
                event_id=_id(at), value=float(columns["up"][row]), known_at=midnight
            )


def _id(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M}"


def _slot(n: int) -> str:
    return f"{n // 2:02}{30 * (n % 2):02}"


def _slot_of(at: datetime) -> str:
    return f"{at:%H%M}"
