"""Errors are expected from scores before labels are in, and labels have the last word."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from watchfloor.ml.models import DriftReport, ExpectedErrorMonitor, RetrainJob
from watchfloor.noc.models import AlertEvent
from watchfloor.workflows import model_health, outcome_feedback
from watchfloor.workflows.outcome_feedback import OutcomeRequest
from watchfloor.workflows.prediction_intake import PredictionRequest, handle_predictions

pytestmark = pytest.mark.django_db
MODEL = "sla_breach"
FIRST = date(2026, 1, 5)
A_DAY = 40
EASY, HARD = (0.04, 0.96), (0.35, 0.75)


def day_of(offset):
    return FIRST + timedelta(days=offset)


def noon(day):
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def post(tenant, *, days, scores=EASY, truth=None, told=True):
    """Post days of one of two scores; events are as likely as the score says, or as `truth`."""
    for offset in days:
        day, rng = day_of(offset), np.random.default_rng(offset)
        picked = rng.integers(0, 2, A_DAY)
        requests = [
            PredictionRequest(
                event_id=f"{day}-{i}",
                source="itsm",
                model_type=MODEL,
                entity_type="incident",
                entity_id=str(i),
                occurred_at=noon(day) + timedelta(minutes=i),
                score=scores[k],
                model_version="v1",
            )
            for i, k in enumerate(picked)
        ]
        at = noon(day) + timedelta(hours=2)
        handle_predictions(tenant=tenant, requests=requests, now=at)
        if told:
            rates = [(truth or scores)[k] for k in picked]
            tell(tenant, requests, rng.random(A_DAY) < rates, at)


def tell(tenant, requests, happened, at):
    outcome_feedback.record_outcomes(
        tenant=tenant,
        log="prediction",
        requests=[
            OutcomeRequest(
                event=("itsm", request.event_id),
                value=float(value),
                known_at=at,
                source="api",
                labeller="desk",
                dedupe_key=request.event_id,
            )
            for request, value in zip(requests, happened, strict=True)
        ],
        now=at,
    )


def night_after(tenant, offset, kind=model_health.STATISTICAL):
    night = day_of(offset + 1)
    model_health.run_night(
        tenant=tenant,
        kind=kind,
        payload={"night": night.isoformat()},
        now=noon(night) - timedelta(hours=9),
    )


def report_of(tenant, offset):
    return DriftReport.objects.for_tenant(tenant).get(kind="expected", day=day_of(offset))


@pytest.fixture
def taught(tenant):
    """Twenty days with all their labels, and a night that learns from them."""
    post(tenant, days=range(20))
    night_after(tenant, 19)
    return tenant


class TestTheExpectedError:
    def test_is_learned_from_matured_days(self, taught):
        report = report_of(taught, 19)

        assert (report.drifted, report.severity) == (False, "none")
        # One of two scores 0.04 from certain; 800 labels, so an error of 0.007.
        assert report.evidence["baseline_error"] == pytest.approx(0.04, abs=0.028)
        assert report.evidence["estimated_drop"] == pytest.approx(0.0, abs=0.028)

    def test_says_why_it_can_say_nothing(self, tenant):
        post(tenant, days=range(3), told=False)

        night_after(tenant, 2)

        report = report_of(tenant, 2)
        assert report.severity == "insufficient"
        assert "no day of v1 has 90% of its labels" in report.evidence["reason"]

    def test_needs_as_much_as_a_baseline(self, tenant):
        post(tenant, days=range(3))

        night_after(tenant, 2)

        assert report_of(tenant, 2).severity == "insufficient"

    def test_starts_anew_with_another_threshold(self, taught):
        ExpectedErrorMonitor.objects.update(threshold=0.111)

        night_after(taught, 19)

        assert ExpectedErrorMonitor.objects.get().threshold != 0.111


class TestAnAlarm:
    def test_comes_without_any_label_is_high_at_most_and_asks_for_no_retrain(self, taught):
        post(taught, days=range(20, 24), scores=HARD, told=False)

        for offset in range(20, 24):
            night_after(taught, offset)
        night_after(taught, 23, kind=model_health.PERFORMANCE)

        report = report_of(taught, 23)
        # From 0.04 to about 0.3: a drop of more than twenty points is HIGH and not CRITICAL.
        assert (report.drifted, report.severity) == (True, "high")
        assert report.evidence["drop"] > 0.20
        alert = AlertEvent.objects.for_tenant(taught).get(fingerprint=f"drift:expected:{MODEL}:v1")
        assert "no label has confirmed it yet" in alert.message
        assert not RetrainJob.objects.for_tenant(taught).exists()

    def test_ends_when_labels_disagree_and_learns_from_them(self, taught):
        post(taught, days=range(20, 24), scores=HARD, told=False)
        for offset in range(20, 24):
            night_after(taught, offset)
        # Hard scores, and hardly an error: the map was wrong about them.
        post(taught, days=range(24, 27), scores=HARD, truth=(0.01, 0.99))
        for offset in range(24, 27):
            night_after(taught, offset)

        ended = DriftReport.objects.filter(kind="expected", drifted=False, day__gt=day_of(23))
        first = ended.order_by("day").first()
        assert first.evidence["sentence"] == "Labels came in, and the errors have not risen."
        alert = AlertEvent.objects.for_tenant(taught).get(fingerprint=f"drift:expected:{MODEL}:v1")
        assert alert.status == "resolved"

    def test_ends_when_scores_are_as_before(self, taught):
        post(taught, days=range(20, 24), scores=HARD, told=False)
        for offset in range(20, 24):
            night_after(taught, offset)
        post(taught, days=range(24, 32), told=False)

        night_after(taught, 31)

        report = report_of(taught, 31)
        assert not report.drifted
        assert report.evidence["sentence"] == "The expected errors are back within their bound."

    def test_done_twice_is_the_same_night(self, taught):
        post(taught, days=range(20, 24), scores=HARD, told=False)
        night_after(taught, 23)
        before = report_of(taught, 23).evidence

        night_after(taught, 23)

        assert report_of(taught, 23).evidence == before
