"""
One reading from the edge, typed and with units, or the one reason why it cannot be read.

Who sent it is known from the topic, never from the payload; when it arrived is known from the
door. A time that is missing is a fault of the message and is never filled in.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from watchfloor.core.errors import MalformedReading
from watchfloor.core.reading_fields import KINDS, is_name, refuse_misfits
from watchfloor.core.strict_json import read_json, refuse_flaws

FUTURE_TOLERANCE = timedelta(hours=2)
PAST_LIMIT = timedelta(days=400)
MAX_EVENTS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalReading:
    """
    One event of one device.

    Args:
        tenant: from the topic, as are `device` and `kind` (a key of `KINDS`).
        event_id: the sender's own id; repeated deliveries repeat it.
        event_type: what happened; for `checkin` one of `CHECKIN_EVENT_TYPES`.
        occurred_at: aware UTC, by the clock of the device.
        received_at: aware UTC, by the clock of the door.
        guard: whose event it claims to be; None where no person is involved.
        site: where it claims to be, as are `post` and `shift`; None when unrostered.
        planned_at: aware UTC; when the roster expected this event.
        lat: degrees north in [-90, 90]; None without a fix, and then `lon` too.
        lon: degrees east in [-180, 180].
        accuracy_m: radius in metres that the phone itself claims for its fix.
        payload: the message as it came, every known field checked.
    """

    tenant: str
    device: str
    kind: str
    event_id: str
    event_type: str
    occurred_at: datetime
    received_at: datetime
    guard: str | None = None
    site: str | None = None
    post: str | None = None
    shift: str | None = None
    planned_at: datetime | None = None
    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)

    def number(self, name: str) -> float | None:
        """Return a number of the payload, or None where the device did not say."""
        value = self.payload.get(name)
        return None if value is None else float(value)

    def flag(self, name: str) -> bool | None:
        """Return a flag of the payload, or None where the device did not say."""
        value = self.payload.get(name)
        return None if value is None else bool(value)

    def text(self, name: str) -> str | None:
        """Return a text of the payload, or None where the device did not say."""
        value = self.payload.get(name)
        return None if value is None else str(value)


def parse_reading(
    *, tenant: str, device: str, kind: str, payload: bytes, received_at: datetime
) -> tuple[SignalReading | MalformedReading, ...]:
    """
    Read one message: an event, or an array of events, each judged alone.

    Args:
        tenant: second level of the topic; `device` is the third and `kind` the fourth.
        payload: JSON, at most 1 MiB; an array holds at most 2,000 events.
        received_at: when the door took it, aware.

    Returns:
        One entry an event, in the order of the message; at least one. What cannot be read is
        returned as its error, not raised, so that its neighbours live.

    >>> at = datetime(2026, 1, 5, 6, tzinfo=UTC)
    >>> message = b'{"event_id": "e1", "timestamp": "2026-01-05T05:59:58Z", "battery": 64}'
    >>> topic = {"tenant": "acme", "device": "phone-7", "kind": "telemetry"}
    >>> [reading] = parse_reading(**topic, payload=message, received_at=at)
    >>> reading.event_id, reading.number("battery")
    ('e1', 64.0)
    >>> [error] = parse_reading(**topic, payload=b'{"battery": NaN}', received_at=at)
    >>> str(error)
    "battery: got 'NaN', expected a finite number"
    """
    try:
        topic = _Topic.of(tenant=tenant, device=device, kind=kind)
        items = _items(read_json(payload))
    except MalformedReading as error:
        return (error,)
    return tuple(_judged(items, topic=topic, received_at=received_at))


@dataclass(frozen=True, slots=True)
class _Topic:
    """Who speaks, and of what; the broker has checked the first two."""

    tenant: str
    device: str
    kind: str

    @classmethod
    def of(cls, **levels: str) -> "_Topic":
        for name in ("tenant", "device"):
            if (expected := is_name(levels[name])) is not None:
                raise MalformedReading(field=name, value=levels[name], expected=expected)
        if levels["kind"] not in KINDS:
            raise MalformedReading(
                field="kind", value=levels["kind"], expected=f"one of {', '.join(KINDS)}"
            )
        return cls(**levels)


def _items(message: Any) -> list[tuple[str, Any]]:
    """Return each event with what errors put before its field names."""
    if not isinstance(message, list):
        return [("", message)]
    if not 1 <= len(message) <= MAX_EVENTS:
        raise MalformedReading(
            field="events", value=len(message), expected=f"1 to {MAX_EVENTS} in one message"
        )
    return [(f"events[{index}].", item) for index, item in enumerate(message)]


def _judged(
    items: list[tuple[str, Any]], *, topic: _Topic, received_at: datetime
) -> Iterator[SignalReading | MalformedReading]:
    for prefix, item in items:
        try:
            yield _reading(item, topic=topic, received_at=received_at)
        except MalformedReading as error:
            yield error if not prefix else _renamed(error, prefix)


def _renamed(error: MalformedReading, prefix: str) -> MalformedReading:
    return MalformedReading(field=prefix + error.field, value=error.value, expected=error.expected)


def _reading(item: Any, *, topic: _Topic, received_at: datetime) -> SignalReading:
    refuse_flaws(item)
    if not isinstance(item, dict):
        raise MalformedReading(field="event", value=item, expected="a JSON object")
    refuse_misfits(item, KINDS[topic.kind])
    _refuse_other_identity(item, topic)
    lat, lon = _position(item)
    return SignalReading(
        tenant=topic.tenant,
        device=topic.device,
        kind=topic.kind,
        event_id=item["event_id"],
        event_type=_event_type(item, topic.kind),
        occurred_at=_occurred_at(item, received_at),
        received_at=received_at.astimezone(UTC),
        guard=item.get("guard_id"),
        site=item.get("site_id"),
        post=item.get("post_id"),
        shift=item.get("shift_id"),
        planned_at=_planned_at(item, received_at),
        lat=lat,
        lon=lon,
        accuracy_m=_float(item.get("accuracy_m")),
        payload=item,
    )


def _refuse_other_identity(item: Mapping[str, Any], topic: _Topic) -> None:
    for name, own in (("tenant_id", topic.tenant), ("device_id", topic.device)):
        claimed = item.get(name, own)
        if claimed is not None and claimed != own:
            raise MalformedReading(
                field=name, value=claimed, expected=f"{own}, which the topic says"
            )


def _event_type(item: Mapping[str, Any], kind: str) -> str:
    named = item.get("event_type")
    if named is None:
        named = item.get({"sensor": "type", "alert": "alert_type"}.get(kind, ""), kind)
    return str(named)


def _position(item: Mapping[str, Any]) -> tuple[float | None, float | None]:
    place = item.get("location") or item
    lat, lon = place.get("lat"), place.get("lon")
    if (lat is None) != (lon is None):
        name = "lat" if lat is None else "lon"
        raise MalformedReading(field=name, value=None, expected="both lat and lon, or neither")
    return _float(lat), _float(lon)


def _occurred_at(item: Mapping[str, Any], received_at: datetime) -> datetime:
    name = "device_at" if item.get("device_at") is not None else "timestamp"
    at = _moment(item.get(name), name)
    if at > received_at + FUTURE_TOLERANCE:
        raise MalformedReading(
            field=name, value=at.isoformat(), expected="at most 2 hours after its arrival"
        )
    if at < received_at - PAST_LIMIT:
        raise MalformedReading(
            field=name, value=at.isoformat(), expected="at most 400 days before its arrival"
        )
    return at


def _planned_at(item: Mapping[str, Any], received_at: datetime) -> datetime | None:
    if item.get("planned_at") is None:
        return None
    at = _moment(item["planned_at"], "planned_at")
    if abs(at - received_at) > PAST_LIMIT:
        raise MalformedReading(
            field="planned_at", value=at.isoformat(), expected="within 400 days of its arrival"
        )
    return at


def _moment(value: Any, name: str) -> datetime:
    expected = "an ISO 8601 time with its offset from UTC"
    if not isinstance(value, str) or len(value) > 40:
        raise MalformedReading(field=name, value=value, expected=expected)
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise MalformedReading(field=name, value=value, expected=expected)
        return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:  # the years 1 and 9999 have no neighbours
        raise MalformedReading(field=name, value=value, expected=expected) from error


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)
