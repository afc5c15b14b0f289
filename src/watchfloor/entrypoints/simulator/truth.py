"""
The latent truth, kept apart from the events: for evaluation and for the demo's own desk only.

Nothing that computes a feature may import this module.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watchfloor.entrypoints.simulator.day import worked_shifts
from watchfloor.entrypoints.simulator.records import TruthRow
from watchfloor.entrypoints.simulator.world import World

DAYS_REMEMBERED = 64
# A phone's clock may run an hour ahead, and a night shift began on the day before.
AROUND_DAYS = (0, -1, 1)


@dataclass(frozen=True, slots=True)
class Truth:
    """All frauds of a stretch of days, found by the id of the event or shift."""

    rows: tuple[TruthRow, ...]
    by_subject: Mapping[str, TruthRow] = field(repr=False)

    @classmethod
    def of(cls, rows: Iterable[TruthRow]) -> "Truth":
        """Return the truth of some rows, in their order."""
        kept = tuple(rows)
        return cls(rows=kept, by_subject={row.subject_id: row for row in kept})

    def find(self, subject_id: str) -> TruthRow | None:
        """Return what is behind an event or shift; None where all was honest."""
        return self.by_subject.get(subject_id)

    def is_fraud(self, subject_id: str) -> bool:
        """Return whether an event or shift is fraudulent."""
        return subject_id in self.by_subject


class LatentTruth:
    """
    The truth of an endless run: makes the day of an event again when it is asked for.

    It holds the last days it made, for a desk that works through one day's reviews after
    another; it needs no memory of the run itself, so it survives a restart.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._days: OrderedDict[int, Mapping[str, TruthRow]] = OrderedDict()

    def find(self, subject_id: str, *, occurred_at: datetime) -> TruthRow | None:
        """
        Return what is behind an event or shift; None where all was honest.

        Args:
            occurred_at: when the event happened by the device's clock, or the shift began.
        """
        day = (occurred_at.date() - self._world.start) // timedelta(days=1)
        rows = (self._rows(day + around).get(subject_id) for around in AROUND_DAYS)
        return next((row for row in rows if row is not None), None)

    def is_fraud(self, subject_id: str, *, occurred_at: datetime) -> bool:
        """Return whether an event or shift is fraudulent."""
        return self.find(subject_id, occurred_at=occurred_at) is not None

    def _rows(self, day: int) -> Mapping[str, TruthRow]:
        if day not in self._days:
            shifts = worked_shifts(self._world, day) if day >= 0 else []
            self._days[day] = {row.subject_id: row for one in shifts for row in one.truth}
            if len(self._days) > DAYS_REMEMBERED:
                self._days.popitem(last=False)
        return self._days[day]
