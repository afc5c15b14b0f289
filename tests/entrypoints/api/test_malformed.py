"""Whatever is posted: no fault of ours, a problem response, and the field by its name."""

import json

import pytest
from django.test import Client
from doors import post

from watchfloor.ml.models import PredictionLog

PATH = "/api/v2/predictions"

# Changes of one field of a good event, and the field that the problem names.
FIELDS = {
    "score above one": ({"score": 1.5}, "score"),
    "score as text": ({"score": "0.5"}, "score"),
    "score as a flag": ({"score": True}, "score"),
    "score of nobody": ({"model_version": None}, "model_version"),
    "no time": ({"occurred_at": None}, "occurred_at"),
    "time without offset": ({"occurred_at": "2026-03-02T12:00:00"}, "occurred_at"),
    "time as a number": ({"occurred_at": 1772452800}, "occurred_at"),
    "year one": ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
    "year 9999": ({"occurred_at": "9999-12-31T23:59:59-14:00"}, "occurred_at"),
    "future": ({"occurred_at": "2026-03-02T15:00:00Z"}, "occurred_at"),
    "past": ({"occurred_at": "2024-03-02T15:00:00Z"}, "occurred_at"),
    "path in an id": ({"event_id": "../../etc/passwd"}, "event_id"),
    "path in a name": ({"model_type": "..\\secret"}, "model_type"),
    "NUL in a name": ({"entity_id": "a\0b"}, "entity_id"),
    "line break in a name": ({"entity_id": "a\nb"}, "entity_id"),
    "empty name": ({"entity_type": ""}, "entity_type"),
    "long name": ({"entity_id": "x" * 101}, "entity_id"),
    "name as a list": ({"source": ["itsm"]}, "source"),
    "a device's source": ({"source": "device:phone-alice"}, "source"),
    "the check-in model": ({"model_type": "fraud_detector"}, "model_type"),
    "another tenant's site": ({"site": "depot-west"}, "site"),
    "features as a list": ({"features": [1, 2]}, "features"),
    "feature as an object": ({"features": {"a": {"b": 1}}}, "features.a"),
    "too many features": ({"features": {f"f{i}": i for i in range(101)}}, "features"),
    "unknown field": ({"scor": 0.5}, "scor"),
}

# Bodies as bytes, the status, and the field that the problem names.
BODIES = {
    "nothing": (b"", 400, "model_type"),
    "not JSON": (b"score=0.5", 400, "payload"),
    "half of JSON": (b'{"event_id": "a"', 400, "payload"),
    "a list": (b"[]", 400, "body"),
    "a number": (b"7", 400, "body"),
    "null": (b"null", 400, "body"),
    "NaN": (b'{"event_id": "a", "score": NaN}', 400, "score"),
    "infinity": (b'{"score": 1e999}', 400, "score"),
    "a key twice": (b'{"score": 1, "score": 0}', 400, "body"),
    "a lone surrogate": (b'{"event_id": "\\ud800"}', 400, "event_id"),
    "a lone surrogate for a key": (b'{"\\ud800": 1}', 400, "a key of body"),
    "not UTF-8": (b'{"event_id": "\xff"}', 400, "payload"),
    "deep": (b'{"features": ' + b'{"a": ' * 20 + b"1" + b"}" * 20 + b"}", 400, None),
    "deeper than reading goes": (b"[" * 200_000, 400, "payload"),
    "a number of 5,000 digits": (b'{"score": ' + b"9" * 5000 + b"}", 400, "score"),
    "2 MB": (b'{"event_id": "' + b"x" * 2_000_000 + b'"}', 413, "body"),
    "no items": (b'{"items": []}', 400, "items"),
    "items as an object": (b'{"items": {}}', 400, "items"),
    "1,001 items": (b'{"items": [' + b"1," * 1000 + b"1]}", 400, "items"),
    "items and more": (b'{"items": [1], "tenant": "acme"}', 400, "tenant"),
    "items as NaN": (b'{"items": NaN}', 400, "items"),
}


class TestField:
    @pytest.mark.parametrize(("change", "field"), FIELDS.values(), ids=FIELDS)
    def test_that_does_not_fit_is_named(self, acme_service, event, change, field):
        response = post(acme_service, PATH, event | change)

        told = response.json()
        assert (response.status_code, told["field"]) == (400, field)
        assert response["Content-Type"] == "application/problem+json"
        assert told["expected"]
        assert not PredictionLog.objects.exists()

    @pytest.mark.parametrize(("change", "field"), FIELDS.values(), ids=FIELDS)
    def test_in_a_batch_costs_its_neighbours_nothing(self, acme_service, event, change, field):
        good = event | {"event_id": "good"}

        response = post(acme_service, PATH, {"items": [event | change, good]})

        refused, taken = response.json()["results"]
        assert (response.status_code, taken["status"]) == (207, 201)
        assert refused["problem"]["field"] == field


class TestBody:
    @pytest.mark.parametrize(("body", "status", "field"), BODIES.values(), ids=BODIES)
    def test_that_cannot_be_read_is_a_problem(self, acme_service, body, status, field):
        response = post(acme_service, PATH, body)

        told = response.json()
        assert response.status_code == status
        assert told["status"] == status
        assert told["request_id"] == response["X-Request-ID"]
        if field is not None:
            assert told["field"] == field

    @pytest.mark.parametrize("path", ["outcomes", "tickets/1/resolve", "reviews/1/verdict"])
    @pytest.mark.parametrize("body", [one[0] for one in BODIES.values()], ids=BODIES)
    def test_is_a_problem_at_every_route_that_reads_one(self, acme_service, acme_admin, path, body):
        client = acme_service if path == "outcomes" else acme_admin

        response = post(client, f"/api/v2/{path}", body)

        assert response.status_code in {400, 404, 413}
        assert response["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize(
        "content_type",
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""],
    )
    def test_of_another_type_is_refused(self, acme_service, content_type):
        response = acme_service.post(PATH, data=b'{"a": 1}', content_type=content_type)

        assert response.status_code == 415
        assert response["Content-Type"] == "application/problem+json"

    def test_without_a_length_is_asked_for_one(self, acme_service):
        response = acme_service.generic(
            "POST",
            PATH,
            data=b"",
            content_type="application/json",
            headers={"transfer-encoding": "chunked"},
        )

        assert response.status_code == 411


class TestRequest:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("DELETE", PATH, 405),
            ("GET", PATH, 405),
            ("OPTIONS", PATH, 405),
            ("PUT", "/api/v2/events", 405),
            ("GET", "/api/v2/nothing", 404),
            ("POST", "/api/v2/predictions/", 404),
            ("GET", "/api/v2/", 404),
            ("GET", "/api/v2/tickets/../../admin", 404),
        ],
    )
    def test_that_leads_nowhere_is_a_problem(self, acme_service, method, path, status):
        response = acme_service.generic(method, path)

        assert response.status_code == status
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["instance"]

    def test_for_a_page_instead_of_json_is_not_acceptable(self, acme_admin):
        response = acme_admin.get("/api/v2/tickets", headers={"accept": "text/html"})

        assert response.status_code == 406
        assert response["Content-Type"] == "application/problem+json"

    def test_keeps_its_callers_id_where_it_is_a_plain_word(self, acme_admin):
        own = acme_admin.get("/api/v2/tickets", headers={"x-request-id": "deploy-42-a"})
        bad = acme_admin.get("/api/v2/tickets", headers={"x-request-id": "<script>"})

        assert own["X-Request-ID"] == "deploy-42-a"
        assert len(bad["X-Request-ID"]) == 32

    def test_with_a_strange_key_is_refused(self, acme_service, event):
        response = post(acme_service, PATH, event, **{"Idempotency-Key": "a b"})

        assert (response.status_code, response.json()["field"]) == (400, "Idempotency-Key")


class TestFault:
    def test_that_nobody_foresaw_is_logged_and_tells_nothing_of_the_inside(
        self, acme_admin, monkeypatch
    ):
        from watchfloor.noc.queries import floor_pages

        def broken(**_):
            raise ZeroDivisionError("secret inside")

        monkeypatch.setattr(floor_pages, "tickets", broken)

        response = acme_admin.get("/api/v2/tickets")

        assert response.status_code == 500
        assert response.json()["type"] == "urn:watchfloor:problem:internal-error"
        assert b"secret" not in response.content

    def test_of_a_busy_database_asks_to_come_again(self, acme_admin, monkeypatch):
        from django.db import OperationalError

        from watchfloor.noc.queries import floor_pages

        def locked(**_):
            raise OperationalError("database is locked")

        monkeypatch.setattr(floor_pages, "tickets", locked)

        response = acme_admin.get("/api/v2/tickets")

        assert (response.status_code, response["Retry-After"]) == (503, "2")
        assert "locked" not in response.json()["detail"]


def test_a_stranger_reads_no_problem_of_a_body(db):
    response = Client().post(PATH, data=json.dumps({}), content_type="application/json")

    assert response.status_code == 401
