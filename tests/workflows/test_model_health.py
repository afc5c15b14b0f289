"""Nights are planned once, done in order, and what is given up is told."""

from datetime import UTC, date, datetime, timedelta

import certified
import pytest

from watchfloor.core.drift.severity import Severity
from watchfloor.entrypoints import due_work
from watchfloor.ledger import due
from watchfloor.ledger.due import Lease
from watchfloor.ledger.models import AuditEntry, DueRow, OutboxMessage
from watchfloor.ml.health.drift_reports import Finding
from watchfloor.ml.versions import registry
from watchfloor.noc.models import AlertEvent
from watchfloor.tenants import directory
from watchfloor.tenants.ml_config import ml_config_for
from watchfloor.workflows import alert_handling, model_health, policy_switch

pytestmark = pytest.mark.django_db
LEASE = Lease(worker="test", real_now=datetime(2026, 1, 1, tzinfo=UTC))


class TestPlanFirstNights:
    def test_plans_each_kind_at_its_local_hour(self, tenant, now):
        berlin = directory.create_tenant(
            code="berlin", name="Berlin", now=now, time_zone="Europe/Berlin"
        )

        model_health.plan_first_nights(tenant=berlin, now=now)

        due_at = dict(DueRow.objects.for_tenant(berlin).values_list("kind", "due_at"))
        assert due_at == {
            model_health.METRICS: datetime(2026, 3, 3, 1, 0, tzinfo=UTC),
            model_health.STATISTICAL: datetime(2026, 3, 3, 2, 0, tzinfo=UTC),
            model_health.PERFORMANCE: datetime(2026, 3, 3, 3, 0, tzinfo=UTC),
        }

    def test_plans_once(self, tenant, now):
        model_health.plan_first_nights(tenant=tenant, now=now)
        model_health.plan_first_nights(tenant=tenant, now=now + timedelta(days=3))

        assert DueRow.objects.count() == 3


class TestANight:
    def test_plans_the_next_one_so_that_a_stopped_process_catches_up(self, tenant, now):
        model_health.plan_first_nights(tenant=tenant, now=now)

        done = due_work.run_until_idle(now=now + timedelta(days=4), lease=LEASE)

        assert done == 4 * 3
        assert due.next_due_at(kinds=[model_health.METRICS]) == datetime(2026, 3, 7, 2, tzinfo=UTC)

    def test_keeps_its_local_hour_across_the_change_of_the_clocks(self, now):
        berlin = directory.create_tenant(
            code="berlin", name="Berlin", now=now, time_zone="Europe/Berlin"
        )
        before = datetime(2026, 3, 28, 12, tzinfo=UTC)
        model_health.plan_first_nights(tenant=berlin, now=before)

        due_work.run_until_idle(now=before + timedelta(days=2), lease=LEASE)

        rows = DueRow.objects.for_tenant(berlin).filter(kind=model_health.PERFORMANCE)
        # 04:00 is 02:00 UTC from the Sunday on which the clocks go forward.
        assert list(rows.order_by("due_at").values_list("due_at", flat=True)) == [
            datetime(2026, 3, 29, 2, tzinfo=UTC),
            datetime(2026, 3, 30, 2, tzinfo=UTC),
            datetime(2026, 3, 31, 2, tzinfo=UTC),
        ]


class TestBackfill:
    def test_computes_nothing_for_a_tenant_without_models(self, tenant, now):
        assert (
            model_health.backfill_metrics(tenant=tenant, last_day=date(2026, 3, 1), days=3, now=now)
            == 0
        )


class TestANightThatTookTooLong:
    def test_leaves_nothing_behind_when_another_worker_has_taken_it_over(self, tenant, now):
        model_health.plan_first_nights(tenant=tenant, now=now)
        night = now + timedelta(days=1)
        slow = due.claim_next(now=night, lease=LEASE, kinds=[model_health.METRICS])
        DueRow.objects.filter(pk=slow.pk).update(leased_by="another")

        due_work.do(slow, now=slow.due_at)

        # The next night is planned with the work of this one: both were taken back.
        assert DueRow.objects.filter(kind=model_health.METRICS).get().state == "running"


class TestFailedWork:
    def test_is_tried_again_and_then_told_to_people(self, tenant, now):
        due.plan(
            tenant=tenant,
            kind=model_health.METRICS,
            dedupe_key="broken",
            due_at=now,
            payload={"night": "not a day"},
        )

        at = now
        for _ in range(due.MOST_ATTEMPTS):
            at += timedelta(hours=2)
            due_work.run_next(now=at, lease=LEASE)

        row = DueRow.objects.get(dedupe_key="broken")
        assert (row.state, "not a day" in row.last_error) == ("failed", True)
        assert AlertEvent.objects.get(alert_type="WORK_FAILED").severity == "HIGH"


class TestACriticalDriftAlert:
    def raised(self, tenant, severity, now):
        """A night that finds drift of a severity in what Acme serves."""
        certified.serve(tenant, now=now)
        [deployment] = registry.deployments_of(tenant)
        finding = Finding(
            kind="score",
            drifted=True,
            severity=severity,
            sentence="Scores have moved.",
            evidence={},
            report_id=1,
        )
        model_health._react(tenant, deployment, finding, now.date(), ml_config_for(tenant), now)
        return AlertEvent.objects.get(alert_type="ML_DRIFT_DETECTED")

    def wait(self, tenant, minutes, now):
        due_work.run_until_idle(now=now + timedelta(minutes=minutes), lease=LEASE, tenant=tenant)

    def test_that_nobody_has_seen_is_escalated_once(self, tenant, now):
        alert = self.raised(tenant, Severity.CRITICAL, now)

        self.wait(tenant, 59, now)
        before = AlertEvent.objects.get(pk=alert.pk).escalated_at
        self.wait(tenant, 60, now)
        self.wait(tenant, 600, now)

        alert.refresh_from_db()
        assert before is None
        assert alert.escalated_at == now + timedelta(minutes=60)
        assert AuditEntry.objects.filter(action="alert.escalated").count() == 1
        assert OutboxMessage.objects.get(kind="alert.escalated").data["id"] == alert.pk

    def test_waits_as_long_as_ml_config_says(self, tenant, now):
        policy_switch.override_ml_config(
            tenant=tenant,
            key="CRITICAL_DRIFT_AUTO_ESCALATE_MINUTES",
            value=5,
            actor="user:lea",
            reason="test",
            now=now,
        )
        alert = self.raised(tenant, Severity.CRITICAL, now)

        self.wait(tenant, 5, now)

        alert.refresh_from_db()
        assert alert.escalated_at == now + timedelta(minutes=5)

    def test_that_somebody_has_seen_is_not_escalated(self, tenant, now):
        alert = self.raised(tenant, Severity.CRITICAL, now)
        alert_handling.acknowledge(tenant=tenant, alert_ids=[alert.pk], actor="user:1", now=now)

        self.wait(tenant, 600, now)

        alert.refresh_from_db()
        assert alert.escalated_at is None

    def test_of_less_severity_is_not_escalated(self, tenant, now):
        alert = self.raised(tenant, Severity.HIGH, now)

        self.wait(tenant, 600, now)

        alert.refresh_from_db()
        assert alert.escalated_at is None
