"""
What leaves the generator: events, and apart from them truth, labels and drift marks.

msgspec structs rather than dataclasses: a default run makes half a million events, and a frozen
dataclass of this width costs ten times as much to build and to encode. They hold scalars only, so
the garbage collector need not look at them.
"""

from datetime import date, datetime
from enum import StrEnum

import msgspec


class EventType(StrEnum):
    """What a guard's phone, or a supervisor's desk, reports."""

    CHECK_IN = "check_in"
    CHECK_OUT = "check_out"
    HEARTBEAT = "heartbeat"
    CHECKPOINT = "checkpoint"
    CORRECTION = "correction"


PUNCHES = (EventType.CHECK_IN, EventType.CHECK_OUT)


class Detectability(StrEnum):
    """How much of a fraud shows in its own event rows."""

    VISIBLE = "visible"
    PARTIAL = "partial"
    HIDDEN = "hidden"


class SimulatedEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    One event as the server stores it; `server_at` is its arrival, the rest came from the edge.

    Null means "not told": no photograph, no fix, an operating system that keeps it to itself.
    """

    event_id: str
    tenant_id: str
    event_type: EventType
    guard_id: str
    site_id: str
    post_id: str
    shift_id: str | None
    planned_at: datetime | None
    device_at: datetime
    server_at: datetime
    lat: float | None
    lon: float | None
    accuracy_m: float | None
    altitude_m: float | None
    speed_mps: float | None
    provider: str
    mock_flag: bool | None
    device_id: str
    device_model: str
    os: str
    app_version: str
    rooted_flag: bool | None
    wifi_bssid_hash: str | None
    cell_id_hash: str | None
    face_score: float | None
    liveness_score: float | None
    photo_phash: str | None
    battery_pct: int
    network: str
    steps_since_last: int | None
    manual_by: str | None


class TruthRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    One fraud as it was: `subject` says whether `subject_id` names an event or a shift.

    A6 is a matter of the shift; A1 and A2 have one row for each of their check-ins and -outs.
    """

    subject_id: str
    subject: str
    archetype: str
    start: datetime
    end: datetime
    guard_id: str
    ring_id: str | None
    detectability: Detectability
    never_found: bool


class Label(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    What somebody found, right or wrong, and when it became known.

    `event_id` names an event, or for A6 the shift, like `TruthRow.subject_id`. `label` is
    "fraud" or "honest"; `source` is review, complaint or audit.
    """

    event_id: str
    label: str
    source: str
    available_at: datetime


class DriftMark(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One scenario in force: what changes, from when to when, and what should follow."""

    scenario: str
    kind: str
    start: date
    end: date | None
    scope: str
    expected: str


EVENT_COLUMNS = SimulatedEvent.__struct_fields__
PAYLOAD_COLUMNS = tuple(name for name in EVENT_COLUMNS if name != "server_at")
TOPIC_KIND = {
    EventType.CHECK_IN: "checkin",
    EventType.CHECK_OUT: "checkin",
    EventType.CORRECTION: "checkin",
    EventType.HEARTBEAT: "telemetry",
    EventType.CHECKPOINT: "telemetry",
}
