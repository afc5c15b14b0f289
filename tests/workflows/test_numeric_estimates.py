"""Estimates of numbers are logged with their intervals, and calibrated by what became known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from watchfloor.core.conformal.numeric import NumericKind
from watchfloor.core.conformal.numeric_fit import fit_numeric_calibration
from watchfloor.core.errors import InvalidInput, NotReady
from watchfloor.ml.calibration import numeric_calibration
from watchfloor.ml.models import (
    NumericCalibrationSet,
    NumericEstimate,
    OutcomeRecord,
    PredictionLog,
    ScoreDelta,
)
from watchfloor.ml.predictions import numeric_estimates
from watchfloor.ml.predictions.numeric_estimates import Number
from watchfloor.noc.models import AlertEvent, ReviewItem, Ticket
from watchfloor.workflows import model_health
from watchfloor.workflows.outcome_feedback import OutcomeRequest, record_outcomes
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions

pytestmark = pytest.mark.django_db

BEGIN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


@pytest.fixture
def request_(now):
    return PredictionRequest(
        event_id="INC1",
        source="itsm",
        model_type="time_to_close",
        entity_type="incident",
        entity_id="INC1",
        occurred_at=now,
        model_version="eta-1",
        number=Number(12.5, "h", sigma=3.0),
        site="harbour-gate",
    )


def post_estimates(tenant, n, *, version="eta-1", entities=None, hours_apart=6, name="old"):
    """Estimates one after the other, with the truth a few hours off; return (requests, truth)."""
    rng = np.random.default_rng(20260302)
    sigma = rng.uniform(1, 5, n)
    estimate = rng.uniform(5, 40, n)
    truth = estimate + sigma * rng.normal(size=n)
    requests = [
        PredictionRequest(
            event_id=f"{name}{i}",
            source="itsm",
            model_type="time_to_close",
            entity_type="incident",
            entity_id=f"{name}{i}" if entities is None else f"engine {i % entities}",
            occurred_at=BEGIN + i * timedelta(hours=hours_apart),
            model_version=version,
            number=Number(float(estimate[i]), "h", sigma=float(sigma[i])),
        )
        for i in range(n)
    ]
    results = handle_predictions(tenant=tenant, requests=requests, now=BEGIN)
    return list(zip(requests, results, strict=True)), truth


def tell(tenant, posted, truth, *, now, **others):
    """Tell each number as many hours after its event as it says."""
    given = record_outcomes(
        tenant=tenant,
        log="prediction",
        requests=[
            OutcomeRequest(
                prediction_id=result.id,
                value=float(value),
                known_at=request.occurred_at + timedelta(hours=max(float(value), 0)),
                source="api",
                labeller="token:desk",
                dedupe_key=f"truth of {request.event_id}",
                **others,
            )
            for (request, result), value in zip(posted, truth, strict=True)
        ],
        now=now,
    )
    assert not [one for one in given if isinstance(one, InvalidInput)]


class TestHandlePredictions:
    def test_logs_an_estimate_without_a_score_and_nothing_acts_on_it(self, tenant, request_, now):
        [result] = handle_predictions(tenant=tenant, requests=[request_], now=now)

        assert (result.decision, result.reason) == ("log_only", "numeric_estimate")
        logged = PredictionLog.objects.get()
        assert (logged.score, logged.score_bin, logged.raw_score) == (None, None, None)
        assert logged.model_version == "eta-1"
        kept = NumericEstimate.objects.get()
        assert (kept.prediction_id, kept.estimate, kept.sigma, kept.unit) == (
            result.id,
            12.5,
            3.0,
            "h",
        )
        acted = (Ticket, ReviewItem, AlertEvent, ScoreDelta)
        assert [table for table in acted if table.objects.exists()] == []

    def test_answers_a_repeated_event_with_its_first_row(self, tenant, request_, now):
        [first] = handle_predictions(tenant=tenant, requests=[request_], now=now)

        [again] = handle_predictions(
            tenant=tenant, requests=[replace(request_, number=Number(99.0, "h"))], now=now
        )

        assert (again.id, again.duplicate) == (first.id, True)
        assert NumericEstimate.objects.get().estimate == 12.5

    def test_carries_scores_and_estimates_of_one_batch_each_to_its_own(self, tenant, request_, now):
        scored = replace(request_, event_id="INC2", number=None, score=0.9, model_type="sla_breach")

        results = handle_predictions(tenant=tenant, requests=[request_, scored], now=now)

        assert [one.reason for one in results] == ["numeric_estimate", "no_calibration"]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"score": 0.5}, "estimate"),
            ({"model_version": None}, "model_version"),
            ({"number": Number(float("nan"), "h")}, "estimate"),
            ({"number": Number(1.0, "")}, "unit"),
            ({"number": Number(1.0, "h", sigma=-1.0)}, "sigma"),
            ({"number": Number(1.0, "h", sigma=float("inf"))}, "sigma"),
            ({"site": "depot-west"}, "site"),
        ],
    )
    def test_refuses_what_does_not_fit_by_name_and_keeps_nothing(
        self, tenant, request_, now, change, field
    ):
        [refused] = handle_predictions(
            tenant=tenant, requests=[replace(request_, **change)], now=now
        )

        assert isinstance(refused, InvalidInput)
        assert refused.field == field
        # The event may come again, mended.
        [taken] = handle_predictions(tenant=tenant, requests=[request_], now=now)
        assert not taken.duplicate

    def test_keeps_a_version_to_its_unit(self, tenant, request_, now):
        minutes = replace(request_, event_id="INC2", number=Number(700.0, "min"))

        of_one_batch = handle_predictions(tenant=tenant, requests=[request_, minutes], now=now)
        [later] = handle_predictions(tenant=tenant, requests=[minutes], now=now)

        assert [of_one_batch[1].field, later.field] == ["unit", "unit"]
        assert later.expected == "h, as this version has it"


class TestRecordOutcomes:
    def test_keeps_the_number_and_the_statement(self, tenant, request_, now):
        posted = list(
            zip([request_], handle_predictions(tenant=tenant, requests=[request_], now=now))
        )

        tell(tenant, posted, [14.25], now=now + timedelta(days=2), propensity=0.5)

        kept, record = NumericEstimate.objects.get(), OutcomeRecord.objects.get()
        assert (kept.outcome, kept.propensity) == (14.25, 0.5)
        assert kept.outcome_known_at == now + timedelta(hours=14.25)
        assert (record.value, record.log, record.score) == (14.25, "number", None)
        # 14.25 is no event, so no reader of events may find it.
        assert PredictionLog.objects.get().outcome is None
        assert not ScoreDelta.objects.exists()

    def test_lets_a_later_statement_supersede_and_counts_a_repetition_once(
        self, tenant, request_, now
    ):
        [result] = handle_predictions(tenant=tenant, requests=[request_], now=now)
        first = OutcomeRequest(
            prediction_id=result.id,
            value=14.25,
            known_at=now,
            source="api",
            labeller="x",
            dedupe_key="1",
        )

        for statement in (first, first, replace(first, value=15.0, dedupe_key="2")):
            record_outcomes(tenant=tenant, log="prediction", requests=[statement], now=now)

        assert NumericEstimate.objects.get().outcome == 15.0
        assert list(OutcomeRecord.objects.order_by("pk").values_list("value", "is_current")) == [
            (14.25, False),
            (15.0, True),
        ]

    def test_refuses_a_number_of_an_event_and_what_is_no_number_of_an_estimate(
        self, tenant, request_, now
    ):
        scored = replace(request_, event_id="INC2", number=None, score=0.9, model_type="sla_breach")
        results = handle_predictions(tenant=tenant, requests=[request_, scored], now=now)
        stated = [
            OutcomeRequest(
                prediction_id=result.id,
                value=value,
                known_at=now,
                source="api",
                labeller="x",
                dedupe_key=str(value),
            )
            for result, value in zip(results, (float("inf"), 14.25))
        ]

        refused = record_outcomes(tenant=tenant, log="prediction", requests=stated, now=now)

        assert [(one.field, one.expected) for one in refused] == [
            ("value", "a finite number"),
            ("value", "0 or 1"),
        ]


class TestCalibration:
    def test_is_cut_by_night_and_shown_with_what_comes_after(self, tenant, request_, now):
        posted, truth = post_estimates(tenant, 200)
        tell(tenant, posted, truth, now=now)

        _night(tenant, now)
        [result] = handle_predictions(tenant=tenant, requests=[request_], now=now)

        row = NumericCalibrationSet.objects.get()
        assert (row.model_version, row.unit, row.n_groups) == ("eta-1", "h", None)
        estimate = NumericEstimate.objects.get(prediction_id=result.id)
        assert estimate.calibration_sha256 == row.sha256
        shown = numeric_calibration.intervals_of(tenant=tenant, row=estimate)
        assert [(one.level, one.kind) for one in shown[:3]] == [
            (level, NumericKind.ABSOLUTE) for level in (90, 95, 99)
        ]
        assert shown[0].lower < 12.5 < shown[0].upper
        # What was said without a calibration stays without one.
        first = NumericEstimate.objects.order_by("occurred_at").first()
        assert numeric_calibration.intervals_of(tenant=tenant, row=first) == ()

    def test_equals_the_fit_of_what_is_old_enough(self, tenant, now):
        posted, truth = post_estimates(tenant, 200)
        tell(tenant, posted, truth, now=now)

        row = cut(tenant, now=now)

        found = numeric_calibration.calibration_of(tenant=tenant, sha256=row.sha256)
        # 99 of 100 delays are shorter than two days, and the last event is six days old.
        estimates = [request.number.estimate for request, _ in posted]
        expected = fit_numeric_calibration(truth, estimates, unit="h")
        assert found.absolute == expected.absolute
        assert row.n == 200

    def test_leaves_out_what_is_too_young_for_slow_numbers_to_be_known(self, tenant, now):
        posted, truth = post_estimates(tenant, 200)
        # Of the last thirty only those that ended quickly are known.
        at = posted[-1][0].occurred_at + timedelta(hours=1)
        ended = [
            pair
            for pair in zip(posted, truth, strict=True)
            if pair[0][0].occurred_at + timedelta(hours=max(float(pair[1]), 0)) <= at
        ]
        tell(tenant, [pair[0] for pair in ended], [pair[1] for pair in ended], now=at)

        row = cut(tenant, now=at)

        assert row.n < len(ended)
        cohort_end = at - timedelta(hours=float(np.quantile(truth, 0.97)))
        assert row.window_end < cohort_end

    def test_counts_things_where_one_has_several_rows(self, tenant, now):
        posted, truth = post_estimates(tenant, 200, entities=20)
        tell(tenant, posted, truth, now=now)

        row = cut(tenant, now=now)

        found = numeric_calibration.calibration_of(tenant=tenant, sha256=row.sha256)
        assert (row.n, row.n_groups) == (200, 20)
        assert found.certifiable_levels() == (90, 95)

    def test_weighs_numbers_that_had_a_small_chance_to_become_known(self, tenant, now):
        posted, truth = post_estimates(tenant, 200)
        looked_at, quiet = posted[::2], posted[1::2]
        tell(tenant, looked_at, truth[::2], now=now)
        tell(tenant, quiet[::2], truth[1::4], now=now, propensity=0.5)

        row = cut(tenant, now=now)

        found = numeric_calibration.calibration_of(tenant=tenant, sha256=row.sha256)
        # 100 rows of weight 1 and 50 of weight 2.
        assert found.n_effective == pytest.approx(200**2 / 300)
        assert found.certifiable_levels() == (90, 95, 99)

    def test_is_not_cut_where_too_many_are_missing(self, tenant, now):
        posted, truth = post_estimates(tenant, 200)
        tell(tenant, posted[::2], truth[::2], now=now)

        with pytest.raises(NotReady, match="stand for 50%"):
            numeric_calibration.cut_from_log(
                tenant=tenant, model_type="time_to_close", version="eta-1", now=now
            )

    @pytest.mark.parametrize("known", [0, 8])
    def test_is_not_cut_from_a_handful(self, tenant, now, known):
        posted, truth = post_estimates(tenant, 8)
        tell(tenant, posted[:known], truth[:known], now=now)

        _night(tenant, now)

        assert not NumericCalibrationSet.objects.exists()

    def test_is_cut_anew_once_a_week(self, tenant, now):
        posted, truth = post_estimates(tenant, 100)
        tell(tenant, posted, truth, now=now)

        for day in (0, 1, 6, 7, 8):
            numeric_calibration.recalibrate_due(tenant=tenant, now=now + timedelta(days=day))

        cut = NumericCalibrationSet.objects.order_by("pk").values_list("created_at", flat=True)
        assert list(cut) == [now, now + timedelta(days=7)]

    def test_never_sees_another_tenants_numbers(self, tenant, other_tenant, now):
        posted, truth = post_estimates(tenant, 100)
        tell(tenant, posted, truth, now=now)
        numeric_calibration.recalibrate_due(tenant=tenant, now=now)
        mine = NumericCalibrationSet.objects.get()

        numeric_calibration.recalibrate_due(tenant=other_tenant, now=now)
        theirs, _ = post_estimates(other_tenant, 3)

        assert NumericCalibrationSet.objects.get() == mine
        ids = [result.id for _, result in theirs]
        assert numeric_estimates.find_many(tenant=tenant, ids=ids) == {}
        assert {
            row.calibration_sha256 for row in NumericEstimate.objects.for_tenant(other_tenant)
        } == {""}


def cut(tenant, *, now):
    which = {"tenant": tenant, "model_type": "time_to_close", "version": "eta-1", "now": now}
    return numeric_calibration.store(cut=numeric_calibration.cut_from_log(**which), **which)


def _night(tenant, now):
    model_health.run_night(
        tenant=tenant,
        kind=model_health.METRICS,
        payload={"night": now.date().isoformat()},
        now=now,
    )
