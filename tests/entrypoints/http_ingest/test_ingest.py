"""Events over HTTP: stored once, judged alone, and nothing that is sent is lost or breaks."""

import json

import pytest
from django.test import Client
from doors import caller, post, token

from watchfloor.entrypoints import telemetry
from watchfloor.noc.models import ActivitySignal, DeadLetter, FraudPredictionLog
from watchfloor.tenants.roles import Role

PATH = "/api/v2/events"


@pytest.fixture
def reading(still):
    """One telemetry reading of Alice's phone."""
    return {"event_id": "e1", "timestamp": still.isoformat(), "battery": 64}


@pytest.fixture
def checkin(still):
    """Alice checks in at the harbour gate."""
    return {
        "event_id": "c1",
        "event_type": "check_in",
        "guard_id": "alice",
        "site_id": "harbour-gate",
        "device_at": still.isoformat(),
        "lat": 52.0,
        "lon": 13.0,
        "accuracy_m": 8,
    }


def envelope(*events, device="phone-alice", kind="telemetry"):
    return {"device": device, "kind": kind, "events": list(events)}


class TestEvents:
    def test_are_stored_and_answered_one_by_one(self, acme_service, reading):
        response = post(acme_service, PATH, envelope(reading, reading | {"event_id": "e2"}))

        told = response.json()
        assert response.status_code == 200
        assert (told["stored"], told["duplicate"], told["dead"]) == (2, 0, 0)
        assert [one["event_id"] for one in told["results"]] == ["e1", "e2"]
        assert ActivitySignal.objects.count() == 2

    def test_sent_again_are_duplicates(self, acme_service, reading):
        post(acme_service, PATH, envelope(reading))

        response = post(acme_service, PATH, envelope(reading, reading))

        assert response.json()["duplicate"] == 2
        assert ActivitySignal.objects.count() == 1

    def test_of_a_check_in_are_scored_and_decided(self, acme_service, checkin):
        response = post(acme_service, PATH, envelope(checkin, kind="checkin"))

        [result] = response.json()["results"]
        logged = FraudPredictionLog.objects.get()
        assert result["prediction_id"] == str(logged.id)
        assert (result["decision"], result["reason"]) == ("human_review", "no_model")

    def test_of_several_devices_come_in_one_body(self, acme_service, reading):
        body = [envelope(reading), envelope(reading, device="phone-bob")]

        response = post(acme_service, PATH, body)

        assert response.json()["stored"] == 2
        assert set(ActivitySignal.objects.values_list("device", flat=True)) == {
            "phone-alice",
            "phone-bob",
        }

    def test_that_cannot_be_read_cost_their_neighbours_nothing(self, acme_service, reading):
        bad = reading | {"event_id": "e2", "battery": 340}

        response = post(acme_service, PATH, envelope(bad, reading))

        dead, stored = response.json()["results"]
        assert response.status_code == 207
        assert (dead["status"], dead["field"], dead["value"]) == ("dead", "battery", 340)
        assert dead["expected"] == "a number in [0, 100]"
        assert stored["status"] == "stored"
        letter = DeadLetter.objects.get()
        assert json.loads(bytes(letter.payload)) == bad
        assert letter.topic == "wf/acme/phone-alice/telemetry"

    def test_are_counted(self, acme_service, reading):
        def stored():
            return telemetry.EVENTS.labels(door="http", status="stored")._value.get()

        before = stored()

        post(acme_service, PATH, envelope(reading))

        assert stored() == before + 1


class TestToken:
    def test_must_be_there(self, still):
        response = post(Client(), PATH, envelope())

        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")

    def test_of_somebody_who_only_looks_is_refused(self, tenant, still):
        client = caller(token(tenant, role=Role.NOC_LEAD, now=still))

        assert post(client, PATH, envelope()).status_code == 403

    def test_is_asked_for_before_the_body_is_read(self, still):
        response = Client().post(PATH, data=b"x" * 2_000_000, content_type="application/json")

        assert response.status_code == 401
        assert not DeadLetter.objects.exists()

    def test_has_a_rate(self, acme_service, reading, settings):
        settings.ENV = settings.ENV.model_copy(update={"ingest_rate": "1/minute"})

        answers = [post(acme_service, PATH, envelope(reading)) for _ in range(2)]

        assert [one.status_code for one in answers] == [200, 429]
        assert answers[1]["Retry-After"]


# One event of Alice's phone as bytes, the field the answer names.
EVENTS = {
    "an event that is a number": (b"7", "event"),
    "an event that is null": (b"null", "event"),
    "no id": (b'{"timestamp": "2026-03-02T12:00:00Z"}', "event_id"),
    "no time": (b'{"event_id": "e1"}', "timestamp"),
    "id of another type": (b'{"event_id": 7, "timestamp": "2026-03-02T12:00:00Z"}', "event_id"),
    "path in an id": (b'{"event_id": "../../x", "timestamp": "2026-03-02T12:00:00Z"}', "event_id"),
    "future": (b'{"event_id": "e1", "timestamp": "2026-03-03T12:00:00Z"}', "timestamp"),
    "past": (b'{"event_id": "e1", "timestamp": "2020-03-03T12:00:00Z"}', "timestamp"),
    "no offset": (b'{"event_id": "e1", "timestamp": "2026-03-02T12:00:00"}', "timestamp"),
    "NaN": (b'{"event_id": "e1", "battery": NaN}', "battery"),
    "infinity": (b'{"event_id": "e1", "battery": 1e999}', "battery"),
    "a key twice": (b'{"event_id": "e1", "event_id": "e2"}', "event"),
    "a lone surrogate": (b'{"event_id": "\\ud800"}', "event_id"),
    "NUL": (b'{"event_id": "a\\u0000"}', "event_id"),
    "not UTF-8": (b'{"event_id": "\xff"}', "payload"),
    "deep": (b'{"event_id": "e1", "a": ' + b"[" * 50 + b"]" * 50 + b"}", "a" + "[0]" * 7),
    "5,000 digits": (b'{"event_id": "e1", "battery": ' + b"9" * 5000 + b"}", "battery"),
    "another tenant's name": (b'{"event_id": "e1", "tenant_id": "borealis"}', "tenant_id"),
    "another device's name": (b'{"event_id": "e1", "device_id": "phone-bob"}', "device_id"),
    "an unknown site": (
        b'{"event_id": "e1", "timestamp": "2026-03-02T12:00:00Z", "site_id": "depot-west"}',
        "site",
    ),
}

# Envelopes whose events would be fine, and the field the answer names.
SENDERS = {
    "unknown kind": ({"kind": "gossip"}, "kind"),
    "unknown device": ({"device": "phone-zoe"}, "device"),
    "another tenant's device": ({"device": "phone-eve"}, "device"),
    "path for a device": ({"device": "../../etc/passwd"}, "device"),
    "path for a kind": ({"kind": "../gps"}, "kind"),
    "wildcard for a device": ({"device": "#"}, "device"),
    "NUL in a device": ({"device": "a\0b"}, "device"),
    "empty device": ({"device": ""}, "device"),
    "long device": ({"device": "x" * 5000}, "device"),
}

# Whole bodies, the status, and the field that the problem names.
BODIES = {
    "a list for an event": (
        b'{"device": "phone-alice", "kind": "gps", "events": [{}, [{}, {}]]}',
        400,
        "events[1]",
    ),
    "not JSON": (b"battery=64", 400, "body"),
    "half of JSON": (b'{"device": "phone-alice", "kind"', 400, "body"),
    "a number": (b"7", 400, "body"),
    "null": (b"null", 400, "body"),
    "an empty list": (b"[]", 400, "events"),
    "no events": (b'{"device": "phone-alice", "kind": "gps", "events": []}', 400, "events"),
    "events left out": (b'{"device": "phone-alice", "kind": "gps"}', 400, "events"),
    "device left out": (b'{"kind": "gps", "events": [{}]}', 400, "device"),
    "device as a number": (b'{"device": 7, "kind": "gps", "events": [{}]}', 400, "device"),
    "device as null": (b'[{"device": null, "kind": "gps", "events": [{}]}]', 400, "device"),
    "device as half a character": (
        b'{"device": "\\ud800", "kind": "gps", "events": [{}]}',
        207,
        "device",
    ),
    "events as an object": (b'{"device": "a", "kind": "gps", "events": {}}', 400, "events"),
    "a tenant's name": (
        b'{"tenant": "borealis", "device": "a", "kind": "gps", "events": [{}]}',
        400,
        "tenant",
    ),
    "deeper than reading goes": (
        b'{"device": "a", "kind": "gps", "events": [' + b"[" * 200_000,
        400,
        "body",
    ),
    "2,001 events": (
        b'{"device": "phone-alice", "kind": "gps", "events": [' + b"{}," * 2000 + b"{}]}",
        400,
        "events",
    ),
    "NaN for the events": (b'{"device": "a", "kind": "gps", "events": NaN}', 400, "events"),
    "a byte order mark": (b'\xef\xbb\xbf{"device": "a"}', 400, "body"),
    "UTF-16": ('{"device": "a"}'.encode("utf-16"), 400, "body"),
}


class TestMalformed:
    @pytest.mark.parametrize(("event", "field"), EVENTS.values(), ids=EVENTS)
    def test_event_becomes_a_dead_letter_that_names_the_field(
        self, acme_service, reading, event, field
    ):
        good = json.dumps(reading | {"event_id": "good"}).encode()
        body = b'{"device": "phone-alice", "kind": "telemetry", "events": [%s, %s]}' % (event, good)

        response = post(acme_service, PATH, body)

        dead, stored = response.json()["results"]
        assert response.status_code == 207
        assert (dead["status"], dead["field"]) == ("dead", field)
        assert stored["status"] == "stored"
        assert DeadLetter.objects.get().field == field

    @pytest.mark.parametrize(("change", "field"), SENDERS.values(), ids=SENDERS)
    def test_sender_becomes_a_dead_letter(self, acme_service, other_tenant, reading, change, field):
        response = post(acme_service, PATH, envelope(reading) | change)

        [result] = response.json()["results"]
        assert (response.status_code, result["field"]) == (207, field)
        letter = DeadLetter.objects.get()
        assert letter.tenant.code == "acme"
        assert "\0" not in letter.topic
        assert not ActivitySignal.objects.exists()

    @pytest.mark.parametrize(("body", "status", "field"), BODIES.values(), ids=BODIES)
    def test_body_is_answered_by_name_and_kept(self, acme_service, body, status, field):
        response = post(acme_service, PATH, body)

        told = response.json()
        named = told["field"] if status == 400 else told["results"][0]["field"]
        assert (response.status_code, named) == (status, field)
        assert DeadLetter.objects.get().field == field

    def test_body_that_is_empty_is_answered_and_kept(self, acme_service):
        response = acme_service.generic("POST", PATH, data=b"", CONTENT_TYPE="application/json")

        assert (response.status_code, response.json()["field"]) == (400, "body")
        assert DeadLetter.objects.get().payload_size == 0

    def test_body_of_2_mb_is_refused_and_its_head_kept(self, acme_service, reading):
        body = json.dumps(envelope(reading | {"message": "x" * 2_000_000})).encode()

        response = post(acme_service, PATH, body)

        letter = DeadLetter.objects.get()
        assert (response.status_code, response.json()["field"]) == (413, "body")
        assert str(len(body)) in response.json()["value"]
        assert letter.truncated
        assert bytes(letter.payload) == body[: 1 << 20]

    @pytest.mark.parametrize(
        ("content_type", "headers"),
        [
            ("text/plain", {}),
            ("application/x-www-form-urlencoded", {}),
            ("multipart/form-data; boundary=x", {}),
            ("application/json", {"content-encoding": "gzip"}),
        ],
    )
    def test_type_is_refused(self, acme_service, content_type, headers):
        response = acme_service.post(PATH, data=b"{}", content_type=content_type, headers=headers)

        assert (response.status_code, response.json()["field"]) == (415, "Content-Type")

    def test_letter_repeated_is_counted(self, acme_service):
        for _ in range(3):
            post(acme_service, PATH, b"not JSON")

        assert DeadLetter.objects.get().occurrences == 3
