"""Do what is due: each kind of due row leads to one workflow call. Shared by the doors."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, close_old_connections, transaction

from watchfloor.core.errors import WatchfloorError
from watchfloor.entrypoints import clock
from watchfloor.ledger import due
from watchfloor.ledger.due import Lease
from watchfloor.ledger.models import DueRow
from watchfloor.ml.retraining import auto_retrain
from watchfloor.noc.decision import threshold_watches, ticket_caps
from watchfloor.tenants.models import Tenant
from watchfloor.workflows import (
    alert_handling,
    failed_work,
    model_health,
    safe_retrain,
    threshold_watch,
    ticket_stops,
)

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


def _escalate(row: DueRow, now: datetime) -> datetime | None:
    alert_handling.escalate_unseen(tenant=row.tenant, alert_id=row.payload["alert_id"], now=now)
    return None


def _stop_ends(row: DueRow, now: datetime) -> datetime | None:
    ticket_stops.end(tenant=row.tenant, stop_id=row.payload["stop_id"], now=now)
    return None


def _threshold_watch(row: DueRow, now: datetime) -> datetime | None:
    threshold_watch.check(tenant=row.tenant, watch_id=row.payload["watch_id"], now=now)
    return None


HANDLERS: Mapping[str, Handler] = {
    **dict.fromkeys(model_health.NIGHT_KINDS, _night),
    auto_retrain.RETRAIN: _retrain,
    auto_retrain.ROLLBACK_WATCH: _watch,
    ticket_caps.STOP_ENDS: _stop_ends,
    threshold_watches.THRESHOLD_WATCH: _threshold_watch,
    model_health.ESCALATION: _escalate,
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
        with _kept(row, lease):
            do(row, now=now)
    return row


@contextmanager
def _kept(row: DueRow, lease: Lease) -> Iterator[None]:
    """Extend a lease while heavy work lasts: it runs out only when this process has died."""
    if row.kind not in HEAVY:
        yield
        return
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(row, lease, done), name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


def _keep(row: DueRow, lease: Lease, done: threading.Event) -> None:
    while not done.wait(lease.length.total_seconds() / 3):
        try:
            if not due.extend(row, lease=replace(lease, real_now=clock.real_now())):
                return
        except DatabaseError as error:
            # Two more tries fit into the lease.
            log.warning("due_work.lease_not_extended", key=row.dedupe_key, error=str(error))
        finally:
            close_old_connections()


def do(row: DueRow, *, now: datetime) -> None:
    """
    Do the work of a claimed row; a failure is recorded on it, logged, and tried again later.

    A row that was started as often as is allowed, and whose workers all died over it, is given up.
    """
    if row.attempts > due.MOST_ATTEMPTS:
        _record_failure(row, _who_died(row), now)
        return
    try:
        if row.kind in HEAVY:
            _do_and_close(row, now)
        else:
            # Done and closed together: a night that is done twice would find its labels seen.
            with transaction.atomic():
                if not _do_and_close(row, now):
                    transaction.set_rollback(True)
    except (WatchfloorError, DatabaseError, ValueError, ArithmeticError) as error:
        _record_failure(row, f"{type(error).__name__}: {error}", now, error)
        return
    except (KeyboardInterrupt, SystemExit):
        # Told to stop, and no fault of the work: whoever starts next takes it up at once.
        due.hand_back(row)
        raise
    log.debug("due_work.done", kind=row.kind, tenant=row.tenant.code, key=row.dedupe_key)


def _do_and_close(row: DueRow, now: datetime) -> bool:
    again_at = HANDLERS[row.kind](row, now)
    if again_at is None:
        return due.finish(row, now=now)
    return due.postpone(row, due_at=again_at)


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


def _who_died(row: DueRow) -> str:
    why = "every worker that took it up died over it (killed, or out of memory)"
    return f"{why}; before that: {row.last_error}" if row.last_error else why


def _record_failure(row: DueRow, why: str, now: datetime, error: Exception | None = None) -> None:
    wait = timedelta(minutes=2 ** min(row.attempts, 6))
    # Together: a job whose row is failed, and which still counts as active, would bar the next.
    with transaction.atomic():
        given_up = due.fail(row, error=why, now=now, retry_at=now + wait)
        if given_up:
            failed_work.give_up(tenant=row.tenant, row=row, why=why, now=now)
    log.error(
        "due_work.failed",
        kind=row.kind,
        tenant=row.tenant.code,
        key=row.dedupe_key,
        attempts=row.attempts,
        given_up=given_up,
        why=why,
        exc_info=error,
    )
