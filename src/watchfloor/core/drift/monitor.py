"""The state of a performance monitor: frozen, small, and the same bytes on every machine."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from watchfloor.core.drift.baseline import Baseline
from watchfloor.core.drift.change_point import Change
from watchfloor.core.state_bytes import floats_of, read_state, state_bytes

FORM = "watchfloor-monitor-1"
N_STAKES = 12


@dataclass(frozen=True, slots=True)
class OpenDay:
    """The outcomes of a local day that has not ended."""

    day: date
    n: int
    total: float


@dataclass(frozen=True, slots=True)
class Monitor:
    """
    The state of one model's monitor; `observe` returns the next.

    Args:
        baseline: what the errors are held against.
        alarm_at: evidence that alarms; its mean run length without change is at least this.
        r_values: Shiryaev-Roberts sums, one a stake; 12 on single errors, 5 on days.
        n: observations, outcomes or days, since the start or the last alarm.
        total: their sum.
        changes: where a rise would have begun, one a stake; empty while n is 0.
        open_day: the day being filled, where days are the observations.
    """

    baseline: Baseline
    alarm_at: float
    r_values: tuple[float, ...]
    n: int = 0
    total: float = 0.0
    changes: tuple[Change, ...] = ()
    open_day: OpenDay | None = None

    @property
    def evidence(self) -> float:
        """Mean of the sums: an e-value of a change, which may be averaged over models."""
        return math.fsum(self.r_values) / len(self.r_values)

    def to_bytes(self) -> bytes:
        """Return the state as canonical bytes."""
        return state_bytes(self, form=FORM)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Monitor":
        """
        Return the state that `to_bytes` wrote.

        Raises:
            ArtifactCorrupt: the bytes are not those of a monitor.
        """
        return read_state(data, cls, form=FORM)

    def to_record(self) -> Mapping[str, Any]:
        """Return the fields, for `state_bytes`."""
        day = self.open_day
        return {
            "baseline": self.baseline.to_record(),
            "alarm_at": self.alarm_at,
            "r_values": self.r_values,
            "n": self.n,
            "total": self.total,
            "changes": self.changes,
            "open_day": None if day is None else [day.day, day.n, day.total],
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Monitor":
        """Return the monitor of a stored record."""
        day = record["open_day"]
        return cls(
            baseline=Baseline.from_record(record["baseline"]),
            alarm_at=float.fromhex(record["alarm_at"]),
            r_values=floats_of(record["r_values"]),
            n=int(record["n"]),
            total=float.fromhex(record["total"]),
            changes=tuple(map(Change.from_record, record["changes"])),
            open_day=day
            and OpenDay(date.fromisoformat(day[0]), int(day[1]), float.fromhex(day[2])),
        )
