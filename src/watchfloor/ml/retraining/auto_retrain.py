"""Retrain jobs as rows: one a cause, five safeguards written down, one active at a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.db.models.functions import Coalesce

from watchfloor.core.errors import NotFound, NotReady, RetrainAlreadyQueued
from watchfloor.core.lifecycle.retrain_gate import SafeguardVerdict
from watchfloor.ledger import outbox
from watchfloor.ml.models import RetrainJob, RetrainSafeguard, RollbackWatch
from watchfloor.ml.models.retrain import ACTIVE_STATES, RetrainState
from watchfloor.tenants.models import Tenant

# Kinds of due rows; the specification's task names.
RETRAIN = "retrain_model_async"
ROLLBACK_WATCH = "check_model_performance_rollback"
ENDED_BAD = (RetrainState.REJECTED, RetrainState.FAILED, RetrainState.ROLLED_BACK)


def find_job_of(*, tenant: Tenant, model_type: str, requested_by: str) -> RetrainJob | None:
    """Return the job that a cause asked for, or None."""
    rows = RetrainJob.objects.for_tenant(tenant)
    return rows.filter(model_type=model_type, requested_by=requested_by).first()


def active_job(*, tenant: Tenant, model_type: str) -> RetrainJob | None:
    """Return the job of a model type that has not ended, or None."""
    rows = RetrainJob.objects.for_tenant(tenant).filter(state__in=ACTIVE_STATES)
    return rows.filter(model_type=model_type).first()


def last_attempt_at(*, tenant: Tenant, model_type: str) -> datetime | None:
    """Return when the last job that really trained ended, or was asked for while it lasts."""
    rows = RetrainJob.objects.for_tenant(tenant).filter(model_type=model_type)
    # A rollback days after the training starts the wait anew: what failed is not tried at once.
    found: datetime | None = rows.exclude(state=RetrainState.BLOCKED).aggregate(
        at=Max(Coalesce("finished_at", "requested_at"))
    )["at"]
    return found


def failures_in_a_row(*, tenant: Tenant, model_type: str) -> int:
    """Return how many jobs ended badly since the last good one; the cooldown grows with it."""
    rows = RetrainJob.objects.for_tenant(tenant).filter(model_type=model_type)
    states = rows.exclude(state=RetrainState.BLOCKED).order_by("-requested_at")
    n = 0
    for state in states.values_list("state", flat=True)[:10]:
        if state not in ENDED_BAD:
            break
        n += 1
    return n


def ordinal_of(job: RetrainJob) -> int:
    """
    Return which job of its model type this is, from 1 on.

    It seeds and names what the job trains. The key of the row will not do: a database skips
    keys after a crash, and the same stream must train the same models all the same.
    """
    rows = RetrainJob.objects.filter(tenant_id=job.tenant_id, model_type=job.model_type)
    return rows.filter(pk__lte=job.pk).count()


def n_training() -> int:
    """Return how many jobs of any tenant train or validate at this moment."""
    states = (RetrainState.QUEUED, RetrainState.TRAINING, RetrainState.VALIDATING)
    return RetrainJob.objects.filter(state__in=states).count()


def rollbacks_in_a_row(*, tenant: Tenant, model_type: str) -> int:
    """Return how many of the latest promoted models were rolled back, up to the first good one."""
    promoted = (RetrainState.CONFIRMED, RetrainState.INCONCLUSIVE, RetrainState.ROLLED_BACK)
    rows = RetrainJob.objects.for_tenant(tenant).filter(model_type=model_type)
    states = rows.filter(state__in=promoted).order_by("-requested_at", "-pk")
    n = 0
    for state in states.values_list("state", flat=True)[:5]:
        if state != RetrainState.ROLLED_BACK:
            break
        n += 1
    return n


def activations_since(*, tenant: Tenant, model_type: str, since: datetime) -> int:
    """Return how many models were promoted automatically since a moment."""
    rows = RollbackWatch.objects.for_tenant(tenant).filter(model_type=model_type)
    return rows.filter(started_at__gte=since).count()


def was_refused_alike(
    *, tenant: Tenant, model_type: str, verdicts: Sequence[SafeguardVerdict]
) -> bool:
    """Return whether the newest job was refused by the same safeguards: nothing new to say."""
    refused = {verdict.safeguard for verdict in verdicts if not verdict.passed}
    newest = (
        RetrainJob.objects.for_tenant(tenant)
        .filter(model_type=model_type)
        .order_by("-requested_at", "-pk")
        .first()
    )
    if newest is None or newest.state != RetrainState.BLOCKED or not refused:
        return False
    before = newest.safeguards.filter(passed=False).values_list("safeguard", flat=True)
    return set(before) == refused


@transaction.atomic
def open_job(
    *,
    tenant: Tenant,
    model_type: str,
    requested_by: str,
    severity: str,
    verdicts: Sequence[SafeguardVerdict],
    needs_approval: bool,
    now: datetime,
) -> RetrainJob:
    """
    Write down a request with the verdict of each safeguard: blocked, to be approved, or queued.

    Raises:
        RetrainAlreadyQueued: another job of this model type was opened at the same moment.
    """
    if not all(verdict.passed for verdict in verdicts):
        state = RetrainState.BLOCKED
    else:
        state = RetrainState.AWAITING_APPROVAL if needs_approval else RetrainState.QUEUED
    try:
        with transaction.atomic():
            job = RetrainJob.objects.create(
                tenant=tenant,
                model_type=model_type,
                state=state,
                requested_by=requested_by,
                severity=severity,
                requested_at=now,
                finished_at=now if state == RetrainState.BLOCKED else None,
            )
    except IntegrityError as error:
        raise RetrainAlreadyQueued(f"{model_type} of {tenant.code} has an active job") from error
    RetrainSafeguard.objects.bulk_create(
        RetrainSafeguard(
            tenant=tenant,
            job=job,
            safeguard=verdict.safeguard,
            passed=verdict.passed,
            reason=verdict.reason.sentence,
        )
        for verdict in verdicts
    )
    _tell(job, now)
    return job


def get_job(*, tenant: Tenant, job_id: int) -> RetrainJob:
    """
    Return a job.

    Raises:
        NotFound: this tenant has no such job.
    """
    job = RetrainJob.objects.for_tenant(tenant).filter(pk=job_id).first()
    if job is None:
        raise NotFound(f"retrain job {job_id} does not exist")
    return job


def move(
    job: RetrainJob,
    *,
    to: RetrainState,
    allowed: Sequence[RetrainState],
    now: datetime,
    **changes: Any,
) -> RetrainJob:
    """
    Take a job from one of the allowed states to another.

    Raises:
        NotReady: it is in another state by now.
    """
    ended = to not in ACTIVE_STATES
    won = RetrainJob.objects.filter(pk=job.pk, state__in=allowed).update(
        state=to, **changes, **({"finished_at": now} if ended else {})
    )
    if not won:
        job.refresh_from_db()
        raise NotReady(f"retrain job {job.pk} is {job.state}, not {' or '.join(allowed)}")
    job.refresh_from_db()
    _tell(job, now)
    return job


def jobs_of(*, tenant: Tenant, model_type: str | None = None, limit: int = 50) -> list[RetrainJob]:
    """Return the newest jobs with their safeguards, newest first."""
    rows = RetrainJob.objects.for_tenant(tenant).prefetch_related("safeguards")
    if model_type is not None:
        rows = rows.filter(model_type=model_type)
    return list(rows.select_related("challenger").order_by("-requested_at", "-pk")[:limit])


def open_watch(
    *, job: RetrainJob, new_stack: Any, old_stack: Any, evidence: bytes, now: datetime
) -> RollbackWatch:
    """Start to compare a promoted stack with the one it replaced."""
    watch, _ = RollbackWatch.objects.get_or_create(
        job=job,
        defaults={
            "tenant": job.tenant,
            "model_type": job.model_type,
            "new_stack": new_stack,
            "old_stack": old_stack,
            "started_at": now,
            "evidence": evidence,
        },
    )
    return watch


def get_watch(*, tenant: Tenant, watch_id: int) -> RollbackWatch:
    """
    Return a watch with its stacks.

    Raises:
        NotFound: this tenant has no such watch.
    """
    rows = RollbackWatch.objects.for_tenant(tenant).select_related(
        "job", "new_stack__model_version", "old_stack__model_version"
    )
    watch = rows.filter(pk=watch_id).first()
    if watch is None:
        raise NotFound(f"watch {watch_id} does not exist")
    return watch


def save_evidence(
    watch: RollbackWatch, *, evidence: bytes, n_pairs: int, last_outcome_id: int
) -> None:
    """Remember what a watch has seen so far."""
    RollbackWatch.objects.filter(pk=watch.pk).update(
        evidence=evidence, n_pairs=n_pairs, last_outcome_id=last_outcome_id
    )


def end_watch(watch: RollbackWatch, *, state: str, now: datetime) -> bool:
    """Close a watch with its verdict; False when another process had closed it."""
    return bool(
        RollbackWatch.objects.filter(pk=watch.pk, state="watching").update(
            state=state, decided_at=now
        )
    )


def cooldown_of(*, days: int, failures: int) -> timedelta:
    """
    Return how long to wait after an attempt: twice as long after each failure, at most 8 times.

    >>> cooldown_of(days=7, failures=2).days
    28
    """
    return timedelta(days=days * 2 ** min(failures, 3))


def _tell(job: RetrainJob, now: datetime) -> None:
    data: Mapping[str, Any] = {"id": job.pk, "model_type": job.model_type, "state": job.state}
    outbox.publish(tenant=job.tenant, kind="retrain", data=data, now=now)
