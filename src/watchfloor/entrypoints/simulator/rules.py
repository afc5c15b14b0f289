"""
The house rules that raised alerts before there was a model: fence, speed, shared phone, mock, face.

They choose what the simulated reviewers see, and they are the plain baseline a model must beat.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from watchfloor.core.geo import haversine_m
from watchfloor.entrypoints.simulator.population.entities import Site
from watchfloor.entrypoints.simulator.records import PUNCHES, SimulatedEvent

WEIGHTS = {"mock": 3.0, "face": 2.0, "shared_phone": 2.0, "fence": 1.0, "speed": 1.0}
SHARED_WITHIN = timedelta(minutes=10)
FACE_BELOW = 0.45
SPEED_ABOVE_KMH = 150.0
ACCURATE_M = 100.0


def rule_scores(events: Iterable[SimulatedEvent], *, sites: Mapping[str, Site]) -> dict[str, float]:
    """
    Return the sum of the weights of the rules that fire, for each check-in and check-out.

    Args:
        events: in order of arrival; a rule looks at what arrived before, never after.
        sites: by code, for the fences.

    Returns:
        The score by event id; 0 where no rule fires.
    """
    last_on_device: dict[str, SimulatedEvent] = {}
    last_of_guard: dict[str, SimulatedEvent] = {}
    scores: dict[str, float] = {}
    for event in events:
        if event.event_type not in PUNCHES:
            continue
        fired = {
            "mock": event.mock_flag is True,
            "face": event.face_score is not None and event.face_score < FACE_BELOW,
            "shared_phone": _is_shared(event, last_on_device.get(event.device_id)),
            "fence": _is_outside(event, sites[event.site_id]),
            "speed": _is_too_fast(event, last_of_guard.get(event.guard_id)),
        }
        scores[event.event_id] = sum(WEIGHTS[rule] for rule, is_on in fired.items() if is_on)
        last_on_device[event.device_id] = last_of_guard[event.guard_id] = event
    return scores


def outside_m(event: SimulatedEvent, site: Site) -> float | None:
    """Return how far outside the fence a fix lies in metres, negative inside; None without one."""
    if event.lat is None or event.lon is None:
        return None
    way_m = haversine_m(lat=event.lat, lon=event.lon, to_lat=site.lat, to_lon=site.lon)
    return way_m - site.radius_m


def _is_outside(event: SimulatedEvent, site: Site) -> bool:
    """The reported accuracy is allowed for: an uncertain fix is not an absence."""
    beyond_m = outside_m(event, site)
    return beyond_m is not None and beyond_m > (event.accuracy_m or 0.0)


def _is_shared(event: SimulatedEvent, before: SimulatedEvent | None) -> bool:
    if before is None or before.guard_id == event.guard_id:
        return False
    return abs(event.device_at - before.device_at) <= SHARED_WITHIN


def _is_too_fast(event: SimulatedEvent, before: SimulatedEvent | None) -> bool:
    if before is None or not (_is_accurate(event) and _is_accurate(before)):
        return False
    speed = speed_kmh(event, before)
    return speed is not None and speed > SPEED_ABOVE_KMH


def _is_accurate(event: SimulatedEvent) -> bool:
    return event.accuracy_m is not None and event.accuracy_m < ACCURATE_M


def speed_kmh(event: SimulatedEvent, before: SimulatedEvent) -> float | None:
    """Return the implied speed between two fixes; None without fixes or at the same instant."""
    hours: float = abs((event.device_at - before.device_at) / timedelta(hours=1))
    if hours == 0.0 or event.lat is None or event.lon is None:
        return None
    if before.lat is None or before.lon is None:
        return None
    way_m = haversine_m(lat=before.lat, lon=before.lon, to_lat=event.lat, to_lon=event.lon)
    return way_m / 1000.0 / hours
