"""Somebody's own history, a CSV or Parquet table, read through a mapping of its columns."""

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from watchfloor.core.errors import InvalidInput, NotFound
from watchfloor.entrypoints.cli.replay.first_midnight import first_sound_midnight
from watchfloor.entrypoints.cli.replay.mapping import ColumnMapping, word_of
from watchfloor.entrypoints.cli.replay.protocol import (
    About,
    BrokenRow,
    RecordedEvent,
    RecordedOutcome,
    RecordedSite,
)
from watchfloor.entrypoints.cli.replay.tables import drawn, parquet_columns, sample_suffix

LONGEST_ID = 120
LONGEST_SITE = 60
KEPT_OF_A_ROW = 4000

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Read:
    """The rows of a table as events and outcomes, each in order, and those that are neither."""

    events: list[RecordedEvent]
    outcomes: list[RecordedOutcome]
    broken: list[BrokenRow]


class MappedTable:
    """A table with one row an event, its outcome in the same row."""

    def __init__(self, path: Path, mapping: ColumnMapping, *, units: int | None = None) -> None:
        self._path = path
        self._mapping = mapping
        self._units = units

    @cached_property
    def about(self) -> About:
        """What the stream is."""
        mapping = self._mapping
        read = self._read
        return About(
            name=f"{mapping.name}{sample_suffix(self._units)}",
            model_type=mapping.model_type,
            time_zone=str(mapping.zone),
            first_model_at=mapping.first_model_at
            or first_sound_midnight(read.events, read.outcomes, zone=mapping.zone),
            features=tuple(mapping.features),
            unit="entities",
            n_events=len(read.events) + len(read.broken),
            assumptions=(
                f"Times without an offset are those of {mapping.zone}.",
                "Every feature column holds what was known at the time of its event.",
                f"A label is known from the moment that column {mapping.label_known_at} says.",
            ),
        )

    def sites(self) -> Sequence[RecordedSite]:
        """Return the sites that events name."""
        codes = {event.site for event in self._read.events if event.site is not None}
        return [RecordedSite(code=code, name=code) for code in sorted(codes)]

    def events(self) -> Iterator[RecordedEvent | BrokenRow]:
        """Yield broken rows, then events by time and row."""
        yield from self._read.broken
        yield from self._read.events

    def outcomes(self) -> Iterator[RecordedOutcome]:
        """Yield known outcomes by the moment from which they were known."""
        yield from self._read.outcomes

    @cached_property
    def _read(self) -> _Read:
        events: list[RecordedEvent] = []
        outcomes: list[RecordedOutcome] = []
        broken: list[BrokenRow] = []
        for place, row in enumerate(self._rows(), start=1):
            try:
                event, outcome = _event_of(row, self._mapping)
            except InvalidInput as error:
                broken.append(_broken(place, row, error))
                continue
            events.append(event)
            if outcome is not None:
                outcomes.append(outcome)
        kept = drawn([event.entity_id for event in events], n=self._units)
        events = [event for event in events if event.entity_id in kept]
        if not events:
            raise InvalidInput(
                field="time", value=self._mapping.time, expected="a row that is an event"
            )
        ids = {event.event_id for event in events}
        outcomes = [outcome for outcome in outcomes if outcome.event_id in ids]
        # Sorting is stable: rows of one moment keep the order of the table.
        events.sort(key=lambda event: event.occurred_at)
        outcomes.sort(key=lambda outcome: outcome.known_at)
        return _Read(events, outcomes, broken)

    def _rows(self) -> Iterator[Row]:
        columns = (
            _csv_rows(self._path)
            if self._path.suffix.lower() == ".csv"
            else _parquet_rows(self._path)
        )
        first = next(columns, None)
        if first is None:
            raise InvalidInput(field="DATASET", value=str(self._path), expected="at least one row")
        for column, key in self._mapping.columns().items():
            if column not in first:
                raise InvalidInput(
                    field=key, value=column, expected=f"one of the columns {', '.join(first)}"
                )
        yield first
        yield from columns


def _csv_rows(path: Path) -> Iterator[Row]:
    if not path.is_file():
        raise NotFound(f"{path} does not exist")
    with path.open(newline="", encoding="utf-8-sig") as file:
        yield from csv.DictReader(file)


def _parquet_rows(path: Path) -> Iterator[Row]:
    columns = parquet_columns(path)
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def _event_of(row: Row, mapping: ColumnMapping) -> tuple[RecordedEvent, RecordedOutcome | None]:
    event_id = _code(row, mapping.id, "id", LONGEST_ID)
    occurred_at = _moment(row, mapping.time, "time", mapping)
    if occurred_at is None:
        raise InvalidInput(field="time", value=None, expected="a time: it is required")
    event = RecordedEvent(
        event_id=event_id,
        entity_type=mapping.entity_type,
        entity_id=_code(row, mapping.entity, "entity", LONGEST_ID),
        occurred_at=occurred_at,
        features={
            column: _feature(row[column], column, kind) for column, kind in mapping.features.items()
        },
        site=_site(row, mapping),
    )
    return event, _outcome_of(row, event, mapping)


def _outcome_of(row: Row, event: RecordedEvent, mapping: ColumnMapping) -> RecordedOutcome | None:
    word = word_of(row[mapping.label])
    if word not in mapping.positive and word not in mapping.negative:
        if word:
            words = sorted(mapping.positive | mapping.negative)
            raise InvalidInput(
                field="label", value=word, expected=f"empty, or one of {', '.join(words)}"
            )
        return None
    known_at = _moment(row, mapping.label_known_at, "label_known_at", mapping)
    if known_at is None:
        return None
    if known_at < event.occurred_at:
        raise InvalidInput(
            field="label_known_at",
            value=known_at.isoformat(),
            expected=f"not before the event at {event.occurred_at.isoformat()}",
        )
    return RecordedOutcome(
        event_id=event.event_id, value=float(word in mapping.positive), known_at=known_at
    )


def _code(row: Row, column: str, key: str, longest: int) -> str:
    text = "" if row[column] is None else str(row[column]).strip()
    if not 0 < len(text) <= longest or not text.isprintable():
        raise InvalidInput(
            field=key, value=row[column], expected=f"1 to {longest} printable characters"
        )
    return text


def _site(row: Row, mapping: ColumnMapping) -> str | None:
    if mapping.site is None or row[mapping.site] in (None, ""):
        return None
    return _code(row, mapping.site, "site", LONGEST_SITE)


def _moment(row: Row, column: str, key: str, mapping: ColumnMapping) -> datetime | None:
    value = row[column]
    if value is None or value == "":
        return None
    try:
        return mapping.moment(value)
    except (ValueError, OverflowError) as error:
        expected = mapping.time_format or "an ISO 8601 time"
        raise InvalidInput(field=key, value=value, expected=expected) from error


def _feature(value: Any, column: str, kind: str) -> float | str | None:
    if value is None or value == "":
        return None
    if kind == "text":
        return str(value)
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            field=f"features.{column}", value=value, expected="a number, or nothing"
        ) from error
    if not math.isfinite(number):
        raise InvalidInput(field=f"features.{column}", value=value, expected="a finite number")
    return number


def _broken(place: int, row: Row, error: InvalidInput) -> BrokenRow:
    shown = {str(key): str(value) for key, value in row.items()}
    payload = json.dumps({"row": place} | shown, ensure_ascii=False)[:KEPT_OF_A_ROW]
    return BrokenRow(place=place, payload=payload.encode(), field=error.field, error=str(error))
