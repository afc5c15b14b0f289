"""
Places, people and devices as frozen records; days count from the first day of the world.

Fields below the line "latent" are what the generator knows and the product must not: leave them
out when rows are created from these records.
"""

from dataclasses import dataclass
from enum import StrEnum


class Hours(StrEnum):
    """When a post is staffed."""

    ROUND_THE_CLOCK = "round_the_clock"
    DAY = "day"
    NIGHT = "night"


class Integrity(StrEnum):
    """What a guard is inclined to."""

    HABITUAL = "habitual"
    OCCASIONAL = "occasional"
    HONEST = "honest"


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer of the guarding firm's software."""

    code: str
    name: str
    time_zone: str
    pay_period_days: int
    holidays: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A guarded place: the pin on the map and the fence around it."""

    code: str
    tenant: str
    name: str
    kind: str
    time_zone: str
    lat: float
    lon: float
    radius_m: float
    altitude_m: float
    # latent
    pin_error_east_m: float
    pin_error_north_m: float
    indoor_share: float
    photo_absent_share: float
    network_quality: float


@dataclass(frozen=True, slots=True)
class Post:
    """One place to stand at a site, with its hours, heartbeats and rounds."""

    code: str
    tenant: str
    site: str
    name: str
    hours: Hours
    heartbeat_min: int
    shared_phone: str | None
    # latent: metres east and north of the middle of the site
    offset_m: tuple[float, float]
    checkpoints_m: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Guard:
    """One person with a start day and perhaps an end day (half-open)."""

    code: str
    tenant: str
    name: str
    home_site: str
    home_post: str | None
    relief_sites: tuple[str, ...]
    start_day: int
    end_day: int | None
    # latent
    seat: int
    punctuality_min: float
    phone_quality: float
    goat: bool
    vacation_phase: int
    integrity: Integrity
    rate_multiplier: float
    favourite: str
    weekdays: tuple[int, int]
    ring: str


@dataclass(frozen=True, slots=True)
class Device:
    """A phone of a guard or post, or the desk of a supervisor."""

    code: str
    tenant: str
    holder: str
    kind: str  # guard, post, desk
    model: str
    os: str
    start_day: int
    end_day: int | None
    # latent
    tells_mock: bool
    tells_root: bool
    rooted: bool
    clock_offset_s: float


@dataclass(frozen=True, slots=True)
class Supervisor:
    """Someone who answers for sites, complains and corrects."""

    code: str
    tenant: str
    name: str
    sites: tuple[str, ...]
    device: str
    # latent
    strictness: float


def is_in_force(thing: Guard | Device, day: int) -> bool:
    """Return whether a guard works here, or a device is in use, on that day."""
    return thing.start_day <= day and (thing.end_day is None or day < thing.end_day)
