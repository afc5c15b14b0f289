"""The way by which a replay hands its events over, whichever it is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, Self

from watchfloor.entrypoints.cli.replay.protocol import (
    BrokenRow,
    RecordedEvent,
    RecordedOutcome,
)

SOURCE = "replay"
"""The source of every replayed event; its event ids are the stream's own."""


class Fate(StrEnum):
    """What became of one event."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    DEAD = "dead"


class Told(StrEnum):
    """What became of one outcome."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    # its event was never stored, or the statement does not fit
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCounts:
    """Events by what became of them; every one ends in one of the three."""

    stored: int = 0
    duplicate: int = 0
    dead: int = 0

    @property
    def received(self) -> int:
        """All of them."""
        return self.stored + self.duplicate + self.dead

    def plus(self, fates: Iterable[Fate]) -> Self:
        """Return these counts and those of further events."""
        seen = list(fates)
        return type(self)(
            stored=self.stored + seen.count(Fate.STORED),
            duplicate=self.duplicate + seen.count(Fate.DUPLICATE),
            dead=self.dead + seen.count(Fate.DEAD),
        )


class RunningIngest(Protocol):
    """A broker on this machine with an ingest that listens to it; started for one replay."""

    @property
    def port(self) -> int:
        """Where the broker listens."""

    def stop(self) -> None:
        """Stop both."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the composition root lends to a replay: no door starts another one."""

    start_ingest: Callable[[], RunningIngest]


class Door(Protocol):
    """One way in; each call returns when everything it was given is settled for good."""

    def predict(self, events: Sequence[RecordedEvent | BrokenRow], *, now: datetime) -> list[Fate]:
        """Hand events over; what became of each, in order."""

    def tell(self, outcomes: Sequence[RecordedOutcome], *, now: datetime) -> list[Told]:
        """Hand outcomes over; what became of each, in order."""

    def close(self) -> None:
        """Stop what was started for this way in."""
