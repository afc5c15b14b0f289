"""
Read a body of events without reading the events: each stays the bytes it came as.

The outside of a body (who, of what kind, where one event ends) is read here, fast; the inside
of each event is read by the same strict reader as every other door's.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from watchfloor.core.errors import MalformedReading
from watchfloor.core.reading_fields import is_name
from watchfloor.core.signals import MAX_EVENTS

_PATH = re.compile(r"\$(?:\[(\d+|\.\.\.)\])?\.?([A-Za-z_]*)")
_QUOTED = re.compile(r"field `([^`]{0,60})`")


@dataclass(frozen=True, slots=True)
class Event:
    """One event: who sent it, and its own bytes."""

    device: str
    kind: str
    payload: bytes


class Envelope(msgspec.Struct, forbid_unknown_fields=True):
    """Events of one device and kind."""

    device: str
    kind: str
    events: list[msgspec.Raw]


class _Loose(msgspec.Struct, forbid_unknown_fields=True):
    device: str
    kind: str
    events: list[Any]


_ONE = msgspec.json.Decoder(Envelope)
_MANY = msgspec.json.Decoder(list[Envelope])


def read_events(body: bytes) -> list[Event]:
    """
    Return the events of a body, in order.

    Args:
        body: {"device": ..., "kind": ..., "events": [...]}, or a list of those.

    Raises:
        MalformedReading: it is not JSON or not of that form, or holds none or more than 2,000.

    >>> read_events(b'{"device": "phone-7", "kind": "telemetry", "events": [{"event_id": 1}]}')
    [Event(device='phone-7', kind='telemetry', payload=b'{"event_id": 1}')]
    """
    try:
        events = list(_strict(body))
    except msgspec.ValidationError as error:
        raise _misfit(error) from error
    except (msgspec.DecodeError, RecursionError):
        # Not JSON to the last letter, perhaps for one event's sake: its neighbours may live.
        events = list(_lenient(body))
    if not 1 <= len(events) <= MAX_EVENTS:
        raise MalformedReading(
            field="events", value=len(events), expected=f"1 to {MAX_EVENTS} in one request"
        )
    for place, event in enumerate(events):
        # A list would be read as a message of many events, and get round the limit above.
        if event.payload[:1] == b"[":
            raise MalformedReading(field=f"events[{place}]", value=None, expected="an object")
    return events


def topic_of(*, tenant: str, device: str, kind: str) -> str:
    """
    Return the topic under which a broker would have carried an event.

    What is no name is written as Python would, so that it climbs nowhere and no column refuses it.

    >>> topic_of(tenant="acme", device="../x", kind="gps")
    "wf/acme/'../x'/gps"
    """
    levels = [level if is_name(level) is None else ascii(level)[:100] for level in (device, kind)]
    return "/".join(("wf", tenant, *levels))


def _strict(body: bytes) -> Iterator[Event]:
    many = body.lstrip()[:1] == b"["
    envelopes = _MANY.decode(body) if many else [_ONE.decode(body)]
    for envelope in envelopes:
        for event in envelope.events:
            yield Event(envelope.device, envelope.kind, bytes(event))


def _lenient(body: bytes) -> Iterator[Event]:
    """Read what Python's own reader takes: NaN, and halves of a character pair."""
    try:
        content = json.loads(body.decode("utf-8"), object_pairs_hook=_unrepeated)
        many = isinstance(content, list)
        envelopes = msgspec.convert(content if many else [content], list[_Loose])
        for envelope in envelopes:
            for event in envelope.events:
                yield Event(envelope.device, envelope.kind, json.dumps(event).encode())
    except msgspec.ValidationError as error:
        raise _misfit(error) from error
    except RecursionError as error:
        raise MalformedReading(field="body", value=body[:60], expected="fewer levels") from error
    except ValueError as error:
        raise MalformedReading(field="body", value=body[:60], expected=f"JSON ({error})") from error


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return members


def _misfit(error: msgspec.ValidationError) -> MalformedReading:
    """Return the error with the name of the field that its words hold."""
    words = str(error)
    expected, _, path = words.partition(" - at ")
    named = _QUOTED.search(words)
    found = _PATH.search(path)
    field = named[1] if named else (found[2] if found and found[2] else "body")
    return MalformedReading(field=field, value=None, expected=expected)
