"""Due work failed for good: people are told, and nothing waits for what will not be done."""

from datetime import datetime

from django.db import transaction

from watchfloor.core.drift.severity import Severity
from watchfloor.core.lifecycle.rollback import WatchVerdict
from watchfloor.ledger import due
from watchfloor.ledger.models import DueRow
from watchfloor.ml.models import RetrainJob
from watchfloor.ml.models.retrain import RetrainState
from watchfloor.ml.retraining import auto_retrain
from watchfloor.noc.desk import alert_correlation
from watchfloor.noc.desk.alert_correlation import Condition
from watchfloor.tenants.models import Tenant

UNFINISHED = (RetrainState.QUEUED, RetrainState.TRAINING, RetrainState.VALIDATING)


@transaction.atomic
def give_up(*, tenant: Tenant, row: DueRow, why: str, now: datetime) -> None:
    """
    Raise an alert about work that was given up, and end the retrain that it was part of.

    A job that stays active would keep every later one of its model type away.

    Args:
        why: what the last attempt failed with, or that its workers died.
    """
    _raise_alert(tenant, row, why, now)
    if row.kind == auto_retrain.RETRAIN:
        job = auto_retrain.get_job(tenant=tenant, job_id=row.payload["job_id"])
        _end(job, RetrainState.FAILED, UNFINISHED, why, now)
    elif row.kind == auto_retrain.ROLLBACK_WATCH:
        watch = auto_retrain.get_watch(tenant=tenant, watch_id=row.payload["watch_id"])
        # The promoted model serves on: the alert asks people to look at it.
        if auto_retrain.end_watch(watch, state=WatchVerdict.INCONCLUSIVE.value, now=now):
            _end(watch.job, RetrainState.INCONCLUSIVE, (RetrainState.WATCHING,), why, now)


def _raise_alert(tenant: Tenant, row: DueRow, why: str, now: datetime) -> None:
    alert_correlation.raise_alert(
        tenant=tenant,
        condition=Condition(
            alert_type="WORK_FAILED",
            severity=Severity.HIGH.value,
            fingerprint=f"work_failed:{row.dedupe_key}",
            message=f"{row.kind} was given up after {due.MOST_ATTEMPTS} starts: {why[:200]}",
            entity_type="due_row",
            entity_id=str(row.pk),
        ),
        now=now,
    )


def _end(
    job: RetrainJob,
    to: RetrainState,
    allowed: tuple[RetrainState, ...],
    why: str,
    now: datetime,
) -> None:
    if job.state in allowed:
        auto_retrain.move(
            job, to=to, allowed=allowed, now=now, progress=1.0, note=f"Given up: {why[:500]}"
        )
