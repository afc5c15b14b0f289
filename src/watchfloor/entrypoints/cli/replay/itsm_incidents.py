"""Real tickets of an IT service desk, 2016: will the ticket breach its service level?"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
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

# As of the ticket's first event. Everything written later is outcome and no feature, and the
# caller is left out: thousands of people, each with a handful of tickets.
CATEGORIES = (
    *("contact_type", "location", "category", "subcategory", "u_symptom"),
    *("impact", "urgency", "priority", "assignment_group", "opened_by"),
)
FEATURES = (*CATEGORIES, "weekday", "hour", "opened_last_24h")
# The earliest day on which the known labels say what the closed tickets were: before it only
# kept tickets are known, for a breached one stays open for weeks.
FIRST_MODEL_AT = datetime(2016, 3, 28, tzinfo=UTC)


class ItsmIncidents:
    """24,918 tickets by the minute they were opened; the label comes when it was knowable."""

    def __init__(self, directory: Path, *, units: int | None = None) -> None:
        self._path = directory / "itsm_incidents" / "incidents.parquet"
        self._units = units

    @cached_property
    def about(self) -> About:
        """What the stream is."""
        return About(
            name=f"itsm_incidents{sample_suffix(self._units)}",
            model_type="sla_breach",
            time_zone="UTC",
            first_model_at=FIRST_MODEL_AT,
            features=FEATURES,
            unit="tickets",
            n_events=len(self._drawn),
            assumptions=(
                "Times are the company's local time; its zone is not stated and taken as UTC.",
                "A label is known at `label_at`: when the breach was recorded, or at closing.",
            ),
            # The slowest hundredth of the breaches is known after months: who waits for them
            # calibrates on the world of the spring before.
            thresholds={"closed_share": 0.9},
        )

    @cached_property
    def _columns(self) -> dict[str, list[Any]]:
        return parquet_columns(
            self._path, ("number", "opened_at", "sla_breached", "label_at", *CATEGORIES)
        )

    @cached_property
    def _drawn(self) -> frozenset[str]:
        return drawn(self._columns["number"], n=self._units)

    def _rows(self, key: str) -> list[int]:
        """Return the drawn rows ordered by a time column, ties by ticket number."""
        columns = self._columns
        kept = [row for row, number in enumerate(columns["number"]) if number in self._drawn]
        return sorted(kept, key=lambda row: (columns[key][row], columns["number"][row]))

    def sites(self) -> Sequence[RecordedSite]:
        """A ticket names no place that is guarded."""
        return ()

    def events(self) -> Iterator[RecordedEvent]:
        """Yield tickets as they are opened."""
        columns = self._columns
        # The desk's load is that of all tickets, also where a sample is replayed.
        opened = sorted(columns["opened_at"])
        for row in self._rows("opened_at"):
            at = columns["opened_at"][row]
            features = {name: columns[name][row] for name in CATEGORIES}
            features |= {
                "weekday": float(at.weekday()),
                "hour": float(at.hour),
                "opened_last_24h": float(_between(opened, at - timedelta(days=1), at)),
            }
            number = columns["number"][row]
            yield RecordedEvent(
                event_id=number,
                entity_type="ticket",
                entity_id=number,
                occurred_at=at.replace(tzinfo=UTC),
                features=features,
            )

    def outcomes(self) -> Iterator[RecordedOutcome]:
        """Yield for each ticket whether it breached, at the moment it could be known."""
        columns = self._columns
        for row in self._rows("label_at"):
            yield RecordedOutcome(
                event_id=columns["number"][row],
                value=float(columns["sla_breached"][row]),
                known_at=columns["label_at"][row].replace(tzinfo=UTC),
            )


def _between(sorted_times: Sequence[datetime], first: datetime, end: datetime) -> int:
    """Return how many times lie in [first, end)."""
    return bisect_left(sorted_times, end) - bisect_left(sorted_times, first)
