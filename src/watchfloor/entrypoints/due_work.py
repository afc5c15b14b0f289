"""Do what is due: each kind of due row leads to one workflow call. Shared by the doors."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, transaction

from watchfloor.core.errors import WatchfloorError
from watchfloor.ledger import due
from watchfloor.ledger.due import Lease
from watchfloor.ledger.models import DueRow
from watchfloor.ml import auto_retrain
from watchfloor.tenants.models import Tenant
from watchfloor.workflows import model_health, safe_retrain

log = structlog.get_logger()

Handler = Callable[[DueRow, datetime], datetime | None]
"""Does the work of one row; returns when to look again, or None when it is done."""


def _night(row: DueRow, now: datetime) -> datetime | None:
    model_health.run_night(tenant=row.tenant, kind=row.kind, payload=row.payload, now=now)
    return None


def _retrain(row: DueRow, now: datetime) -> datetime | None:
    safe_retrain.run_job(tenant=row.tenant, job_id=row.payload["job_id"], now=now)
    return None


def _watch(row: DueRow, now: datetime) -> datetime | None:
    return safe_retrain.check_watch(tenant=row.tenant, watch_id=row.payload["watch_id"], now=now)


HANDLERS: Mapping[str, Handler] = {
    **dict.fromkeys(model_health.NIGHT_KINDS, _night),
    auto_retrain.RETRAIN: _retrain,
    auto_retrain.ROLLBACK_WATCH: _watch,
}
# Training takes a processor for seconds: a door may give it to a process of its own.
HEAVY = frozenset({auto_retrain.RETRAIN})
LIGHT = frozenset(HANDLERS) - HEAVY


def run_next(
    *, now: datetime, lease: Lease, kinds: frozenset[str] = frozenset(HANDLERS)
) -> DueRow | None:
    """Do the earliest due piece of work; None when nothing is due."""
    row = due.claim_next(now=now, lease=lease, kinds=kinds)
    if row is not None:
        do(row, now=now)
    return row


def do(row: DueRow, *, now: datetime) -> None:
    """Do the work of a claimed row; a failure is recorded on it, logged, and tried again later."""
    try:
        if row.kind in HEAVY:
            _do_and_close(row, now)
        else:
            # Done and closed together: a night that is done twice would find its labels seen.
            with transaction.atomic():
                _do_and_close(row, now)
    except (WatchfloorError, DatabaseError, ValueError, ArithmeticError) as error:
        _record_failure(row, error, now)
        return
    log.debug("due_work.done", kind=row.kind, tenant=row.tenant.code, key=row.dedupe_key)


def _do_and_close(row: DueRow, now: datetime) -> None:
    again_at = HANDLERS[row.kind](row, now)
    if again_at is None:
        due.finish(row, now=now)
    else:
        due.postpone(row, due_at=again_at)


def run_until_idle(*, now: datetime, lease: Lease, tenant: Tenant | None = None) -> int:
    """
    Do everything that is due at a moment, each row at its own due time; return how many.

    Args:
        tenant: whose work; None for every tenant that lives by the installation's clock.
    """
    n = 0
    while True:
        row = due.claim_next(now=now, lease=lease, kinds=HANDLERS, tenant=tenant)
        if row is None:
            return n
        do(row, now=row.due_at)
        n += 1


def _record_failure(row: DueRow, error: Exception, now: datetime) -> None:
    wait = timedelta(minutes=2 ** min(row.attempts, 6))
    given_up = due.fail(row, error=f"{type(error).__name__}: {error}", now=now, retry_at=now + wait)
    log.error(
        "due_work.failed",
        kind=row.kind,
        tenant=row.tenant.code,
        key=row.dedupe_key,
        attempts=row.attempts,
        given_up=given_up,
        exc_info=error,
    )
    if given_up:
        model_health.report_failed_work(tenant=row.tenant, row=row, now=now)
