"""What the floor remembers around one check-in, in records that are cheap to build."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

import msgspec

from watchfloor.core.signals import SignalReading


class PastReading(msgspec.Struct, frozen=True, gc=False):
    """
    One earlier reading, cut to what the features need.

    A struct and not a dataclass: a micro-batch builds tens of thousands of them, and these
    cost a tenth.
    """

    event_id: str
    event_type: str
    occurred_at: datetime
    received_at: datetime
    guard: str | None
    device: str
    shift: str | None = None
    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None

    @classmethod
    def of(cls, reading: SignalReading) -> "PastReading":
        """Return what later events may remember of a reading."""
        return cls(
            reading.event_id,
            reading.event_type,
            reading.occurred_at,
            reading.received_at,
            reading.guard,
            reading.device,
            reading.shift,
            reading.lat,
            reading.lon,
            reading.accuracy_m,
        )


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """
    Where the site is and how it keeps time.

    Args:
        lat: degrees north of the centre; `lon` is degrees east.
        fence_radius_m: metres from the centre that count as on site.
        zone: of the site's wall clock.
        heartbeat_min: minutes between the calls a guard here must answer; None without.
    """

    lat: float
    lon: float
    fence_radius_m: float
    zone: tzinfo
    heartbeat_min: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckinHistory:
    """
    What the floor remembers around one event; order does not matter.

    It may hold the event itself and later ones: both are ignored. Events of one micro-batch
    see each other, so a batch adds its own readings before it scores.

    Args:
        site: facts of the event's site; None when the site is not known.
        is_holiday: on the site's calendar, on the local day of the event; None if unknown.
        guard: readings of the event's guard in the last seven days.
        device: readings of the event's device in the last seven days, of whichever guard.
        networks_first_seen: for each Wi-Fi or cell hash of this site, when a reading with it
            was first received.
    """

    site: SiteFacts | None = None
    is_holiday: bool | None = None
    guard: Sequence[PastReading] = ()
    device: Sequence[PastReading] = ()
    networks_first_seen: Mapping[str, datetime] = field(default_factory=dict)
