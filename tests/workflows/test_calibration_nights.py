"""What a night does for a calibration set, and what a set that is missing, old or small does."""

from datetime import timedelta

import pytest
from certified import CRITICAL, MODEL_TYPE, VERSION, post, request, serve, switch_on
from ml.calibration_world import CHURN, make_world

from watchfloor.ml.inference import serving
from watchfloor.ml.models import CalibrationSet, PredictionLog
from watchfloor.ml.versions import registry
from watchfloor.noc.desk import alert_correlation
from watchfloor.noc.desk.alert_correlation import Condition
from watchfloor.noc.models import AlertEvent
from watchfloor.tenants.flags import Flag
from watchfloor.workflows import calibration_load, model_health
from watchfloor.workflows.calibration_load import FileRow

pytestmark = pytest.mark.django_db
AGEING = "calibration_ageing:churn"


@pytest.fixture
def world(tenant, now):
    """A posted churn model with 120 outcomes, which serves without a calibration."""
    world = make_world(tenant, now)
    for i in range(120):
        world.log(days_ago=3 + i / 120, score=(i % 10) / 10, outcome=float(i % 10 > 4))
    deployment = registry.deployment_of(tenant=tenant, model_type=CHURN, now=now)
    stack = registry.new_stack(
        tenant=tenant,
        version=world.version,
        calibration_sha256="",
        thresholds=b"{}",
        monitor=b"",
        now=now,
    )
    registry.point_to(deployment=deployment, stack=stack, last_known_good=None, now=now)
    return world


def _night(world, kind=model_health.METRICS, *, after=timedelta()):
    at = world.now + after
    model_health.run_night(
        tenant=world.tenant, kind=kind, payload={"night": at.date().isoformat()}, now=at
    )


def _alarm(world, kind):
    """Open the drift alert of one kind of check."""
    alert_correlation.raise_alert(
        tenant=world.tenant,
        condition=Condition(
            alert_type="ML_DRIFT_DETECTED",
            severity="HIGH",
            fingerprint=f"drift:{kind}:{CHURN}:v1",
            message="worse",
            entity_type="ml_model",
            entity_id=f"{CHURN} v1",
        ),
        now=world.now,
    )


class TestANight:
    def test_cuts_the_weekly_set(self, world):
        _night(world)
        _night(world, after=timedelta(days=1))
        _night(world, after=timedelta(days=7))

        # A week later the rows are the same, and so the set is.
        assert list(CalibrationSet.objects.values_list("reason", "n")) == [("weekly", 120)]

    def test_cuts_a_set_when_a_drift_alarm_clears(self, world):
        _alarm(world, "performance")

        _night(world, model_health.PERFORMANCE)

        assert AlertEvent.objects.get().status == "resolved"
        assert CalibrationSet.objects.get().reason == "drift_cleared"

    def test_cuts_one_set_when_several_alarms_clear_at_once(self, world):
        for kind in ("score", "feature", "expected"):
            _alarm(world, kind)
        [before] = registry.deployments_of(world.tenant)

        _night(world, model_health.STATISTICAL)

        assert {alert.status for alert in AlertEvent.objects.all()} == {"resolved"}
        assert CalibrationSet.objects.get().reason == "drift_cleared"
        [after] = registry.deployments_of(world.tenant)
        assert after.pointer_version == before.pointer_version + 1

    def test_cuts_none_where_no_alarm_was_open(self, world):
        _night(world, model_health.PERFORMANCE)

        assert not CalibrationSet.objects.exists()

    def test_tells_of_a_set_that_cannot_be_renewed_until_it_can(self, world):
        _night(world)
        world.now += timedelta(days=16)
        asked = [world.log(days_ago=14 + i / 400, outcome=None) for i in range(150)]

        _night(world)

        alert = AlertEvent.objects.get(fingerprint=AGEING)
        assert (alert.alert_type, alert.severity) == ("ML_CALIBRATION_AGEING", "MEDIUM")
        assert "02 Mar 2026" in alert.message
        assert "people were asked about are known" in alert.message
        PredictionLog.objects.filter(id__in=asked).delete()
        for i in range(20):
            world.log(days_ago=14 + i / 20, score=0.3, outcome=0.0)
        _night(world, after=timedelta(days=1))
        assert AlertEvent.objects.get(fingerprint=AGEING).status == "resolved"
        assert CalibrationSet.objects.count() == 2


def _reason(tenant, *, at):
    (result,) = post(tenant, request(int(at.timestamp()) % 10_000, at=at, score=CRITICAL))
    return result.decision, result.reason


class TestASetThat:
    @pytest.fixture(autouse=True)
    def _on(self, tenant, now):
        serve(tenant, now=now)
        switch_on(tenant, Flag.AUTO_TICKET, now=now)

    def test_is_fresh_and_large_enough_lets_a_ticket_open(self, tenant, now):
        assert _reason(tenant, at=now) == ("auto_ticket", "certified")

    def test_is_older_than_allowed_sends_everything_to_people(self, tenant, now):
        at = now + timedelta(days=45, seconds=1)

        assert _reason(tenant, at=at) == ("human_review", "calibration_stale")

    def test_holds_too_few_outcomes_sends_everything_to_people(self, tenant, now):
        _load(tenant, [(CRITICAL, 1.0)] * 60 + [(0.1, 0.0)] * 39, now)

        assert _reason(tenant, at=now) == ("human_review", "calibration_too_small")

    def test_holds_too_few_events_sends_everything_to_people(self, tenant, now):
        _load(tenant, [(CRITICAL, 1.0)] * 9 + [(0.1, 0.0)] * 200, now)

        assert _reason(tenant, at=now) == ("human_review", "calibration_too_small")

    def test_failed_its_test_of_itself_sends_everything_to_people(self, tenant, now):
        row = CalibrationSet.objects.get()
        failed = {
            field.name: getattr(row, field.name)
            for field in CalibrationSet._meta.concrete_fields
            if field.name not in ("id", "created_at", "self_test_passed", "outcome_definition")
        }
        CalibrationSet.objects.create(
            **failed,
            outcome_definition="again",
            self_test_passed=False,
            created_at=now + timedelta(seconds=1),
        )

        assert _reason(tenant, at=now) == ("human_review", "exchangeability_lost")

    def test_is_read_from_the_database_decides_as_the_one_in_memory(self, tenant, now):
        kept = serving.serving_model(tenant=tenant, model_type=MODEL_TYPE)
        first = _reason(tenant, at=now)

        serving.forget_calibrations()

        again = serving.serving_model(tenant=tenant, model_type=MODEL_TYPE)
        assert again.calibration == kept.calibration
        assert again.calibration is not kept.calibration
        assert _reason(tenant, at=now + timedelta(seconds=1))[0] in {
            first[0],
            "suppressed_duplicate",
        }


def _load(tenant, rows, now):
    loading = calibration_load.from_file(
        tenant=tenant,
        model_type=MODEL_TYPE,
        version=VERSION,
        lines=[FileRow(line=n, prediction=p, actual=y) for n, (p, y) in enumerate(rows)],
        stated_not_trained_on=True,
    )
    calibration_load.load(tenant=tenant, loading=loading, min_samples=30, actor="user:mia", now=now)
