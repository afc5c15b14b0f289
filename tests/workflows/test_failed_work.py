"""What failed for good is told to people and keeps nothing else from being done."""

from datetime import UTC, datetime, timedelta

import pytest

from watchfloor.entrypoints import due_work
from watchfloor.ledger import due
from watchfloor.ledger.due import Lease
from watchfloor.ledger.models import DueRow
from watchfloor.ml.models import RetrainJob, RollbackWatch
from watchfloor.ml.models.retrain import RetrainState
from watchfloor.ml.retraining import auto_retrain
from watchfloor.ml.versions import registry
from watchfloor.noc.models import AlertEvent
from watchfloor.workflows import safe_retrain

pytestmark = pytest.mark.django_db

LEASE = Lease(worker="test", real_now=datetime(2026, 1, 1, tzinfo=UTC))
CHURN = "churn"


def queue_job(tenant, now, *, requested_by="user:mia"):
    """Return a queued job whose work is due."""
    job = auto_retrain.open_job(
        tenant=tenant,
        model_type=CHURN,
        requested_by=requested_by,
        severity="HIGH",
        verdicts=(),
        needs_approval=False,
        now=now,
    )
    due.plan(
        tenant=tenant,
        kind=auto_retrain.RETRAIN,
        dedupe_key=f"retrain:{job.pk}",
        due_at=now,
        payload={"job_id": job.pk},
    )
    return job


def try_until_given_up(now):
    """Work until the last attempt has failed."""
    at = now
    for _ in range(due.MOST_ATTEMPTS):
        at += timedelta(hours=2)
        due_work.run_next(now=at, lease=LEASE)
    return at


def fail(*_args, **_kwargs):
    raise ValueError("the disk is full")


class TestARetrain:
    def test_ends_as_failed_with_the_reason_and_an_alert(self, tenant, now, monkeypatch):
        queue_job(tenant, now)
        monkeypatch.setattr(safe_retrain, "_train", fail)

        try_until_given_up(now)

        job = RetrainJob.objects.get()
        assert (job.state, job.finished_at is not None) == (RetrainState.FAILED, True)
        assert "the disk is full" in job.note
        assert "the disk is full" in AlertEvent.objects.get(alert_type="WORK_FAILED").message

    def test_makes_room_for_the_next_one(self, tenant, now, monkeypatch):
        queue_job(tenant, now)
        monkeypatch.setattr(safe_retrain, "_train", fail)

        at = try_until_given_up(now)

        assert queue_job(tenant, at, requested_by="user:noor").state == RetrainState.QUEUED

    def test_is_only_told_where_the_job_had_ended(self, tenant, now, monkeypatch):
        job = queue_job(tenant, now)
        RetrainJob.objects.filter(pk=job.pk).update(state=RetrainState.REJECTED)
        monkeypatch.setattr(safe_retrain, "run_job", fail)

        try_until_given_up(now)

        assert RetrainJob.objects.get().state == RetrainState.REJECTED


class TestARetrainWhoseWorkerIsKilled:
    """Out of memory, say: the worker takes the row, dies, and records nothing."""

    def test_is_tried_again_by_the_next_worker(self, tenant, now):
        queue_job(tenant, now)
        kill_workers(tenant, now, n=due.MOST_ATTEMPTS - 1)

        due_work.run_next(now=now, lease=lease_after(due.MOST_ATTEMPTS))

        # There is nothing to learn from, which a worker that lives finds out.
        assert RetrainJob.objects.get().state == RetrainState.REJECTED

    def test_ends_as_failed_after_the_last_start_that_is_allowed(self, tenant, now):
        queue_job(tenant, now)
        kill_workers(tenant, now, n=due.MOST_ATTEMPTS)

        due_work.run_next(now=now, lease=lease_after(due.MOST_ATTEMPTS))

        job, row = RetrainJob.objects.get(), DueRow.objects.get()
        assert (job.state, row.state) == (RetrainState.FAILED, "failed")
        assert "died" in job.note
        assert "out of memory" in row.last_error
        alert = AlertEvent.objects.get(alert_type="WORK_FAILED")
        assert f"given up after {due.MOST_ATTEMPTS} starts" in alert.message
        assert "died" in alert.message

    def test_is_given_up_once_and_makes_room_for_the_next_one(self, tenant, now):
        queue_job(tenant, now)
        kill_workers(tenant, now, n=due.MOST_ATTEMPTS)
        due_work.run_next(now=now, lease=lease_after(due.MOST_ATTEMPTS))

        assert due_work.run_next(now=now, lease=lease_after(due.MOST_ATTEMPTS + 1)) is None
        assert queue_job(tenant, now, requested_by="user:noor").state == RetrainState.QUEUED

    def test_tells_what_the_last_attempt_that_could_speak_said(self, tenant, now, monkeypatch):
        queue_job(tenant, now)
        with monkeypatch.context() as patched:
            patched.setattr(safe_retrain, "_train", fail)
            due_work.run_next(now=now, lease=LEASE)
        later = now + timedelta(hours=2)
        kill_workers(tenant, later, n=due.MOST_ATTEMPTS - 1)

        due_work.run_next(now=later, lease=lease_after(due.MOST_ATTEMPTS))

        assert "the disk is full" in RetrainJob.objects.get().note


def lease_after(n):
    """Return a lease of a worker that comes when n others have been dead for a while."""
    return Lease(worker=f"worker {n}", real_now=LEASE.real_now + n * timedelta(minutes=6))


def kill_workers(tenant, now, *, n):
    """Let workers take the row and die, each after the lease of the one before has run out."""
    for dead in range(n):
        row = due.claim_next(now=now, lease=lease_after(dead), kinds=due_work.HANDLERS)
        assert row is not None


class TestARetrainWhoseWorkerIsStopped:
    def test_is_handed_back_as_if_it_had_not_been_started(self, tenant, now, monkeypatch):
        queue_job(tenant, now)
        monkeypatch.setattr(safe_retrain, "_train", interrupt)

        with pytest.raises(KeyboardInterrupt):
            due_work.run_next(now=now, lease=LEASE)

        row = DueRow.objects.get()
        assert (row.state, row.attempts, row.leased_until) == ("waiting", 0, None)


def interrupt(*_args, **_kwargs):
    raise KeyboardInterrupt


class TestAWatch:
    def test_ends_without_a_verdict(self, tenant, now, monkeypatch):
        job = queue_job(tenant, now)
        watch = _promoted(tenant, job, now)
        monkeypatch.setattr(safe_retrain, "check_watch", fail)
        due.plan(
            tenant=tenant,
            kind=auto_retrain.ROLLBACK_WATCH,
            dedupe_key="watch",
            due_at=now,
            payload={"watch_id": watch.pk},
        )

        try_until_given_up(now)

        watch.refresh_from_db()
        assert watch.state == "inconclusive"
        assert RetrainJob.objects.get().state == RetrainState.INCONCLUSIVE


def _promoted(tenant, job, now):
    version = registry.add_version(
        tenant=tenant, model_type=CHURN, version="v1", artifact=b"", manifest={}, now=now
    )
    stack = registry.new_stack(
        tenant=tenant,
        version=version,
        calibration_sha256="",
        thresholds=b"{}",
        monitor=b"",
        now=now,
    )
    RetrainJob.objects.filter(pk=job.pk).update(state=RetrainState.WATCHING)
    auto_retrain.open_watch(job=job, new_stack=stack, old_stack=stack, evidence=b"", now=now)
    # The training itself is behind it.
    row = due.claim_next(now=now, lease=LEASE, kinds=[auto_retrain.RETRAIN])
    due.finish(row, now=now)
    return RollbackWatch.objects.get()
