"""An event in the making, and what a phone adds to it."""

from dataclasses import dataclass
from typing import NamedTuple

from watchfloor.entrypoints.simulator.population.entities import Device
from watchfloor.entrypoints.simulator.records import EventType


class Moment(NamedTuple):
    """When and where a guard does what; metres from the middle of the site."""

    event_type: EventType
    name: str
    at: float
    due: float | None
    east_m: float
    north_m: float


class Fix(NamedTuple):
    """One reported position; all but the provider is None where there is none."""

    provider: str
    lat: float | None
    lon: float | None
    accuracy_m: float | None
    altitude_m: float | None
    speed_mps: float | None


NO_FIX = Fix("none", None, None, None, None, None)


class Photo(NamedTuple):
    """A photograph as the server judges it; `phash` is 64 bits in hexadecimal."""

    face: float
    liveness: float
    phash: str


@dataclass(slots=True)
class Draft:
    """
    An event before it is rounded and named.

    Mutable on purpose: a fraud is a change to an honest draft. Times are true ones in seconds
    since 1970; the phone's clock error is added at the very end.
    """

    event_type: EventType
    name: str
    at: float
    due: float | None
    arrives: float
    device: Device
    fix: Fix
    mock: bool | None
    wifi: str | None
    cell: str | None
    photo: Photo | None
    battery: int
    network: str
    steps: int | None
    manual_by: str | None = None
