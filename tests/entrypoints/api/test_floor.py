"""Lists come page by page; work is closed with what was found; dead letters are taken again."""

import pytest
from certified import post as post_certified
from certified import request, serve, switch_on
from doors import post

from watchfloor.ledger.models import AuditEntry
from watchfloor.ml.models import ModelPerformanceMetrics, OutcomeRecord
from watchfloor.noc.models import DeadLetter, ReviewItem, Ticket
from watchfloor.tenants.flags import Flag
from watchfloor.tenants.models import Device, Membership, Site, User
from watchfloor.tenants.roles import Role

PREDICTIONS = "/api/v2/predictions"


@pytest.fixture
def reviews(acme_service, event):
    """Five predictions that wait for a person."""
    items = [event | {"event_id": f"INC{i}", "entity_id": f"INC{i}"} for i in range(5)]
    post(acme_service, PREDICTIONS, {"items": items})
    return list(ReviewItem.objects.order_by("-pk").values_list("pk", flat=True))


class TestATicket:
    def test_says_everything_a_program_needs(self, acme_admin, tenant, still):
        serve(tenant, now=still)
        switch_on(tenant, Flag.AUTO_TICKET, now=still)
        user = User.objects.create_user("dana")
        Membership.objects.create(
            tenant=tenant, user=user, role=Role.SITE_SUPERVISOR.value
        ).sites.add(Site.objects.for_tenant(tenant).get(code="harbour-gate"))
        post_certified(tenant, request(1, at=still))

        [told] = acme_admin.get("/api/v2/tickets").json()["items"]

        assert told["assignee"] == f"user:{user.pk}"
        assert (told["tag"], told["source"]) == ("ml_investigation", "system")
        assert told["window_start"] == "2026-03-02T00:00:00Z"
        assert told["body"].startswith("Probability 0.7, HIGH risk")

    def test_without_an_assignee_says_nobody(self, acme_admin, tenant, still):
        serve(tenant, now=still)
        switch_on(tenant, Flag.AUTO_TICKET, now=still)
        post_certified(tenant, request(1, at=still))

        assert acme_admin.get("/api/v2/tickets").json()["items"][0]["assignee"] == ""


class TestAReview:
    def test_carries_the_prediction_and_how_it_came_to_be_looked_at(self, acme_admin, reviews):
        item = acme_admin.get("/api/v2/reviews?limit=1").json()["items"][0]
        alert = acme_admin.get("/api/v2/alerts?limit=1").json()["items"][0]

        assert item["propensity"] == 1.0
        assert item["metadata"]["score"] == 0.83
        assert item["metadata"]["model_version"] == "v1"
        assert alert["metadata"]["features"] == {"priority": 2, "category": "network"}


class TestPages:
    def test_follow_each_other_without_gap_or_repetition(self, acme_admin, reviews):
        seen, after = [], ""
        while True:
            told = acme_admin.get(f"/api/v2/reviews?limit=2{after}").json()
            seen += [item["id"] for item in told["items"]]
            if told["next"] is None:
                break
            after = f"&after={told['next']}"

        assert seen == reviews

    def test_keep_their_place_while_rows_arrive(self, acme_admin, acme_service, reviews, event):
        first = acme_admin.get("/api/v2/reviews?limit=2").json()
        post(acme_service, PREDICTIONS, event | {"event_id": "late", "entity_id": "late"})

        second = acme_admin.get(f"/api/v2/reviews?limit=2&after={first['next']}").json()

        assert [item["id"] for item in second["items"]] == reviews[2:4]

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("limit=201", "limit"),
            ("limit=0", "limit"),
            ("limit=ten", "limit"),
            ("after=-1", "after"),
            ("after=99999999999999999999", "after"),
            ("after=1;DROP TABLE", "after"),
            ("state=lost", "state"),
            ("offset=5", "offset"),
            ("tenant=borealis", "tenant"),
            ("after=%00", "after"),
            ("state=%ED%A0%80", "state"),
        ],
    )
    def test_asked_for_wrongly_are_refused_by_name(self, acme_admin, query, field):
        response = acme_admin.get(f"/api/v2/reviews?{query}")

        assert (response.status_code, response.json()["field"]) == (400, field)

    def test_of_days_keep_the_order_of_days(self, acme_admin, tenant, still):
        for day in ("2026-02-27", "2026-03-01", "2026-02-28"):
            _metric_day(tenant, day, still)

        first = acme_admin.get("/api/v2/metrics?limit=2").json()
        second = acme_admin.get(f"/api/v2/metrics?limit=2&after={first['next']}").json()

        days = [row["metric_date"] for row in first["items"] + second["items"]]
        assert days == ["2026-03-01", "2026-02-28", "2026-02-27"]
        assert second["next"] is None

    @pytest.mark.parametrize(
        "after", ["x", "2026-02-30.1", "2026-02-28", "2026-02-28.9" + "9" * 30]
    )
    def test_of_days_refuse_what_is_no_place(self, acme_admin, after):
        response = acme_admin.get(f"/api/v2/metrics?after={after}")

        assert (response.status_code, response.json()["field"]) == (400, "after")

    @pytest.mark.parametrize(
        "path",
        [
            "tickets?status=open",
            "alerts?status=firing",
            "reviews?state=waiting",
            "models?model_type=sla_breach",
            "metrics?model_type=sla_breach",
            "dead-letters?state=open",
        ],
    )
    def test_take_their_filter(self, acme_admin, reviews, path):
        assert acme_admin.get(f"/api/v2/{path}").status_code == 200

    def test_of_models_say_what_serves(self, acme_admin, reviews):
        [model] = acme_admin.get("/api/v2/models").json()["items"]

        assert (model["version"], model["role"], model["is_serving"]) == ("v1", "champion", True)


class TestVerdict:
    def test_labels_the_prediction(self, acme_admin, reviews):
        response = post(
            acme_admin, f"/api/v2/reviews/{reviews[0]}/verdict", {"disposition": "false_positive"}
        )

        assert (response.status_code, response.json()["state"]) == (200, "done")
        assert OutcomeRecord.objects.get().value == 0.0
        assert AuditEntry.objects.filter(action="review.verdicts").exists()

    def test_is_given_once(self, acme_admin, reviews):
        path = f"/api/v2/reviews/{reviews[0]}/verdict"
        post(acme_admin, path, {"disposition": "false_positive"})

        response = post(acme_admin, path, {"disposition": "true_positive"})

        assert response.status_code == 409
        assert OutcomeRecord.objects.get().value == 0.0

    @pytest.mark.parametrize("body", [{}, {"disposition": "maybe"}, {"disposition": None}])
    def test_must_be_one_of_three(self, acme_admin, reviews, body):
        response = post(acme_admin, f"/api/v2/reviews/{reviews[0]}/verdict", body)

        assert (response.status_code, response.json()["field"]) == (400, "disposition")

    def test_on_an_id_beyond_every_table_is_not_found(self, acme_admin, still):
        response = post(
            acme_admin, f"/api/v2/reviews/{10**30}/verdict", {"disposition": "true_positive"}
        )

        assert response.status_code == 404


class TestResolving:
    def test_closes_the_ticket_and_labels_its_prediction(
        self, acme_admin, acme_service, event, tenant, still
    ):
        posted = post(acme_service, PREDICTIONS, event).json()
        ticket = _ticket(tenant, posted["id"], still)

        response = post(
            acme_admin,
            f"/api/v2/tickets/{ticket.pk}/resolve",
            {"disposition": "true_positive", "note": "Late indeed."},
        )

        told = response.json()
        assert response.status_code == 200
        assert (told["status"], told["note"]) == ("resolved", "Late indeed.")
        assert told["resolved_by"].startswith("token:")
        assert OutcomeRecord.objects.get().value == 1.0


class TestDeadLetters:
    def test_are_listed_with_the_field_and_taken_again_once_mended(
        self, acme_admin, acme_service, tenant, still
    ):
        body = {
            "device": "phone-new",
            "kind": "telemetry",
            "events": [{"event_id": "e1", "timestamp": still.isoformat(), "battery": 64}],
        }
        post(acme_service, "/api/v2/events", body)
        [letter] = acme_admin.get("/api/v2/dead-letters?state=open").json()["items"]
        Device.objects.create(tenant=tenant, code="phone-new")

        response = post(acme_admin, f"/api/v2/dead-letters/{letter['id']}/replay", {})

        assert (letter["field"], letter["door"]) == ("device", "http")
        assert '"battery": 64' in letter["preview"]
        assert response.json()["state"] == "replayed"
        assert DeadLetter.objects.get().settled_by.startswith("token:")

    def test_stay_open_while_the_cause_stands(self, acme_admin, acme_service, still):
        body = {"device": "phone-alice", "kind": "telemetry", "events": [{"event_id": "e1"}]}
        post(acme_service, "/api/v2/events", body)
        [letter] = acme_admin.get("/api/v2/dead-letters").json()["items"]

        told = post(acme_admin, f"/api/v2/dead-letters/{letter['id']}/replay", {}).json()

        assert told["state"] == "open"
        assert told["results"][0]["field"] == "timestamp"


def _ticket(tenant, prediction_id, now):
    return Ticket.objects.create(
        tenant=tenant,
        number=1,
        title="INC1",
        priority="HIGH",
        opened_by="automation",
        log="prediction",
        prediction_id=prediction_id,
        occurred_at=now,
        model_type="sla_breach",
        dedupe_key="k",
        opened_at=now,
    )


def _metric_day(tenant, day, now):
    ModelPerformanceMetrics.objects.create(
        tenant=tenant,
        model_type="sla_breach",
        model_version="v1",
        metric_date=day,
        window_start=now,
        window_end=now,
        total_predictions=0,
        predictions_with_outcomes=0,
        true_positives=0,
        false_positives=0,
        true_negatives=0,
        false_negatives=0,
        created_at=now,
        computed_at=now,
    )
