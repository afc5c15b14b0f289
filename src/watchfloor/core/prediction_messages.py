"""
A request to predict that came as a message: typed, or the one reason why it cannot be read.

Who sent it is known from the topic, as with signals; the event may be about anything.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from watchfloor.core.errors import MalformedReading
from watchfloor.core.reading_fields import Fields, is_name, name, number, refuse_misfits, text
from watchfloor.core.signals import FUTURE_TOLERANCE, MAX_EVENTS, PAST_LIMIT
from watchfloor.core.strict_json import read_json, refuse_flaws

KIND = "prediction"
"""The last level of the topic of such messages, `wf/{tenant}/{device}/prediction`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionMessage:
    """
    One event to predict about.

    Args:
        occurred_at: aware UTC.
        features: number, text, true, false or None by name.
        score: probability by a model that runs elsewhere; None to score it here.
        model_version: who made the score; never None with one.
        site: code of the site it happened at.
    """

    event_id: str
    model_type: str
    entity_type: str
    entity_id: str
    occurred_at: datetime
    features: Mapping[str, Any] = field(default_factory=dict)
    score: float | None = None
    model_version: str | None = None
    site: str | None = None


def parse_predictions(
    *, tenant: str, device: str, payload: bytes, received_at: datetime
) -> tuple[PredictionMessage | MalformedReading, ...]:
    """
    Read one message: an event, or an array of events, each judged alone.

    Args:
        tenant: second level of the topic; `device` is the third.
        payload: JSON, at most 1 MiB; an array holds at most 2,000 events.
        received_at: when the door took it, aware.

    Returns:
        One entry an event, in the order of the message; at least one. What cannot be read is
        returned as its error, not raised, so that its neighbours live.

    >>> at = datetime(2026, 1, 5, 6, tzinfo=UTC)
    >>> message = (
    ...     b'{"event_id": "t1", "model_type": "late", "entity_type": "order", "entity_id": "7",'
    ...     b' "occurred_at": "2026-01-05T05:59:00Z", "features": {"items": 3}}'
    ... )
    >>> topic = {"tenant": "acme", "device": "desk"}
    >>> [read] = parse_predictions(**topic, payload=message, received_at=at)
    >>> read.entity_id, read.features
    ('7', {'items': 3})
    >>> [error] = parse_predictions(**topic, payload=b'{"event_id": "t1"}', received_at=at)
    >>> str(error)
    'model_type: got None, expected a value: it is required'
    """
    try:
        items = _items(read_json(payload))
    except MalformedReading as error:
        return (error,)
    return tuple(_judged(items, tenant=tenant, device=device, received_at=received_at))


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
    items: list[tuple[str, Any]], *, tenant: str, device: str, received_at: datetime
) -> Iterator[PredictionMessage | MalformedReading]:
    for prefix, item in items:
        try:
            yield _message(item, tenant=tenant, device=device, received_at=received_at)
        except MalformedReading as error:
            yield MalformedReading(
                field=prefix + error.field, value=error.value, expected=error.expected
            )


def _message(item: Any, *, tenant: str, device: str, received_at: datetime) -> PredictionMessage:
    refuse_flaws(item)
    if not isinstance(item, dict):
        raise MalformedReading(field="event", value=item, expected="a JSON object")
    refuse_misfits(item, _FIELDS)
    for claim, own in (("tenant_id", tenant), ("device_id", device)):
        if item.get(claim) not in (None, own):
            raise MalformedReading(
                field=claim, value=item[claim], expected=f"{own}, which the topic says"
            )
    score = item.get("score")
    if score is not None and item.get("model_version") is None:
        raise MalformedReading(field="model_version", value=None, expected="who made the score")
    return PredictionMessage(
        event_id=item["event_id"],
        model_type=item["model_type"],
        entity_type=item["entity_type"],
        entity_id=item["entity_id"],
        occurred_at=_occurred_at(item["occurred_at"], received_at),
        features=item.get("features") or {},
        score=None if score is None else float(score),
        model_version=item.get("model_version"),
        site=item.get("site"),
    )


def _occurred_at(value: str, received_at: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise ValueError("a time without its offset is a guess")
        at = at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MalformedReading(
            field="occurred_at", value=value, expected="an ISO 8601 time with its offset from UTC"
        ) from error
    if at > received_at + FUTURE_TOLERANCE:
        expected = "at most 2 hours after its arrival"
    elif at < received_at - PAST_LIMIT:
        expected = "at most 400 days before its arrival"
    else:
        return at
    raise MalformedReading(field="occurred_at", value=at.isoformat(), expected=expected)


def _is_features(value: Any) -> str | None:
    fits = isinstance(value, dict) and not any(
        isinstance(each, dict | list) for each in value.values()
    )
    return None if fits else "an object of numbers, texts, true, false and null"


_FIELDS = Fields(
    ("event_id", "model_type", "entity_type", "entity_id", "occurred_at"),
    {
        "event_id": name(120),
        "model_type": name(50),
        "model_version": name(50),
        "entity_type": name(30),
        "entity_id": text(100),
        "occurred_at": text(40),
        "features": _is_features,
        "score": number(0, 1),
        "site": name(60),
        "tenant_id": is_name,
        "device_id": is_name,
    },
)
