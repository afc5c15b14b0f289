"""A program posts a score and is told the interval, the decision and the reason."""

import numpy as np
import pytest
from certified import HIGH, LOW, VERSION, serve, switch_on
from doors import post

from watchfloor.entrypoints import telemetry
from watchfloor.ml.calibration import conformal_predictor
from watchfloor.ml.calibration.calibration_rows import CalibrationRows
from watchfloor.ml.calibration.calibration_sets import Provenance
from watchfloor.ml.calibration.conformal_predictor import Promises
from watchfloor.ml.models import CutReason, PredictionLog
from watchfloor.ml.versions import registry
from watchfloor.ml.versions.trainers import TrainingRows, train
from watchfloor.tenants.flags import Flag

PATH = "/api/v2/predictions"


class TestPostingOne:
    def test_is_answered_with_decision_and_reason(self, acme_service, event):
        response = post(acme_service, PATH, event)

        told = response.json()
        assert response.status_code == 201
        assert (told["decision"], told["reason"]) == ("human_review", "no_calibration")
        assert told["reason_sentence"] == "This model version has no calibration set yet."
        assert (told["score"], told["intervals"], told["model_version"]) == (0.83, [], "v1")

    def test_is_told_what_it_was_decided_with(self, acme_service, tenant, still, event):
        serve(tenant, now=still)
        switch_on(tenant, Flag.AUTO_TICKET, now=still)
        ours = event | {"model_version": VERSION}

        high = post(acme_service, PATH, ours | {"score": HIGH}).json()
        low = post(acme_service, PATH, ours | {"score": LOW, "event_id": "INC2"}).json()

        assert high["decision"] == "auto_ticket"
        assert "From 0.7 on at most 10 % of the tickets are false" in high["reason_sentence"]
        told = high["decided_with"]
        assert (told["ticket_threshold"], told["ticket_score"]) == (HIGH, 0.6)
        assert (told["eps_ticket"], told["delta"], told["calibration_n"]) == (0.1, 0.1, 1200)
        assert (told["interval_kind"], told["failing_clause"]) == ("prob_bin", "")
        assert low["reason"] == "below_review_score"
        assert low["decided_with"]["failing_clause"] == "automation_off"
        assert low["decided_with"]["failing_sentence"].startswith("Automatic action is switched")

    def test_is_counted_once_it_is_committed(self, acme_service, event):
        counted = telemetry.DECISIONS.labels(outcome="human_review", reason="no_calibration")
        before = counted._value.get()

        post(acme_service, PATH, event)
        post(acme_service, PATH, event)
        post(acme_service, PATH, event | {"event_id": "INC2", "score": 7})

        assert counted._value.get() == before + 1

    def test_twice_is_one_prediction_and_the_same_answer(self, acme_service, event):
        first = post(acme_service, PATH, event)

        again = post(acme_service, PATH, event | {"score": 0.1})

        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == first.json()
        assert PredictionLog.objects.count() == 1

    def test_takes_the_idempotency_key_for_the_event_id(self, acme_service, event):
        del event["event_id"]

        first = post(acme_service, PATH, event, **{"Idempotency-Key": "order-66"})
        again = post(acme_service, PATH, event, **{"Idempotency-Key": "order-66"})

        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json()["event_id"] == "order-66"
        assert again.json()["id"] == first.json()["id"]

    def test_without_any_id_of_the_event_is_refused(self, acme_service, event):
        del event["event_id"]

        response = post(acme_service, PATH, event)

        assert (response.status_code, response.json()["field"]) == (400, "event_id")

    def test_carries_the_intervals_of_the_calibration_it_was_decided_with(
        self, acme_service, tenant, still, event
    ):
        post(acme_service, PATH, event)
        calibration = _calibrate(tenant, still)

        told = post(acme_service, PATH, event | {"event_id": "INC2"}).json()

        known = calibration.interval(0.83)
        assert [(one["level"], one["lower"], one["upper"]) for one in told["intervals"]] == [
            (90, known.lower90, known.upper90),
            (95, known.lower, known.upper),
            (99, known.lower99, known.upper99),
        ]
        assert told["width"] == known.width

    def test_with_a_word_where_the_model_reads_a_number_goes_to_a_person(
        self, acme_service, tenant, still, event
    ):
        _serve_trained_model(tenant, still)
        unscored = {k: v for k, v in event.items() if k not in {"score", "model_version"}}

        response = post(
            acme_service,
            PATH,
            {
                "items": [
                    unscored | {"event_id": "word", "features": {"priority": "urgent"}},
                    unscored | {"event_id": "number", "features": {"priority": 2}},
                ]
            },
        )

        word, number = (one["prediction"] for one in response.json()["results"])
        assert response.status_code == 200
        assert (word["score"], word["reason"]) == (None, "cannot_score")
        assert number["score"] is not None


class TestPostingABatch:
    def test_answers_each_item_in_order(self, acme_service, event):
        items = [
            event,
            event | {"event_id": "INC2", "score": "0.5"},
            event,
            event | {"event_id": "INC3", "site": "depot-west"},
            7,
        ]

        response = post(acme_service, PATH, {"items": items})

        results = response.json()["results"]
        assert response.status_code == 207
        assert [one["status"] for one in results] == [201, 400, 200, 400, 400]
        assert [one["problem"]["field"] for one in results if "problem" in one] == [
            "score",
            "site",
            "body",
        ]
        assert results[2]["prediction"]["id"] == results[0]["prediction"]["id"]

    def test_is_200_when_every_item_was_taken(self, acme_service, event):
        items = [event | {"event_id": f"INC{i}"} for i in range(1000)]

        response = post(acme_service, PATH, {"items": items})

        assert response.status_code == 200
        assert PredictionLog.objects.count() == 1000

    def test_with_a_key_gives_each_item_its_own(self, acme_service, event):
        del event["event_id"]
        batch = {"items": [event, event]}

        first = post(acme_service, PATH, batch, **{"Idempotency-Key": "night-1"})
        again = post(acme_service, PATH, batch, **{"Idempotency-Key": "night-1"})

        assert [one["status"] for one in first.json()["results"]] == [201, 201]
        assert [one["status"] for one in again.json()["results"]] == [200, 200]


class TestReading:
    def test_finds_what_was_posted(self, acme_service, acme_admin, event):
        posted = post(acme_service, PATH, event).json()

        read = acme_admin.get(f"{PATH}/{posted['id']}")

        assert (read.status_code, read.json()) == (200, posted)

    @pytest.mark.parametrize("name", ["not-a-uuid", "00000000-0000-0000-0000-000000000000", ".."])
    def test_answers_what_does_not_exist_with_a_problem(self, acme_admin, name):
        response = acme_admin.get(f"{PATH}/{name}")

        assert response.status_code == 404
        assert response["Content-Type"] == "application/problem+json"


class TestOutcome:
    def test_by_event_is_recorded_once_and_shown(self, acme_service, acme_admin, event, still):
        posted = post(acme_service, PATH, event).json()
        outcome = {"source": "itsm", "event_id": "INC1", "value": 1, "known_at": still.isoformat()}

        first = post(acme_service, "/api/v2/outcomes", outcome)
        again = post(acme_service, "/api/v2/outcomes", outcome)

        assert (first.status_code, again.status_code) == (201, 200)
        assert (first.json()["duplicate"], again.json()["duplicate"]) == (False, True)
        assert acme_admin.get(f"{PATH}/{posted['id']}").json()["outcome"] == 1.0

    def test_told_later_supersedes(self, acme_service, acme_admin, event):
        posted = post(acme_service, PATH, event).json()
        told = {"prediction_id": posted["id"], "value": 1}

        post(acme_service, "/api/v2/outcomes", told, **{"Idempotency-Key": "first"})
        post(acme_service, "/api/v2/outcomes", told | {"value": 0}, **{"Idempotency-Key": "second"})

        assert acme_admin.get(f"{PATH}/{posted['id']}").json()["outcome"] == 0.0

    def test_of_a_batch_is_answered_item_by_item(self, acme_service, event):
        posted = post(acme_service, PATH, event).json()
        by_id = {"prediction_id": posted["id"], "value": 1}
        items = [
            by_id,
            by_id | {"value": 0},
            {"event_id": "INC404", "source": "itsm", "value": 1},
            by_id | {"value": 0.5},
            {"value": 1},
        ]

        response = post(acme_service, "/api/v2/outcomes", {"items": items})

        results = response.json()["results"]
        assert response.status_code == 207
        assert [one["status"] for one in results] == [201, 400, 404, 400, 400]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"value": 0.5}, "value"),
            ({"value": "1"}, "value"),
            ({"value": True}, "value"),
            ({"known_at": "2030-01-01T00:00:00Z"}, "known_at"),
            ({"known_at": "2026-02-02T12:00:00Z"}, "known_at"),
            ({"known_at": "2026-03-02T12:00:00"}, "known_at"),
            ({"propensity": 0}, "propensity"),
            ({"event_id": "INC1"}, "prediction_id"),
            ({"prediction_id": "x"}, "prediction_id"),
            ({"verdict": "yes"}, "verdict"),
        ],
    )
    def test_that_does_not_fit_is_refused_by_name(self, acme_service, event, change, field):
        posted = post(acme_service, PATH, event).json()
        told = {"prediction_id": posted["id"], "value": 1} | change

        response = post(acme_service, "/api/v2/outcomes", told)

        assert (response.status_code, response.json()["field"]) == (400, field)


def _calibrate(tenant, now):
    """Give the serving version a calibration of 2,000 honest scores."""
    rng = np.random.default_rng(7)
    scores = rng.uniform(size=2000)
    deployment = registry.deployment_of(tenant=tenant, model_type="sla_breach", now=now)
    calibration, row = conformal_predictor.calibrate(
        tenant=tenant,
        version=deployment.stack.model_version,
        rows=CalibrationRows.of_pairs(scores, rng.uniform(size=2000) < scores),
        promises=Promises(eps_ticket=0.3, eps_clear=0.05, delta=0.05),
        provenance=Provenance(reason=CutReason.LOAD, source="test"),
        now=now,
    )
    registry.recalibrated_stack(deployment=deployment, calibration=row, thresholds=b"{}", now=now)
    return calibration


def _serve_trained_model(tenant, now):
    rng = np.random.default_rng(8)
    priorities = rng.integers(1, 6, size=200)
    artifact = train(
        TrainingRows(
            features=[{"priority": int(p)} for p in priorities],
            labels=(rng.uniform(size=200) < priorities / 6).astype(float),
            weights=np.ones(200),
        ),
        feature_names=["priority"],
        seed=1,
    )
    version = registry.add_version(
        tenant=tenant,
        model_type="sla_breach",
        version="here-1",
        artifact=artifact,
        manifest={},
        now=now,
    )
    stack = registry.new_stack(
        tenant=tenant,
        version=version,
        calibration_sha256="",
        thresholds=b"{}",
        monitor=b"",
        now=now,
    )
    deployment = registry.deployment_of(tenant=tenant, model_type="sla_breach", now=now)
    registry.point_to(deployment=deployment, stack=stack, last_known_good=None, now=now)
