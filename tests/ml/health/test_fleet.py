"""The fleet: every model that serves, of those tenants alone that were asked for."""

from datetime import date, timedelta

import numpy as np
import pytest

from watchfloor.core.drift.performance import baseline_of, observe, start
from watchfloor.core.drift.severity import Severity
from watchfloor.ml.health.fleet import fleet_of
from watchfloor.ml.models import (
    Deployment,
    DriftReport,
    ModelPerformanceMetrics,
    ModelStack,
    ModelVersion,
    PerformanceMonitor,
)

BASELINE = baseline_of(np.tile([1.0] + [0.0] * 9, 300), np.repeat(np.arange(30), 100))
YESTERDAY = date(2026, 3, 1)


@pytest.fixture
def serve(now):
    """Let a model of a tenant serve, with errors that have been fed to its monitor."""

    def served(tenant, model_type, *, errors=(), alarmed=False):
        version = ModelVersion.objects.create(
            tenant=tenant, model_type=model_type, version="v1", role="champion", created_at=now
        )
        stack = ModelStack.objects.create(
            tenant=tenant, model_type=model_type, model_version=version, created_at=now
        )
        Deployment.objects.create(tenant=tenant, model_type=model_type, stack=stack, changed_at=now)
        monitor = start(BASELINE, labels_per_day=100)
        for error in errors:
            monitor, _ = observe(monitor, float(error), now)
        PerformanceMonitor.objects.create(
            tenant=tenant,
            model_type=model_type,
            model_version="v1",
            state=monitor.to_bytes(),
            alarmed_at=now if alarmed else None,
            updated_at=now,
        )

    return served


def report(tenant, model_type, *, kind, severity, day=YESTERDAY, now):
    DriftReport.objects.create(
        tenant=tenant,
        model_type=model_type,
        model_version="v1",
        kind=kind,
        day=day,
        checked_at=now,
        drifted=severity != "none",
        severity=severity,
    )


class TestTheFleet:
    def test_is_empty_without_a_model(self, tenant, now):
        fleet = fleet_of(tenants=[tenant], now=now)

        assert fleet.models == ()
        assert fleet.together == 0
        assert not fleet.moves_together

    def test_holds_no_model_of_another_tenant(self, tenant, other_tenant, serve, now):
        serve(tenant, "sla_breach")
        serve(other_tenant, "lift_outage")

        fleet = fleet_of(tenants=[tenant], now=now)

        assert [model.model_type for model in fleet.models] == ["sla_breach"]

    def test_compares_those_of_several_tenants(self, tenant, other_tenant, serve, now):
        serve(tenant, "sla_breach", errors=[0] * 30)
        serve(other_tenant, "sla_breach", errors=[1] * 5)

        fleet = fleet_of(tenants=[tenant, other_tenant], now=now)

        assert [(m.tenant.code, m.stands_out) for m in fleet.models] == [
            ("borealis", True),
            ("acme", False),
        ]
        assert fleet.moves_together

    def test_reads_as_often_however_many_models_there_are(
        self, tenant, other_tenant, serve, now, django_assert_num_queries
    ):
        for k in range(4):
            serve(tenant, f"type_{k}")
            serve(other_tenant, f"type_{k}")

        with django_assert_num_queries(4):
            fleet = fleet_of(tenants=[tenant, other_tenant], now=now)

        assert len(fleet.models) == 8

    def test_says_too_little_where_there_is_no_monitor(self, tenant, serve, now):
        serve(tenant, "sla_breach")
        PerformanceMonitor.objects.update(state=None)

        [model] = fleet_of(tenants=[tenant], now=now).models

        assert (model.e_value, model.baseline_accuracy, model.stands_out) == (None, None, False)


class TestACommonCause:
    def store(self, tenant, now, *, day, severity):
        DriftReport.objects.create(
            tenant=tenant,
            model_type="*",
            model_version="",
            kind="common_cause",
            day=day,
            checked_at=now,
            drifted=severity != "none",
            severity=severity,
            evidence={"sentence": "COMMON_CAUSE: most of them."},
        )

    def test_is_told_while_the_last_night_saw_it(self, tenant, other_tenant, now):
        self.store(tenant, now, day=YESTERDAY, severity="medium")

        [told] = fleet_of(tenants=[tenant, other_tenant], now=now).common_causes

        assert (told.tenant, told.sentence) == (tenant, "COMMON_CAUSE: most of them.")
        assert fleet_of(tenants=[other_tenant], now=now).common_causes == ()

    def test_is_over_with_the_first_night_that_does_not(self, tenant, now):
        before = YESTERDAY - timedelta(days=1)
        self.store(tenant, now, day=before, severity="medium")
        self.store(tenant, now, day=YESTERDAY, severity="none")

        assert fleet_of(tenants=[tenant], now=now).common_causes == ()


class TestAModel:
    def test_shows_its_newest_check_of_each_kind_alone(self, tenant, serve, now):
        serve(tenant, "sla_breach")
        before = YESTERDAY - timedelta(days=1)
        report(tenant, "sla_breach", kind="score", severity="high", day=before, now=now)
        report(tenant, "sla_breach", kind="score", severity="none", now=now)
        report(tenant, "sla_breach", kind="feature", severity="low", now=now)
        report(tenant, "sla_breach", kind="performance", severity="medium", now=now)

        [model] = fleet_of(tenants=[tenant], now=now).models

        assert model.episodes == (("performance", Severity.MEDIUM), ("feature", Severity.LOW))
        assert model.severity is Severity.MEDIUM
        assert model.checked_on == YESTERDAY

    def test_forgets_checks_that_stopped_running(self, tenant, serve, now):
        serve(tenant, "sla_breach")
        long_ago = YESTERDAY - timedelta(days=20)
        report(tenant, "sla_breach", kind="score", severity="high", day=long_ago, now=now)

        [model] = fleet_of(tenants=[tenant], now=now).models

        assert (model.episodes, model.checked_on) == ((), None)

    def test_has_its_accuracy_day_by_day(self, tenant, serve, now):
        serve(tenant, "sla_breach")
        ModelPerformanceMetrics.objects.create(
            tenant=tenant,
            model_type="sla_breach",
            model_version="v1",
            metric_date=YESTERDAY - timedelta(days=1),
            window_start=now,
            window_end=now,
            total_predictions=10,
            predictions_with_outcomes=10,
            true_positives=2,
            false_positives=1,
            true_negatives=7,
            false_negatives=0,
            accuracy=0.9,
            created_at=now,
            computed_at=now,
        )

        [model] = fleet_of(tenants=[tenant], now=now).models

        assert len(model.accuracy) == 30
        assert model.accuracy[-2:] == (0.9, None)
        assert model.last_accuracy == 0.9
        assert model.baseline_accuracy == pytest.approx(0.9)

    def test_says_how_long_a_drop_would_hide(self, tenant, serve, now):
        serve(tenant, "sla_breach")

        [model] = fleet_of(tenants=[tenant], now=now).models

        # At 100 outcomes a day and one error of ten, ten points take about 200 outcomes.
        assert model.days_to_see_10_points == pytest.approx(2.0, abs=0.5)

    def test_with_an_open_episode_stands_first(self, tenant, serve, now):
        serve(tenant, "a_quiet")
        serve(tenant, "b_moved")
        report(tenant, "b_moved", kind="feature", severity="low", now=now)

        fleet = fleet_of(tenants=[tenant], now=now)

        assert [model.model_type for model in fleet.models] == ["b_moved", "a_quiet"]
