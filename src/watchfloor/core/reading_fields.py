"""
What each kind of message may say, field by field.

A check answers with what it had expected, or with None when the value fits. Fields that are
not listed pass as they are: a newer device may say more than this version reads.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from watchfloor.core.errors import MalformedReading

Check = Callable[[Any], str | None]

CHECKIN_EVENT_TYPES = ("check_in", "check_out", "heartbeat", "checkpoint", "correction")
PROVIDERS = ("gps", "wifi", "cell", "fused", "none")
NETWORKS = ("wifi", "cell", "offline")
SENSOR_TYPES = (
    *("MOTION", "DOOR", "SMOKE", "TEMPERATURE", "HUMIDITY"),
    *("WATER_LEAK", "INTRUSION", "GLASS_BREAK"),
)
SENSOR_STATES = ("OPEN", "CLOSED", "DETECTED", "CLEAR", "ALARM", "NORMAL")
ALERT_TYPES = (
    *("PANIC", "SOS", "INTRUSION", "FIRE", "MEDICAL"),
    *("EQUIPMENT_FAILURE", "GEOFENCE_VIOLATION", "LOW_BATTERY", "OFFLINE"),
)
SEVERITIES = ("INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL")

# Names become topic levels, cache keys and file names: nothing in them may climb or match.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@-]*")
_HEX_64 = re.compile(r"(?:0x)?[0-9A-Fa-f]{1,16}")


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one kind: those that must be there, and the check of each known one."""

    required: tuple[str, ...]
    checks: Mapping[str, Check] = field(repr=False)


def name(length: int) -> Check:
    """
    Return a check for letters, digits and _ . : @ -, not beginning with a sign, without "..".

    >>> name(60)("guard-17") is None, name(60)("../17") is None
    (True, False)
    """
    expected = f"1 to {length} letters, digits and _.:@- without '..'"

    def check(value: Any) -> str | None:
        fits = isinstance(value, str) and len(value) <= length and ".." not in value
        return None if fits and _NAME.fullmatch(value) else expected

    return check


def is_flag(value: Any) -> str | None:
    """Accept true and false, and nothing that merely looks like them."""
    return None if isinstance(value, bool) else "true or false"


def number(low: float, high: float) -> Check:
    """Return a check for a number in [low, high]."""
    expected = f"a number in [{low:g}, {high:g}]"

    def check(value: Any) -> str | None:
        # `True` is an int to Python, and no latitude.
        fits = type(value) in (int, float) and low <= value <= high
        return None if fits else expected

    return check


def whole(low: int, high: int) -> Check:
    """Return a check for a whole number in [low, high]."""
    expected = f"a whole number in [{low}, {high}]"
    return lambda value: None if type(value) is int and low <= value <= high else expected


def one_of(words: tuple[str, ...]) -> Check:
    """Return a check for one of some words, spelled exactly."""
    expected = f"one of {', '.join(words)}"
    return lambda value: None if isinstance(value, str) and value in words else expected


def text(length: int) -> Check:
    """Return a check for text of at most `length` characters."""
    expected = f"text of at most {length} characters"
    return lambda value: None if isinstance(value, str) and len(value) <= length else expected


def is_photo_hash(value: Any) -> str | None:
    """Accept 64 bits, as a whole number or as hexadecimal digits."""
    if type(value) is int and 0 <= value < 1 << 64:
        return None
    if isinstance(value, str) and _HEX_64.fullmatch(value):
        return None
    return "64 bits, as a whole number or hexadecimal"


def is_place(value: Any) -> str | None:
    """Accept an object with a latitude and a longitude."""
    if isinstance(value, dict) and not (LAT(value.get("lat")) or LON(value.get("lon"))):
        return None
    return "an object with lat in [-90, 90] and lon in [-180, 180]"


def refuse_misfits(item: Mapping[str, Any], fields: Fields) -> None:
    """
    Pass an item whose required fields are there and whose known fields fit; null is absent.

    Raises:
        MalformedReading: naming the first field that does not.
    """
    for wanted in fields.required:
        if item.get(wanted) is None:
            raise MalformedReading(field=wanted, value=None, expected="a value: it is required")
    for key, value in item.items():
        check = fields.checks.get(key)
        if value is None or check is None:
            continue
        if (expected := check(value)) is not None:
            raise MalformedReading(field=key, value=value, expected=expected)


is_name = name(60)
LAT = number(-90, 90)
LON = number(-180, 180)
_SHARE = number(0, 1)
_PERCENT = number(0, 100)

_COMMON: Mapping[str, Check] = {
    "event_id": name(100),
    "event_type": name(30),
    "tenant_id": is_name,
    "device_id": is_name,
    "guard_id": is_name,
    "site_id": is_name,
    "post_id": is_name,
    "shift_id": is_name,
    "lat": LAT,
    "lon": LON,
    "location": is_place,
    "accuracy_m": number(0, 2.1e7),  # half a turn around the Earth is 20,015 km
}
_CHECKIN: Mapping[str, Check] = {
    "event_type": one_of(CHECKIN_EVENT_TYPES),
    "altitude_m": number(-12_000, 100_000),
    "speed_mps": number(0, 1e4),
    "provider": one_of(PROVIDERS),
    "mock_flag": is_flag,
    "device_model": text(200),
    "os": text(200),
    "app_version": text(200),
    "rooted_flag": is_flag,
    "wifi_bssid_hash": text(200),
    "cell_id_hash": text(200),
    "face_score": _SHARE,
    "liveness_score": _SHARE,
    "photo_phash": is_photo_hash,
    "battery_pct": _PERCENT,
    "network": one_of(NETWORKS),
    "steps_since_last": whole(0, 10_000_000),
    "manual_by": is_name,
}
_TELEMETRY: Mapping[str, Check] = {
    "battery": _PERCENT,
    "signal": number(-120, 0),
    "temperature": number(-100, 200),
    "connectivity": text(40),
}
_SENSOR: Mapping[str, Check] = {
    "type": one_of(SENSOR_TYPES),
    "value": number(-1e12, 1e12),
    "state": one_of(SENSOR_STATES),
}
_BADGE: Mapping[str, Check] = {"badge_id": is_name, "door_id": is_name, "result": is_name}
_ALERT: Mapping[str, Check] = {
    "alert_type": one_of(ALERT_TYPES),
    "severity": one_of(SEVERITIES),
    "message": text(2000),
}
_SYSTEM: Mapping[str, Check] = {
    "cpu": _PERCENT,
    "memory": _PERCENT,
    "disk": _PERCENT,
    "uptime": number(0, 1e10),
}

KINDS: Mapping[str, Fields] = {
    "checkin": Fields(
        ("event_id", "event_type", "guard_id", "site_id", "device_at"), {**_COMMON, **_CHECKIN}
    ),
    "gps": Fields(("event_id", "guard_id", "lat", "lon"), _COMMON),
    "telemetry": Fields(("event_id",), {**_COMMON, **_TELEMETRY}),
    "sensor": Fields(("event_id", "type"), {**_COMMON, **_SENSOR}),
    "badge": Fields(("event_id", "badge_id"), {**_COMMON, **_BADGE}),
    "alert": Fields(("event_id", "alert_type", "severity"), {**_COMMON, **_ALERT}),
    "system": Fields(("event_id",), {**_COMMON, **_SYSTEM}),
}
"""The last level of a topic, `wf/{tenant}/{device}/{kind}`, and what its messages hold."""
