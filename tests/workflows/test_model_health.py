"""Nights are planned once, done in order, and what is given up is told."""

from datetime import UTC, date, datetime, timedelta

import pytest

from watchfloor.entrypoints import due_work
from watchfloor.ledger import due
from watchfloor.ledger.due import Lease
from watchfloor.ledger.models import DueRow
from watchfloor.noc.models import AlertEvent
from watchfloor.tenants import directory
from watchfloor.workflows import model_health

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
