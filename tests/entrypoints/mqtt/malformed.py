"""Everything that has gone wrong with events from the edge, and the field each should name."""

from datetime import UTC, datetime, timedelta
from typing import Any

from entrypoints.mqtt.phones import event

PHONE = "wf/acme/phone-alice/telemetry"
CHECKIN = "wf/acme/phone-alice/checkin"
GPS = "wf/acme/phone-alice/gps"


def _ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def _checkin(**fields: Any) -> dict[str, Any]:
    usual = {"event_id": "c", "event_type": "check_in", "device_at": _ago(minutes=1)}
    return {**usual, "guard_id": "alice", "site_id": "harbour-gate", **fields}


# name: (topic, payload, field of the dead letter, tenant that sees it)
MALFORMED: dict[str, tuple[str, Any, str, str]] = {
    "not JSON": (PHONE, b"{", "payload", "acme"),
    "nothing": (PHONE, b"", "payload", "acme"),
    "not UTF-8": (PHONE, b'{"event_id": "\xff"}', "payload", "acme"),
    "text": (PHONE, "hello", "event", "acme"),
    "a number": (PHONE, 42, "event", "acme"),
    "null": (PHONE, None, "event", "acme"),
    "an empty array": (PHONE, [], "events", "acme"),
    "no event id": (PHONE, {"timestamp": _ago(minutes=1)}, "event_id", "acme"),
    "a wrong type": (PHONE, event("m1", battery="high"), "battery", "acme"),
    "out of range": (PHONE, event("m2", battery=101), "battery", "acme"),
    "NaN": (PHONE, event("m3", battery=float("nan")), "battery", "acme"),
    "beyond a float": (PHONE, b'{"event_id": "m4", "battery": 1e999}', "battery", "acme"),
    "tomorrow": (PHONE, event("m5", timestamp=_ago(days=-1)), "timestamp", "acme"),
    "long ago": (PHONE, event("m6", timestamp=_ago(days=500)), "timestamp", "acme"),
    "no zone": (PHONE, event("m7", timestamp="2026-03-02T12:00:00"), "timestamp", "acme"),
    "no time": (PHONE, {"event_id": "m8"}, "timestamp", "acme"),
    "another device within": (PHONE, event("m9", device_id="phone-bob"), "device_id", "acme"),
    "another tenant within": (PHONE, event("m10", tenant_id="borealis"), "tenant_id", "acme"),
    "path in an id": (PHONE, event("../../etc/passwd"), "event_id", "acme"),
    "NUL in text": (PHONE, event("m11", connectivity="a\0b"), "connectivity", "acme"),
    "a key twice": (PHONE, b'{"event_id": "a", "event_id": "b"}', "event", "acme"),
    "too deep": (PHONE, b"[" * 5000 + b"]" * 5000, "payload", "acme"),
    "half a position": (GPS, _checkin(lat=52.0), "lon", "acme"),
    "off the sphere": (GPS, _checkin(lat=91.0, lon=13.0), "lat", "acme"),
    "two megabytes": (PHONE, b" " * 2_000_000 + b"{}", "payload", "acme"),
    "unknown person": (CHECKIN, _checkin(guard_id="mallory"), "guard", "acme"),
    "another tenant's site": (CHECKIN, _checkin(site_id="depot-west"), "site", "acme"),
    "another tenant's device": ("wf/acme/phone-eve/telemetry", event("m12"), "device", "acme"),
    "unknown device": ("wf/acme/phone-nobody/telemetry", event("m13"), "device", "acme"),
    "unknown tenant": ("wf/nobody/phone-alice/telemetry", event("m14"), "tenant", "platform"),
    "unknown kind": ("wf/acme/phone-alice/oven", event("m15"), "kind", "platform"),
    "path in a topic": ("wf/acme/../telemetry", event("m16"), "device", "platform"),
    "a level too few": ("wf/acme/phone-alice", event("m17"), "kind", "platform"),
    "a level too many": (f"{PHONE}/more", event("m18"), "topic", "platform"),
    "an empty level": ("wf//phone-alice/telemetry", event("m19"), "tenant", "platform"),
}
