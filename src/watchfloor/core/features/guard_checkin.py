"""
What a guard's check-in looks like to a model, from what was known when it arrived.

The one function serves training, scoring, replay and shadow. It looks at no reading that was
received after the event, whatever it is handed, and says None for what is not known.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from operator import attrgetter

from watchfloor.core.features.checkin_history import CheckinHistory, PastReading, SiteFacts
from watchfloor.core.geo import haversine_m
from watchfloor.core.local_time import cyclic
from watchfloor.core.signals import SignalReading

__all__ = [
    "FEATURES",
    "HISTORY_WINDOW",
    "MEANINGS",
    "CheckinHistory",
    "PastReading",
    "SiteFacts",
    "guard_checkin_features",
]

Features = dict[str, float | None]

HISTORY_WINDOW = timedelta(days=7)
"""How far back the readings of a `CheckinHistory` count; older ones change nothing."""

SHARING_S = 600.0
ACCURATE_M = 100.0
FIX_WINDOW_S = 86_400.0
SHORTEST_TRAVEL_S = 60.0
FIXES_COMPARED = 5

MEANINGS: Mapping[str, str] = {
    "hour_sin": "sine of the local hour on a circle of 24 h",
    "hour_cos": "cosine of the local hour",
    "weekday_sin": "sine of the local weekday on a circle of 7 days",
    "weekday_cos": "cosine of the local weekday",
    "holiday": "1 on a holiday of the site's calendar",
    "is_check_out": "1 for a check-out",
    "manual": "1 when a person entered or corrected the event by hand",
    "rostered": "1 when the roster knows the shift",
    "lateness_min": "minutes after the planned time; negative when early",
    "sync_delay_s": "seconds from the phone's clock to arrival",
    "fix_missing": "1 without a position",
    "accuracy_m": "radius in metres that the phone claims for its fix",
    "satellite_fix": "1 when the position came from satellites",
    "centre_distance_m": "metres to the exact centre of the site",
    "outside_fence_m": "metres beyond the fence after the claimed accuracy is allowed for",
    "speed_kmh": "speed from the guard's last accurate fix, both accuracies allowed for",
    "accuracy_spread": "range over mean of the last accuracies; 0 when they are constant",
    "mock_missing": "1 when the system does not tell mock positions",
    "mock": "1 when the phone reports a mock position",
    "rooted": "1 when the phone is rooted",
    "wifi_seen_here": "1 when the Wi-Fi cell was seen at this site before",
    "cell_seen_here": "1 when the radio cell was seen at this site before",
    "device_shared": "1 when another guard used the device within ten minutes before",
    "device_other_gap_s": "seconds since another guard used the device",
    "device_other_guards": "other guards who used the device in the last seven days",
    "face_missing": "1 without a face score",
    "face_score": "likeness of the photo to the guard's face, 0 to 1",
    "liveness_missing": "1 without a liveness score",
    "liveness_score": "how sure it is that a living face was photographed, 0 to 1",
    "steps": "steps since the last event",
    "heartbeats_answered": "share answered in the shift that ends, or at a start in the last one",
}
"""Every feature and what it means, in the order in which models take them."""

FEATURES: tuple[str, ...] = tuple(MEANINGS)


def guard_checkin_features(event: SignalReading, history: CheckinHistory) -> Features:
    """
    Return the features of one event as they stood when it arrived.

    Args:
        event: a reading of kind `checkin`.
        history: readings of its guard and device; later ones are ignored.

    Returns:
        One finite number for each name of `FEATURES`, in that order; None where it is not
        known, never 0.

    >>> from datetime import UTC
    >>> at = datetime(2026, 1, 5, 6, tzinfo=UTC)
    >>> names = {"tenant": "acme", "device": "phone-7", "kind": "checkin", "guard": "mia"}
    >>> event = SignalReading(
    ...     event_id="e1", event_type="check_in", occurred_at=at, received_at=at, **names
    ... )
    >>> features = guard_checkin_features(event, CheckinHistory())
    >>> features["fix_missing"], features["speed_kmh"], features["device_shared"]
    (1.0, None, 0.0)
    """
    own = _known(history.guard, event)
    return {
        **_calendar(event, history),
        **_roster(event),
        **_place(event, history.site),
        **_movement(event, own),
        **_honesty(event),
        **_networks(event, history.networks_first_seen),
        **_device(event, history.device),
        **_face(event),
        "steps": event.number("steps_since_last"),
        "heartbeats_answered": _heartbeats_answered(event, own, history.site),
    }


def _known(readings: Iterable[PastReading], event: SignalReading) -> list[PastReading]:
    """Return what had been received when the event was, oldest first; ties go by id."""
    now, at, own = event.received_at, event.occurred_at, event.event_id
    since = at - HISTORY_WINDOW
    known = [
        r
        for r in readings
        if r.received_at <= now and since <= r.occurred_at <= at and r.event_id != own
    ]
    known.sort(key=attrgetter("occurred_at", "event_id"))
    return known


def _calendar(event: SignalReading, history: CheckinHistory) -> Features:
    holiday = _as_float(history.is_holiday)
    if history.site is None:
        names = ("hour_sin", "hour_cos", "weekday_sin", "weekday_cos")
        return {**dict.fromkeys(names), "holiday": holiday}
    wall = event.occurred_at.astimezone(history.site.zone)
    hour_sin, hour_cos = cyclic(wall.hour + wall.minute / 60, period=24)
    weekday_sin, weekday_cos = cyclic(wall.weekday(), period=7)
    return {
        "hour_sin": hour_sin,
        "hour_cos": hour_cos,
        "weekday_sin": weekday_sin,
        "weekday_cos": weekday_cos,
        "holiday": holiday,
    }


def _roster(event: SignalReading) -> Features:
    by_hand = event.event_type == "correction" or event.text("manual_by") is not None
    late_min = None
    if event.planned_at is not None:
        late_min = (event.occurred_at - event.planned_at).total_seconds() / 60
    return {
        "is_check_out": float(event.event_type == "check_out"),
        "manual": float(by_hand),
        "rostered": float(event.shift is not None),
        "lateness_min": late_min,
        "sync_delay_s": (event.received_at - event.occurred_at).total_seconds(),
    }


def _place(event: SignalReading, site: SiteFacts | None) -> Features:
    provider = event.text("provider")
    from_centre_m = None
    if site is not None and event.lat is not None and event.lon is not None:
        from_centre_m = haversine_m(lat=event.lat, lon=event.lon, to_lat=site.lat, to_lon=site.lon)
    outside_m = None
    if site is not None and from_centre_m is not None and event.accuracy_m is not None:
        outside_m = max(0.0, from_centre_m - site.fence_radius_m - event.accuracy_m)
    return {
        "fix_missing": float(event.lat is None),
        "accuracy_m": event.accuracy_m,
        "satellite_fix": None if provider is None else float(provider == "gps"),
        "centre_distance_m": from_centre_m,
        "outside_fence_m": outside_m,
    }


def _movement(event: SignalReading, own: list[PastReading]) -> Features:
    return {"speed_kmh": _speed_kmh(event, own), "accuracy_spread": _spread(event, own)}


def _speed_kmh(event: SignalReading, own: list[PastReading]) -> float | None:
    """
    Return the speed that the way from the last accurate fix would have taken at least.

    Both circles of accuracy are taken off the way: two honest fixes of 60 m a minute apart
    may lie 120 m from each other.
    """
    if event.lat is None or event.lon is None or not _is_accurate(event.accuracy_m):
        return None
    fixes = (r for r in reversed(own) if r.lat is not None and _is_accurate(r.accuracy_m))
    last = next(fixes, None)
    if last is None or last.lat is None or last.lon is None:
        return None
    seconds = (event.occurred_at - last.occurred_at).total_seconds()
    if seconds > FIX_WINDOW_S:
        return None
    way_m = haversine_m(lat=last.lat, lon=last.lon, to_lat=event.lat, to_lon=event.lon)
    way_m -= (event.accuracy_m or 0.0) + (last.accuracy_m or 0.0)
    return max(0.0, way_m) / max(seconds, SHORTEST_TRAVEL_S) * 3.6


def _is_accurate(accuracy_m: float | None) -> bool:
    return accuracy_m is not None and accuracy_m <= ACCURATE_M


def _spread(event: SignalReading, own: list[PastReading]) -> float | None:
    told = (r.accuracy_m for r in reversed(own) if r.accuracy_m is not None)
    earlier = list(islice(told, FIXES_COMPARED))
    if event.accuracy_m is None or len(earlier) < 2:
        return None
    values = [event.accuracy_m, *earlier]
    total = sum(values)
    # Accuracies of zero throughout are the most constant of all.
    return (max(values) - min(values)) / total * len(values) if total else 0.0


def _honesty(event: SignalReading) -> Features:
    mock = event.flag("mock_flag")
    return {
        "mock_missing": float(mock is None),
        "mock": _as_float(mock),
        "rooted": _as_float(event.flag("rooted_flag")),
    }


def _networks(event: SignalReading, first_seen: Mapping[str, datetime]) -> Features:
    now = event.received_at
    # At a site without a past every network is new, which says nothing about this one.
    has_past = any(first < now for first in first_seen.values())

    def seen(name: str) -> float | None:
        network = event.text(name)
        if network is None or not has_past:
            return None
        first = first_seen.get(network)
        return float(first is not None and first < now)

    return {"wifi_seen_here": seen("wifi_bssid_hash"), "cell_seen_here": seen("cell_id_hash")}


def _device(event: SignalReading, readings: Iterable[PastReading]) -> Features:
    if event.guard is None:
        return dict.fromkeys(("device_shared", "device_other_gap_s", "device_other_guards"))
    mine = (event.guard, None)
    # Most devices have one guard: those readings are dropped before anything is compared.
    others = _known([r for r in readings if r.guard not in mine], event)
    gap_s = (event.occurred_at - others[-1].occurred_at).total_seconds() if others else None
    return {
        "device_shared": float(gap_s is not None and gap_s <= SHARING_S),
        "device_other_gap_s": gap_s,
        "device_other_guards": float(len({r.guard for r in others})),
    }


def _face(event: SignalReading) -> Features:
    face, liveness = event.number("face_score"), event.number("liveness_score")
    return {
        "face_missing": float(face is None),
        "face_score": face,
        "liveness_missing": float(liveness is None),
        "liveness_score": liveness,
    }


def _heartbeats_answered(
    event: SignalReading, own: list[PastReading], site: SiteFacts | None
) -> float | None:
    """
    Return the share of due calls that were answered in the last shift worked.

    A missed call leaves no reading, so the calls that were due are counted from the length of
    the shift: its first to its last reading, the check-out included.
    """
    if site is None or site.heartbeat_min is None:
        return None
    shift = [(r.occurred_at, r.event_type) for r in _last_shift(event, own)]
    if event.event_type == "check_out":
        shift.append((event.occurred_at, event.event_type))
    if not shift:
        return None
    times = [at for at, _ in shift]
    due = int((max(times) - min(times)).total_seconds() // (60 * site.heartbeat_min))
    answered = sum(event_type == "heartbeat" for _, event_type in shift)
    return min(1.0, answered / due) if due else None


def _last_shift(event: SignalReading, own: list[PastReading]) -> list[PastReading]:
    if event.event_type == "check_out":
        wanted = event.shift
    else:
        shifts = (r.shift for r in reversed(own) if r.shift not in (None, event.shift))
        wanted = next(shifts, None)
    return [] if wanted is None else [r for r in own if r.shift == wanted]


def _as_float(flag: bool | None) -> float | None:
    return None if flag is None else float(flag)
