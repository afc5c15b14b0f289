"""What a recorded stream has to offer so that it can be replayed: events, later their outcomes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """
    One event as it stood when it happened.

    Args:
        event_id: once in a stream; a second event of that id is a duplicate.
        occurred_at: aware.
        features: number, text or None by name, known at `occurred_at`; None is missing.
        site: code of one of the stream's sites, or None.
    """

    event_id: str
    entity_type: str
    entity_id: str
    occurred_at: datetime
    features: Mapping[str, Any]
    site: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRow:
    """A row that is no event: what it held, and which key of the mapping it does not fit."""

    place: int
    payload: bytes
    field: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedOutcome:
    """
    What turned out to be true about one event: 1 it happened, 0 it did not.

    Args:
        known_at: aware; never before the event, and never told before this moment.
    """

    event_id: str
    value: float
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSite:
    """
    A place that events name; degrees on WGS 84, None where the stream does not say.

    Args:
        group: places that are counted together.
    """

    code: str
    name: str
    lat: float | None = None
    lon: float | None = None
    group: str = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """
    What a stream is, stated in its report.

    Args:
        name: letters, digits, `-` and `_`; the tenant is `replay-<name>`.
        time_zone: in which the tenant's days begin and end.
        first_model_at: when the first model is trained on what is known by then.
        features: columns that reach the model, in order.
        unit: what `--units` counts.
        n_events: events of the stream, for the progress bar.
        assumptions: what had to be assumed about the recording, a sentence each.
        thresholds: numbers that this stream needs otherwise than a new tenant has them.
    """

    name: str
    model_type: str
    time_zone: str
    first_model_at: datetime
    features: tuple[str, ...]
    unit: str
    n_events: int
    assumptions: tuple[str, ...] = field(default=())
    thresholds: Mapping[str, float] = field(default_factory=dict)


class Dataset(Protocol):
    """A recorded stream; both iterators begin anew at each call and always yield the same."""

    @property
    def about(self) -> About:
        """What the stream is."""

    def sites(self) -> Sequence[RecordedSite]:
        """Return the places that events name."""

    def events(self) -> Iterator[RecordedEvent | BrokenRow]:
        """Yield events by `occurred_at`, ties always in the same order; broken rows first."""

    def outcomes(self) -> Iterator[RecordedOutcome]:
        """Yield outcomes by `known_at`, ties always in the same order."""
