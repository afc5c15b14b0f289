"""A calibration whose bytes are gone or damaged: people look, one alert says so, all is kept."""

from datetime import timedelta

import pytest
from certified import (
    CRITICAL,
    HIGH,
    LOW,
    MODEL_TYPE,
    VERSION,
    calibrate,
    post,
    request,
    serve,
    switch_on,
)

from watchfloor.core.local_time import local_day
from watchfloor.ml.calibration import numeric_calibration, unreadable
from watchfloor.ml.inference import serving
from watchfloor.ml.models import (
    Blob,
    CalibrationSet,
    ModelPerformanceMetrics,
    NumericCalibrationSet,
    NumericEstimate,
    PredictionLog,
)
from watchfloor.ml.predictions.numeric_estimates import Number
from watchfloor.noc.models import AlertEvent, ReviewItem, Ticket
from watchfloor.tenants.flags import Flag
from watchfloor.workflows import model_health, numeric_load
from watchfloor.workflows.outcome_feedback import OutcomeRequest, record_outcomes
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
ALERT = "ML_CALIBRATION_UNREADABLE"


@pytest.fixture
def acme(tenant, now):
    """Acme with a certified model, and tickets and clearing switched on."""
    serve(tenant, now=now - DAY)
    switch_on(tenant, Flag.AUTO_TICKET, Flag.AUTO_CLEAR, now=now - DAY)
    return tenant


def flip_a_byte(digest):
    content = bytearray(Blob.objects.get(sha256=digest).content)
    content[len(content) // 2] ^= 1
    Blob.objects.filter(sha256=digest).update(content=bytes(content))
    forget()


def delete_the_row(digest):
    Blob.objects.filter(sha256=digest).delete()
    forget()


def forget():
    """Another process than the one that has read it."""
    serving.forget_calibrations()
    numeric_calibration.forget_calibrations()


def run_night(tenant, now):
    night = local_day(now, tenant.zone)
    model_health.run_night(
        tenant=tenant,
        kind=model_health.METRICS,
        payload={"night": night.isoformat()},
        now=now,
    )


def alerts():
    return AlertEvent.objects.filter(alert_type=ALERT)


DAMAGES = pytest.mark.parametrize("damage", [flip_a_byte, delete_the_row])


class TestScores:
    @DAMAGES
    def test_a_high_one_goes_to_a_person_with_the_reason(self, acme, now, damage):
        damage(CalibrationSet.objects.get().sha256)

        [result] = post(acme, request(1, at=now, score=CRITICAL))

        assert (result.decision, result.reason) == ("human_review", "calibration_unreadable")
        item = ReviewItem.objects.get()
        assert (item.prediction_id, item.reason, item.kind) == (
            result.id,
            "calibration_unreadable",
            "decision",
        )
        row = PredictionLog.objects.get(id=result.id)
        assert (row.score, row.model_version) == (result.score, VERSION)
        assert (row.calibration_hash, row.confidence_interval_width) == ("", None)
        assert not Ticket.objects.exists()

    @DAMAGES
    def test_a_low_one_is_logged_and_not_cleared(self, acme, now, damage):
        damage(CalibrationSet.objects.get().sha256)

        [result] = post(acme, request(1, at=now, score=LOW))

        row = PredictionLog.objects.get(id=result.id)
        assert (row.decision, row.failing_clause) == ("log_only", "calibration_unreadable")

    @DAMAGES
    def test_one_alert_says_so_however_many_come(self, acme, now, damage):
        digest = CalibrationSet.objects.get().sha256
        damage(digest)

        post(acme, request(1, at=now, score=LOW), request(2, at=now, score=HIGH))
        post(acme, request(3, at=now, score=LOW))

        alert = alerts().get()
        assert (alert.severity, alert.occurrences) == ("HIGH", 2)
        assert alert.entity_id == f"{MODEL_TYPE} {VERSION}"
        assert list(alert.metadata) == [digest]

    def test_of_another_version_have_no_calibration_as_before(self, acme, now):
        flip_a_byte(CalibrationSet.objects.get().sha256)
        other = PredictionRequest(
            event_id="x1",
            source="itsm",
            model_type=MODEL_TYPE,
            entity_type="incident",
            entity_id="INC1",
            occurred_at=now,
            score=HIGH,
            model_version="2026-04",
        )

        [result] = post(acme, other)

        assert result.reason == "no_calibration"
        assert not alerts().exists()

    @DAMAGES
    def test_are_ticketed_again_once_the_same_outcomes_are_loaded(self, acme, now, damage):
        damage(CalibrationSet.objects.get().sha256)
        post(acme, request(1, at=now))

        calibrate(acme, now=now)
        [result] = post(acme, request(2, at=now))

        assert CalibrationSet.objects.count() == 1
        assert result.decision == "auto_ticket"
        assert alerts().get().status == "resolved"


class TestNight:
    @DAMAGES
    def test_tells_of_it_though_nothing_was_predicted(self, acme, now, damage):
        damage(CalibrationSet.objects.get().sha256)

        run_night(acme, now)

        assert alerts().get().status == "firing"

    def test_ends_the_alert_once_the_row_is_back(self, acme, now):
        digest = CalibrationSet.objects.get().sha256
        kept = bytes(Blob.objects.get(sha256=digest).content)
        flip_a_byte(digest)
        run_night(acme, now)

        Blob.objects.filter(sha256=digest).update(content=kept)
        run_night(acme, now + DAY)

        assert alerts().get().status == "resolved"

    def test_keeps_what_was_computed_while_it_could_be_read(self, acme, now):
        post(acme, request(1, at=now))
        run_night(acme, now + DAY)
        before = ModelPerformanceMetrics.objects.get(metric_date=local_day(now, acme.zone))

        flip_a_byte(CalibrationSet.objects.get().sha256)
        run_night(acme, now + 2 * DAY)

        after = ModelPerformanceMetrics.objects.get(metric_date=local_day(now, acme.zone))
        assert before.avg_confidence_interval_width is not None
        assert after.avg_confidence_interval_width == before.avg_confidence_interval_width
        assert after.computed_at > before.computed_at


class TestNumbers:
    @pytest.fixture
    def estimating(self, tenant, now):
        """Acme with a calibrated model of hours to close."""
        rows = [
            numeric_calibration.NumericRow(outcome=float(n % 7), estimate=3.0) for n in range(200)
        ]
        cut = numeric_calibration.cut_from_rows(rows, unit="h")
        numeric_load.load(
            tenant=tenant,
            model_type="time_to_close",
            version="eta-1",
            cut=cut,
            actor="user:lea",
            now=now - DAY,
        )
        return tenant

    def estimate(self, tenant, name, now):
        wanted = PredictionRequest(
            event_id=name,
            source="itsm",
            model_type="time_to_close",
            entity_type="incident",
            entity_id=name,
            occurred_at=now,
            model_version="eta-1",
            number=Number(12.5, "h"),
        )
        [result] = handle_predictions(tenant=tenant, requests=[wanted], now=now)
        return NumericEstimate.objects.get(prediction_id=result.id)

    @DAMAGES
    def test_are_logged_without_an_interval_and_told_of_once(self, estimating, now, damage):
        damage(NumericCalibrationSet.objects.get().sha256)

        first = self.estimate(estimating, "INC1", now)
        self.estimate(estimating, "INC2", now)

        assert (first.estimate, first.calibration_sha256) == (12.5, "")
        row = PredictionLog.objects.get(id=first.prediction_id)
        assert (row.reason, row.failing_clause) == ("numeric_estimate", "calibration_unreadable")
        assert (alerts().get().entity_id, alerts().get().occurrences) == ("time_to_close eta-1", 2)

    @DAMAGES
    def test_estimated_before_lose_their_interval_and_nothing_else(self, estimating, now, damage):
        row = self.estimate(estimating, "INC1", now)
        assert len(numeric_calibration.intervals_of(tenant=estimating, row=row)) > 0

        damage(row.calibration_sha256)

        assert numeric_calibration.intervals_of(tenant=estimating, row=row) == ()

    def test_are_told_of_by_the_night(self, estimating, now):
        self.estimate(estimating, "INC1", now)
        flip_a_byte(NumericCalibrationSet.objects.get().sha256)

        run_night(estimating, now + DAY)

        assert alerts().get().entity_id == "time_to_close eta-1"

    def test_are_calibrated_anew_by_the_night_though_this_process_still_holds_them(
        self, estimating, now
    ):
        for n in range(12):
            row = self.estimate(estimating, f"INC{n}", now + timedelta(minutes=n))
            record_outcomes(
                tenant=estimating,
                log="prediction",
                requests=[
                    OutcomeRequest(
                        prediction_id=row.prediction_id,
                        value=10.0 + n,
                        known_at=row.occurred_at,
                        source="api",
                        labeller="token:desk",
                        dedupe_key=f"truth {n}",
                    )
                ],
                now=row.occurred_at,
            )
        Blob.objects.filter(sha256=NumericCalibrationSet.objects.get().sha256).delete()

        run_night(estimating, now + DAY)

        newest = NumericCalibrationSet.objects.latest("created_at")
        assert (newest.source, newest.n) == ("number_log", 12)
        assert not alerts().exists()


class TestInForce:
    def test_names_each_with_what_is_wrong_with_it(self, acme, now):
        digest = CalibrationSet.objects.get().sha256
        [sound] = unreadable.in_force(tenant=acme, now=now)
        flip_a_byte(digest)

        [broken] = unreadable.in_force(tenant=acme, now=now)

        assert (sound.is_readable, broken.is_readable) == (True, False)
        assert broken.sha256 == digest
        assert digest[:12] in broken.why

    def test_is_of_one_tenant(self, acme, other_tenant, now):
        assert unreadable.in_force(tenant=other_tenant, now=now) == []
