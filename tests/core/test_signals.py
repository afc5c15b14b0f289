"""Whatever arrives becomes a reading or the one reason why not; nothing is raised, nothing lost."""

import json
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from watchfloor.core.errors import MalformedReading
from watchfloor.core.reading_fields import CHECKIN_EVENT_TYPES, KINDS
from watchfloor.core.signals import MAX_EVENTS, SignalReading, parse_reading

ARRIVAL = datetime(2026, 3, 9, 6, 0, 5, tzinfo=UTC)

CHECKIN = {
    "event_id": "e-1",
    "tenant_id": "acme",
    "event_type": "check_in",
    "guard_id": "guard-mia",
    "site_id": "site-harbour",
    "post_id": "post-gate",
    "shift_id": "shift-77",
    "planned_at": "2026-03-09T06:00:00Z",
    "device_at": "2026-03-09T07:00:00+01:00",
    "server_at": None,
    "lat": 53.54,
    "lon": 9,
    "accuracy_m": 12,
    "altitude_m": 8.5,
    "speed_mps": 0.2,
    "provider": "gps",
    "mock_flag": False,
    "device_id": "phone-7",
    "device_model": "Pine 4",
    "os": "android 15",
    "app_version": "5.2",
    "rooted_flag": None,
    "wifi_bssid_hash": "a1b2",
    "cell_id_hash": None,
    "face_score": 0.91,
    "liveness_score": 0.97,
    "photo_phash": 18446744073709551615,
    "battery_pct": 71,
    "network": "cell",
    "steps_since_last": 40,
    "manual_by": None,
}
"""Every column of one check-in."""

MINIMAL = {
    "checkin": {key: CHECKIN[key] for key in KINDS["checkin"].required},
    "gps": {"event_id": "e", "guard_id": "g", "lat": 1.5, "lon": 2.5},
    "telemetry": {"event_id": "e", "battery": 19, "signal": -70, "connectivity": "lte"},
    "sensor": {"event_id": "e", "type": "DOOR", "state": "OPEN", "value": 1},
    "badge": {"event_id": "e", "badge_id": "b-1", "door_id": "d-1", "result": "granted"},
    "alert": {
        "event_id": "e",
        "alert_type": "SOS",
        "severity": "CRITICAL",
        "location": {"lat": 1, "lon": 2},
    },
    "system": {"event_id": "e", "cpu": 12.5, "memory": 40, "disk": 70, "uptime": 86400},
}


def parse(payload, *, kind="checkin", tenant="acme", device="phone-7", at=ARRIVAL):
    return parse_reading(tenant=tenant, device=device, kind=kind, payload=payload, received_at=at)


def parse_one(item, **topic):
    [result] = parse(json.dumps(item).encode(), **topic)
    return result


def changed(**fields):
    return json.dumps({**CHECKIN, **fields}).encode()


class TestAWellFormedMessage:
    def test_keeps_every_column_with_its_type(self):
        reading = parse_one(CHECKIN)

        assert reading == SignalReading(
            tenant="acme",
            device="phone-7",
            kind="checkin",
            event_id="e-1",
            event_type="check_in",
            occurred_at=datetime(2026, 3, 9, 6, tzinfo=UTC),
            received_at=ARRIVAL,
            guard="guard-mia",
            site="site-harbour",
            post="post-gate",
            shift="shift-77",
            planned_at=datetime(2026, 3, 9, 6, tzinfo=UTC),
            lat=53.54,
            lon=9.0,
            accuracy_m=12.0,
            payload=CHECKIN,
        )
        assert reading.occurred_at.tzinfo is UTC
        assert isinstance(reading.lon, float)

    def test_says_none_where_the_device_did_not_say(self):
        reading = parse_one(CHECKIN)

        assert reading.flag("mock_flag") is False
        assert reading.flag("rooted_flag") is None
        assert reading.number("face_score") == 0.91
        assert reading.text("cell_id_hash") is None

    def test_is_frozen(self):
        with pytest.raises(FrozenInstanceError):
            parse_one(CHECKIN).guard = "guard-ivo"

    @pytest.mark.parametrize("event_type", CHECKIN_EVENT_TYPES)
    def test_may_be_any_event_of_a_shift(self, event_type):
        assert parse_one({**CHECKIN, "event_type": event_type}).event_type == event_type

    @pytest.mark.parametrize("kind", KINDS)
    def test_may_be_of_any_kind(self, kind):
        reading = parse_one({"timestamp": "2026-03-09T06:00:00Z", **MINIMAL[kind]}, kind=kind)

        assert isinstance(reading, SignalReading)
        assert reading.kind == kind

    @pytest.mark.parametrize(
        ("kind", "event_type"), [("sensor", "DOOR"), ("alert", "SOS"), ("system", "system")]
    )
    def test_is_typed_by_what_its_kind_calls_a_type(self, kind, event_type):
        reading = parse_one({"timestamp": "2026-03-09T06:00:00Z", **MINIMAL[kind]}, kind=kind)

        assert reading.event_type == event_type

    def test_of_an_alert_stands_where_its_location_says(self):
        reading = parse_one({"timestamp": "2026-03-09T06:00:00Z", **MINIMAL["alert"]}, kind="alert")

        assert (reading.lat, reading.lon) == (1.0, 2.0)

    def test_may_say_more_than_this_version_reads(self):
        reading = parse_one({**CHECKIN, "humidity": {"indoor": [1, 2]}})

        assert reading.payload["humidity"] == {"indoor": [1, 2]}

    def test_may_arrive_late_by_days(self):
        reading = parse_one(CHECKIN, at=ARRIVAL + timedelta(days=399))

        assert reading.occurred_at == datetime(2026, 3, 9, 6, tzinfo=UTC)


class TestAnArray:
    def test_has_each_event_judged_alone(self):
        bad = {**CHECKIN, "event_id": "e-2", "lat": 91}
        third = {**CHECKIN, "event_id": "e-3"}

        results = parse(json.dumps([CHECKIN, bad, third]).encode())

        assert [type(result) for result in results] == [
            SignalReading,
            MalformedReading,
            SignalReading,
        ]
        assert results[1].field == "events[1].lat"

    def test_loses_only_the_event_that_repeats_a_key_or_says_nan(self):
        good = json.dumps(CHECKIN)
        twice = good[:-1] + ', "guard_id": "guard-ivo"}'
        nan = good.replace("53.54", "NaN")

        results = parse(f"[{twice}, {nan}, {good}]".encode())

        assert [getattr(result, "field", None) for result in results] == [
            "events[0].event",
            "events[1].lat",
            None,
        ]

    @pytest.mark.parametrize("payload", [b"[]", b"[" + b"0," * MAX_EVENTS + b"0]"])
    def test_holds_one_to_two_thousand_events(self, payload):
        [error] = parse(payload)

        assert error.field == "events"


DEEP = b'{"a":' * 200_000 + b"1" + b"}" * 200_000
NEAR = b'{"a":' * 12 + b"1" + b"}" * 12

MALFORMED = {
    "empty": (b"", "payload"),
    "not JSON": (b"{", "payload"),
    "not UTF-8": (b'{"event_id": "\xff"}', "payload"),
    "byte order mark": (b"\xef\xbb\xbf{}", "payload"),
    "two megabytes": (b" " * (2 << 20), "payload"),
    "nested without end": (DEEP, "payload"),
    "nested too deep": (NEAR, "a.a.a.a.a.a.a.a"),
    "a number": (b"7", "event"),
    "null": (b"null", "event"),
    "NaN": (changed(lat=float("nan")), "lat"),
    "Infinity": (changed(accuracy_m=float("inf")), "accuracy_m"),
    "a float too large": (changed().replace(b"53.54", b"1e999"), "lat"),
    "a number of 5000 digits": (changed().replace(b"53.54", b"9" * 5000), "lat"),
    "a key twice": (b'{"event_id": "e", "event_id": "f"}', "event"),
    "a key twice, deeper": (changed(x=0).replace(b'"x": 0', b'"x": {"a":1,"a":2}'), "x"),
    "a lone surrogate": (changed(os="\ud800"), "os"),
    "a lone surrogate as key": (changed(**{"\udfff": 1}), "a key of event"),
    "NUL": (changed(device_model="a\0b"), "device_model"),
    "endless text": (changed(x="y" * 5000), "x"),
    "200 keys": (changed(**{f"k{i}": i for i in range(200)}), "event"),
    "missing event id": (changed(event_id=None), "event_id"),
    "missing guard": (changed(guard_id=None), "guard_id"),
    "missing time": (changed(device_at=None), "device_at"),
    "time without offset": (changed(device_at="2026-03-09T06:00:00"), "device_at"),
    "time as a number": (changed(device_at=1772949600), "device_at"),
    "time that never was": (changed(device_at="2026-02-30T06:00:00Z"), "device_at"),
    "time before the calendar": (changed(device_at="0001-01-01T00:00:00+23:00"), "device_at"),
    "future": (changed(device_at="2026-03-09T08:00:06Z"), "device_at"),
    "long past": (changed(device_at="2025-01-01T00:00:00Z"), "device_at"),
    "planned far off": (changed(planned_at="2031-01-01T00:00:00Z"), "planned_at"),
    "latitude out of range": (changed(lat=-90.5), "lat"),
    "latitude as text": (changed(lat="53.54"), "lat"),
    "latitude as a flag": (changed(lat=True), "lat"),
    "half a position": (changed(lon=None), "lon"),
    "half a location": (changed(location={"lat": 1}), "location"),
    "location as text": (changed(location="harbour"), "location"),
    "negative accuracy": (changed(accuracy_m=-1), "accuracy_m"),
    "unknown event type": (changed(event_type="nap"), "event_type"),
    "flag as text": (changed(mock_flag="false"), "mock_flag"),
    "score above one": (changed(face_score=1.2), "face_score"),
    "steps in halves": (changed(steps_since_last=1.5), "steps_since_last"),
    "photo hash of 65 bits": (changed(photo_phash=1 << 64), "photo_phash"),
    "another tenant": (changed(tenant_id="rival"), "tenant_id"),
    "another device": (changed(device_id="phone-8"), "device_id"),
    "path in the guard": (changed(guard_id="../../etc/passwd"), "guard_id"),
    "path in the event id": (changed(event_id="a/../b"), "event_id"),
    "topic wildcard in the site": (changed(site_id="+"), "site_id"),
    "line end in a name": (changed(post_id="gate\n"), "post_id"),
    "name too long": (changed(guard_id="g" * 61), "guard_id"),
    "name as a list": (changed(guard_id=["guard-mia"]), "guard_id"),
}


@pytest.mark.parametrize(("payload", "field"), MALFORMED.values(), ids=list(MALFORMED))
def test_a_malformed_message_names_its_field(payload, field):
    [error] = parse(payload)

    assert isinstance(error, MalformedReading)
    assert error.field == field
    assert error.expected
    assert len(str(error)) < 400
    str(error).encode()  # what is shown and stored is always text


@pytest.mark.parametrize(
    ("topic", "field"),
    [
        ({"kind": "weather"}, "kind"),
        ({"tenant": ".."}, "tenant"),
        ({"tenant": ""}, "tenant"),
        ({"device": ""}, "device"),
        ({"device": "a/b"}, "device"),
        ({"device": "#"}, "device"),
    ],
    ids=["unknown kind", "path", "no tenant", "missing device", "slash", "wildcard"],
)
def test_a_malformed_topic_names_its_level(topic, field):
    assert parse_one(CHECKIN, **topic).field == field


JSON_TOKENS = st.sampled_from(
    [
        *rb'{ } [ ] , : " \u d800 \ NaN -Infinity 1e999 "lat" "x" null true 0 "device_at"'.split(),
        b" ",
        b"\xff",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.datetimes().map(str)
    | st.sampled_from(
        ["2026-03-09T06:00:00Z", "9999-12-31T23:59:59-23:59", "a/../b", "\ud800", "\0"]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["lat", "lon", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)
EVENTS = st.dictionaries(st.sampled_from([*CHECKIN, "timestamp", "location", "type"]), VALUES)


class TestNothingIsEverRaised:
    @given(payload=st.binary(max_size=200), kind=st.sampled_from([*KINDS, "weather"]))
    @example(payload=b"[" * 100_000, kind="gps")
    @example(payload=b'{"a":' * 3000, kind="gps")
    def test_by_any_bytes(self, payload, kind):
        self.assert_judged(parse(payload, kind=kind), kind)

    @given(tokens=st.lists(JSON_TOKENS, max_size=30), kind=st.sampled_from(list(KINDS)))
    def test_by_near_json(self, tokens, kind):
        self.assert_judged(parse(b"".join(tokens), kind=kind), kind)

    @given(event=EVENTS, kind=st.sampled_from(list(KINDS)))
    def test_by_any_values_in_the_known_fields(self, event, kind):
        complete = {"timestamp": "2026-03-09T06:00:00Z", **MINIMAL[kind], **event}

        self.assert_judged(parse(json.dumps([event, complete]).encode(), kind=kind), kind)

    @given(tenant=st.text(max_size=5), device=st.text(max_size=5), kind=st.text(max_size=5))
    def test_by_any_topic(self, tenant, device, kind):
        results = parse(changed(), tenant=tenant, device=device, kind=kind)

        assert isinstance(results[0], SignalReading | MalformedReading)

    def assert_judged(self, results, kind):
        assert results
        for result in results:
            assert isinstance(result, SignalReading | MalformedReading)
            if isinstance(result, SignalReading):
                assert result.kind == kind
                assert result.tenant == "acme"
                # What is accepted can be stored: strict JSON in UTF-8, without NUL.
                stored = json.dumps(dict(result.payload), allow_nan=False, ensure_ascii=False)
                assert "\\u0000" not in stored.encode().decode()
