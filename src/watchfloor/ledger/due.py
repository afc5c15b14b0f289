"""Claim, finish and repeat due rows: work that is done once, whoever crashes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from watchfloor.ledger.models import DueRow
from watchfloor.ledger.models.due import DueState
from watchfloor.tenants import directory
from watchfloor.tenants.models import Tenant

# Starts, not failures: a worker that is killed records nothing, and must not be tried for ever.
MOST_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Lease:
    """Who works, and until when (real time) others keep away."""

    worker: str
    real_now: datetime
    length: timedelta = timedelta(minutes=5)


def plan(
    *,
    tenant: Tenant,
    kind: str,
    dedupe_key: str,
    due_at: datetime,
    payload: Mapping[str, Any] | None = None,
) -> bool:
    """Plan a piece of work; False when that very work was planned before."""
    _, created = DueRow.objects.get_or_create(
        tenant=tenant,
        dedupe_key=dedupe_key,
        defaults={"kind": kind, "payload": dict(payload or {}), "due_at": due_at},
    )
    return created


def claim_next(
    *, now: datetime, lease: Lease, kinds: Iterable[str], tenant: Tenant | None = None
) -> DueRow | None:
    """
    Return the earliest due row that nobody holds, now held by this worker.

    A row whose holder's lease ran out is taken over: its process is dead.

    Args:
        tenant: whose work; None for every tenant that lives by the installation's clock. A
            replayed tenant lives by its stream's clock, and only its replay may name it.
    """
    free = _is_free(lease.real_now)
    rows = _of(tenant).filter(free, due_at__lte=now, kind__in=list(kinds))
    rows = rows.order_by("due_at", "id")
    with transaction.atomic():
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(of=("self",), skip_locked=True)
        row = rows.first()
        if row is None:
            return None
        # SQLite has no row locks: the condition repeats, and only one update finds the row.
        won = DueRow.objects.filter(free, pk=row.pk).update(
            state=DueState.RUNNING,
            attempts=F("attempts") + 1,
            leased_by=lease.worker,
            leased_until=lease.real_now + lease.length,
        )
    if not won:
        return None
    row.refresh_from_db()
    return row


def _is_free(real_now: datetime) -> Q:
    return Q(state=DueState.WAITING) | Q(state=DueState.RUNNING, leased_until__lt=real_now)


def _of(tenant: Tenant | None) -> QuerySet[DueRow]:
    if tenant is not None:
        return DueRow.objects.for_tenant(tenant)
    return DueRow.objects.exclude(tenant__code__startswith=directory.REPLAYED)


def release_all(*, tenant: Tenant | None = None) -> int:
    """Free every held row; for the start of the one process that works on them."""
    return (
        _of(tenant)
        .filter(state=DueState.RUNNING)
        .update(state=DueState.WAITING, leased_until=None, leased_by="")
    )


def extend(row: DueRow, *, lease: Lease) -> bool:
    """Keep a lease alive; False when another worker took the row over."""
    return bool(
        DueRow.objects.filter(pk=row.pk, leased_by=lease.worker, state=DueState.RUNNING).update(
            leased_until=lease.real_now + lease.length
        )
    )


def _held(row: DueRow) -> QuerySet[DueRow]:
    """Return the row as its holder may change it: nobody, if another worker took it over."""
    return DueRow.objects.filter(pk=row.pk, state=DueState.RUNNING, leased_by=row.leased_by)


def finish(row: DueRow, *, now: datetime) -> bool:
    """Close a row whose work is done; False if another worker has taken it over meanwhile."""
    return bool(
        _held(row).update(state=DueState.DONE, finished_at=now, leased_until=None, last_error="")
    )


def postpone(row: DueRow, *, due_at: datetime) -> bool:
    """Put a row back to be looked at later; False if another worker has taken it over."""
    return bool(
        _held(row).update(state=DueState.WAITING, due_at=due_at, leased_until=None, attempts=0)
    )


def hand_back(row: DueRow) -> bool:
    """
    Free a row whose worker was told to stop, and do not count the start.

    False if another worker has taken it over.
    """
    return bool(
        _held(row).update(
            state=DueState.WAITING, leased_until=None, leased_by="", attempts=row.attempts - 1
        )
    )


def fail(row: DueRow, *, error: str, now: datetime, retry_at: datetime) -> bool:
    """
    Record a failure; the row waits for another attempt, or is failed for good (True).

    Nothing happens if another worker has taken it over meanwhile.
    """
    given_up = row.attempts >= MOST_ATTEMPTS
    changed = _held(row).update(
        state=DueState.FAILED if given_up else DueState.WAITING,
        due_at=row.due_at if given_up else retry_at,
        finished_at=now if given_up else None,
        leased_until=None,
        last_error=error[:2000],
    )
    return given_up and bool(changed)


def is_work_free(*, kinds: Iterable[str], now: datetime, real_now: datetime) -> bool:
    """Return whether a row is due that nobody works on, so that waking a worker is worth it."""
    return _of(None).filter(_is_free(real_now), due_at__lte=now, kind__in=list(kinds)).exists()


def next_due_at(*, kinds: Iterable[str], tenant: Tenant | None = None) -> datetime | None:
    """Return when the next open row is due, or None when nothing is planned."""
    rows = _of(tenant).filter(state__in=[DueState.WAITING, DueState.RUNNING], kind__in=list(kinds))
    return rows.order_by("due_at").values_list("due_at", flat=True).first()
