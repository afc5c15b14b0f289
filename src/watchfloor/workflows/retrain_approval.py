"""A retrain that waits for a person's word: it goes on, or it does not; either is written down."""

from datetime import datetime

from django.db import transaction

from watchfloor.core.errors import InvalidInput
from watchfloor.ledger import audit, due
from watchfloor.ml.models import RetrainJob
from watchfloor.ml.models.retrain import RetrainState
from watchfloor.ml.retraining import auto_retrain
from watchfloor.tenants.models import Tenant

WAITING = (RetrainState.AWAITING_APPROVAL,)


@transaction.atomic
def approve(*, tenant: Tenant, job_id: int, actor: str, reason: str, now: datetime) -> RetrainJob:
    """
    Let a job train: it is queued, and due at once.

    Raises:
        InvalidInput: no reason is given.
        NotFound: this tenant has no such job.
        NotReady: it no longer waits for approval.
    """
    job = _decided(tenant, job_id, RetrainState.QUEUED, actor, reason, now)
    due.plan(
        tenant=tenant,
        kind=auto_retrain.RETRAIN,
        dedupe_key=f"retrain:{job.pk}",
        due_at=now,
        payload={"job_id": job.pk},
    )
    return job


@transaction.atomic
def reject(*, tenant: Tenant, job_id: int, actor: str, reason: str, now: datetime) -> RetrainJob:
    """
    End a job before it has trained; the model that serves goes on.

    Raises:
        InvalidInput: no reason is given.
        NotFound: this tenant has no such job.
        NotReady: it no longer waits for approval.
    """
    return _decided(tenant, job_id, RetrainState.REJECTED, actor, reason, now)


def _decided(
    tenant: Tenant, job_id: int, to: RetrainState, actor: str, reason: str, now: datetime
) -> RetrainJob:
    if not reason.strip():
        raise InvalidInput(field="reason", value=reason, expected="why it may or may not train")
    job = auto_retrain.get_job(tenant=tenant, job_id=job_id)
    job = auto_retrain.move(job, to=to, allowed=WAITING, now=now, note=reason)
    audit.append(
        tenant=tenant,
        actor=actor,
        action="retrain.approved" if to == RetrainState.QUEUED else "retrain.refused",
        target_kind="retrain_job",
        target_id=str(job.pk),
        reason=reason,
        detail={"model_type": job.model_type, "requested_by": job.requested_by},
        now=now,
    )
    return job
