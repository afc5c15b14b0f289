"""A posted or scored prediction is stored once, decided with a reason, and counted."""

from dataclasses import replace

import pytest

from watchfloor.core.errors import InvalidInput
from watchfloor.ml.models import OutcomeRecord, PredictionLog
from watchfloor.ml.predictions import outcomes
from watchfloor.noc.models import ReviewItem, Ticket
from watchfloor.workflows.outcome_feedback import OutcomeRequest, record_outcomes
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions
from watchfloor.workflows.rollup_care import rebuild_score_rollup

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_(now):
    return PredictionRequest(
        event_id="e1",
        source="crm",
        model_type="churn",
        entity_type="client",
        entity_id="c-7",
        occurred_at=now,
        features={"visits": 3},
        score=0.83,
        model_version="crm-1",
        site="harbour-gate",
    )


class TestHandlePredictions:
    def test_sends_a_high_score_without_calibration_to_a_person(self, tenant, request_, now):
        [result] = handle_predictions(tenant=tenant, requests=[request_], now=now)

        assert (result.decision, result.reason) == ("human_review", "no_calibration")
        assert ReviewItem.objects.get().prediction_id == result.id
        assert not Ticket.objects.exists()

    def test_answers_a_repeated_event_with_its_first_row(self, tenant, request_, now):
        [first] = handle_predictions(tenant=tenant, requests=[request_], now=now)

        [again, twin] = handle_predictions(
            tenant=tenant, requests=[request_, replace(request_, score=0.1)], now=now
        )

        assert again.duplicate
        assert (again.id, twin.id) == (first.id, first.id)
        assert PredictionLog.objects.count() == 1

    def test_refuses_one_item_by_name_and_carries_the_others(self, tenant, request_, now):
        bad = replace(request_, event_id="e2", score=float("nan"))
        foreign = replace(request_, event_id="e3", site="depot-west")

        results = handle_predictions(tenant=tenant, requests=[bad, request_, foreign], now=now)

        assert isinstance(results[0], InvalidInput)
        assert results[0].field == "score"
        assert results[2].field == "site"
        assert PredictionLog.objects.count() == 1

    def test_says_that_nothing_serves_when_no_score_was_posted(self, tenant, request_, now):
        unscored = replace(request_, score=None, model_version=None)

        [result] = handle_predictions(tenant=tenant, requests=[unscored], now=now)

        assert (result.score, result.reason) == (None, "no_model")
        assert ReviewItem.objects.get().kind == "cannot_score"

    def test_holds_unscored_events_above_the_cap_and_raises_one_alert(self, tenant, request_, now):
        many = [
            replace(request_, event_id=f"n{i}", score=None, model_version=None) for i in range(105)
        ]

        handle_predictions(tenant=tenant, requests=many, now=now)

        assert ReviewItem.objects.filter(state="held").count() == 5
        assert ReviewItem.objects.filter(state="waiting").count() == 100


class TestRecordOutcomes:
    def test_moves_one_count_and_joins_once(self, tenant, request_, now):
        [result] = handle_predictions(tenant=tenant, requests=[request_], now=now)
        outcome = OutcomeRequest(
            prediction_id=result.id,
            value=1.0,
            known_at=now,
            source="api",
            labeller="token:x",
            dedupe_key="api:1",
        )

        [first] = record_outcomes(tenant=tenant, log="prediction", requests=[outcome], now=now)
        [again] = record_outcomes(tenant=tenant, log="prediction", requests=[outcome], now=now)

        assert (first.duplicate, again.duplicate) == (False, True)
        assert OutcomeRecord.objects.count() == 1
        assert rebuild_score_rollup(tenant=tenant, write=False).n_differing == 0

    def test_lets_a_later_statement_supersede_and_keeps_both(self, tenant, request_, now):
        [result] = handle_predictions(tenant=tenant, requests=[request_], now=now)
        first = OutcomeRequest(
            prediction_id=result.id,
            value=1.0,
            known_at=now,
            source="api",
            labeller="x",
            dedupe_key="1",
        )

        record_outcomes(tenant=tenant, log="prediction", requests=[first], now=now)
        record_outcomes(
            tenant=tenant,
            log="prediction",
            requests=[replace(first, value=0.0, dedupe_key="2")],
            now=now,
        )

        [current] = outcomes.known_outcomes(
            tenant=tenant, log="prediction", model_type="churn", since=now, known_by=now
        )
        assert current.value == 0.0
        assert OutcomeRecord.objects.count() == 2
        assert rebuild_score_rollup(tenant=tenant, write=False).n_differing == 0

    def test_never_finds_another_tenants_prediction(self, tenant, other_tenant, request_, now):
        [result] = handle_predictions(tenant=tenant, requests=[request_], now=now)
        outcome = OutcomeRequest(
            prediction_id=result.id,
            value=1.0,
            known_at=now,
            source="api",
            labeller="x",
            dedupe_key="1",
        )

        [refused] = record_outcomes(
            tenant=other_tenant, log="prediction", requests=[outcome], now=now
        )

        assert refused.field == "prediction"
        assert not OutcomeRecord.objects.exists()
