"""Borealis asks for Acme's rows at every route and is told that there is nothing."""

import json

import pytest
from django.urls import URLPattern
from doors import post

from watchfloor.config.urls import API
from watchfloor.noc.intake.dead_letters import Unreadable
from watchfloor.noc.models import DeadLetter, ReviewItem, Threshold, ThresholdProposal, Ticket
from watchfloor.workflows import security_anomaly, threshold_change

BODIES = {
    "ticket_resolve": {"disposition": "true_positive"},
    "review_verdict": {"disposition": "true_positive"},
    "dead_letter_replay": {},
    "threshold_reset": {"version": 1, "change_reason": "not mine"},
    "threshold_rollback": {"change_reason": "not mine"},
    "proposal_approve": {"reason": "not mine"},
    "proposal_refuse": {"reason": "not mine"},
}
WITH_ID = [route for route in API if isinstance(route, URLPattern) and "<" in str(route.pattern)]
LISTS = [
    *("tickets", "alerts", "reviews", "models", "metrics", "dead-letters"),
    *("noc/thresholds/history", "noc/thresholds/proposals", "noc/thresholds/watches"),
]


@pytest.fixture
def acmes(acme_service, tenant, event, still):
    """Acme's rows, one of each kind, by the name of the route that reaches it."""
    prediction = post(acme_service, "/api/v2/predictions", event).json()
    review = ReviewItem.objects.get()
    letter = security_anomaly.keep_unreadable(
        tenant_code="acme",
        unreadable=Unreadable(
            door="http", topic="wf/acme/x/gps", payload=b"?", field="body", error="?"
        ),
        now=still,
    )
    ticket = Ticket.objects.create(
        tenant=tenant,
        number=1,
        title="INC1",
        priority="HIGH",
        opened_by="automation",
        log="prediction",
        prediction_id=prediction["id"],
        occurred_at=still,
        model_type="sla_breach",
        dedupe_key="k",
        opened_at=still,
    )
    change = threshold_change.apply(
        tenant=tenant,
        model_type="sla_breach",
        key="review_score",
        value=0.5,
        expected_version=0,
        actor="user:lea",
        reason="too many reviews",
        now=still,
    )
    proposal = threshold_change.propose(
        tenant=tenant,
        model_type="sla_breach",
        changes=[threshold_change.Change("ticket_score", 0.95, 0)],
        actor="user:lea",
        reason="a quiet week",
        now=still,
    )
    return {
        "prediction": prediction["id"],
        "ticket_resolve": ticket.pk,
        "review_verdict": review.pk,
        "dead_letter_replay": letter.pk,
        "model_coverage": "sla_breach",
        "model_calibrations": "sla_breach",
        "threshold": "sla_breach.review_score",
        "threshold_reset": "sla_breach.review_score",
        "threshold_rollback": change.pk,
        "proposal_approve": proposal.pk,
        "proposal_refuse": proposal.pk,
    }


class TestAnotherTenantsId:
    @pytest.mark.parametrize("route", WITH_ID, ids=lambda route: route.name)
    def test_is_not_found_at_any_route(self, route, acmes, borealis_admin):
        path = _path(route, acmes[route.name])

        response = _ask(borealis_admin, route.name, path)

        assert response.status_code == 404
        assert response["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize("route", WITH_ID, ids=lambda route: route.name)
    def test_is_answered_like_an_id_that_nobody_has(self, route, acmes, borealis_admin):
        nobodys = "00000000-0000-0000-0000-000000000000" if route.name == "prediction" else 999
        foreign = _ask(borealis_admin, route.name, _path(route, acmes[route.name])).json()

        unknown = _ask(borealis_admin, route.name, _path(route, nobodys)).json()

        assert foreign["detail"].replace(str(acmes[route.name]), "?") == unknown["detail"].replace(
            str(nobodys), "?"
        )

    @pytest.mark.parametrize("route", WITH_ID, ids=lambda route: route.name)
    def test_is_found_by_its_own_tenant(self, route, acmes, acme_admin):
        response = _ask(acme_admin, route.name, _path(route, acmes[route.name]))

        assert response.status_code == 200

    def test_changes_nothing(self, acmes, borealis_admin):
        for route in WITH_ID:
            _ask(borealis_admin, route.name, _path(route, acmes[route.name]))

        assert Ticket.objects.get().status == "open"
        assert ReviewItem.objects.get().state == "waiting"
        assert DeadLetter.objects.get().state == "open"
        assert Threshold.objects.get().value == 0.5
        assert ThresholdProposal.objects.get().state == "waiting"


class TestAnotherTenantsThresholds:
    def test_are_in_no_list_and_no_file(self, acmes, borealis_admin):
        assert borealis_admin.get("/api/v2/noc/thresholds/").json() == {"items": []}
        lines = borealis_admin.get("/api/v2/noc/thresholds/history.csv").content.splitlines()
        assert len(lines) == 1

    @pytest.mark.parametrize(
        ("route", "body"),
        [
            ("simulate", {"proposed": {"review_score": 0.3}}),
            ("suggest", {}),
            ("replay", {"proposed": {"ticket_cap": 3}}),
            (
                "batch",
                {
                    "changes": [{"key": "review_score", "value": 0.3, "version": 1}],
                    "change_reason": "not mine",
                },
            ),
            (
                "proposals",
                {
                    "changes": [{"key": "review_score", "value": 0.3, "version": 1}],
                    "change_reason": "not mine",
                },
            ),
        ],
    )
    def test_are_neither_simulated_nor_moved(self, route, body, acmes, borealis_admin):
        told = {"model_type": "sla_breach", **body}

        response = post(borealis_admin, f"/api/v2/noc/thresholds/{route}", told)

        assert response.status_code == 404
        assert Threshold.objects.get().value == 0.5


class TestAnotherTenantsRows:
    @pytest.mark.parametrize("name", LISTS)
    def test_are_in_no_list(self, name, acmes, borealis_admin):
        assert borealis_admin.get(f"/api/v2/{name}").json() == {"items": [], "next": None}

    def test_take_no_outcome(self, acmes, borealis_service):
        by_id = {"prediction_id": acmes["prediction"], "value": 1}
        by_event = {"source": "itsm", "event_id": "INC1", "value": 1}

        answers = [post(borealis_service, "/api/v2/outcomes", told) for told in (by_id, by_event)]

        assert [one.status_code for one in answers] == [404, 404]

    def test_do_not_hide_an_event_of_the_same_name(self, acmes, borealis_service, event):
        response = post(borealis_service, "/api/v2/predictions", event)

        assert response.status_code == 201
        assert response.json()["id"] != acmes["prediction"]

    def test_lend_no_site(self, acmes, borealis_service, event):
        response = post(borealis_service, "/api/v2/predictions", event | {"site": "harbour-gate"})

        assert (response.status_code, response.json()["field"]) == (400, "site")

    def test_lend_no_device(self, acmes, borealis_service, still):
        body = {
            "device": "phone-alice",
            "kind": "telemetry",
            "events": [{"event_id": "e1", "timestamp": still.isoformat()}],
        }

        response = post(borealis_service, "/api/v2/events", body)

        [result] = response.json()["results"]
        assert (result["status"], result["field"]) == ("dead", "device")
        assert DeadLetter.objects.latest("pk").tenant.code == "borealis"


def test_every_route_with_an_id_is_walked():
    names = {str(route.name) for route in WITH_ID}

    assert names == {"prediction", "model_coverage", "model_calibrations", "threshold", *BODIES}


def _path(route, key):
    parts = str(route.pattern).split("/")
    filled = [str(key) if part.startswith("<") else part for part in parts]
    return "/api/v2/" + "/".join(filled)


def _ask(client, name, path):
    if name in BODIES:
        return post(client, path, json.dumps(BODIES[name]).encode())
    return client.get(path)
